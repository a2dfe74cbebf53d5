//! Formulas that are text (OOXML, SYLK, the argument of `FORMULA`): read into the same trees as tokens are.
//!
//! An operator-precedence parser with its own stack: brackets and chains of any depth cost no stack of ours. It is
//! lenient where Excel or the makers of malware are (closing brackets may be missing, sheet names need no quotes) and
//! strict otherwise, for a text that decodes to garbage must not pass for a formula.

use std::rc::Rc;

use super::{
    functions,
    model::{At, Binary, Expr, ExprId, Range, Unary, Workbook},
    reference::{self, COLUMNS, ROWS},
};

mod word;

/// Longest formula that is read, in bytes.
const TEXT_MAX: usize = 64 << 10;

/// Reads a formula, with or without the `=` before it. `here` is the sheet and the cell that it stands in; `r1c1` says
/// which notation comes first where a word could be either. Names stay labels ([`Expr::NamedText`]).
pub(crate) fn parse_formula(
    text: &str,
    here: (usize, u32, u32),
    r1c1: bool,
    book: &mut Workbook,
) -> Option<ExprId> {
    read(text, Here { at: (here.1, here.2), r1c1, shift: (0, 0) }, book)
}

/// Reads a formula that stands elsewhere, as it reads this many rows and columns away.
pub(crate) fn parse_moved(
    text: &str,
    here: (usize, u32, u32),
    shift: (i64, i64),
    book: &mut Workbook,
) -> Option<ExprId> {
    read(text, Here { at: (here.1, here.2), r1c1: false, shift }, book)
}

fn read(text: &str, here: Here, book: &mut Workbook) -> Option<ExprId> {
    let trimmed = text.trim();
    let text = trimmed.strip_prefix('=').unwrap_or(trimmed);
    if text.is_empty() {
        return None;
    }
    if text.len() > TEXT_MAX {
        book.gaps.over(TEXT_MAX, "characters of a formula");
        return None;
    }
    let (mark, links) = (book.exprs.len(), book.dde_links.len());
    let found = Parser { text, at: 0, here, book, operands: Vec::new(), frames: Vec::new() }.run();
    if found.is_none() {
        book.exprs.truncate(mark);
        book.dde_links.truncate(links);
    }
    found
}

/// Where the formula stands.
struct Here {
    at: At,
    r1c1: bool,
    /// Rows and columns that relative references move by.
    shift: (i64, i64),
}

/// What a bracket belongs to.
enum Callee {
    Function(u16),
    Unknown(Rc<str>),
    User(ExprId),
}

/// What waits for its operand.
enum Frame {
    Unary(Unary),
    Binary(Binary),
    Paren,
    /// A call, and how many operands there were before its arguments.
    Call(Callee, usize),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    here: Here,
    book: &'a mut Workbook,
    operands: Vec<ExprId>,
    frames: Vec<Frame>,
}

const UNARY_RANK: u8 = 6;

fn rank(op: Binary) -> u8 {
    match op {
        Binary::Span => 9,
        Binary::Intersect => 8,
        Binary::Union => 7,
        Binary::Power => 5,
        Binary::Mul | Binary::Div => 4,
        Binary::Add | Binary::Sub => 3,
        Binary::Concat => 2,
        _ => 1,
    }
}

impl Parser<'_> {
    fn run(mut self) -> Option<ExprId> {
        let mut wants_operand = true;
        loop {
            let blank = self.skip_blank();
            let Some(c) = self.peek() else { break };
            wants_operand = if wants_operand { self.operand(c)? } else { self.operator(c, blank)? };
        }
        if wants_operand && !matches!(self.frames.last(), Some(Frame::Call(..))) {
            return None;
        }
        // Brackets that were never closed are closed here.
        while !self.frames.is_empty() {
            self.reduce(0)?;
            if !self.frames.is_empty() {
                self.close(wants_operand)?;
            }
            wants_operand = false;
        }
        let whole = self.operands.pop()?;
        self.operands.is_empty().then_some(whole)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn skip_blank(&mut self) -> bool {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += blanks;
        blanks > 0
    }

    fn value(&mut self, expr: Expr) -> Option<bool> {
        let id = self.book.push(expr);
        self.operands.push(id);
        Some(false)
    }

    /// At the start of an operand; `Some(true)` when one is still wanted afterwards.
    fn operand(&mut self, c: char) -> Option<bool> {
        match c {
            '+' | '-' => {
                self.at += 1;
                self.frames.push(Frame::Unary(if c == '+' { Unary::Plus } else { Unary::Minus }));
                Some(true)
            }
            '@' => {
                self.at += 1;
                Some(true)
            }
            '(' => {
                self.at += 1;
                self.frames.push(Frame::Paren);
                Some(true)
            }
            ')' if matches!(self.frames.last(), Some(Frame::Call(..))) => {
                self.at += 1;
                self.close(true)?;
                Some(false)
            }
            ',' | ';' if matches!(self.frames.last(), Some(Frame::Call(..))) => {
                self.at += 1;
                self.value(Expr::Missing)?;
                Some(true)
            }
            '"' => {
                let text = self.string();
                self.value(Expr::Text(text.into()))
            }
            '{' => self.array(),
            '#' => {
                let code = self.error()?;
                self.value(Expr::Error(code))
            }
            _ => self.word(c),
        }
    }

    /// Behind an operand.
    fn operator(&mut self, c: char, blank: bool) -> Option<bool> {
        const OPERATORS: [(&str, Binary); 14] = [
            ("<=", Binary::LessEqual),
            (">=", Binary::GreaterEqual),
            ("<>", Binary::NotEqual),
            ("::", Binary::Span),
            (":", Binary::Span),
            ("<", Binary::Less),
            (">", Binary::Greater),
            ("=", Binary::Equal),
            ("+", Binary::Add),
            ("-", Binary::Sub),
            ("*", Binary::Mul),
            ("/", Binary::Div),
            ("^", Binary::Power),
            ("&", Binary::Concat),
        ];
        if let Some((sign, op)) = OPERATORS.iter().find(|(sign, _)| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return self.binary(*op);
        }
        match c {
            '%' => {
                self.at += 1;
                self.reduce(UNARY_RANK)?;
                let top = self.operands.pop()?;
                self.value(Expr::Unary(Unary::Percent, top))
            }
            ')' => {
                self.at += 1;
                self.reduce(0)?;
                self.close(false)?;
                Some(false)
            }
            ',' | ';' => {
                self.at += 1;
                let inner = self.frames.iter().rev().find(|f| matches!(f, Frame::Paren | Frame::Call(..)));
                if matches!(inner, Some(Frame::Call(..))) {
                    self.reduce(0)?;
                    return Some(true);
                }
                if c == ',' { self.binary(Binary::Union) } else { None }
            }
            '(' if !blank && self.callable() => {
                self.at += 1;
                let target = self.operands.pop()?;
                self.frames.push(Frame::Call(Callee::User(target), self.operands.len()));
                Some(true)
            }
            _ if blank && self.is_range() => self.binary(Binary::Intersect),
            _ => None,
        }
    }

    fn top(&self) -> Option<&Expr> {
        self.operands.last().map(|id| self.book.expr(*id))
    }

    fn callable(&self) -> bool {
        matches!(self.top(), Some(Expr::Range(_) | Expr::Name(_) | Expr::NamedText(_)))
    }

    fn is_range(&self) -> bool {
        matches!(self.top(), Some(Expr::Range(_)))
    }

    fn binary(&mut self, op: Binary) -> Option<bool> {
        self.reduce(rank(op))?;
        self.frames.push(Frame::Binary(op));
        Some(true)
    }

    /// Applies what waits and binds at least this tightly, up to the nearest bracket.
    fn reduce(&mut self, least: u8) -> Option<()> {
        loop {
            let expr = match self.frames.last() {
                Some(Frame::Unary(op)) if UNARY_RANK >= least => {
                    let op = *op;
                    Expr::Unary(op, self.operands.pop()?)
                }
                Some(Frame::Binary(op)) if rank(*op) >= least => {
                    let op = *op;
                    let right = self.operands.pop()?;
                    let left = self.operands.pop()?;
                    self.joined(op, left, right)
                }
                _ => return Some(()),
            };
            self.frames.pop();
            self.value(expr)?;
        }
    }

    /// Two references with a colon between them are one.
    fn joined(&self, op: Binary, left: ExprId, right: ExprId) -> Expr {
        if let (Binary::Span, Expr::Range(a), Expr::Range(b)) =
            (op, self.book.expr(left), self.book.expr(right))
            && (b.sheet.is_none() || a.sheet == b.sheet)
        {
            let from = (a.from.0.min(b.from.0), a.from.1.min(b.from.1));
            let to = (a.to.0.max(b.to.0), a.to.1.max(b.to.1));
            return Expr::Range(Range { sheet: a.sheet, from, to });
        }
        Expr::Binary(op, left, right)
    }

    /// Closes the nearest bracket, above which nothing waits.
    fn close(&mut self, argument_missing: bool) -> Option<()> {
        match self.frames.pop()? {
            Frame::Paren if !argument_missing => Some(()),
            Frame::Call(callee, base) => {
                if argument_missing && self.operands.len() > base {
                    self.value(Expr::Missing)?;
                }
                if self.operands.len() < base {
                    return None;
                }
                let args = self.operands.split_off(base);
                self.value(match callee {
                    Callee::Function(function) => Expr::Call { function, args },
                    Callee::Unknown(name) => Expr::Unknown { name, args },
                    Callee::User(target) => Expr::User { target, args },
                })?;
                Some(())
            }
            _ => None,
        }
    }

    /// `"a""b"`; what is not closed goes to the end.
    fn string(&mut self) -> String {
        self.quoted('"')
    }

    fn quoted(&mut self, mark: char) -> String {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(mark) else {
                out.push_str(rest);
                self.at = self.text.len();
                return out;
            };
            out.push_str(rest.get(..end).unwrap_or_default());
            self.at += end + 1;
            if self.peek() != Some(mark) {
                return out;
            }
            out.push(mark);
            self.at += 1;
        }
    }

    fn error(&mut self) -> Option<u8> {
        const ERRORS: [(&str, u8); 8] = [
            ("#NULL!", 0x00),
            ("#DIV/0!", 0x07),
            ("#VALUE!", 0x0F),
            ("#REF!", 0x17),
            ("#NAME?", 0x1D),
            ("#NUM!", 0x24),
            ("#N/A", 0x2A),
            ("#GETTING_DATA", 0x2B),
        ];
        let rest = self.rest();
        let starts = |name: &str| rest.get(..name.len()).is_some_and(|r| r.eq_ignore_ascii_case(name));
        let (name, code) = ERRORS.iter().find(|(name, _)| starts(name))?;
        self.at += name.len();
        Some(*code)
    }

    /// `{1,"a";TRUE,#N/A}`.
    fn array(&mut self) -> Option<bool> {
        self.at += 1;
        let (mut items, mut columns) = (Vec::new(), 0u32);
        loop {
            self.skip_blank();
            let Some(c) = self.peek() else { break };
            let expr = match c {
                '}' => {
                    self.at += 1;
                    break;
                }
                ',' | '\\' => {
                    self.at += 1;
                    continue;
                }
                ';' => {
                    self.at += 1;
                    columns = if columns == 0 { items.len() as u32 } else { columns };
                    continue;
                }
                '"' => Expr::Text(self.string().into()),
                '#' => Expr::Error(self.error()?),
                _ => self.scalar()?,
            };
            items.push(self.book.push(expr));
        }
        let columns = if columns == 0 { items.len() as u32 } else { columns };
        self.value(Expr::Array { columns, items })
    }

    /// A number or truth value inside an array.
    fn scalar(&mut self) -> Option<Expr> {
        let rest = self.rest();
        let end = rest.find([',', ';', '\\', '}']).unwrap_or(rest.len());
        let word = rest.get(..end)?.trim();
        let expr = match word {
            w if w.eq_ignore_ascii_case("true") => Expr::Bool(true),
            w if w.eq_ignore_ascii_case("false") => Expr::Bool(false),
            w => Expr::Number(w.parse().ok().filter(|n: &f64| n.is_finite())?),
        };
        self.at += end;
        Some(expr)
    }
}

#[cfg(test)]
mod tests;
