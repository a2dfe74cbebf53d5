//! The tree that the checker hands to the evaluator: names resolved to indexes, arguments bound to parameters, types
//! on every node. Brackets are gone; JSON values used as text are unwrapped by an explicit node.

use std::collections::BTreeSet;

use serde::Serialize;

pub use crate::ast::{ArithOp, CmpOp, Span};
pub use crate::builtin::Builtin;
pub use crate::schema::ShapeId;
pub use crate::types::Type;

/// A checked rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The whole expression.
    pub root: Typed,
    /// Names of the lists it uses, without the dollar sign; `TypedKind::List` indexes this.
    pub lists: Vec<Box<str>>,
    /// What it uses.
    pub uses: Uses,
}

/// What a rule uses, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Uses {
    /// Functions, as written.
    pub functions: BTreeSet<String>,
    /// Lists, without the dollar sign.
    pub lists: BTreeSet<String>,
    /// Roots of the data model.
    pub roots: BTreeSet<String>,
}

/// A typed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    /// Where it stands in the source.
    pub span: Span,
    /// Its type.
    pub ty: Type,
    /// What it is.
    pub kind: TypedKind,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// Null.
    Null,
    /// Truth value.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Float.
    Float(f64),
    /// Text.
    Str(Box<str>),
}

/// How `a[i]` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// Array by int.
    Array,
    /// Map by string.
    Map,
    /// JSON object by string or JSON array by int, decided at run time.
    Json,
}

/// The kinds of typed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedKind {
    /// A constant.
    Const(Const),
    /// A named list: index into [`Checked::lists`].
    List(u32),
    /// A root: index into `Schema::roots`.
    Root(u32),
    /// Item of a loop: 0 is the innermost.
    Item(u32),
    /// Member of an object.
    Field {
        /// The object.
        base: Box<Typed>,
        /// Its shape.
        shape: ShapeId,
        /// Index in declared order.
        field: u32,
    },
    /// `base[index]`.
    Index {
        /// What is indexed.
        base: Box<Typed>,
        /// The index.
        index: Box<Typed>,
        /// How.
        by: IndexKind,
    },
    /// `base[from:to]` of a string or an array.
    Slice {
        /// What is cut.
        base: Box<Typed>,
        /// From, inclusive.
        from: Option<Box<Typed>>,
        /// To, exclusive.
        to: Option<Box<Typed>>,
    },
    /// A built-in function. `args` holds every parameter in order, defaults filled in, then the variadic rest. For
    /// the loop functions (`Builtin::is_loop`) the arguments after the first are evaluated once an element in a new
    /// scope.
    Builtin {
        /// Which.
        function: Builtin,
        /// Arguments.
        args: Vec<Typed>,
    },
    /// A function of the host: index into `Schema::functions`; `args` as for `Builtin`.
    Host {
        /// Which.
        function: u32,
        /// Arguments.
        args: Vec<Typed>,
    },
    /// All of them, at least two.
    And(Vec<Typed>),
    /// One of them, at least two.
    Or(Vec<Typed>),
    /// Negation.
    Not(Box<Typed>),
    /// Arithmetic negation.
    Neg(Box<Typed>),
    /// Comparison chain.
    Compare {
        /// Leftmost operand.
        first: Box<Typed>,
        /// Operator and operand; more than one only with `<` and `<=`.
        rest: Vec<(CmpOp, Typed)>,
    },
    /// Left-associative arithmetic. An operation is integer when both its operands are.
    Arith {
        /// Leftmost operand.
        first: Box<Typed>,
        /// Operator and operand.
        rest: Vec<(ArithOp, Typed)>,
    },
    /// Membership.
    In {
        /// What is looked for.
        left: Box<Typed>,
        /// `not in`.
        negated: bool,
        /// Letters compare without case.
        fold: bool,
        /// Where.
        right: Set,
    },
    /// `is null`, `is not null`.
    IsNull {
        /// What is tested.
        operand: Box<Typed>,
        /// `is not null`.
        negated: bool,
    },
    /// At least `threshold` of the items.
    Of {
        /// Between 1 and the number of items.
        threshold: u32,
        /// The clauses.
        items: Vec<Typed>,
    },
    /// Array literal.
    Array(Vec<Typed>),
    /// A JSON value where text is expected: its text when it is a JSON string, else null.
    JsonText(Box<Typed>),
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Scalars.
    Tuple(Vec<Typed>),
    /// An array, a list or a JSON array.
    Array(Box<Typed>),
}

impl Typed {
    /// A constant or an array literal of constants.
    #[must_use]
    pub fn is_const(&self) -> bool {
        match &self.kind {
            TypedKind::Const(_) => true,
            TypedKind::Array(items) => items.iter().all(Self::is_const),
            _ => false,
        }
    }

    /// The text of a constant string.
    #[must_use]
    pub fn const_str(&self) -> Option<&str> {
        match &self.kind {
            TypedKind::Const(Const::Str(text)) => Some(text),
            _ => None,
        }
    }
}
