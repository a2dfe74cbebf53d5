//! The syntax tree. Chains (`a + b + c`, `a.b().c`) are lists, so that depth stays what the writer nested.

use std::rc::Rc;

pub(crate) type Name = Rc<str>;
pub(crate) type Op = &'static str;

#[derive(Debug)]
pub(crate) enum Expr {
    Unknown,
    Undefined,
    Null,
    This,
    Bool(bool),
    Num(f64),
    /// Text, and whether it was hidden behind escapes.
    Str(Rc<Vec<u16>>, bool),
    Template(Vec<(Rc<Vec<u16>>, Option<Expr>)>),
    Regex(Name, Name),
    Ident(Name),
    Array(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    Func(Rc<Func>),
    Unary(Op, Box<Expr>),
    Update {
        op: Op,
        prefix: bool,
        target: Box<Expr>,
    },
    /// Left-associative operators of one level.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    Assign(Op, Box<Expr>, Box<Expr>),
    Seq(Vec<Expr>),
    Post(Box<Expr>, Vec<Step>),
    New(Box<Expr>, Vec<Expr>),
    Spread(Box<Expr>),
}

#[derive(Debug)]
pub(crate) enum Step {
    Member(Name),
    Index(Expr),
    Call(Vec<Expr>),
}

#[derive(Debug)]
pub(crate) struct Func {
    pub(crate) name: Option<Name>,
    pub(crate) params: Vec<Expr>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) arrow: bool,
}

#[derive(Debug)]
pub(crate) enum Stmt {
    Empty,
    Expr(Expr),
    /// Targets and their values.
    Var(Vec<(Expr, Option<Expr>)>),
    Func(Rc<Func>),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    For {
        init: Box<Stmt>,
        test: Option<Expr>,
        update: Option<Expr>,
        body: Box<Stmt>,
    },
    /// `true` for `of`.
    ForIn {
        target: Expr,
        of: bool,
        over: Expr,
        body: Box<Stmt>,
    },
    While(Expr, Box<Stmt>),
    DoWhile(Box<Stmt>, Expr),
    Return(Option<Expr>),
    Break,
    Continue,
    Throw(Expr),
    Try {
        block: Vec<Stmt>,
        param: Option<Expr>,
        handler: Vec<Stmt>,
        last: Vec<Stmt>,
    },
    Switch(Expr, Vec<(Option<Expr>, Vec<Stmt>)>),
    Block(Vec<Stmt>),
}
