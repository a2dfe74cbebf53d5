//! Formulas that are tokens: one decoder for all the versions of Excel's binary formats.
//!
//! Tokens come in reverse Polish order, so a tree is made with a stack and no recursion. An operand that is missing
//! reads as a missing argument; a token that is unknown ends the formula, and what was read before it is kept.

mod extra;

use encoding_rs::Encoding;

use super::{
    cursor::{Cursor, latin1, utf16},
    functions,
    model::{At, Binary, Expr, ExprId, Range, Unary, Workbook},
};

/// Nodes of all formulas of a workbook; beyond, formulas are left out.
pub(crate) const EXPRS_MAX: usize = 2_000_000;
/// Operands that may wait at once.
const STACK_MAX: usize = 16 << 10;

/// Whose layout operands have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    Biff2,
    Biff3,
    Biff4,
    Biff5,
    Biff8,
    Biff12,
}

/// What an index of another sheet or workbook leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// A sheet of this workbook; `None`: none or all.
    Own(Option<usize>),
    /// Another book: an index into [`Links::names`].
    Other(usize),
}

/// What formulas refer to beside their own sheet.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) sheets: Vec<Link>,
    /// Names of other books and add-ins.
    pub(crate) names: Vec<Vec<String>>,
}

/// What tokens are read against.
pub(crate) struct Context<'a> {
    pub(crate) layout: Layout,
    pub(crate) links: &'a Links,
    /// For texts of one byte a character, in versions before 8.
    pub(crate) encoding: &'static Encoding,
    /// The cell that the formula is in, for relative tokens.
    pub(crate) here: At,
}

/// A formula that stands at another cell: where that is.
pub(crate) fn anchor(tokens: &[u8], extra: &[u8], layout: Layout) -> Option<At> {
    let mut cursor = Cursor::new(tokens);
    if cursor.u8()? != 0x01 {
        return None;
    }
    if layout == Layout::Biff12 {
        let row = cursor.u32()?;
        return Some((row, Cursor::new(extra).u32().unwrap_or(0) & 0x3FFF));
    }
    let row = u32::from(cursor.u16()?);
    let column = cursor.u16().map(u32::from)?;
    Some((row, column & 0xFF))
}

/// Reads tokens and the data behind them.
pub(crate) fn decode(tokens: &[u8], extra: &[u8], cx: &Context<'_>, book: &mut Workbook) -> Option<ExprId> {
    if !book.gaps.room(book.exprs.len(), EXPRS_MAX, "parts of formulas") {
        return None;
    }
    let mut decoder =
        Decoder { tokens: Cursor::new(tokens), extra: Cursor::new(extra), cx, book, stack: Vec::new() };
    while !decoder.tokens.is_empty() {
        let gaps = &mut decoder.book.gaps;
        if !gaps.room(decoder.stack.len(), STACK_MAX, "operands of a formula")
            || !decoder.book.gaps.room(decoder.book.exprs.len(), EXPRS_MAX, "parts of formulas")
            || decoder.token().is_none()
        {
            break;
        }
    }
    decoder.stack.pop()
}

struct Decoder<'a, 'b> {
    tokens: Cursor<'a>,
    extra: Cursor<'a>,
    cx: &'b Context<'b>,
    book: &'b mut Workbook,
    stack: Vec<ExprId>,
}

impl Decoder<'_, '_> {
    fn put(&mut self, expr: Expr) -> Option<()> {
        let id = self.book.push(expr);
        self.stack.push(id);
        Some(())
    }

    fn pop(&mut self) -> ExprId {
        self.stack.pop().unwrap_or_else(|| self.book.push(Expr::Missing))
    }

    fn token(&mut self) -> Option<()> {
        let id = self.tokens.u8()?;
        if id >= 0x80 {
            return None;
        }
        match if id >= 0x20 { id & 0x1F | 0x20 } else { id } {
            0x01 | 0x02 => {
                self.tokens.skip(4)?;
                self.put(Expr::Error(0x17))
            }
            op @ 0x03..=0x11 => {
                let right = self.pop();
                let left = self.pop();
                self.put(Expr::Binary(binary(op)?, left, right))
            }
            op @ 0x12..=0x14 => {
                let of = self.pop();
                let op = [Unary::Plus, Unary::Minus, Unary::Percent].get(usize::from(op) - 0x12)?;
                self.put(Expr::Unary(*op, of))
            }
            0x15 => Some(()),
            0x16 => self.put(Expr::Missing),
            0x17 => {
                let text = self.text()?;
                self.put(Expr::Text(text.into()))
            }
            0x18 => self.extended(),
            0x19 => self.attribute(),
            0x1A | 0x1B => self.tokens.skip(if self.cx.layout >= Layout::Biff3 { 10 } else { 7 }),
            0x1C => {
                let code = self.tokens.u8()?;
                self.put(Expr::Error(code))
            }
            0x1D => {
                let value = self.tokens.u8()? != 0;
                self.put(Expr::Bool(value))
            }
            0x1E => {
                let value = self.tokens.u16()?;
                self.put(Expr::Number(f64::from(value)))
            }
            0x1F => {
                let value = self.tokens.f64()?;
                self.put(Expr::Number(value))
            }
            other => self.operand(other),
        }
    }

    fn text(&mut self) -> Option<String> {
        match self.cx.layout {
            Layout::Biff12 => {
                let count = usize::from(self.tokens.u16()?);
                Some(utf16(self.tokens.take_most(count * 2)))
            }
            Layout::Biff8 => {
                let count = usize::from(self.tokens.u8()?);
                let wide = self.tokens.u8()? & 1 != 0;
                Some(self.tokens.chars(count, wide))
            }
            _ => {
                let count = usize::from(self.tokens.u8()?);
                let bytes = self.tokens.take_most(count);
                Some(self.cx.encoding.decode_without_bom_handling(bytes).0.into_owned())
            }
        }
    }

    /// Tables and natural-language references: their place is all that matters.
    fn extended(&mut self) -> Option<()> {
        let kind = self.tokens.u8()?;
        let size = match (self.cx.layout, kind) {
            (Layout::Biff12, 0x19) => 12,
            _ => 4,
        };
        self.tokens.skip(size)?;
        self.put(Expr::Error(0x17))
    }

    fn attribute(&mut self) -> Option<()> {
        let flags = self.tokens.u8()?;
        let word =
            if self.cx.layout == Layout::Biff2 { self.tokens.u8()?.into() } else { self.tokens.u16()? };
        if flags & 0x04 != 0 {
            let entry = if self.cx.layout == Layout::Biff2 { 1 } else { 2 };
            return self.tokens.skip((usize::from(word) + 1) * entry);
        }
        if flags & 0x10 != 0 {
            let of = self.pop();
            return self.put(Expr::Call { function: 4, args: vec![of] });
        }
        Some(())
    }

    fn operand(&mut self, id: u8) -> Option<()> {
        let layout = self.cx.layout;
        match id {
            0x20 => {
                self.tokens.skip(if layout == Layout::Biff12 { 14 } else { 7 })?;
                self.array()
            }
            0x21 => {
                let number =
                    if layout <= Layout::Biff3 { self.tokens.u8()?.into() } else { self.tokens.u16()? };
                let count = functions::by_number(number).map_or(1, |f| f.arity.0);
                self.call(number, usize::from(count))
            }
            0x22 => {
                let count = self.tokens.u8()? & 0x7F;
                let number =
                    if layout <= Layout::Biff3 { self.tokens.u8()?.into() } else { self.tokens.u16()? };
                self.call(number, usize::from(count))
            }
            0x23 => {
                let index =
                    if layout == Layout::Biff12 { self.tokens.u32()? } else { self.tokens.u16()?.into() };
                self.tokens.skip(match layout {
                    Layout::Biff12 => 0,
                    Layout::Biff8 => 2,
                    Layout::Biff5 => 12,
                    Layout::Biff3 | Layout::Biff4 => 8,
                    Layout::Biff2 => 5,
                })?;
                self.put(index.checked_sub(1).map_or(Expr::Error(0x1D), Expr::Name))
            }
            0x24 | 0x2C => {
                let at = self.cell(id == 0x2C)?;
                self.range(None, at, at)
            }
            0x25 | 0x2D => {
                let (from, to) = self.area(id == 0x2D)?;
                self.range(None, from, to)
            }
            0x26 => {
                self.tokens.skip(6)?;
                self.skip_areas()
            }
            0x27 | 0x28 => self.tokens.skip(6),
            0x29 | 0x2E | 0x2F => self.tokens.skip(2),
            0x2A | 0x2B => {
                let size = self.reference_size() * if id == 0x2B { 2 } else { 1 };
                self.tokens.skip(size)?;
                self.put(Expr::Error(0x17))
            }
            0x39 => self.name_elsewhere(),
            0x3A..=0x3D => self.elsewhere(id),
            _ => None,
        }
    }

    fn reference_size(&self) -> usize {
        match self.cx.layout {
            Layout::Biff12 => 6,
            Layout::Biff8 => 4,
            _ => 3,
        }
    }

    fn range(&mut self, sheet: Option<usize>, a: At, b: At) -> Option<()> {
        let from = (a.0.min(b.0), a.1.min(b.1));
        let to = (a.0.max(b.0), a.1.max(b.1));
        self.put(Expr::Range(Range { sheet, from, to }))
    }

    fn cell(&mut self, relative: bool) -> Option<At> {
        let row =
            if self.cx.layout == Layout::Biff12 { self.tokens.u32()? } else { self.tokens.u16()?.into() };
        let column =
            if self.cx.layout >= Layout::Biff8 { self.tokens.u16()? } else { self.tokens.u8()?.into() };
        Some(self.resolve(row, column, relative))
    }

    fn area(&mut self, relative: bool) -> Option<(At, At)> {
        let wide = self.cx.layout == Layout::Biff12;
        let mut row = || if wide { self.tokens.u32() } else { self.tokens.u16().map(u32::from) };
        let (r1, r2) = (row()?, row()?);
        let new = self.cx.layout >= Layout::Biff8;
        let mut column = || if new { self.tokens.u16() } else { self.tokens.u8().map(u16::from) };
        let (c1, c2) = (column()?, column()?);
        Some((self.resolve(r1, c1, relative), self.resolve(r2, c2, relative)))
    }

    /// Row and column of an operand. Bits of the column that have no meaning carry anything.
    fn resolve(&self, row: u32, column: u16, relative: bool) -> At {
        let flags = if self.cx.layout >= Layout::Biff8 { column } else { row as u16 };
        let (row_relative, column_relative) = (flags & 0x8000 != 0, flags & 0x4000 != 0);
        let (rows, columns) = match self.cx.layout {
            Layout::Biff12 => (1u32 << 20, 1u32 << 14),
            Layout::Biff8 => (1 << 16, 1 << 8),
            _ => (1 << 14, 1 << 8),
        };
        // Both sizes are powers of two, so that wrapping sums and signed offsets come out right.
        let (row, column) = (row & (rows - 1), u32::from(column) & (columns - 1));
        let (here_row, here_column) = self.cx.here;
        (
            if relative && row_relative { here_row.wrapping_add(row) & (rows - 1) } else { row },
            if relative && column_relative {
                here_column.wrapping_add(column) & (columns - 1)
            } else {
                column
            },
        )
    }

    /// The sheet that a token of another sheet names, and whether it is one of this workbook.
    fn sheet(&mut self) -> Option<Link> {
        if self.cx.layout >= Layout::Biff8 {
            let index = usize::from(self.tokens.u16()?);
            return Some(self.cx.links.sheets.get(index).copied().unwrap_or(Link::Own(None)));
        }
        let index = self.tokens.u16()? as i16;
        self.tokens.skip(8)?;
        let first = self.tokens.u16()?;
        self.tokens.skip(2)?;
        if index < 0 {
            return Some(Link::Own((first != 0xFFFF).then_some(usize::from(first))));
        }
        let link = usize::try_from(index).ok()?.checked_sub(1).and_then(|i| self.cx.links.sheets.get(i));
        Some(link.copied().unwrap_or(Link::Own(None)))
    }

    fn elsewhere(&mut self, id: u8) -> Option<()> {
        let link = self.sheet()?;
        let (from, to) = match id {
            0x3A => {
                let at = self.cell(false)?;
                (at, at)
            }
            0x3B => self.area(false)?,
            _ => {
                let size = self.reference_size() * if id == 0x3D { 2 } else { 1 };
                self.tokens.skip(size)?;
                return self.put(Expr::Error(0x17));
            }
        };
        match link {
            Link::Own(Some(sheet)) => self.range(Some(sheet), from, to),
            _ => self.put(Expr::Error(0x17)),
        }
    }

    fn name_elsewhere(&mut self) -> Option<()> {
        let (link, index) = match self.cx.layout {
            Layout::Biff12 => (self.sheet()?, self.tokens.u32()?),
            Layout::Biff8 => {
                let found = (self.sheet()?, self.tokens.u16()?.into());
                self.tokens.skip(2)?;
                found
            }
            _ => {
                let sheet = self.tokens.u16()? as i16;
                self.tokens.skip(8)?;
                let index = self.tokens.u16()?;
                self.tokens.skip(12)?;
                let place = usize::try_from(sheet).ok().and_then(|i| i.checked_sub(1));
                let link = place.and_then(|i| self.cx.links.sheets.get(i)).copied();
                (link.unwrap_or(Link::Own(None)), index.into())
            }
        };
        let index = index.checked_sub(1);
        let expr = match (link, index) {
            (Link::Own(_), Some(index)) => Expr::Name(index),
            (Link::Other(book), Some(index)) => {
                let names = self.cx.links.names.get(book);
                match names.and_then(|n| n.get(usize::try_from(index).ok()?)) {
                    Some(label) => Expr::NamedText(label.as_str().into()),
                    None => Expr::Error(0x1D),
                }
            }
            _ => Expr::Error(0x1D),
        };
        self.put(expr)
    }

    /// A call with the operands that there are.
    fn call(&mut self, function: u16, count: usize) -> Option<()> {
        let base = self.stack.len().saturating_sub(count);
        let mut args = self.stack.split_off(base);
        if function != functions::USER || args.is_empty() {
            return self.put(Expr::Call { function, args });
        }
        let target = args.remove(0);
        let expr = self.user(target, args);
        self.put(expr)
    }

    /// A call by name: of a function of an add-in or of a later version, or of a macro.
    fn user(&self, target: ExprId, args: Vec<ExprId>) -> Expr {
        let (label, foreign) = match self.book.expr(target) {
            Expr::NamedText(label) => (label.as_ref(), true),
            Expr::Name(index) => {
                (self.book.names.get(*index as usize).map_or("", |n| n.label.as_str()), false)
            }
            _ => ("", false),
        };
        let marked = label.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("_xlfn."));
        if foreign || marked {
            if let Some(known) = functions::by_name(label) {
                return Expr::Call { function: known.number, args };
            }
            if let Some(name) = functions::later(label) {
                return Expr::Unknown { name: name.into(), args };
            }
        }
        Expr::User { target, args }
    }
}

fn binary(id: u8) -> Option<Binary> {
    const OPERATORS: [Binary; 15] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Power,
        Binary::Concat,
        Binary::Less,
        Binary::LessEqual,
        Binary::Equal,
        Binary::GreaterEqual,
        Binary::Greater,
        Binary::NotEqual,
        Binary::Intersect,
        Binary::Union,
        Binary::Span,
    ];
    OPERATORS.get(usize::from(id).checked_sub(3)?).copied()
}

/// Text of one byte a character.
pub(crate) fn narrow(bytes: &[u8], encoding: &'static Encoding) -> String {
    if bytes.is_ascii() { latin1(bytes) } else { encoding.decode_without_bom_handling(bytes).0.into_owned() }
}
