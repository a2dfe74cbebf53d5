//! Expressions: operators by rank, names with members and arguments.

use std::rc::Rc;

use super::Parser;
use crate::vba::{ast::*, lexer::Tok, value::Val};

/// Members and arguments of one name.
const STEPS_MAX: usize = 256;
/// Operators of one rank in a row.
const CHAIN_MAX: usize = 65_536;
/// Rank of `Not`; the unary minus binds as `*` does, but for `^`.
const NOT: u8 = 5;

fn rank(op: Op) -> u8 {
    match op {
        Op::Imp => 0,
        Op::Eqv => 1,
        Op::Xor => 2,
        Op::Or => 3,
        Op::And => 4,
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessEqual
        | Op::Greater
        | Op::GreaterEqual
        | Op::Like
        | Op::Is => 6,
        Op::Concat => 7,
        Op::Add | Op::Sub => 8,
        Op::Mod => 9,
        Op::IntDiv => 10,
        Op::Mul | Op::Div => 11,
        Op::Power => 13,
    }
}

impl Parser<'_, '_> {
    pub(super) fn expr(&mut self) -> Option<Expr> {
        self.ranked(0)
    }

    fn operator(&self) -> Option<Op> {
        match self.tok() {
            Tok::Sign(sign) => Some(match sign {
                '^' => Op::Power,
                '*' => Op::Mul,
                '/' => Op::Div,
                '\\' => Op::IntDiv,
                '+' => Op::Add,
                '-' => Op::Sub,
                '&' => Op::Concat,
                '=' => Op::Equal,
                '≠' => Op::NotEqual,
                '<' => Op::Less,
                '≤' => Op::LessEqual,
                '>' => Op::Greater,
                '≥' => Op::GreaterEqual,
                _ => return None,
            }),
            Tok::Word(_) => Some(match &*self.word() {
                "mod" => Op::Mod,
                "like" => Op::Like,
                "is" => Op::Is,
                "and" => Op::And,
                "or" => Op::Or,
                "xor" => Op::Xor,
                "eqv" => Op::Eqv,
                "imp" => Op::Imp,
                _ => return None,
            }),
            _ => None,
        }
    }

    fn ranked(&mut self, least: u8) -> Option<Expr> {
        if !self.room() {
            return None;
        }
        self.depth += 1;
        let out = self.ranked_inner(least);
        self.depth -= 1;
        out
    }

    fn ranked_inner(&mut self, least: u8) -> Option<Expr> {
        let mut left = self.unary(least)?;
        let mut left_rank = u8::MAX;
        while let Some(op) = self.operator() {
            let own = rank(op);
            if own < least {
                break;
            }
            self.step();
            let right = self.ranked(own + 1)?;
            left = match left {
                Expr::Chain(first, mut rest) if left_rank == own && rest.len() < CHAIN_MAX => {
                    rest.push((op, right));
                    Expr::Chain(first, rest)
                }
                // A chain that is too long would nest.
                Expr::Chain(_, ref rest) if left_rank == own && rest.len() >= CHAIN_MAX => {
                    self.program.gaps.over(CHAIN_MAX, "operators of one expression in macros");
                    return None;
                }
                other => Expr::Chain(Box::new(other), vec![(op, right)]),
            };
            left_rank = own;
        }
        Some(left)
    }

    fn unary(&mut self, least: u8) -> Option<Expr> {
        if self.take_sign('-') {
            return Some(Expr::Minus(Box::new(self.ranked(rank(Op::Power))?)));
        }
        if self.take_sign('+') {
            return self.ranked(rank(Op::Power));
        }
        if self.is_word("not") {
            self.step();
            return Some(Expr::Not(Box::new(self.ranked(NOT.max(least))?)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Option<Expr> {
        let line = self.line();
        let value = match self.tok() {
            Tok::Number(n) => Val::number(n),
            Tok::Text(raw) => {
                let text = if raw.contains('"') { raw.replace("\"\"", "\"") } else { raw.to_owned() };
                if !text.is_empty() {
                    self.program.literals.push((self.module, line, Rc::from(text.as_str())));
                }
                Val::text(text)
            }
            Tok::Date => Val::Unknown,
            // A file number.
            Tok::Sign('#') => {
                self.step();
                return self.primary();
            }
            Tok::Word(_) => match &*self.word() {
                "true" => Val::Bool(true),
                "false" => Val::Bool(false),
                "empty" => Val::Empty,
                "null" => Val::Null,
                "nothing" => Val::Object(crate::vba::value::Object::Nothing),
                "addressof" => {
                    self.step();
                    return Some(Expr::AddressOf(self.name()?));
                }
                "typeof" => {
                    self.step();
                    self.primary()?;
                    return Some(Expr::Value(Val::Unknown));
                }
                // What begins a clause ends the expression.
                "then" | "to" | "step" | "goto" | "gosub" | "else" => return None,
                _ => return self.path(true).map(|p| Expr::Path(Box::new(p))),
            },
            Tok::Bracket(_) | Tok::Sign('.' | '(') => {
                return self.path(true).map(|p| Expr::Path(Box::new(p)));
            }
            Tok::Sign(_) | Tok::End => return None,
        };
        self.step();
        Some(Expr::Value(value))
    }

    /// A name and what hangs on it. `tight`: arguments may stand behind a blank; in a statement they begin the list of a
    /// call without brackets.
    pub(super) fn path(&mut self, tight: bool) -> Option<Path> {
        let base = match self.tok() {
            Tok::Sign('.' | '!') => Base::With,
            Tok::Bracket(text) => {
                self.step();
                Base::Bracket(Rc::from(text))
            }
            Tok::Sign('(') => {
                self.step();
                let inner = self.ranked(0)?;
                self.take_sign(')');
                Base::Inner(Box::new(inner))
            }
            Tok::Word(_) if self.is_word("new") => {
                self.step();
                let mut class = self.name()?;
                while self.take_sign('.') {
                    class = self.name()?;
                }
                Base::New(class)
            }
            Tok::Word(sym) => {
                self.step();
                Base::Name(sym)
            }
            _ => return None,
        };
        let mut steps = Vec::new();
        loop {
            let goes_on = matches!(self.tok(), Tok::Sign('.' | '!'));
            let gaps = &mut self.program.gaps;
            if steps.len() >= STEPS_MAX {
                if goes_on {
                    gaps.over(STEPS_MAX, "members behind one another in macros");
                }
                break;
            }
            match self.tok() {
                Tok::Sign('.') => {
                    self.step();
                    let Some(member) = self.name() else { break };
                    steps.push(Step::Member(member));
                }
                Tok::Sign('!') => {
                    self.step();
                    let Some(member) = self.name() else { break };
                    let key = Val::text(&*self.program.names.word(member));
                    steps.push(Step::Args(vec![Arg { name: None, value: Some(Expr::Value(key)) }]));
                }
                Tok::Sign('(') if tight || !self.spaced() || self.assigned_behind() => {
                    self.step();
                    let args = self.args(true)?;
                    steps.push(Step::Args(args));
                }
                _ => break,
            }
        }
        Some(Path { base, steps })
    }

    /// `a (1) = x`: behind the bracket that opens here an assignment or a member follows.
    fn assigned_behind(&self) -> bool {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.tok {
                Tok::Sign('(') => depth += 1,
                Tok::Sign(')') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let next = self.tokens.get(at + 1);
                        return next.is_some_and(|t| {
                            matches!(t.tok, Tok::Sign('=' | '.')) && !(t.tok == Tok::Sign('.') && t.spaced)
                        });
                    }
                }
                Tok::End => return false,
                _ => {}
            }
        }
        false
    }

    /// Arguments up to the closing bracket, or to the end of the statement.
    pub(super) fn args(&mut self, bracketed: bool) -> Option<Vec<Arg>> {
        let mut out = Vec::new();
        let closes = |p: &Self| match p.tok() {
            Tok::Sign(')') => bracketed,
            Tok::End => true,
            Tok::Sign(':') => !bracketed,
            Tok::Word(_) => !bracketed && p.is_word("else"),
            _ => false,
        };
        let mut missing = true;
        loop {
            if closes(self) {
                break;
            }
            if self.take_sign(',') || self.take_sign(';') {
                if missing {
                    out.push(Arg { name: None, value: None });
                }
                missing = true;
                continue;
            }
            if !missing {
                break;
            }
            let name = match (self.tok(), self.tok_at(1)) {
                (Tok::Word(sym), Tok::Sign('≔')) => {
                    self.at += 2;
                    Some(sym)
                }
                _ => None,
            };
            self.take_word("byval");
            let value = self.ranked(0)?;
            out.push(Arg { name, value: Some(value) });
            missing = false;
        }
        if bracketed {
            self.take_sign(')');
        }
        Some(out)
    }
}
