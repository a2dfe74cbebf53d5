//! Words of a formula: numbers, references, names, sheets before them, calls, links to programs.

use super::{COLUMNS, Callee, Expr, Frame, Parser, ROWS, Range, functions, reference};
use crate::xlm::model::At;

/// What a word may consist of. Names in other scripts, and what hides between letters, are words too.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_' | '.' | '$' | '\\' | '?')
        || !c.is_ascii()
        || c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n')
}

fn word_len(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

impl Parser<'_> {
    /// An operand that is neither a text nor a bracket nor an error.
    pub(super) fn word(&mut self, c: char) -> Option<bool> {
        if c == '\'' {
            let sheet = self.quoted('\'');
            return if self.eat("|") {
                self.link(sheet)
            } else if self.eat("!") {
                self.on_sheet(&sheet)
            } else {
                None
            };
        }
        if c == '[' {
            return self.other_book();
        }
        if self.eat("!") {
            return self.on_sheet("");
        }
        if self.here.r1c1
            && let Some(range) = self.r1c1(true)
        {
            return self.range(None, range);
        }
        let len = word_len(self.rest());
        let word = self.rest().get(..len).filter(|w| !w.is_empty())?.to_owned();
        match self.rest().get(len..)?.chars().next() {
            Some('!') => {
                self.at += len + 1;
                self.on_sheet(&word)
            }
            Some('(') if !starts_number(&word) => {
                self.at += len + 1;
                self.call(&word)
            }
            Some('|') if !starts_number(&word) => {
                self.at += len + 1;
                self.link(word)
            }
            Some('[') => {
                if let Some(range) = self.r1c1(false) {
                    return self.range(None, range);
                }
                self.at += len;
                self.skip_group()?;
                self.value(Expr::NamedText(word.into()))
            }
            _ if starts_number(&word) => self.number(),
            _ => self.plain(None, &word),
        }
    }

    /// A cell, columns, a truth value or a name at this place.
    fn plain(&mut self, sheet: Option<usize>, word: &str) -> Option<bool> {
        if let Some(range) = self.lines(word, reference::column, |c| ((0, c), (ROWS - 1, c))) {
            return self.range(sheet, range);
        }
        if let Some(at) = reference::a1(word) {
            self.at += word.len();
            let at = moved(word, at, self.here.shift);
            return self.range(sheet, (at, at));
        }
        if let Some(range) = self.r1c1(false) {
            return self.range(sheet, range);
        }
        self.at += word.len();
        match word {
            w if w.eq_ignore_ascii_case("true") => self.value(Expr::Bool(true)),
            w if w.eq_ignore_ascii_case("false") => self.value(Expr::Bool(false)),
            w => self.value(Expr::NamedText(w.into())),
        }
    }

    fn range(&mut self, sheet: Option<usize>, (from, to): (At, At)) -> Option<bool> {
        self.value(Expr::Range(Range { sheet, from, to }))
    }

    /// Whole columns or rows, `A:C`.
    fn lines(
        &mut self,
        word: &str,
        line: fn(&str) -> Option<u32>,
        whole: fn(u32) -> (At, At),
    ) -> Option<(At, At)> {
        let first = whole(line(word)?);
        let rest = self.rest().get(word.len()..)?.strip_prefix(':')?;
        let len = word_len(rest);
        let last = whole(line(rest.get(..len)?)?);
        self.at += word.len() + 1 + len;
        let from = (first.0.0.min(last.0.0), first.0.1.min(last.0.1));
        Some((from, (first.1.0.max(last.1.0), first.1.1.max(last.1.1))))
    }

    /// A reference in R1C1 notation that ends where the word ends. Where the other notation comes first, only what
    /// cannot be mistaken.
    fn r1c1(&mut self, any: bool) -> Option<(At, At)> {
        let rest = self.rest();
        let (from, to, len) = reference::r1c1(rest, self.here.at)?;
        let text = rest.get(..len)?;
        let next = rest.get(len..)?.chars().next();
        if next.is_some_and(|c| is_word(c) || matches!(c, '!' | '[' | '|')) {
            return None;
        }
        let sure = text.contains('[') || from == to && text.bytes().filter(u8::is_ascii_digit).count() > 1;
        // `R(` is a call of something named so, and a lone letter before nothing is a row or column.
        if !any && !sure {
            return None;
        }
        self.at += len;
        Some((from, to))
    }

    /// Behind `Sheet!`.
    fn on_sheet(&mut self, name: &str) -> Option<bool> {
        let plain = name.rsplit_once(']').map_or(name, |(_, sheet)| sheet);
        let own = plain.is_empty();
        let first = || plain.split_once(':').and_then(|(first, _)| self.book.sheet_named(first));
        let sheet = if own { None } else { self.book.sheet_named(plain).or_else(first) };
        if self.peek() == Some('#') {
            let code = self.error()?;
            return self.value(Expr::Error(code));
        }
        let before = self.operands.len();
        if self.here.r1c1
            && let Some(range) = self.r1c1(true)
        {
            self.range(sheet, range)?;
        } else {
            let len = word_len(self.rest());
            let word = self.rest().get(..len).filter(|w| !w.is_empty())?.to_owned();
            if let Some(range) = self.lines(&word, reference::row, |r| ((r, 0), (r, COLUMNS - 1))) {
                self.range(sheet, range)?;
            } else {
                self.plain(sheet, &word)?;
            }
        }
        self.settle(before, sheet, own)
    }

    /// A cell of a sheet that is not there is an error; a name that the sheet has of its own is that name.
    fn settle(&mut self, before: usize, sheet: Option<usize>, own: bool) -> Option<bool> {
        let id = *self.operands.get(before)?;
        let better = match self.book.expr(id) {
            Expr::Range(_) if sheet.is_none() && !own => Some(Expr::Error(0x17)),
            Expr::NamedText(label) if sheet.is_some() && self.book.names.len() < 4_096 => {
                let same =
                    |n: &crate::xlm::model::Name| n.sheet == sheet && n.label.eq_ignore_ascii_case(label);
                self.book.names.iter().position(same).and_then(|i| u32::try_from(i).ok()).map(Expr::Name)
            }
            _ => None,
        };
        if let (Some(expr), Some(slot)) = (better, self.book.exprs.get_mut(id.0 as usize)) {
            *slot = expr;
        }
        Some(false)
    }

    /// `[1]Sheet!A1`, `[Book.xls]Sheet!A1`, `[0]!name`.
    fn other_book(&mut self) -> Option<bool> {
        self.skip_group()?;
        if self.peek() == Some('\'') {
            let sheet = self.quoted('\'');
            return if self.eat("!") { self.on_sheet(&sheet) } else { None };
        }
        let len = word_len(self.rest());
        let sheet = self.rest().get(..len)?.to_owned();
        self.at += len;
        if self.eat("!") { self.on_sheet(&sheet) } else { self.value(Expr::NamedText(sheet.into())) }
    }

    /// Skips `[…]` with what is nested in it.
    fn skip_group(&mut self) -> Option<()> {
        let mut depth = 0usize;
        for (i, b) in self.rest().bytes().enumerate() {
            match b {
                b'[' => depth += 1,
                b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                self.at += i + 1;
                return Some(());
            }
        }
        None
    }

    /// Behind `name(`.
    fn call(&mut self, name: &str) -> Option<bool> {
        let callee = if let Some(function) = functions::by_name(name) {
            Callee::Function(function.number)
        } else if let Some(later) = functions::later(name) {
            Callee::Unknown(later.into())
        } else if let Some(at) = reference::a1(name) {
            let sheet = None;
            Callee::User(self.book.push(Expr::Range(Range { sheet, from: at, to: at })))
        } else {
            Callee::User(self.book.push(Expr::NamedText(name.into())))
        };
        self.frames.push(Frame::Call(callee, self.operands.len()));
        Some(true)
    }

    /// `1`, `1.5E-3`, or the rows `1:3`.
    fn number(&mut self) -> Option<bool> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(word) = rest.get(..digits).map(str::to_owned)
            && let Some(range) = self.lines(&word, reference::row, |r| ((r, 0), (r, COLUMNS - 1)))
        {
            return self.range(None, range);
        }
        let len = number_len(self.rest().as_bytes());
        let value: f64 = self.rest().get(..len)?.parse().ok()?;
        self.at += len;
        self.value(Expr::Number(value))
    }

    /// Behind `service|`: topic and item of a link to a program.
    fn link(&mut self, service: String) -> Option<bool> {
        let topic = if self.peek() == Some('\'') {
            self.quoted('\'')
        } else {
            let end = self.rest().find('!')?;
            let topic = self.rest().get(..end)?.to_owned();
            self.at += end;
            topic
        };
        if !self.eat("!") {
            return None;
        }
        let item = if self.peek() == Some('\'') {
            self.quoted('\'')
        } else {
            let len = word_len(self.rest());
            let item = self.rest().get(..len)?.to_owned();
            self.at += len;
            item
        };
        self.book.dde_links.push((service, topic, item));
        self.value(Expr::Error(0x17))
    }
}

/// A cell of a formula that stands elsewhere: what has no `$` moves along.
fn moved(word: &str, at: At, (rows, columns): (i64, i64)) -> At {
    let go = |value: u32, by: i64, size: u32| {
        u32::try_from((i64::from(value) + by).rem_euclid(i64::from(size))).unwrap_or(value)
    };
    let column_fixed = word.starts_with('$');
    let row_fixed = word.get(1..).is_some_and(|w| w.contains('$'));
    (
        if row_fixed { at.0 } else { go(at.0, rows, ROWS) },
        if column_fixed { at.1 } else { go(at.1, columns, COLUMNS) },
    )
}

fn starts_number(word: &str) -> bool {
    let mut bytes = word.bytes();
    match bytes.next() {
        Some(b'.') => bytes.next().is_some_and(|b| b.is_ascii_digit()),
        Some(b) => b.is_ascii_digit(),
        None => false,
    }
}

fn number_len(text: &[u8]) -> usize {
    let digits = |from: usize| text.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if text.get(len) == Some(&b'.') {
        len += 1;
        len += digits(len);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    len
}
