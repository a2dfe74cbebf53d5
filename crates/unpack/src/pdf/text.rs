//! Text of PDF: strings of dictionaries, and fonts that say which characters their codes stand for.

use rustc_hash::FxHashMap;

use super::{
    file::Pdf,
    object::{Dict, Lexer, Obj},
};
use crate::scan::Scan;

/// Codes of one font: there are only half as many.
const CODES_MAX: usize = 1 << 17;

/// A text string: UTF-16 or UTF-8 with their marks, otherwise one byte a character.
pub(super) fn string(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest),
        [0xFF, 0xFE, rest @ ..] => {
            let units = rest.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => latin(bytes),
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_be_bytes(*u));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// WinAnsi, which is what fonts without a table of their own nearly always use.
pub(super) fn latin(bytes: &[u8]) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

#[derive(Debug, Default)]
pub(super) struct Font {
    codes: FxHashMap<u32, String>,
    /// Codes of two bytes.
    wide: bool,
}

impl Font {
    pub(super) fn read(pdf: &Pdf, dict: &Dict, scan: &mut Scan<'_>) -> Font {
        let mut font = Font { wide: dict.name("Subtype") == "Type0", ..Font::default() };
        if let Some(entry) = dict.get("ToUnicode").and_then(|t| pdf.stream_of(t))
            && let Some((data, _)) = pdf.data(entry, scan.budget)
            && scan.budget.spend(1 + data.len() as u64 / 64)
        {
            font.map(&data);
        }
        font
    }

    /// `beginbfchar` and `beginbfrange` of a CMap.
    fn map(&mut self, data: &[u8]) {
        let mut lexer = Lexer::new(data, 0);
        lexer.content = true;
        let mut operands: Vec<Obj> = Vec::new();
        while let Some(object) = lexer.object(0) {
            let Obj::Op(op) = object else {
                if operands.len() < CODES_MAX {
                    operands.push(object);
                }
                continue;
            };
            match op.as_str() {
                "endbfchar" => {
                    for pair in operands.chunks_exact(2) {
                        if let [Obj::Str(code), Obj::Str(to)] = pair {
                            self.set(number(code), utf16(to));
                        }
                    }
                }
                "endbfrange" => operands.chunks_exact(3).for_each(|three| self.range(three)),
                _ => {}
            }
            operands.clear();
        }
    }

    fn range(&mut self, three: &[Obj]) {
        let [Obj::Str(from), Obj::Str(to), target] = three else { return };
        let (from, to) = (number(from), number(to));
        let count = to.saturating_sub(from).saturating_add(1).min(65_536);
        match target {
            Obj::Str(first) => {
                let units: Vec<u16> =
                    first.as_chunks::<2>().0.iter().map(|u| u16::from_be_bytes(*u)).collect();
                for n in 0..count {
                    let mut units = units.clone();
                    if let Some(last) = units.last_mut() {
                        *last = last.wrapping_add(n as u16);
                    }
                    self.set(from.saturating_add(n), String::from_utf16_lossy(&units));
                    if self.codes.len() >= CODES_MAX {
                        return;
                    }
                }
            }
            Obj::Array(items) => {
                for (n, item) in (0..count).zip(items) {
                    if let Obj::Str(text) = item {
                        self.set(from.saturating_add(n), utf16(text));
                    }
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, code: u32, text: String) {
        if self.codes.len() < CODES_MAX && text.len() <= 64 {
            self.codes.insert(code, text);
        }
    }

    pub(super) fn decode(&self, bytes: &[u8], out: &mut String) {
        if self.wide {
            for pair in bytes.as_chunks::<2>().0 {
                match self.codes.get(&u32::from(u16::from_be_bytes(*pair))) {
                    Some(text) => out.push_str(text),
                    None if *pair == [0, 32] => out.push(' '),
                    None => {}
                }
            }
            return;
        }
        for byte in bytes {
            match self.codes.get(&u32::from(*byte)) {
                Some(text) => out.push_str(text),
                None => out.push_str(&latin(&[*byte])),
            }
        }
    }
}

fn number(code: &[u8]) -> u32 {
    code.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}
