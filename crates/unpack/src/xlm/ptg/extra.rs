//! What stands behind the tokens of a formula: the items of its arrays, and areas that were saved with it.

use super::{
    super::{
        cursor::{Cursor, utf16},
        model::Expr,
    },
    Decoder, Layout,
};

impl Decoder<'_, '_> {
    /// The areas that an operator gave when it was saved; they are computed anew from what follows.
    pub(super) fn skip_areas(&mut self) -> Option<()> {
        let (count, size) = match self.cx.layout {
            Layout::Biff12 => (self.extra.u32().unwrap_or(0) as usize, 12),
            Layout::Biff8 => (self.extra.u16().unwrap_or(0).into(), 8),
            _ => (self.extra.u16().unwrap_or(0).into(), 6),
        };
        self.extra.take_most(count.saturating_mul(size));
        Some(())
    }

    pub(super) fn array(&mut self) -> Option<()> {
        let new = self.cx.layout == Layout::Biff12;
        let (columns, rows) = if new {
            let rows = self.extra.u32().unwrap_or(0);
            (self.extra.u32().unwrap_or(0), rows)
        } else {
            let columns = u32::from(self.extra.u8().unwrap_or(0));
            let rows = u32::from(self.extra.u16().unwrap_or(0));
            if self.cx.layout >= Layout::Biff8 {
                (columns + 1, rows + 1)
            } else {
                (if columns == 0 { 256 } else { columns }, rows)
            }
        };
        let count = u64::from(columns) * u64::from(rows);
        let mut items = Vec::new();
        while (items.len() as u64) < count {
            let Some(item) = self.array_item() else { break };
            items.push(self.book.push(item));
        }
        self.put(Expr::Array { columns, items })
    }

    fn array_item(&mut self) -> Option<Expr> {
        let kind = self.extra.u8()?;
        if self.cx.layout == Layout::Biff12 {
            return Some(match kind {
                0 => Expr::Number(self.extra.f64()?),
                1 => {
                    let count = usize::from(self.extra.u16()?);
                    Expr::Text(utf16(self.extra.take_most(count * 2)).into())
                }
                2 => Expr::Bool(self.extra.u8()? != 0),
                _ => {
                    let code = self.extra.u8()?;
                    self.extra.skip(3)?;
                    Expr::Error(code)
                }
            });
        }
        if kind == 2 {
            let new = self.cx.layout >= Layout::Biff8;
            let count = if new { self.extra.u16()?.into() } else { usize::from(self.extra.u8()?) };
            let wide = new && self.extra.u8()? & 1 != 0;
            return Some(Expr::Text(self.extra.chars(count, wide).into()));
        }
        let mut eight = Cursor::new(self.extra.take(8)?);
        Some(match kind {
            1 => Expr::Number(eight.f64()?),
            4 => Expr::Bool(eight.u8()? != 0),
            16 => Expr::Error(eight.u8()?),
            _ => Expr::Missing,
        })
    }
}
