//! Reads VBA and VBScript into a [`Program`]. Whatever does not parse is skipped to the end of its line, blocks that are
//! not closed end with their procedure, and nothing nests deeper than the limit.

mod expr;
mod simple;

use super::{
    ast::*,
    lexer::{Sym, Tok, Token, split},
};
use crate::limits::NESTING_MAX;

/// Parses one module into the program.
pub(crate) fn module(source: &str, number: usize, program: &mut Program) {
    let tokens = split(source, &mut program.names);
    let mut parser =
        Parser { tokens: &tokens, at: 0, depth: 0, closes: 0, one_line: false, module: number, program };
    parser.outside();
}

pub(super) struct Parser<'s, 'p> {
    tokens: &'p [Token<'s>],
    at: usize,
    depth: usize,
    /// Loops that a `Next i, j` closes beyond its own.
    closes: usize,
    /// Inside an `If` of one line: blocks end with the line.
    one_line: bool,
    module: usize,
    program: &'p mut Program,
}

impl<'s> Parser<'s, '_> {
    fn tok(&self) -> Tok<'s> {
        self.tok_at(0)
    }

    fn tok_at(&self, ahead: usize) -> Tok<'s> {
        self.tokens.get(self.at + ahead).map_or(Tok::End, |t| t.tok)
    }

    fn spaced(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|t| t.spaced)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.line)
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn step(&mut self) {
        self.at += 1;
    }

    /// The word here, or an empty text.
    fn word(&self) -> std::rc::Rc<str> {
        self.word_at(0)
    }

    fn word_at(&self, ahead: usize) -> std::rc::Rc<str> {
        match self.tok_at(ahead) {
            Tok::Word(sym) => self.program.names.word(sym),
            _ => std::rc::Rc::from(""),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tok(), Tok::Word(_)) && &*self.word() == word
    }

    fn take_word(&mut self, word: &str) -> bool {
        let here = self.is_word(word);
        self.at += usize::from(here);
        here
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let here = self.tok() == Tok::Sign(sign);
        self.at += usize::from(here);
        here
    }

    fn name(&mut self) -> Option<Sym> {
        let sym = match self.tok() {
            Tok::Word(sym) => sym,
            Tok::Bracket(text) => self.program.names.sym(text),
            _ => return None,
        };
        self.step();
        Some(sym)
    }

    fn skip_line(&mut self) {
        while !self.done() && self.tok() != Tok::End {
            self.step();
        }
    }

    fn at_end(&self) -> bool {
        matches!(self.tok(), Tok::End | Tok::Sign(':'))
    }

    /// All of a module: declarations, procedures, and statements outside them (VBScript).
    fn outside(&mut self) {
        let mut loose = Vec::new();
        while !self.done() {
            let before = self.at;
            if self.at_end() {
                self.step();
                continue;
            }
            if !self.declaration() {
                self.statement(&mut loose);
                self.closes = 0;
            }
            if self.at == before {
                // A closing word without its opening.
                self.skip_line();
                self.step();
            }
        }
        if !loose.is_empty() {
            self.program.outside.push((self.module, loose));
        }
    }

    /// A procedure or `Declare`; `Public`, `Private` and their like before it.
    fn declaration(&mut self) -> bool {
        let mut ahead = 0;
        while ahead < 4
            && matches!(
                &*self.word_at(ahead),
                "public" | "private" | "friend" | "static" | "global" | "default"
            )
        {
            ahead += 1;
        }
        match &*self.word_at(ahead) {
            "sub" | "function" if matches!(self.tok_at(ahead + 1), Tok::Word(_) | Tok::Bracket(_)) => {
                self.at += ahead + 1;
            }
            "property" if matches!(&*self.word_at(ahead + 1), "get" | "let" | "set") => {
                self.at += ahead + 2;
            }
            "declare" => {
                self.at += ahead + 1;
                self.declare();
                return true;
            }
            "option" | "deftype" | "implements" | "event" | "attribute" => {
                self.skip_line();
                return true;
            }
            "type" | "enum" if matches!(self.tok_at(ahead + 1), Tok::Word(_)) => {
                self.at += ahead;
                self.skip_type();
                return true;
            }
            "class" if matches!(self.tok_at(ahead + 1), Tok::Word(_)) => {
                self.skip_line();
                return true;
            }
            // `Public x As String`, `Private Const K = 1`.
            _ if ahead > 0 => {
                self.at += ahead - 1;
                return false;
            }
            _ => return false,
        }
        self.procedure();
        true
    }

    fn skip_type(&mut self) {
        let kind = self.word();
        loop {
            self.skip_line();
            self.step();
            let closing = self.is_word("end") && self.word_at(1) == kind;
            // A procedure cannot stand inside: the closing line is missing.
            if self.done() || closing || matches!(&*self.word(), "sub" | "function" | "private" | "public") {
                if closing {
                    self.skip_line();
                }
                return;
            }
        }
    }

    fn declare(&mut self) {
        let line = self.line();
        self.take_word("ptrsafe");
        if !self.take_word("function") && !self.take_word("sub") {
            return self.skip_line();
        }
        let Some(name) = self.name() else { return self.skip_line() };
        let mut function = self.program.names.word(name);
        let mut library = std::rc::Rc::from("");
        while !self.at_end() && self.tok() != Tok::Sign('(') {
            let word = self.word();
            self.step();
            if let Tok::Text(text) = self.tok() {
                match &*word {
                    "lib" => library = std::rc::Rc::from(text),
                    "alias" => function = std::rc::Rc::from(text),
                    _ => {}
                }
            }
        }
        self.skip_line();
        self.program.declares.push(Declare { name, function, library, module: self.module, line });
    }

    fn procedure(&mut self) {
        let line = self.line();
        let Some(name) = self.name() else { return self.skip_line() };
        let params = self.params();
        // The type of the result.
        while !self.at_end() {
            self.step();
        }
        let mut body = Vec::new();
        while !self.done() {
            if self.is_word("end") && matches!(&*self.word_at(1), "sub" | "function" | "property") {
                self.at += 2;
                break;
            }
            let before = self.at;
            if self.starts_procedure() {
                break;
            }
            if self.at_end() {
                self.step();
                continue;
            }
            self.statement(&mut body);
            self.closes = 0;
            if self.at == before {
                self.skip_line();
                self.step();
            }
        }
        self.program.procs.push(Proc { name, module: self.module, line, params, body });
    }

    /// The next procedure begins although this one is not closed.
    fn starts_procedure(&self) -> bool {
        let ahead = usize::from(matches!(&*self.word(), "public" | "private" | "friend"));
        let starts_line = self.at == 0 || self.tokens.get(self.at - 1).is_none_or(|t| t.tok == Tok::End);
        starts_line
            && matches!(&*self.word_at(ahead), "sub" | "function")
            && matches!(self.tok_at(ahead + 1), Tok::Word(_))
    }

    fn params(&mut self) -> Vec<Param> {
        let mut out = Vec::new();
        if !self.take_sign('(') {
            return out;
        }
        let mut inner = 0;
        let mut param: Option<Param> = None;
        let (mut by_value, mut rest) = (false, false);
        while self.tok() != Tok::End {
            let tok = self.tok();
            let word = self.word();
            match tok {
                Tok::Sign('(') => inner += 1,
                Tok::Sign(')') if inner == 0 => {
                    self.step();
                    break;
                }
                Tok::Sign(')') => inner -= 1,
                Tok::Sign(',') => {
                    out.extend(param.take());
                    (by_value, rest) = (false, false);
                }
                Tok::Sign('=') => {
                    self.step();
                    let default = self.expr();
                    if let (Some(param), Some(default)) = (&mut param, default) {
                        param.default = Some(default);
                        continue;
                    }
                }
                Tok::Word(sym) if param.is_none() => match &*word {
                    "byval" => by_value = true,
                    "paramarray" => rest = true,
                    "byref" | "optional" => {}
                    _ => param = Some(Param { name: sym, by_value, rest, default: None }),
                },
                _ => {}
            }
            self.step();
        }
        out.extend(param);
        out
    }

    /// Whether blocks or expressions may nest deeper here.
    fn room(&mut self) -> bool {
        self.program.gaps.room(self.depth, NESTING_MAX, "blocks or brackets inside one another in macros")
    }

    /// Statements up to a word that closes a block; that word stays.
    fn block(&mut self) -> Block {
        let mut out = Vec::new();
        if !self.room() {
            self.skip_line();
            return out;
        }
        self.depth += 1;
        while !self.done() && self.closes == 0 {
            if self.one_line && self.tok() == Tok::End {
                break;
            }
            if self.at_end() {
                self.step();
                continue;
            }
            if self.closing() || self.starts_procedure() {
                break;
            }
            let before = self.at;
            self.statement(&mut out);
            if self.at == before {
                self.step();
            }
        }
        self.depth -= 1;
        out
    }

    /// A word that ends a block: `Next`, `Loop`, `End If`, …; `End` alone ends the program.
    fn closing(&self) -> bool {
        match &*self.word() {
            "next" | "loop" | "wend" | "else" | "elseif" | "case" | "endif" => {
                self.tok_at(1) != Tok::Sign('=') && self.tok_at(1) != Tok::Sign('.')
            }
            "end" => {
                matches!(
                    &*self.word_at(1),
                    "if" | "select" | "with" | "sub" | "function" | "property" | "class"
                )
            }
            _ => false,
        }
    }

    /// Ends with the closing word `end what`, or leaves what closes something else.
    fn close(&mut self, what: &str) {
        if self.is_word("end") && &*self.word_at(1) == what {
            self.at += 2;
        }
    }
}
