//! Fonts, fills and formats: `GET.CELL` reads them, and macros make keys of them.

use super::{
    Reading, is_binary,
    xml::{Element, Event, Xml, utf8},
};
use crate::xlm::{
    biff::built_in_format,
    model::{Font, Style},
    palette,
};

/// Styles, fonts, fills and borders that are read at most: Excel has no more.
const STYLES_MAX: usize = 1 << 16;

/// A fill: pattern, foreground, background.
pub(super) type Fill = (u8, u16, u16);
/// Left, right, top, bottom: line style and colour.
pub(super) type Borders = [(u8, u16); 4];

/// As far as they were read.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) fonts: Vec<Font>,
    pub(super) fills: Vec<Fill>,
    pub(super) borders: Vec<Borders>,
    pub(super) formats: Vec<(u32, String)>,
    /// With numbers of format, fill and border.
    pub(super) styles: Vec<(Style, u32, u32, u32)>,
    /// Groups that elements are in.
    path: Vec<String>,
}

impl Reading<'_> {
    pub(super) fn styles(&mut self, part: &str) {
        let Some(bytes) = self.parts.part(part) else { return };
        if !self.budget.spend(bytes.len() as u64 / 256) {
            return;
        }
        let mut sheet = Sheet::default();
        if is_binary(&bytes) {
            super::biff12::styles(&bytes, &mut sheet);
        } else {
            let text = utf8(&bytes);
            let mut xml = Xml::new(&text);
            while let Some(event) = xml.next() {
                match event {
                    Event::Open(element) => {
                        sheet.open(&element);
                        if sheet.path.len() < 64 {
                            sheet.path.push(element.name.into_owned());
                        }
                    }
                    Event::Close(name) => {
                        if let Some(at) = sheet.path.iter().rposition(|p| *p == name) {
                            sheet.path.truncate(at);
                        }
                    }
                    Event::Text(_) => {}
                }
            }
        }
        self.book.styles = sheet.finish();
        self.book.fonts = sheet.fonts;
    }
}

fn colour(element: &Element<'_>) -> u16 {
    if let Some(rgb) = element.get("rgb") {
        let rgb = rgb.trim();
        let digits = rgb.get(rgb.len().saturating_sub(6)..).unwrap_or_default();
        return u32::from_str_radix(digits, 16).map_or(0, palette::nearest);
    }
    if let Some(number) = element.number("indexed") {
        return palette::indexed(number);
    }
    element.number("theme").map_or(0, palette::theme)
}

impl Sheet {
    fn inside(&self, name: &str) -> bool {
        self.path.iter().any(|p| p == name)
    }

    fn open(&mut self, element: &Element<'_>) {
        if self.inside("dxfs") || self.inside("cellStyleXfs") {
            return;
        }
        if self.inside("fonts") {
            self.font(element);
        } else if self.inside("fills") {
            self.fill(element);
        } else if self.inside("borders") {
            self.border(element);
        } else if self.inside("cellXfs") {
            self.style(element);
        } else if element.name == "numFmt"
            && let (Some(number), Some(code)) = (element.number("numFmtId"), element.get("formatCode"))
            && self.formats.len() < STYLES_MAX
        {
            self.formats.push((number, code.chars().take(255).collect()));
        }
    }

    fn font(&mut self, element: &Element<'_>) {
        if element.name == "font" && self.fonts.len() < STYLES_MAX {
            self.fonts.push(Font { height: 220, ..Font::default() });
        }
        let Some(font) = self.fonts.last_mut() else { return };
        let on = element.get("val").is_none_or(|v| !matches!(v.as_str(), "0" | "false" | "none"));
        match element.name.as_ref() {
            "sz" => font.height = element.number::<f64>("val").map_or(220, |n| (n * 20.0) as u16),
            "name" => font.name = element.get("val").unwrap_or_default(),
            "color" => font.colour = colour(element),
            "b" => font.flags |= u8::from(on),
            "i" => font.flags |= u8::from(on) << 1,
            "u" => font.flags |= u8::from(on) << 2,
            "strike" => font.flags |= u8::from(on) << 3,
            _ => {}
        }
    }

    fn fill(&mut self, element: &Element<'_>) {
        const PATTERNS: [&str; 19] = [
            "none",
            "solid",
            "mediumGray",
            "darkGray",
            "lightGray",
            "darkHorizontal",
            "darkVertical",
            "darkDown",
            "darkUp",
            "darkGrid",
            "darkTrellis",
            "lightHorizontal",
            "lightVertical",
            "lightDown",
            "lightUp",
            "lightGrid",
            "lightTrellis",
            "gray125",
            "gray0625",
        ];
        if element.name == "fill" && self.fills.len() < STYLES_MAX {
            self.fills.push(Fill::default());
        }
        let Some(fill) = self.fills.last_mut() else { return };
        match element.name.as_ref() {
            "patternFill" => fill.0 = position(&PATTERNS, element.get("patternType")),
            "fgColor" => fill.1 = colour(element),
            "bgColor" => fill.2 = colour(element),
            _ => {}
        }
    }

    fn border(&mut self, element: &Element<'_>) {
        const LINES: [&str; 14] = [
            "none",
            "thin",
            "medium",
            "dashed",
            "dotted",
            "thick",
            "double",
            "hair",
            "mediumDashed",
            "dashDot",
            "mediumDashDot",
            "dashDotDot",
            "mediumDashDotDot",
            "slantDashDot",
        ];
        const SIDES: [&str; 4] = ["left", "right", "top", "bottom"];
        if element.name == "border" && self.borders.len() < STYLES_MAX {
            self.borders.push(Borders::default());
        }
        let named = |name: &str| SIDES.iter().position(|s| *s == name);
        let side = named(&element.name).or_else(|| self.path.last().and_then(|p| named(p)));
        let Some(line) = side.and_then(|i| self.borders.last_mut()?.get_mut(i)) else { return };
        if element.name == "color" {
            line.1 = colour(element);
        } else if named(&element.name).is_some() {
            line.0 = position(&LINES, element.get("style"));
        }
    }

    fn style(&mut self, element: &Element<'_>) {
        const HORIZONTAL: [&str; 8] =
            ["general", "left", "center", "right", "fill", "justify", "centerContinuous", "distributed"];
        const VERTICAL: [&str; 5] = ["top", "center", "bottom", "justify", "distributed"];
        if element.name == "xf" && self.styles.len() < STYLES_MAX {
            let number = |name: &str| element.number(name).unwrap_or(0);
            let style = Style { font: number("fontId"), vertical: 2, locked: true, ..Style::default() };
            self.styles.push((style, number("numFmtId"), number("fillId"), number("borderId")));
        }
        let Some((style, ..)) = self.styles.last_mut() else { return };
        match element.name.as_ref() {
            "alignment" => {
                style.horizontal = position(&HORIZONTAL, element.get("horizontal"));
                if let Some(vertical) = element.get("vertical") {
                    style.vertical = position(&VERTICAL, Some(vertical));
                }
            }
            "protection" => {
                style.locked = element.get("locked").is_none_or(|v| !matches!(v.as_str(), "0" | "false"));
                style.hidden = element.flag("hidden");
            }
            _ => {}
        }
    }

    /// Styles with what their numbers stand for.
    fn finish(&mut self) -> Vec<Style> {
        self.formats.sort_by_key(|f| f.0);
        let format = |number: u32| {
            let own =
                self.formats.binary_search_by_key(&number, |f| f.0).ok().and_then(|i| self.formats.get(i));
            own.map_or_else(|| built_in_format(number).to_owned(), |f| f.1.clone())
        };
        let filled = |(style, number, fill, border): &(Style, u32, u32, u32)| {
            let fill = self.fills.get(*fill as usize).copied().unwrap_or_default();
            Style {
                format: format(*number),
                fill_pattern: fill.0,
                fill_foreground: fill.1,
                fill_background: fill.2,
                borders: self.borders.get(*border as usize).copied().unwrap_or_default(),
                ..style.clone()
            }
        };
        self.styles.iter().map(filled).collect()
    }
}

fn position(names: &[&str], name: Option<String>) -> u8 {
    let at = name.and_then(|n| names.iter().position(|known| *known == n)).unwrap_or(0);
    u8::try_from(at).unwrap_or(0)
}
