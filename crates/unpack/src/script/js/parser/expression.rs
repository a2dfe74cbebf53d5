//! Expressions: operators by their levels, members and calls, templates.

use std::rc::Rc;

use super::{
    super::{
        lexer::{Kind, lex},
        tree::{Expr, Func, Op, Step, Stmt},
    },
    DEEP, Parser, units,
};
use crate::limits::NESTING_MAX;

/// Signs before one another.
const SIGNS_MAX: usize = 8;
/// Escaped characters from which on a string is hidden.
const HIDDEN_ESCAPES: u32 = 3;

/// Levels of left-associative operators, loosest first.
const LEVELS: &[&[Op]] = &[
    &["??", "||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["===", "!==", "==", "!="],
    &["<", ">", "<=", ">=", "instanceof", "in"],
    &["<<", ">>", ">>>"],
    &["+", "-"],
    &["*", "/", "%", "**"],
];

const ASSIGNS: &[Op] =
    &["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "**=", "&&=", "||=", "??="];

impl Parser<'_, '_> {
    pub(crate) fn expression(&mut self) -> Expr {
        let first = self.assignment();
        if !self.is(",") {
            return first;
        }
        let mut all = vec![first];
        while self.eat(",") {
            all.push(self.assignment());
        }
        Expr::Seq(all)
    }

    pub(super) fn assignment(&mut self) -> Expr {
        if !self.room() {
            self.at += usize::from(!self.is_end());
            return Expr::Unknown;
        }
        self.depth += 1;
        let out = self.assignment_inner();
        self.depth -= 1;
        out
    }

    fn assignment_inner(&mut self) -> Expr {
        if let Some(arrow) = self.arrow() {
            return arrow;
        }
        let left = self.level(0);
        if self.eat("?") {
            let outer = std::mem::replace(&mut self.no_in, false);
            let then = self.assignment();
            self.no_in = outer;
            self.eat(":");
            let other = self.assignment();
            return Expr::Cond(Box::new(left), Box::new(then), Box::new(other));
        }
        if let Kind::Punct(p) = self.kind()
            && let Some(op) = ASSIGNS.iter().find(|a| *a == p)
        {
            self.at += 1;
            let value = self.assignment();
            return Expr::Assign(op, Box::new(left), Box::new(value));
        }
        left
    }

    fn arrow(&mut self) -> Option<Expr> {
        let skip = usize::from(self.word("async"));
        let at = self.at + skip;
        let params_end = match self.kind_at(at) {
            Kind::Ident(_) => at,
            Kind::Punct("(") => *self.partner.get(at)? as usize,
            _ => return None,
        };
        if !matches!(self.kind_at(params_end.checked_add(1)?), Kind::Punct("=>")) {
            return None;
        }
        self.at = at;
        let params = if self.is("(") { self.params() } else { vec![self.primary()] };
        self.eat("=>");
        let body = if self.is("{") { self.block() } else { vec![Stmt::Return(Some(self.assignment()))] };
        Some(Expr::Func(Rc::new(Func { name: None, params, body, arrow: true })))
    }

    pub(super) fn params(&mut self) -> Vec<Expr> {
        let mut out = Vec::new();
        self.eat("(");
        while !self.is_end() && !self.eat(")") {
            let before = self.at;
            out.push(self.spread_or_assignment());
            self.eat(",");
            if self.at == before {
                self.at += 1;
            }
        }
        out
    }

    pub(super) fn spread_or_assignment(&mut self) -> Expr {
        if self.eat("...") { Expr::Spread(Box::new(self.assignment())) } else { self.assignment() }
    }

    fn level(&mut self, level: usize) -> Expr {
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let first = self.level(level + 1);
        let mut rest = Vec::new();
        while let Some(op) = self.operator(ops) {
            self.at += 1;
            rest.push((op, self.level(level + 1)));
        }
        if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest) }
    }

    fn operator(&self, ops: &'static [Op]) -> Option<Op> {
        let text: &str = match self.kind() {
            Kind::Punct(p) => p,
            Kind::Keyword("in") if self.no_in => return None,
            Kind::Keyword(w) => w,
            _ => return None,
        };
        ops.iter().find(|op| **op == text).copied()
    }

    fn unary(&mut self) -> Expr {
        const OPS: &[Op] = &["!", "~", "+", "-", "typeof", "void", "delete", "await", "yield"];
        let mut prefix: Vec<Op> = Vec::new();
        loop {
            let text: &str = match self.kind() {
                Kind::Punct(p) => p,
                Kind::Keyword(w) => w,
                _ => break,
            };
            if let "++" | "--" = text {
                let op = if text == "++" { "+" } else { "-" };
                self.at += 1;
                let target = Box::new(self.postfix());
                return wrap(prefix, Expr::Update { op, prefix: true, target });
            }
            let Some(op) = OPS.iter().find(|op| **op == text) else { break };
            self.at += 1;
            // Signs in a row (`!![]`) nest.
            if self.gaps.get_mut().room(prefix.len(), SIGNS_MAX, "signs in a row") {
                prefix.push(op);
            }
        }
        let inner = self.postfix();
        wrap(prefix, inner)
    }

    pub(super) fn postfix(&mut self) -> Expr {
        let base = if self.word("new") { self.new_expression() } else { self.primary() };
        let mut steps = Vec::new();
        loop {
            if self.is("(") {
                steps.push(Step::Call(self.params()));
            } else if !self.member_step(&mut steps) {
                break;
            }
        }
        let base = if steps.is_empty() { base } else { Expr::Post(Box::new(base), steps) };
        if (self.is("++") || self.is("--")) && !self.newline() {
            let op = if self.is("++") { "+" } else { "-" };
            self.at += 1;
            return Expr::Update { op, prefix: false, target: Box::new(base) };
        }
        base
    }

    fn member_step(&mut self, steps: &mut Vec<Step>) -> bool {
        match self.kind() {
            Kind::Punct("." | "?.") => {
                let optional = self.is("?.");
                self.at += 1;
                self.eat("#");
                match self.kind() {
                    Kind::Ident(name) => steps.push(Step::Member(name.as_ref().into())),
                    Kind::Keyword(name) => steps.push(Step::Member((*name).into())),
                    _ if optional => return true,
                    _ => return false,
                }
                self.at += 1;
                true
            }
            Kind::Punct("[") => {
                self.at += 1;
                let outer = std::mem::replace(&mut self.no_in, false);
                let index = self.expression();
                self.no_in = outer;
                self.eat("]");
                steps.push(Step::Index(index));
                true
            }
            Kind::Template(_) => {
                let template = self.primary();
                steps.push(Step::Call(vec![template]));
                true
            }
            _ => false,
        }
    }

    fn new_expression(&mut self) -> Expr {
        self.at += 1;
        if self.word("new") || self.is(".") {
            self.at += 1;
        }
        let base = self.primary();
        let mut steps = Vec::new();
        while !matches!(self.kind(), Kind::Template(_)) && self.member_step(&mut steps) {}
        let callee = if steps.is_empty() { base } else { Expr::Post(Box::new(base), steps) };
        let args = if self.is("(") { self.params() } else { Vec::new() };
        Expr::New(Box::new(callee), args)
    }

    pub(super) fn primary(&mut self) -> Expr {
        let kind = self.kind();
        match kind {
            Kind::Punct("(") => {
                self.at += 1;
                let outer = std::mem::replace(&mut self.no_in, false);
                let out = if self.is(")") { Expr::Undefined } else { self.expression() };
                self.no_in = outer;
                self.eat(")");
                return out;
            }
            Kind::Punct("[") => return self.array(),
            Kind::Punct("{") => return self.object(),
            Kind::Punct("...") => {
                self.at += 1;
                return self.assignment();
            }
            Kind::Keyword("function") => return self.function(),
            Kind::Keyword("class") => return self.class(),
            // What closes something else is not ours.
            Kind::Punct(")" | "]" | "}" | ";" | "," | ":") | Kind::End => return Expr::Unknown,
            _ => self.at += 1,
        }
        match kind {
            Kind::Ident(name) => match name.as_ref() {
                "undefined" => Expr::Undefined,
                name => Expr::Ident(name.into()),
            },
            Kind::Keyword("this") => Expr::This,
            Kind::Keyword("null") => Expr::Null,
            Kind::Keyword("true") => Expr::Bool(true),
            Kind::Keyword("false") => Expr::Bool(false),
            Kind::Keyword("async") if self.word("function") => self.function(),
            Kind::Keyword(word @ ("async" | "of" | "static" | "let")) => Expr::Ident((*word).into()),
            Kind::Num(value) => Expr::Num(*value),
            Kind::Str(text, escapes) => Expr::Str(units(text), *escapes >= HIDDEN_ESCAPES),
            Kind::Regex(body, flags) => Expr::Regex((*body).into(), (*flags).into()),
            Kind::Template(pieces) => self.template(pieces),
            _ => Expr::Unknown,
        }
    }

    fn template(&self, pieces: &[(String, Option<&str>)]) -> Expr {
        let inner = |source: &str| {
            if self.depth + 1 >= NESTING_MAX {
                self.gaps.borrow_mut().over(NESTING_MAX, DEEP);
                return Expr::Unknown;
            }
            let lexed = lex(source);
            let mut parser = Parser::new(&lexed.tokens, self.depth + 1);
            let out = parser.expression();
            self.gaps.borrow_mut().extend(&parser.gaps.borrow());
            out
        };
        Expr::Template(pieces.iter().map(|(text, source)| (units(text), source.map(inner))).collect())
    }
}

fn wrap(prefix: Vec<Op>, inner: Expr) -> Expr {
    prefix.into_iter().rev().fold(inner, |inner, op| Expr::Unary(op, Box::new(inner)))
}
