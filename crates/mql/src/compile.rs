//! Typed rules into the shared table of nodes: equal expressions of all rules become one node, constants are compiled
//! once, and literals go to the prefilter.

mod hoist;

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::glob::Glob;
use crate::ipset::IpSet;
use crate::node::{
    COLUMN, ConstSet, Entry, HostFunction, Id, Ids, Meta, NO_SLOT, Needle, Node, Pattern, Program, TextTest,
    Words,
};
use crate::order;
use crate::prefilter::{ANY, LiteralId, required};
use crate::re2;
use crate::schema::Schema;
use crate::text::fold;
use crate::typed::{ArithOp, Builtin, CmpOp, Const, Set, Span, Typed, TypedKind};
use crate::types::Type;

/// The strings, integers and null of a tuple of constants.
type SetKey = (Vec<Box<str>>, Vec<i64>, bool);

/// Builds a [`Program`].
pub(crate) struct Builder<'s> {
    schema: &'s Schema,
    program: Program,
    nodes: FxHashMap<Node, Id>,
    ids: FxHashMap<Box<[u32]>, Ids>,
    words: FxHashMap<Box<str>, Words>,
    names: FxHashMap<Box<str>, u32>,
    lists: FxHashMap<Box<str>, u32>,
    needles: FxHashMap<(Box<str>, bool), u32>,
    patterns: FxHashMap<(Box<str>, bool, bool), u32>,
    sets: FxHashMap<SetKey, u32>,
    ip_sets: FxHashMap<IpSet, u32>,
    /// Loops around the expression that is being lowered.
    loops: u32,
    /// The lists of the rule that is being lowered, as the program numbers them.
    rule_lists: Vec<u32>,
    /// Where each node of that rule stands.
    spans: FxHashMap<Id, Span>,
}

/// Where the nodes of a rule stand in its source.
pub(crate) type Spans = FxHashMap<Id, Span>;

impl<'s> Builder<'s> {
    pub(crate) fn new(schema: &'s Schema) -> Builder<'s> {
        let function = |f: &crate::schema::Function| HostFunction {
            name: f.name.clone(),
            required: f.params.iter().map(|p| p.default.is_none()).collect(),
        };
        let program = Program {
            roots: schema.roots().iter().map(|(name, _)| name.clone()).collect(),
            functions: schema.functions().iter().map(function).collect(),
            ..Program::default()
        };
        Builder {
            schema,
            program,
            nodes: FxHashMap::default(),
            ids: FxHashMap::default(),
            words: FxHashMap::default(),
            names: FxHashMap::default(),
            lists: FxHashMap::default(),
            needles: FxHashMap::default(),
            patterns: FxHashMap::default(),
            sets: FxHashMap::default(),
            ip_sets: FxHashMap::default(),
            loops: 0,
            rule_lists: Vec::new(),
            spans: FxHashMap::default(),
        }
    }

    /// Adds a rule.
    pub(crate) fn rule(&mut self, root: &Typed, lists: &[Box<str>]) -> (Id, Spans) {
        self.rule_lists =
            lists.iter().map(|name| intern(&mut self.lists, &mut self.program.lists, name)).collect();
        self.spans = FxHashMap::default();
        self.loops = 0;
        let id = self.lower(root);
        (id, std::mem::take(&mut self.spans))
    }

    /// The program of these rules, with slots given out and the prefilter built.
    pub(crate) fn finish(mut self, rules: impl Iterator<Item = Id>) -> Program {
        let program = &mut self.program;
        let mut columns = 0;
        for (entry, meta) in program.nodes.iter_mut().zip(&program.metas) {
            let constant = matches!(
                entry.node,
                Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::Str(_) | Node::List(_)
            );
            // Arrays are remembered always: functions of the host are remembered by the address of what they get.
            let shared = meta.uses > 1 || meta.inner || matches!(entry.node, Node::Array(_));
            if meta.depth == 0 && !constant && shared {
                entry.slot = program.slots as u32;
                program.slots += 1;
            } else if meta.depth == 1 && meta.uses > 1 && !matches!(entry.node, Node::Item(_)) {
                entry.slot = COLUMN | columns;
                columns += 1;
            }
        }
        let rules: Vec<Id> = rules.collect();
        order::operands(program, &rules);
        program.literals.finish();
        self.program
    }

    /// A node; one that reads items of the loops further out only is made there, and marked [`Node::Outer`].
    fn add(&mut self, node: Node, span: Span) -> Id {
        let Some(moved) = self.moved_out(&node, span) else { return self.add_here(node, span) };
        let inner = self.add(moved, span);
        // What is asked for every item of the innermost loop is worth a place in the memory.
        if let Some(meta) = self.program.metas.get_mut(inner as usize) {
            meta.uses += 1;
        }
        self.add_here(Node::Outer(inner), span)
    }

    fn list_of(&mut self, ids: &[u32]) -> Ids {
        if let Some(&known) = self.ids.get(ids) {
            return known;
        }
        let list = Ids { first: self.program.ids.len() as u32, count: ids.len() as u32 };
        self.program.ids.extend_from_slice(ids);
        self.ids.insert(ids.into(), list);
        list
    }

    fn words(&mut self, text: &str) -> Words {
        if let Some(&known) = self.words.get(text) {
            return known;
        }
        let words = Words { first: self.program.words.len() as u32, len: text.len() as u32 };
        self.program.words.push_str(text);
        self.words.insert(text.into(), words);
        words
    }

    fn add_here(&mut self, node: Node, span: Span) -> Id {
        let inner = self.loops > 0;
        let id = match self.nodes.get(&node) {
            Some(&id) => id,
            None => {
                let id = self.program.nodes.len() as Id;
                self.program.nodes.push(Entry { node, slot: NO_SLOT });
                self.program.metas.push(Meta { depth: 0, uses: 0, inner, operands: (0, 0) });
                let depth = self.depth(id);
                if let Some(meta) = self.program.metas.get_mut(id as usize) {
                    meta.depth = depth;
                }
                self.nodes.insert(node, id);
                id
            }
        };
        if let Some(meta) = self.program.metas.get_mut(id as usize) {
            meta.uses += 1;
            meta.inner |= inner;
        }
        self.spans.entry(id).or_insert(span);
        id
    }

    fn depth(&self, id: Id) -> u32 {
        if let Node::Item(n) = self.program.node(id) {
            return n + 1;
        }
        if let Node::Outer(inner) = self.program.node(id) {
            return self.program.metas.get(*inner as usize).map_or(0, |m| m.depth + 1);
        }
        let children = self.program.children(id);
        let depth = |(child, inner): (Id, bool)| {
            let depth = self.program.metas.get(child as usize).map_or(0, |m| m.depth);
            if inner { depth.saturating_sub(1) } else { depth }
        };
        children.into_iter().map(depth).max().unwrap_or(0)
    }

    fn lower_all(&mut self, all: &[Typed]) -> Ids {
        let all: Vec<Id> = all.iter().map(|t| self.lower(t)).collect();
        self.list_of(&all)
    }

    fn lower(&mut self, typed: &Typed) -> Id {
        let span = typed.span;
        let node = match &typed.kind {
            TypedKind::Const(constant) => self.constant(constant),
            TypedKind::List(list) => Node::List(self.list(*list)),
            TypedKind::Root(root) => Node::Root(*root),
            TypedKind::Item(n) => Node::Item(*n),
            TypedKind::Field { base, shape, field } => {
                let base = self.lower(base);
                let shape = self.schema.shape(*shape);
                let name = shape.and_then(|s| s.fields.get(*field as usize)).map_or("", |(name, _)| name);
                let name = intern(&mut self.names, &mut self.program.names, name);
                Node::Field { base, field: *field, name }
            }
            TypedKind::Index { base, index, .. } => {
                Node::Index { base: self.lower(base), index: self.lower(index) }
            }
            TypedKind::Slice { base, from, to } => Node::Slice {
                text: base.ty == Type::String,
                base: self.lower(base),
                from: from.as_ref().map(|t| self.lower(t)),
                to: to.as_ref().map(|t| self.lower(t)),
            },
            TypedKind::Builtin { function, args } => return self.builtin(*function, args, span),
            TypedKind::Host { function, args } => {
                Node::Host { function: *function, args: self.lower_all(args) }
            }
            TypedKind::And(items) => Node::And(self.lower_all(items)),
            TypedKind::Or(items) => Node::Or(self.lower_all(items)),
            TypedKind::Not(inner) => Node::Not(self.lower(inner)),
            TypedKind::Neg(inner) => Node::Neg(self.lower(inner)),
            TypedKind::Compare { first, rest } => return self.compare(first, rest, span),
            TypedKind::Arith { first, rest } => return self.arith(first, rest, span),
            TypedKind::In { left, negated, fold, right } => {
                let node = self.membership(left, *fold, right);
                return self.negatable(node, *negated, span);
            }
            TypedKind::IsNull { operand, negated } => {
                let node = Node::IsNull(self.lower(operand));
                return self.negatable(node, *negated, span);
            }
            TypedKind::Of { threshold, items } => {
                Node::Of { threshold: *threshold, items: self.lower_all(items) }
            }
            TypedKind::Array(items) => Node::Array(self.lower_all(items)),
            TypedKind::JsonText(inner) => Node::JsonText(self.lower(inner)),
        };
        self.add(node, span)
    }

    fn constant(&mut self, constant: &Const) -> Node {
        match constant {
            Const::Null => Node::Null,
            Const::Bool(b) => Node::Bool(*b),
            Const::Int(i) => Node::Int(*i),
            Const::Float(f) => Node::Float(f.to_bits()),
            Const::Str(s) => Node::Str(self.words(s)),
        }
    }

    fn list(&self, of_rule: u32) -> u32 {
        self.rule_lists.get(of_rule as usize).copied().unwrap_or(u32::MAX)
    }

    fn negatable(&mut self, node: Node, negated: bool, span: Span) -> Id {
        let id = self.add(node, span);
        if negated { self.add(Node::Not(id), span) } else { id }
    }

    /// A chain is the conjunction of its links.
    fn compare(&mut self, first: &Typed, rest: &[(CmpOp, Typed)], span: Span) -> Id {
        let mut left = self.lower(first);
        let mut links = Vec::with_capacity(rest.len());
        for (op, operand) in rest {
            let right = self.lower(operand);
            links.push(self.add(Node::Compare { op: *op, left, right }, span));
            left = right;
        }
        match links.as_slice() {
            [only] => *only,
            _ => {
                let links = self.list_of(&links);
                self.add(Node::And(links), span)
            }
        }
    }

    fn arith(&mut self, first: &Typed, rest: &[(ArithOp, Typed)], span: Span) -> Id {
        let mut left = self.lower(first);
        for (op, operand) in rest {
            let right = self.lower(operand);
            left = self.add(Node::Arith { op: *op, left, right }, span);
        }
        left
    }

    fn membership(&mut self, left: &Typed, fold: bool, right: &Set) -> Node {
        let left = self.lower(left);
        let items: &[Typed] = match right {
            Set::Tuple(items) => items,
            Set::Array(array) => match &array.kind {
                TypedKind::List(list) => return Node::InList { left, fold, list: self.list(*list) },
                TypedKind::Array(items) => items,
                _ => return Node::InArray { left, fold, right: self.lower(array) },
            },
        };
        let (mut strings, mut ints, mut has_null, mut rest) = (Vec::new(), Vec::new(), false, Vec::new());
        for item in items {
            match &item.kind {
                TypedKind::Const(Const::Str(s)) if fold => strings.push(crate::text::fold(s).into()),
                TypedKind::Const(Const::Str(s)) => strings.push(s.clone()),
                TypedKind::Const(Const::Int(i)) => ints.push(*i),
                TypedKind::Const(Const::Null) => has_null = true,
                _ => rest.push(self.lower(item)),
            }
        }
        strings.sort_unstable();
        strings.dedup();
        ints.sort_unstable();
        let set = self.set(strings, ints, has_null);
        Node::InTuple { left, fold, set, rest: self.list_of(&rest) }
    }

    fn set(&mut self, strings: Vec<Box<str>>, ints: Vec<i64>, has_null: bool) -> u32 {
        let key = (strings, ints, has_null);
        if let Some(&id) = self.sets.get(&key) {
            return id;
        }
        let id = self.program.sets.len() as u32;
        let strings: FxHashSet<Box<str>> = key.0.iter().cloned().collect();
        let longest = key.0.iter().map(|s| s.len()).max().unwrap_or(0);
        self.program.sets.push(ConstSet { strings, ints: key.1.clone(), has_null, longest });
        self.sets.insert(key, id);
        id
    }

    fn builtin(&mut self, function: Builtin, args: &[Typed], span: Span) -> Id {
        let Some((first, rest)) = args.split_first() else { return self.add(Node::Null, span) };
        let source = self.lower(first);
        let node = match function {
            f if f.is_loop() => {
                self.loops += 1;
                let body = rest.first().map(|t| self.lower(t));
                self.loops -= 1;
                Node::Loop { function, list: source, body }
            }
            f if text_test(f).is_some() => {
                let (test, fold) = text_test(f).unwrap_or((TextTest::Contains, false));
                let (needles, rest) = self.needles(test, rest);
                Node::Text { test, fold, source, needles, rest }
            }
            f if f.takes_regex() => self.regex(f, source, rest),
            Builtin::IpIn => self.ip_in(source, rest),
            _ => {
                let rest: Vec<Id> = rest.iter().map(|t| self.lower(t)).collect();
                let args: Vec<Id> = std::iter::once(source).chain(rest).collect();
                Node::Call { function, args: self.list_of(&args) }
            }
        };
        self.add(node, span)
    }

    fn needles(&mut self, test: TextTest, args: &[Typed]) -> (Ids, Ids) {
        let (mut needles, mut rest) = (Vec::new(), Vec::new());
        for arg in args {
            match arg.const_str() {
                Some(text) => needles.push(self.needle(test, text)),
                None => rest.push(self.lower(arg)),
            }
        }
        (self.list_of(&needles), self.list_of(&rest))
    }

    fn needle(&mut self, test: TextTest, text: &str) -> u32 {
        let key = (Box::from(text), test == TextTest::Like);
        if let Some(&id) = self.needles.get(&key) {
            return id;
        }
        let folded = fold(text);
        let glob = key.1.then(|| Glob::new(&folded, true));
        let literal: Box<str> = match &glob {
            Some(glob) => glob.literal().into(),
            None => folded.as_ref().into(),
        };
        let literal_decides = glob.as_ref().is_none_or(|g| g.contained() == Some(&*literal));
        let literal = (!literal.is_empty()).then(|| self.program.literals.intern(&literal));
        let exact_glob = key.1.then(|| Glob::new(text, false));
        let folded = folded.into();
        let needle = Needle {
            finder: memchr::memmem::Finder::new(text.as_bytes()).into_owned(),
            text: text.into(),
            folded,
            literal,
            glob,
            exact_glob,
            literal_decides,
        };
        let id = self.program.needles.len() as u32;
        let piece = literal.map_or(ANY, |literal| self.program.literals.first(literal));
        self.program.needle_pieces.push(piece);
        self.program.needles.push(needle);
        self.needles.insert(key, id);
        id
    }

    fn regex(&mut self, function: Builtin, source: Id, args: &[Typed]) -> Node {
        use Builtin as B;
        let fold = matches!(function, B::RegexIContains | B::RegexIMatch | B::RegexIExtract | B::RegexICount);
        let whole = matches!(function, B::RegexMatch | B::RegexIMatch);
        let constants = args.iter().filter_map(Typed::const_str);
        let patterns: Vec<u32> = constants.map(|p| self.pattern(p, fold, whole)).collect();
        let extract = matches!(function, B::RegexExtract | B::RegexIExtract);
        match (function, patterns.first()) {
            (B::RegexExtract | B::RegexIExtract | B::RegexCount | B::RegexICount, Some(&pattern)) => {
                Node::Matches { extract, source, pattern }
            }
            _ => Node::Regex { source, patterns: self.list_of(&patterns) },
        }
    }

    fn pattern(&mut self, source: &str, fold: bool, whole: bool) -> u32 {
        let key = (Box::from(source), fold, whole);
        if let Some(&id) = self.patterns.get(&key) {
            return id;
        }
        let literals = re2::parse(source, fold).ok().and_then(|hir| required(&hir));
        let intern = |l: Vec<String>| l.iter().map(|l| self.program.literals.intern(l)).collect();
        let required: Option<Box<[LiteralId]>> = literals.map(intern);
        let first = self.program.pattern_pieces.len() as u32;
        let pieces = required.iter().flatten().map(|&literal| self.program.literals.first(literal));
        self.program.pattern_pieces.extend(pieces);
        let range = required.as_ref().map(|literals| (first, literals.len() as u32));
        self.program.pattern_ranges.push(range);
        let id = self.program.patterns.len() as u32;
        let compiled = OnceLock::new();
        self.program.patterns.push(Pattern { source: source.into(), fold, whole, required, compiled });
        self.patterns.insert(key, id);
        id
    }

    fn ip_in(&mut self, ip: Id, args: &[Typed]) -> Node {
        let set = IpSet::new(args.iter().filter_map(Typed::const_str));
        let rest: Vec<&Typed> = args.iter().filter(|a| a.const_str().is_none()).collect();
        let rest: Vec<Id> = rest.into_iter().map(|t| self.lower(t)).collect();
        let rest = self.list_of(&rest);
        let next = self.program.ip_sets.len() as u32;
        let id = *self.ip_sets.entry(set.clone()).or_insert(next);
        if id == next {
            self.program.ip_sets.push(set);
        }
        Node::IpIn { ip, set: id, rest }
    }
}

fn text_test(function: Builtin) -> Option<(TextTest, bool)> {
    use Builtin as B;
    Some(match function {
        B::Contains => (TextTest::Contains, false),
        B::IContains => (TextTest::Contains, true),
        B::StartsWith => (TextTest::StartsWith, false),
        B::IStartsWith => (TextTest::StartsWith, true),
        B::EndsWith => (TextTest::EndsWith, false),
        B::IEndsWith => (TextTest::EndsWith, true),
        B::Like => (TextTest::Like, false),
        B::ILike => (TextTest::Like, true),
        _ => return None,
    })
}

fn intern(ids: &mut FxHashMap<Box<str>, u32>, all: &mut Vec<Box<str>>, name: &str) -> u32 {
    if let Some(&id) = ids.get(name) {
        return id;
    }
    let id = all.len() as u32;
    all.push(name.into());
    ids.insert(name.into(), id);
    id
}
