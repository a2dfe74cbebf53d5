//! Drawings, comments and old drawings: their texts, pictures, and the macros that they start.

use super::{
    Reading,
    xml::{Event, Xml, utf8},
};
use crate::{scan::area, xlm::text::parse_formula};

/// Bytes of one drawing's text.
const TEXT_MAX: usize = 256 << 10;
/// Bytes of what a button starts.
const MACRO_MAX: usize = 1_024;
/// Buttons and shapes that start something.
const ASSIGNED_MAX: usize = 4_096;

impl Reading<'_> {
    pub(super) fn drawing(&mut self, index: usize, part: &str) {
        let Some(bytes) = self.parts.part(part) else { return };
        if super::is_binary(&bytes) || !self.budget.spend(bytes.len() as u64 / 256) {
            return;
        }
        let text = utf8(&bytes);
        let mut xml = Xml::new(&text);
        let mut in_picture = false;
        let (mut drawn, mut macro_text, mut in_text, mut in_macro) =
            (String::new(), String::new(), false, false);
        while let Some(event) = xml.next() {
            match event {
                Event::Open(element) => match element.name.as_ref() {
                    "t" | "font" | "text" => in_text = true,
                    "FmlaMacro" => in_macro = true,
                    "pic" | "sp" | "cxnSp" | "graphicFrame" | "grpSp" => {
                        in_picture = element.name == "pic";
                        self.book.pictures += u32::from(in_picture);
                        if let Some(formula) = element.get("macro").filter(|m| !m.is_empty()) {
                            self.assigned(index, &formula);
                        }
                    }
                    // How large the largest picture is, these say.
                    "ext" if in_picture && self.book.sized.len() < 4_096 => {
                        let size = area(element.get("cx").as_deref(), element.get("cy").as_deref());
                        self.book.sized.push((index, size));
                    }
                    "br" => drawn.push('\n'),
                    _ => {}
                },
                Event::Close(name) => match name.as_ref() {
                    "t" | "font" | "text" => in_text = false,
                    "FmlaMacro" => {
                        in_macro = false;
                        self.assigned(index, &std::mem::take(&mut macro_text));
                    }
                    "pic" => in_picture = false,
                    "p" | "div" | "comment" | "txBody" => drawn.push('\n'),
                    _ => {}
                },
                Event::Text(text) if in_text => {
                    if self.book.gaps.room(drawn.len(), TEXT_MAX, "bytes of a drawing's texts") {
                        drawn.push_str(&text);
                    }
                }
                Event::Text(text) if in_macro => {
                    if self.book.gaps.room(macro_text.len(), MACRO_MAX, "bytes of a button's macro") {
                        macro_text.push_str(&text);
                    }
                }
                Event::Text(_) => {}
            }
        }
        if !drawn.trim().is_empty() {
            self.book.drawn.push((index, drawn.trim().to_owned()));
        }
    }

    fn assigned(&mut self, index: usize, formula: &str) {
        if self.book.gaps.room(self.book.assigned.len(), ASSIGNED_MAX, "buttons") {
            let id = parse_formula(formula, (index, 0, 0), false, &mut self.book);
            self.book.assigned.extend(id);
        }
    }
}
