//! How cells look: `GET.CELL` reads it, and macros make keys of it.

use encoding_rs::Encoding;

use super::{record::Record, strings};
use crate::xlm::{
    cursor::Cursor,
    model::{Font, Style, Workbook},
    ptg::Layout,
};

/// Fonts, formats and styles that are kept at most: cells can refer to no more.
const STYLES_MAX: usize = 1 << 16;

/// As far as they were read.
#[derive(Default)]
pub(super) struct Styles {
    fonts: Vec<Font>,
    formats: Vec<(u16, String)>,
    styles: Vec<(Style, u16)>,
    palette: Vec<u32>,
}

impl Styles {
    pub(super) fn record(
        &mut self,
        record: &Record<'_>,
        layout: Layout,
        encoding: &'static Encoding,
    ) -> Option<()> {
        let mut cursor = Cursor::new(record.data);
        match record.kind {
            0x0031 | 0x0231 if self.fonts.len() < STYLES_MAX => {
                self.fonts.push(font(cursor, layout, encoding)?)
            }
            0x041E if self.formats.len() < STYLES_MAX => {
                let number = cursor.u16()?;
                let text = if layout >= Layout::Biff8 {
                    strings::long(&mut cursor, layout, encoding)
                } else {
                    strings::short(&mut cursor, layout, encoding)
                };
                self.formats.push((number, text?.chars().take(255).collect()));
            }
            // A style that is broken keeps its number.
            0x00E0 if self.styles.len() < STYLES_MAX => {
                let style = if layout >= Layout::Biff8 { style(cursor) } else { old_style(cursor) };
                self.styles.push(style.unwrap_or_default());
            }
            0x0092 => {
                let count = usize::from(cursor.u16()?);
                for _ in 0..count.min(56) {
                    let raw = cursor.u32()?;
                    self.palette.push((raw & 0xFF) << 16 | raw & 0xFF00 | raw >> 16 & 0xFF);
                }
            }
            _ => {}
        }
        Some(())
    }

    pub(super) fn finish(mut self, book: &mut Workbook) {
        self.formats.sort_by_key(|f| f.0);
        let format = |number: u16| {
            let own =
                self.formats.binary_search_by_key(&number, |f| f.0).ok().and_then(|i| self.formats.get(i));
            own.map_or_else(|| built_in_format(number.into()).to_owned(), |f| f.1.clone())
        };
        book.styles = self
            .styles
            .iter()
            .map(|(style, number)| Style { format: format(*number), ..style.clone() })
            .collect();
        book.fonts = self.fonts;
        book.palette = (8u16..).zip(self.palette).collect();
    }
}

/// A colour's number; those that the system chooses count as automatic.
fn colour(number: u16) -> u16 {
    if number >= 0x40 { 0 } else { number }
}

fn font(mut cursor: Cursor<'_>, layout: Layout, encoding: &'static Encoding) -> Option<Font> {
    let (height, flags) = (cursor.u16()?, cursor.u16()?);
    let mut font = Font { height, ..Font::default() };
    let (mut bold, mut underlined) = (flags & 1 != 0, flags & 4 != 0);
    if layout >= Layout::Biff3 {
        font.colour = colour(cursor.u16()?);
    }
    if layout >= Layout::Biff5 {
        bold = cursor.u16()? >= 600;
        cursor.skip(2)?;
        underlined = cursor.u8()? != 0;
        cursor.skip(3)?;
    }
    font.name = strings::short(&mut cursor, layout, encoding)?;
    let bits = [bold, flags & 2 != 0, underlined, flags & 8 != 0];
    font.flags = bits.iter().enumerate().map(|(i, b)| u8::from(*b) << i).sum();
    Some(font)
}

/// Fonts are counted without the fifth, which does not exist.
fn font_index(number: u16) -> u32 {
    u32::from(if number > 4 { number - 1 } else { number })
}

fn style(mut cursor: Cursor<'_>) -> Option<(Style, u16)> {
    let (font, format, flags) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    let align = cursor.u8()?;
    cursor.skip(3)?;
    let (lines, colours, fill) = (cursor.u32()?, cursor.u32()?, cursor.u16()?);
    let line = |shift: u32| (lines >> shift & 0xF) as u8;
    let tint = |raw: u32| colour((raw & 0x7F) as u16);
    let style = Style {
        font: font_index(font),
        fill_pattern: (colours >> 26) as u8,
        fill_foreground: colour(fill & 0x7F),
        fill_background: colour(fill >> 7 & 0x7F),
        horizontal: align & 7,
        vertical: align >> 4 & 7,
        locked: flags & 1 != 0,
        hidden: flags & 2 != 0,
        borders: [
            (line(0), tint(lines >> 16)),
            (line(4), tint(lines >> 23)),
            (line(8), tint(colours)),
            (line(12), tint(colours >> 7)),
        ],
        ..Style::default()
    };
    Some((style, format))
}

/// Excel 5 and 95: only what is laid out alike.
fn old_style(mut cursor: Cursor<'_>) -> Option<(Style, u16)> {
    let (font, format, flags) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    let align = cursor.u16()?;
    let fill = cursor.u32().unwrap_or(0);
    let style = Style {
        font: font_index(font),
        horizontal: (align & 7) as u8,
        vertical: (align >> 4 & 7) as u8,
        fill_foreground: colour((fill & 0x7F) as u16),
        fill_background: colour((fill >> 7 & 0x7F) as u16),
        fill_pattern: (fill >> 16 & 0x3F) as u8,
        locked: flags & 1 != 0,
        hidden: flags & 2 != 0,
        ..Style::default()
    };
    Some((style, format))
}

/// Number formats that every workbook has.
pub(crate) fn built_in_format(number: u32) -> &'static str {
    match number {
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        12 => "# ?/?",
        13 => "# ??/??",
        14 => "m/d/yyyy",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "m/d/yyyy h:mm",
        37 => "#,##0 ;(#,##0)",
        38 => "#,##0 ;[Red](#,##0)",
        39 => "#,##0.00;(#,##0.00)",
        40 => "#,##0.00;[Red](#,##0.00)",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mmss.0",
        48 => "##0.0E+0",
        49 => "@",
        _ => "General",
    }
}
