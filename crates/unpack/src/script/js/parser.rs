//! Builds the syntax tree. What does not fit is stepped over: any tokens give a tree.

mod expression;
mod literal;

use std::{cell::RefCell, rc::Rc};

use super::{
    lexer::{Kind, Lexed, Token},
    tree::{Expr, Stmt},
};
use crate::{gaps::Gaps, limits::NESTING_MAX};

/// What nests too deep.
const DEEP: &str = "blocks or brackets of a script inside one another";

pub(crate) struct Parser<'t, 's> {
    tokens: &'t [Token<'s>],
    /// For each opening bracket the index of its partner.
    partner: Vec<u32>,
    at: usize,
    depth: usize,
    no_in: bool,
    gaps: RefCell<Gaps>,
}

const END: &Kind<'static> = &Kind::End;

/// Parses a whole script.
pub(crate) fn parse(lexed: &Lexed<'_>, depth: usize, gaps: &mut Gaps) -> Vec<Stmt> {
    let mut parser = Parser::new(&lexed.tokens, depth);
    let mut out = Vec::new();
    while !parser.is_end() {
        parser.statement_into(&mut out);
    }
    gaps.extend(&parser.gaps.borrow());
    out
}

pub(crate) fn units(text: &str) -> Rc<Vec<u16>> {
    Rc::new(if text.is_ascii() {
        text.bytes().map(u16::from).collect()
    } else {
        text.encode_utf16().collect()
    })
}

/// Pairs of round brackets.
fn partners(tokens: &[Token<'_>]) -> Vec<u32> {
    let mut out = vec![u32::MAX; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punct("(") => open.push(at),
            Kind::Punct(")") => {
                if let Some(slot) = open.pop().and_then(|o| out.get_mut(o)) {
                    *slot = u32::try_from(at).unwrap_or(u32::MAX);
                }
            }
            _ => {}
        }
    }
    out
}

impl<'t, 's> Parser<'t, 's> {
    fn new(tokens: &'t [Token<'s>], depth: usize) -> Parser<'t, 's> {
        Parser { tokens, partner: partners(tokens), at: 0, depth, no_in: false, gaps: RefCell::default() }
    }

    /// Whether something may nest deeper here.
    fn room(&self) -> bool {
        self.gaps.borrow_mut().room(self.depth, NESTING_MAX, DEEP)
    }

    fn kind_at(&self, at: usize) -> &'t Kind<'s> {
        self.tokens.get(at).map_or(END, |t| &t.kind)
    }

    fn kind(&self) -> &'t Kind<'s> {
        self.kind_at(self.at)
    }

    fn is_end(&self) -> bool {
        *self.kind() == Kind::End
    }

    fn newline(&self) -> bool {
        self.tokens.get(self.at).is_none_or(|t| t.newline)
    }

    fn is(&self, p: &str) -> bool {
        matches!(self.kind(), Kind::Punct(x) if *x == p)
    }

    fn word(&self, w: &str) -> bool {
        matches!(self.kind(), Kind::Keyword(x) if *x == w)
    }

    fn eat(&mut self, p: &str) -> bool {
        let found = self.is(p);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, w: &str) -> bool {
        let found = self.word(w);
        self.at += usize::from(found);
        found
    }

    fn statement_into(&mut self, out: &mut Vec<Stmt>) {
        let before = self.at;
        let statement = self.statement();
        if self.at == before {
            self.at += 1;
        }
        if !matches!(statement, Stmt::Empty) {
            out.push(statement);
        }
    }

    fn statement(&mut self) -> Stmt {
        if !self.room() {
            self.at += 1;
            return Stmt::Empty;
        }
        self.depth += 1;
        let out = self.statement_inner();
        self.depth -= 1;
        out
    }

    fn statement_inner(&mut self) -> Stmt {
        match self.kind() {
            Kind::Punct("{") => Stmt::Block(self.block()),
            Kind::Punct(";") => {
                self.at += 1;
                Stmt::Empty
            }
            Kind::Keyword(word) => self.keyword(word),
            Kind::Ident(_) if matches!(self.kind_at(self.at + 1), Kind::Punct(":")) => {
                self.at += 2;
                self.statement()
            }
            _ => self.expression_statement(),
        }
    }

    fn expression_statement(&mut self) -> Stmt {
        let expr = self.expression();
        self.eat(";");
        Stmt::Expr(expr)
    }

    fn block(&mut self) -> Vec<Stmt> {
        let mut out = Vec::new();
        if !self.eat("{") {
            return out;
        }
        while !self.is_end() && !self.eat("}") {
            self.statement_into(&mut out);
        }
        out
    }

    fn keyword(&mut self, word: &str) -> Stmt {
        match word {
            "var" | "let" | "const" => {
                self.at += 1;
                let out = Stmt::Var(self.declarations());
                self.eat(";");
                out
            }
            "function" => self.function_statement(),
            "async" if matches!(self.kind_at(self.at + 1), Kind::Keyword("function")) => {
                self.at += 1;
                self.function_statement()
            }
            "if" => {
                self.at += 1;
                let test = self.bracketed();
                let then = Box::new(self.statement());
                let other = self.eat_word("else").then(|| Box::new(self.statement()));
                Stmt::If(test, then, other)
            }
            "for" => self.for_statement(),
            "while" => {
                self.at += 1;
                let test = self.bracketed();
                Stmt::While(test, Box::new(self.statement()))
            }
            "do" => {
                self.at += 1;
                let body = Box::new(self.statement());
                self.eat_word("while");
                let test = self.bracketed();
                self.eat(";");
                Stmt::DoWhile(body, test)
            }
            "return" | "throw" => self.leave(word),
            "break" | "continue" => {
                self.at += 1;
                if matches!(self.kind(), Kind::Ident(_)) && !self.newline() {
                    self.at += 1;
                }
                self.eat(";");
                if word == "break" { Stmt::Break } else { Stmt::Continue }
            }
            "try" => self.try_statement(),
            "switch" => self.switch_statement(),
            "class" => Stmt::Expr(self.class()),
            "import" | "export" | "debugger" => {
                self.at += 1;
                Stmt::Empty
            }
            "with" => {
                self.at += 1;
                self.bracketed();
                self.statement()
            }
            _ => self.expression_statement(),
        }
    }

    fn leave(&mut self, word: &str) -> Stmt {
        self.at += 1;
        let bare = self.newline() || self.is(";") || self.is("}") || self.is_end();
        let value = (!bare).then(|| self.expression());
        self.eat(";");
        if word == "return" { Stmt::Return(value) } else { Stmt::Throw(value.unwrap_or(Expr::Undefined)) }
    }

    fn declarations(&mut self) -> Vec<(Expr, Option<Expr>)> {
        let mut out = Vec::new();
        loop {
            let target = self.primary();
            let value = self.eat("=").then(|| self.assignment());
            out.push((target, value));
            if !self.eat(",") {
                return out;
            }
        }
    }

    fn function_statement(&mut self) -> Stmt {
        match self.function() {
            Expr::Func(func) if func.name.is_some() => Stmt::Func(func),
            other => Stmt::Expr(other),
        }
    }

    fn bracketed(&mut self) -> Expr {
        self.eat("(");
        let out = if self.is(")") { Expr::Unknown } else { self.expression() };
        self.eat(")");
        out
    }

    fn for_statement(&mut self) -> Stmt {
        self.at += 1;
        self.eat_word("await");
        self.eat("(");
        let declares = matches!(self.kind(), Kind::Keyword("var" | "let" | "const"));
        self.at += usize::from(declares);
        let outer = std::mem::replace(&mut self.no_in, true);
        let init = if self.is(";") {
            Stmt::Empty
        } else if declares {
            Stmt::Var(self.declarations())
        } else {
            Stmt::Expr(self.expression())
        };
        self.no_in = outer;
        if self.word("in") || self.word("of") {
            let of = self.word("of");
            self.at += 1;
            let over = self.expression();
            self.eat(")");
            let target = match init {
                Stmt::Var(mut vars) if !vars.is_empty() => vars.swap_remove(0).0,
                Stmt::Expr(target) => target,
                _ => Expr::Unknown,
            };
            return Stmt::ForIn { target, of, over, body: Box::new(self.statement()) };
        }
        self.eat(";");
        let test = (!self.is(";")).then(|| self.expression());
        self.eat(";");
        let update = (!self.is(")")).then(|| self.expression());
        self.eat(")");
        Stmt::For { init: Box::new(init), test, update, body: Box::new(self.statement()) }
    }

    fn try_statement(&mut self) -> Stmt {
        self.at += 1;
        let block = self.block();
        let (mut param, mut handler, mut last) = (None, Vec::new(), Vec::new());
        if self.eat_word("catch") {
            if self.eat("(") {
                param = Some(self.primary());
                self.eat(")");
            }
            handler = self.block();
        }
        if self.eat_word("finally") {
            last = self.block();
        }
        Stmt::Try { block, param, handler, last }
    }

    fn switch_statement(&mut self) -> Stmt {
        self.at += 1;
        let over = self.bracketed();
        let mut cases: Vec<(Option<Expr>, Vec<Stmt>)> = Vec::new();
        self.eat("{");
        while !self.is_end() && !self.eat("}") {
            if self.eat_word("case") {
                let value = self.expression();
                self.eat(":");
                cases.push((Some(value), Vec::new()));
            } else if self.eat_word("default") {
                self.eat(":");
                cases.push((None, Vec::new()));
            } else if let Some((_, body)) = cases.last_mut() {
                let mut taken = std::mem::take(body);
                self.statement_into(&mut taken);
                if let Some((_, body)) = cases.last_mut() {
                    *body = taken;
                }
            } else {
                self.at += 1;
            }
        }
        Stmt::Switch(over, cases)
    }
}
