//! Statements.

use super::Parser;
use crate::vba::{ast::*, lexer::Tok};

impl Parser<'_, '_> {
    /// One statement; what does not parse is skipped.
    pub(super) fn statement(&mut self, out: &mut Block) {
        let start_of_line = self.at == 0 || self.tokens.get(self.at - 1).is_none_or(|t| t.tok == Tok::End);
        let line = self.line();
        if start_of_line && let Some(label) = self.label() {
            self.put(out, line, Stmt::Label(label));
            return;
        }
        let Tok::Word(_) = self.tok() else { return self.plain(out, line) };
        let follows_value = matches!(self.tok_at(1), Tok::Sign('=' | '.'));
        if follows_value && !matches!(&*self.word(), "with" | "if" | "set" | "call") {
            return self.plain(out, line);
        }
        match &*self.word() {
            "if" => self.if_(out, line),
            "for" => self.for_(out, line),
            "do" => self.do_(out, line),
            "while" => self.while_(out, line),
            "select" => self.select(out, line),
            "with" => self.with(out, line),
            "dim" | "public" | "private" | "global" | "static" | "redim" => self.dim(out, line),
            "const" => self.const_(out, line),
            "set" | "let" | "lset" | "rset" | "call" => {
                let set = self.is_word("set");
                self.step();
                self.plain_as(out, line, set);
            }
            "on" => self.on(),
            "goto" | "gosub" => {
                let returns = self.is_word("gosub");
                self.step();
                if let Some(label) = self.label_name() {
                    self.put(out, line, Stmt::GoTo { label, returns });
                }
            }
            "exit" => {
                self.step();
                let inner = matches!(&*self.word(), "for" | "do" | "while");
                self.step();
                self.put(out, line, if inner { Stmt::ExitLoop } else { Stmt::Leave });
            }
            "end" if matches!(self.tok_at(1), Tok::End | Tok::Sign(':')) => {
                self.step();
                self.put(out, line, Stmt::Leave);
            }
            "return" if matches!(self.tok_at(1), Tok::End | Tok::Sign(':')) => {
                self.step();
                self.put(out, line, Stmt::Leave);
            }
            "open" => self.open(out, line),
            "print" | "put" | "write" if self.tok_at(1) == Tok::Sign('#') || self.numbered() => {
                self.print(out, line);
            }
            "get" | "input" | "line" if self.numbered() || self.is_word("line") => self.input(out, line),
            "name" => self.rename(out, line),
            "option" | "resume" | "stop" | "close" | "erase" | "deftype" | "attribute" => {
                self.skip_statement()
            }
            _ if self.closing() => {}
            _ => self.plain(out, line),
        }
    }

    pub(super) fn put(&mut self, out: &mut Block, line: u32, stmt: Stmt) {
        let id = self.program.lines;
        self.program.lines = id.saturating_add(1);
        out.push(Line { id, line, stmt });
    }

    fn skip_statement(&mut self) {
        while !self.at_end() {
            self.step();
        }
    }

    /// `Put #1`, `Get #1`: also with a variable as number, when a comma follows it.
    fn numbered(&self) -> bool {
        matches!(self.tok_at(1), Tok::Sign('#'))
            || matches!((self.tok_at(1), self.tok_at(2)), (Tok::Word(_) | Tok::Number(_), Tok::Sign(',')))
                && self.is_word("put")
    }

    fn label(&mut self) -> Option<u32> {
        let label = match (self.tok(), self.tok_at(1)) {
            (Tok::Number(n), next) => {
                let label = self.program.names.sym(&format!("{n}"));
                self.at += 1 + usize::from(next == Tok::Sign(':'));
                return Some(label);
            }
            (Tok::Word(sym), Tok::Sign(':')) => sym,
            _ => return None,
        };
        if self.closing() || matches!(&*self.word(), "do" | "end" | "exit" | "return" | "doevents" | "beep") {
            return None;
        }
        self.at += 2;
        Some(label)
    }

    fn label_name(&mut self) -> Option<u32> {
        if let Tok::Number(n) = self.tok() {
            self.step();
            return Some(self.program.names.sym(&format!("{n}")));
        }
        self.name()
    }

    fn on(&mut self) {
        self.skip_statement();
    }

    /// An assignment or a call.
    fn plain(&mut self, out: &mut Block, line: u32) {
        self.plain_as(out, line, false);
    }

    fn plain_as(&mut self, out: &mut Block, line: u32, set: bool) {
        let Some(mut path) = self.path(false) else { return self.skip_statement() };
        if self.take_sign('=') {
            match self.expr() {
                Some(value) => self.put(out, line, Stmt::Assign { target: path, value, set }),
                None => self.skip_statement(),
            }
        } else {
            if !self.at_end() && !self.is_word("else") {
                // `f(a), b`: the bracket belongs to the first argument.
                let merged = self.tok() == Tok::Sign(',');
                let args = self.args(false).unwrap_or_default();
                match path.steps.last_mut() {
                    Some(Step::Args(first)) if merged => first.extend(args.into_iter().skip(1)),
                    _ => path.steps.push(Step::Args(args)),
                }
            }
            self.put(out, line, Stmt::Call(path));
        }
        if !self.at_end() && !self.is_word("else") {
            self.skip_statement();
        }
    }

    fn if_(&mut self, out: &mut Block, line: u32) {
        self.step();
        let Some(condition) = self.expr() else { return self.skip_line() };
        let then = self.take_word("then");
        if then && self.tok() == Tok::End {
            return self.if_block(out, line, condition);
        }
        let outer = std::mem::replace(&mut self.one_line, true);
        let first = self.block();
        let otherwise = self.take_word("else").then(|| self.block());
        self.one_line = outer;
        self.put(out, line, Stmt::If { arms: vec![(condition, first)], otherwise });
    }

    fn if_block(&mut self, out: &mut Block, line: u32, condition: Expr) {
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut condition = Some(condition);
        loop {
            let body = self.block();
            match condition.take() {
                Some(condition) => arms.push((condition, body)),
                None => otherwise = Some(body),
            }
            if self.take_word("elseif") {
                condition = self.expr();
                self.take_word("then");
            } else if self.take_word("else") {
                // `Else If` of VBScript's careless writers is an `If` of its own.
            } else {
                break;
            }
            if otherwise.is_some() || arms.len() > 1_024 {
                break;
            }
        }
        self.take_word("endif");
        self.close("if");
        self.put(out, line, Stmt::If { arms, otherwise });
    }

    /// The end of a loop's body: `Next i, j` closes more than one.
    fn next(&mut self) {
        if self.closes > 0 {
            self.closes -= 1;
            return;
        }
        if self.take_word("next") {
            let mut commas = 0;
            while !self.at_end() && !self.is_word("else") {
                commas += usize::from(self.tok() == Tok::Sign(','));
                self.step();
            }
            self.closes = commas;
        }
    }

    fn for_(&mut self, out: &mut Block, line: u32) {
        self.step();
        if self.take_word("each") {
            let (Some(name), true) = (self.path(true), self.take_word("in")) else { return self.skip_line() };
            let Some(list) = self.expr() else { return self.skip_line() };
            let body = self.block();
            self.next();
            return self.put(out, line, Stmt::ForEach { name, list, body });
        }
        let (Some(name), true) = (self.path(true), self.take_sign('=')) else { return self.skip_line() };
        let (Some(from), true) = (self.expr(), self.take_word("to")) else { return self.skip_line() };
        let Some(to) = self.expr() else { return self.skip_line() };
        let step = if self.take_word("step") { self.expr() } else { None };
        let body = self.block();
        self.next();
        self.put(out, line, Stmt::For { name, from, to, step, body });
    }

    fn loop_condition(&mut self) -> Option<(Expr, bool)> {
        let until = self.is_word("until");
        if !until && !self.is_word("while") {
            return None;
        }
        self.step();
        self.expr().map(|condition| (condition, until))
    }

    fn do_(&mut self, out: &mut Block, line: u32) {
        self.step();
        let before = self.loop_condition();
        let body = self.block();
        let after = if self.take_word("loop") { self.loop_condition() } else { None };
        self.put(out, line, Stmt::Loop { before, after, body });
    }

    fn while_(&mut self, out: &mut Block, line: u32) {
        let before = self.loop_condition();
        let body = self.block();
        self.take_word("wend");
        self.put(out, line, Stmt::Loop { before, after: None, body });
    }

    fn with(&mut self, out: &mut Block, line: u32) {
        self.step();
        let Some(object) = self.expr() else { return self.skip_line() };
        let body = self.block();
        self.close("with");
        self.put(out, line, Stmt::With { object, body });
    }

    fn select(&mut self, out: &mut Block, line: u32) {
        self.step();
        self.take_word("case");
        let Some(subject) = self.expr() else { return self.skip_line() };
        let mut cases = Vec::new();
        self.block();
        while self.take_word("case") && cases.len() < 4_096 {
            let mut tests = Vec::new();
            while !self.at_end() {
                match self.case() {
                    Some(case) => tests.push(case),
                    None => self.skip_statement(),
                }
                if !self.take_sign(',') {
                    break;
                }
            }
            let body = self.block();
            cases.push((tests, body));
        }
        self.close("select");
        self.put(out, line, Stmt::Select { subject, cases });
    }

    fn case(&mut self) -> Option<Case> {
        if self.take_word("else") {
            return Some(Case::Else);
        }
        if self.take_word("is") {
            let op = match self.tok() {
                Tok::Sign('=') => Op::Equal,
                Tok::Sign('≠') => Op::NotEqual,
                Tok::Sign('<') => Op::Less,
                Tok::Sign('≤') => Op::LessEqual,
                Tok::Sign('>') => Op::Greater,
                Tok::Sign('≥') => Op::GreaterEqual,
                _ => return None,
            };
            self.step();
            return Some(Case::Compare(op, self.expr()?));
        }
        let value = self.expr()?;
        if self.take_word("to") {
            return Some(Case::Range(value, self.expr()?));
        }
        Some(Case::Value(value))
    }

    fn dim(&mut self, out: &mut Block, line: u32) {
        let kind = match &*self.word() {
            "redim" => VariableKind::ReDim,
            "static" => VariableKind::Static,
            _ => VariableKind::Dim,
        };
        self.step();
        if self.is_word("const") {
            return self.const_(out, line);
        }
        let preserve = self.take_word("preserve");
        let mut variables = Vec::new();
        while !self.at_end() {
            self.take_word("withevents");
            let Some(name) = self.name() else { break };
            let bounds = if self.take_sign('(') { Some(self.bounds()) } else { None };
            let mut class = None;
            if self.take_word("as") {
                self.take_word("new");
                class = self.name();
                while self.take_sign('.') {
                    class = self.name();
                }
                // `String * 16`.
                if self.take_sign('*') {
                    self.step();
                }
            }
            variables.push(Variable { name, bounds, preserve, class, kind });
            if !self.take_sign(',') {
                break;
            }
        }
        self.skip_statement();
        self.put(out, line, Stmt::Dim(variables));
    }

    fn bounds(&mut self) -> Vec<(Option<Expr>, Expr)> {
        let mut out = Vec::new();
        while !matches!(self.tok(), Tok::Sign(')') | Tok::End) {
            let Some(first) = self.expr() else { break };
            if self.take_word("to") {
                let Some(second) = self.expr() else { break };
                out.push((Some(first), second));
            } else {
                out.push((None, first));
            }
            self.take_sign(',');
        }
        self.take_sign(')');
        out
    }

    fn const_(&mut self, out: &mut Block, line: u32) {
        self.step();
        let mut list = Vec::new();
        while let Some(name) = self.name() {
            if self.take_word("as") {
                self.step();
            }
            if !self.take_sign('=') {
                break;
            }
            let Some(value) = self.expr() else { break };
            list.push((name, value));
            if !self.take_sign(',') {
                break;
            }
        }
        self.skip_statement();
        self.put(out, line, Stmt::Const(list));
    }

    /// `Open path For Output As #1`.
    fn open(&mut self, out: &mut Block, line: u32) {
        self.step();
        let Some(path) = self.expr() else { return self.skip_statement() };
        let mut writes = false;
        while !self.at_end() && !self.is_word("as") {
            writes |= matches!(&*self.word(), "output" | "append" | "binary" | "random" | "write");
            self.step();
        }
        self.take_word("as");
        let number = self.expr();
        self.skip_statement();
        if let Some(number) = number {
            self.put(out, line, Stmt::Open { path, writes, number });
        }
    }

    fn print(&mut self, out: &mut Block, line: u32) {
        let put = self.is_word("put");
        self.step();
        let Some(number) = self.expr() else { return self.skip_statement() };
        self.take_sign(',');
        let args = self.args(false).unwrap_or_default();
        let mut parts: Vec<Expr> = args.into_iter().filter_map(|a| a.value).collect();
        if put && parts.len() > 1 {
            // The record number.
            parts.remove(0);
        }
        self.skip_statement();
        self.put(out, line, Stmt::Print { number, parts });
    }

    fn input(&mut self, out: &mut Block, line: u32) {
        self.step();
        self.take_word("input");
        self.take_sign('#');
        let _number = self.expr();
        let mut targets = Vec::new();
        while self.take_sign(',') {
            if let Tok::Word(_) = self.tok()
                && let Some(path) = self.path(true)
            {
                targets.push(path);
            }
        }
        self.skip_statement();
        self.put(out, line, Stmt::Input { targets });
    }

    fn rename(&mut self, out: &mut Block, line: u32) {
        self.step();
        let from = self.expr();
        let to = if self.take_word("as") { self.expr() } else { None };
        self.skip_statement();
        if let (Some(from), Some(to)) = (from, to) {
            self.put(out, line, Stmt::Rename { from, to });
        }
    }
}
