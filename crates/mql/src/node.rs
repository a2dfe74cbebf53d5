//! What rules are compiled to: one table of nodes for all rules, in which equal expressions are one node.

use std::sync::OnceLock;

use regex::Regex;
use rustc_hash::FxHashSet;

use crate::glob::Glob;
use crate::ipset::IpSet;
use crate::prefilter::{LiteralId, Literals};
use crate::re2;
use crate::typed::{ArithOp, Builtin, CmpOp};

/// A node's number.
pub(crate) type Id = u32;

/// No slot.
pub(crate) const NO_SLOT: u32 = u32::MAX;
/// Marks the slot of a node that reads the innermost loop item and nothing further out: a column, with a cell an item.
pub(crate) const COLUMN: u32 = 1 << 31;
/// Marks the slot of an [`Operand`] that is the negation of what is remembered.
pub(crate) const NEGATED: u32 = 1 << 30;

/// An operand of a conjunction or disjunction, or a whole rule: all that is asked about it before its node is looked
/// at, so that a rule that ends early touches little memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operand {
    pub(crate) id: Id,
    /// Where its truth, or with [`NEGATED`] the opposite, is remembered for the message; [`NO_SLOT`] if nowhere.
    pub(crate) slot: u32,
    /// Its own operands, when it is a conjunction or disjunction: the first in [`Program::operands`] and how many.
    pub(crate) first: u32,
    pub(crate) count: u16,
    pub(crate) logic: Logic,
}

impl Operand {
    pub(crate) fn parts(&self) -> (u32, u32) {
        (self.first, u32::from(self.count))
    }
}

/// What an operand is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logic {
    All,
    Any,
    Leaf,
}

/// A list of numbers in [`Program::ids`]: equal lists are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Ids {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Ids {
    pub(crate) fn is_empty(self) -> bool {
        self.count == 0
    }
}

/// A text in [`Program::words`]: equal texts are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Words {
    pub(crate) first: u32,
    pub(crate) len: u32,
}

/// A node and where what it gives is remembered, side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) node: Node,
    /// When it is used more than once and reads no item, or ([`COLUMN`]) the innermost; else [`NO_SLOT`].
    pub(crate) slot: u32,
}

/// An expression. It is small and holds no pointers: all rules together are a table that a processor's cache can hold, and
/// what a rule reads lies side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// By bits, so that it can be compared.
    Float(u64),
    Str(Words),
    Root(u32),
    /// Item of a loop: 0 is the innermost.
    Item(u32),
    /// What reads no item of the innermost loop, but of those around it: evaluated there, where all rules share it.
    Outer(Id),
    /// `name` is an index into [`Program::names`].
    Field {
        base: Id,
        field: u32,
        name: u32,
    },
    Index {
        base: Id,
        index: Id,
    },
    Slice {
        base: Id,
        from: Option<Id>,
        to: Option<Id>,
        text: bool,
    },
    /// Index into [`Program::lists`].
    List(u32),
    Array(Ids),
    JsonText(Id),
    And(Ids),
    Or(Ids),
    Not(Id),
    Neg(Id),
    Compare {
        op: CmpOp,
        left: Id,
        right: Id,
    },
    Arith {
        op: ArithOp,
        left: Id,
        right: Id,
    },
    IsNull(Id),
    Of {
        threshold: u32,
        items: Ids,
    },
    /// In constants (`set` of [`Program::sets`]) or the values of `rest`.
    InTuple {
        left: Id,
        fold: bool,
        set: u32,
        rest: Ids,
    },
    /// In a named list.
    InList {
        left: Id,
        fold: bool,
        list: u32,
    },
    /// In an array.
    InArray {
        left: Id,
        fold: bool,
        right: Id,
    },
    /// `any`, `all`, `filter`, `map`, `distinct`, `sum`, `ratio`.
    Loop {
        function: Builtin,
        list: Id,
        body: Option<Id>,
    },
    /// Substring, prefix, suffix and glob tests.
    Text {
        test: TextTest,
        fold: bool,
        source: Id,
        needles: Ids,
        rest: Ids,
    },
    /// `regex.*` tests.
    Regex {
        source: Id,
        patterns: Ids,
    },
    /// `regex.count`, `regex.extract`.
    Matches {
        extract: bool,
        source: Id,
        pattern: u32,
    },
    /// `beta.ip_in` with constants (`set` of [`Program::ip_sets`]) and the values of `rest`.
    IpIn {
        ip: Id,
        set: u32,
        rest: Ids,
    },
    /// Any other built-in function.
    Call {
        function: Builtin,
        args: Ids,
    },
    /// A function of the host.
    Host {
        function: u32,
        args: Ids,
    },
}

/// What a needle is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
    Like,
}

/// What is known about a node besides what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    /// How many loops out the furthest item is that it reads; 0 reads none.
    pub(crate) depth: u32,
    /// How often it is used.
    pub(crate) uses: u32,
    /// It is used inside a loop.
    pub(crate) inner: bool,
    /// For a conjunction or disjunction: where its operands begin in [`Program::operands`], cheap ones first, and how
    /// many there are.
    pub(crate) operands: (u32, u32),
}

/// A constant needle.
pub(crate) struct Needle {
    pub(crate) text: Box<str>,
    /// Searches for `text`.
    pub(crate) finder: memchr::memmem::Finder<'static>,
    pub(crate) folded: Box<str>,
    /// What the text must hold for the test to be true; `None` for an empty needle or a glob without literal.
    pub(crate) literal: Option<LiteralId>,
    /// The glob, folded; with `exact_glob` as written.
    pub(crate) glob: Option<Glob>,
    pub(crate) exact_glob: Option<Glob>,
    /// Holding the literal is all there is to it (when case does not count).
    pub(crate) literal_decides: bool,
}

/// A constant regular expression, compiled when first needed.
pub(crate) struct Pattern {
    pub(crate) source: Box<str>,
    pub(crate) fold: bool,
    pub(crate) whole: bool,
    /// A match holds one of these; `None` when nothing is known.
    pub(crate) required: Option<Box<[LiteralId]>>,
    pub(crate) compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The expression; `None` when it does not compile (the checker has said so).
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| re2::compile(&self.source, self.fold, self.whole).ok()).as_ref()
    }
}

/// The constants of a tuple.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ConstSet {
    pub(crate) strings: FxHashSet<Box<str>>,
    pub(crate) ints: Vec<i64>,
    pub(crate) has_null: bool,
    /// Bytes of the longest string.
    pub(crate) longest: usize,
}

/// All rules.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) nodes: Vec<Entry>,
    pub(crate) metas: Vec<Meta>,
    /// The lists of numbers and the texts in the nodes.
    pub(crate) ids: Vec<u32>,
    pub(crate) words: String,
    pub(crate) slots: usize,
    pub(crate) operands: Vec<Operand>,
    /// The rules, in their order.
    pub(crate) rules: Vec<Operand>,
    pub(crate) names: Vec<Box<str>>,
    pub(crate) lists: Vec<Box<str>>,
    pub(crate) sets: Vec<ConstSet>,
    pub(crate) ip_sets: Vec<IpSet>,
    pub(crate) needles: Vec<Needle>,
    /// For each needle the piece without which no text can hold it, side by side.
    pub(crate) needle_pieces: Vec<u32>,
    pub(crate) patterns: Vec<Pattern>,
    /// For each literal that a pattern requires the piece without which no text can hold it, side by side, and for each
    /// pattern which of them are its own; `None` when it requires none.
    pub(crate) pattern_pieces: Vec<u32>,
    pub(crate) pattern_ranges: Vec<Option<(u32, u32)>>,
    pub(crate) literals: Literals,
    pub(crate) roots: Vec<Box<str>>,
    pub(crate) functions: Vec<HostFunction>,
}

/// What the evaluator needs to know about a function of the host.
pub(crate) struct HostFunction {
    pub(crate) name: Box<str>,
    /// Parameters without a default: null there makes the call null.
    pub(crate) required: Vec<bool>,
}

impl Program {
    #[inline]
    pub(crate) fn node(&self, id: Id) -> &Node {
        // Ids come from this table's own builder; the fallback keeps a mistake there from being a crash.
        self.nodes.get(id as usize).map_or(&Node::Null, |entry| &entry.node)
    }

    #[inline]
    pub(crate) fn slot(&self, id: Id) -> u32 {
        self.nodes.get(id as usize).map_or(NO_SLOT, |entry| entry.slot)
    }

    #[inline]
    pub(crate) fn ids(&self, ids: Ids) -> &[u32] {
        let first = ids.first as usize;
        self.ids.get(first..first + ids.count as usize).unwrap_or(&[])
    }

    #[inline]
    pub(crate) fn words(&self, words: Words) -> &str {
        let first = words.first as usize;
        self.words.get(first..first + words.len as usize).unwrap_or_default()
    }

    /// The operands of a conjunction or disjunction, in the order in which they are cheapest to evaluate.
    #[inline]
    pub(crate) fn operands(&self, id: Id) -> &[Operand] {
        self.operands_at(self.metas.get(id as usize).map_or((0, 0), |m| m.operands))
    }

    #[inline]
    pub(crate) fn operands_at(&self, (first, count): (u32, u32)) -> &[Operand] {
        let first = first as usize;
        self.operands.get(first..first + count as usize).unwrap_or(&[])
    }

    /// The node's children, with `true` for those in a new loop scope.
    pub(crate) fn children(&self, id: Id) -> Vec<(Id, bool)> {
        let here = |ids: &[Id]| ids.iter().map(|&i| (i, false)).collect::<Vec<_>>();
        match self.node(id) {
            Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::Str(_) => vec![],
            Node::Root(_) | Node::Item(_) | Node::List(_) => vec![],
            Node::Field { base, .. } => here(&[*base]),
            Node::Index { base, index } => here(&[*base, *index]),
            Node::Slice { base, from, to, .. } => {
                here(&[Some(*base), *from, *to].into_iter().flatten().collect::<Vec<_>>())
            }
            Node::Array(items) | Node::And(items) | Node::Or(items) => here(self.ids(*items)),
            Node::Of { items, .. } => here(self.ids(*items)),
            Node::JsonText(x) | Node::Not(x) | Node::Neg(x) | Node::IsNull(x) | Node::Outer(x) => here(&[*x]),
            Node::Compare { left, right, .. } | Node::Arith { left, right, .. } => here(&[*left, *right]),
            Node::InArray { left, right, .. } => here(&[*left, *right]),
            Node::InList { left, .. } => here(&[*left]),
            Node::InTuple { left: first, rest, .. } | Node::IpIn { ip: first, rest, .. } => {
                [&[*first][..], self.ids(*rest)].concat().into_iter().map(|i| (i, false)).collect()
            }
            Node::Text { source, rest, .. } => {
                [&[*source][..], self.ids(*rest)].concat().into_iter().map(|i| (i, false)).collect()
            }
            Node::Loop { list, body, .. } => {
                std::iter::once((*list, false)).chain(body.map(|b| (b, true))).collect()
            }
            Node::Regex { source, .. } | Node::Matches { source, .. } => here(&[*source]),
            Node::Call { args, .. } | Node::Host { args, .. } => here(self.ids(*args)),
        }
    }
}

// Two nodes a cache line, four operands.
const _: () = assert!(size_of::<Entry>() <= 32 && size_of::<Operand>() == 16);
