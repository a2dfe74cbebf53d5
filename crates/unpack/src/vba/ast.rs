//! A program as the evaluator needs it: procedures of statements, expressions as small trees.

use std::rc::Rc;

use super::{
    lexer::{Names, Sym},
    value::Val,
};
use crate::gaps::Gaps;

/// All modules of a project, parsed.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) names: Names,
    pub(crate) procs: Vec<Proc>,
    pub(crate) declares: Vec<Declare>,
    /// Statements outside procedures, by module.
    pub(crate) outside: Vec<(usize, Block)>,
    /// Text literals: module, line, text.
    pub(crate) literals: Vec<(usize, u32, Rc<str>)>,
    /// Statements there are.
    pub(crate) lines: u32,
    /// What was not read.
    pub(crate) gaps: Gaps,
}

/// A procedure.
#[derive(Debug)]
pub(crate) struct Proc {
    pub(crate) name: Sym,
    pub(crate) module: usize,
    pub(crate) line: u32,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Block,
}

#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Sym,
    pub(crate) by_value: bool,
    /// `ParamArray`: takes what is left.
    pub(crate) rest: bool,
    pub(crate) default: Option<Expr>,
}

/// `Declare Function … Lib … Alias …`.
#[derive(Debug, Clone)]
pub(crate) struct Declare {
    pub(crate) name: Sym,
    /// The function as its library calls it.
    pub(crate) function: Rc<str>,
    pub(crate) library: Rc<str>,
    pub(crate) module: usize,
    pub(crate) line: u32,
}

pub(crate) type Block = Vec<Line>;

/// A statement and where it stands.
#[derive(Debug)]
pub(crate) struct Line {
    /// Number over the whole program.
    pub(crate) id: u32,
    pub(crate) line: u32,
    pub(crate) stmt: Stmt,
}

#[derive(Debug)]
pub(crate) enum Stmt {
    Assign {
        target: Path,
        value: Expr,
        set: bool,
    },
    Call(Path),
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    For {
        name: Path,
        from: Expr,
        to: Expr,
        step: Option<Expr>,
        body: Block,
    },
    ForEach {
        name: Path,
        list: Expr,
        body: Block,
    },
    /// Condition before the body, or after it; the flag says `Until`.
    Loop {
        before: Option<(Expr, bool)>,
        after: Option<(Expr, bool)>,
        body: Block,
    },
    Select {
        subject: Expr,
        cases: Vec<(Vec<Case>, Block)>,
    },
    With {
        object: Expr,
        body: Block,
    },
    Dim(Vec<Variable>),
    Const(Vec<(Sym, Expr)>),
    Open {
        path: Expr,
        writes: bool,
        number: Expr,
    },
    /// `Print #`, `Put #`, `Write #`: number, what is written.
    Print {
        number: Expr,
        parts: Vec<Expr>,
    },
    /// Reads from a file into variables.
    Input {
        targets: Vec<Path>,
    },
    /// `Name … As …`.
    Rename {
        from: Expr,
        to: Expr,
    },
    Label(Sym),
    GoTo {
        label: Sym,
        returns: bool,
    },
    /// `Exit Sub`, `Exit Function`, `Exit Property`, `End`, `Return`.
    Leave,
    ExitLoop,
}

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: Sym,
    /// Sizes of an array: lower (when given) and upper bound. Empty: `Dim a()`.
    pub(crate) bounds: Option<Vec<(Option<Expr>, Expr)>>,
    pub(crate) preserve: bool,
    pub(crate) class: Option<Sym>,
    pub(crate) kind: VariableKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VariableKind {
    Dim,
    ReDim,
    Static,
}

#[derive(Debug)]
pub(crate) enum Case {
    Value(Expr),
    Range(Expr, Expr),
    /// `Is > 5`.
    Compare(Op, Expr),
    Else,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Power,
    Mul,
    Div,
    IntDiv,
    Mod,
    Add,
    Sub,
    Concat,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Like,
    Is,
    And,
    Or,
    Xor,
    Eqv,
    Imp,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Value(Val),
    Path(Box<Path>),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    /// Operators of one rank, from the left: no deep trees for long chains.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
    /// `AddressOf name`, `TypeOf x Is y`.
    AddressOf(Sym),
}

/// A name with members and arguments: `a.b(c).d`.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) base: Base,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug)]
pub(crate) enum Base {
    Name(Sym),
    /// `.member` inside `With`.
    With,
    /// `[A1]`.
    Bracket(Rc<str>),
    New(Sym),
    Inner(Box<Expr>),
}

#[derive(Debug)]
pub(crate) enum Step {
    Member(Sym),
    Args(Vec<Arg>),
}

#[derive(Debug)]
pub(crate) struct Arg {
    pub(crate) name: Option<Sym>,
    pub(crate) value: Option<Expr>,
}
