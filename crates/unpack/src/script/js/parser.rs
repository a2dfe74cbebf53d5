//! Builds the syntax tree. What does not fit is stepped over: any tokens give a tree.

mod literal;

use std::{cell::RefCell, rc::Rc};

use super::{
    lexer::{Kind, Lexed, Token, lex},
    tree::{Expr, Func, Op, Step, Stmt},
};
use crate::{gaps::Gaps, limits::NESTING_MAX};

/// What nests too deep.
const DEEP: &str = "blocks or brackets of a script inside one another";
/// Signs before one another.
const SIGNS_MAX: usize = 8;
/// Escaped characters from which on a string is hidden.
const HIDDEN_ESCAPES: u32 = 3;

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

    fn assignment(&mut self) -> Expr {
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

    fn params(&mut self) -> Vec<Expr> {
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

    fn spread_or_assignment(&mut self) -> Expr {
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

    fn postfix(&mut self) -> Expr {
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

    fn primary(&mut self) -> Expr {
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
