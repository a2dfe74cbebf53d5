//! The tree that the parser builds: what was written, with a byte span on every node.

use serde::Serialize;

/// Byte range in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span; positions beyond 4 GiB saturate.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let fit = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: fit(start), end: fit(end) }
    }

    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.start) }
    }

    /// The text it covers.
    #[must_use]
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// An identifier with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text; dotted for functions.
    pub text: Box<str>,
    /// Where it stands.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expression. Operators of one precedence level are kept flat, so that only brackets, calls and
/// prefix operators nest and the parser's depth limit bounds every later recursion.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// `$name`, without the dollar sign.
    List(Box<str>),
    /// A root of the data model.
    Root(Box<str>),
    /// `.`, `..`, …: the item of a loop; `dots` is at least 1.
    Item {
        /// Number of dots: 1 is the innermost loop.
        dots: u32,
    },
    /// `base` followed by members, indexes and slices. Never nested directly in another `Access`.
    Access {
        /// What is accessed.
        base: Box<Expr>,
        /// The steps, left to right; at least one.
        steps: Vec<Step>,
    },
    /// `name(args)`.
    Call {
        /// The dotted name.
        name: Name,
        /// The arguments as written.
        args: Vec<Arg>,
    },
    /// `[a, b]`.
    Array(Vec<Expr>),
    /// `(a)`.
    Paren(Box<Expr>),
    /// `not a`.
    Not(Box<Expr>),
    /// `-a`.
    Neg(Box<Expr>),
    /// `a and b and c`; at least two.
    And(Vec<Expr>),
    /// `a or b or c`; at least two.
    Or(Vec<Expr>),
    /// `a < b <= c`; more than one tail only with `<` and `<=`.
    Compare {
        /// Leftmost operand.
        first: Box<Expr>,
        /// Operator and operand, at least one.
        rest: Vec<(CmpOp, Expr)>,
    },
    /// `a + b - c` or `a * b / c`, left-associative, one precedence level; at least one tail.
    Arith {
        /// Leftmost operand.
        first: Box<Expr>,
        /// Operator and operand.
        rest: Vec<(ArithOp, Expr)>,
    },
    /// `a in b`, `a not in~ (x, y)`.
    In {
        /// What is looked for.
        left: Box<Expr>,
        /// `not in`.
        negated: bool,
        /// `in~`: letters compare without case.
        fold: bool,
        /// Where.
        right: InRight,
    },
    /// `a is null`, `a is not null`.
    IsNull {
        /// What is tested.
        operand: Box<Expr>,
        /// `is not null`.
        negated: bool,
    },
    /// `2 of (a, b, c)`.
    Of {
        /// The threshold expression.
        threshold: Box<Expr>,
        /// The clauses.
        items: Vec<Expr>,
    },
}

/// One access step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `.name`.
    Member(Name),
    /// `[index]`; the span covers the brackets.
    Index(Box<Expr>, Span),
    /// `[from:to]`; the span covers the brackets.
    Slice(Option<Box<Expr>>, Option<Box<Expr>>, Span),
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub enum InRight {
    /// `(a, b)`, also with one element; the span covers the brackets.
    Tuple(Vec<Expr>, Span),
    /// Anything else.
    Expr(Box<Expr>),
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `name =` before it.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// A constant as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `12`.
    Int(i64),
    /// `1.5`.
    Float(f64),
    /// A string.
    Str {
        /// Its value, escapes resolved.
        value: Box<str>,
        /// It was single-quoted.
        raw: bool,
    },
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CmpOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `=~`: equal without case.
    EqFold,
    /// `!~`: not equal without case.
    NeFold,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CmpOp {
    /// As written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::EqFold => "=~",
            Self::NeFold => "!~",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// Arithmetic operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl ArithOp {
    /// As written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

/// Equal apart from where things stand.
#[must_use]
pub fn same(a: &Expr, b: &Expr) -> bool {
    let all = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    match (&a.kind, &b.kind) {
        (ExprKind::Access { base: a, steps: x }, ExprKind::Access { base: b, steps: y }) => {
            same(a, b) && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_step(x, y))
        }
        (ExprKind::Call { name: a, args: x }, ExprKind::Call { name: b, args: y }) => {
            let name = |arg: &Arg| arg.name.as_ref().map(|name| name.text.clone());
            let arg = |(a, b): (&Arg, &Arg)| name(a) == name(b) && same(&a.value, &b.value);
            a.text == b.text && x.len() == y.len() && x.iter().zip(y).all(arg)
        }
        (ExprKind::Array(a), ExprKind::Array(b))
        | (ExprKind::And(a), ExprKind::And(b))
        | (ExprKind::Or(a), ExprKind::Or(b)) => all(a, b),
        (ExprKind::Paren(a), ExprKind::Paren(b))
        | (ExprKind::Not(a), ExprKind::Not(b))
        | (ExprKind::Neg(a), ExprKind::Neg(b)) => same(a, b),
        (ExprKind::Compare { first: a, rest: x }, ExprKind::Compare { first: b, rest: y }) => {
            same(a, b) && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.0 == y.0 && same(&x.1, &y.1))
        }
        (ExprKind::Arith { first: a, rest: x }, ExprKind::Arith { first: b, rest: y }) => {
            same(a, b) && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.0 == y.0 && same(&x.1, &y.1))
        }
        (
            ExprKind::In { left: a, negated: na, fold: fa, right: x },
            ExprKind::In { left: b, negated: nb, fold: fb, right: y },
        ) => {
            let right = match (x, y) {
                (InRight::Tuple(x, _), InRight::Tuple(y, _)) => all(x, y),
                (InRight::Expr(x), InRight::Expr(y)) => same(x, y),
                _ => false,
            };
            na == nb && fa == fb && right && same(a, b)
        }
        (ExprKind::IsNull { operand: a, negated: na }, ExprKind::IsNull { operand: b, negated: nb }) => {
            na == nb && same(a, b)
        }
        (ExprKind::Of { threshold: a, items: x }, ExprKind::Of { threshold: b, items: y }) => {
            same(a, b) && all(x, y)
        }
        // The rest holds no spans.
        (a, b) => a == b,
    }
}

fn same_step(a: &Step, b: &Step) -> bool {
    let bound = |a: &Option<Box<Expr>>, b: &Option<Box<Expr>>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    };
    match (a, b) {
        (Step::Member(a), Step::Member(b)) => a.text == b.text,
        (Step::Index(a, _), Step::Index(b, _)) => same(a, b),
        (Step::Slice(a, x, _), Step::Slice(b, y, _)) => bound(a, b) && bound(x, y),
        _ => false,
    }
}
