//! Shared strings: all runs of a string together, without the readings that stand beside East Asian ones.

use super::{
    Reading, is_binary,
    xml::{Event, Xml, unescape_units, utf8},
};

/// Shared strings that are read at most.
const STRINGS_MAX: usize = 1_000_000;

impl Reading<'_> {
    pub(super) fn shared_strings(&mut self, part: &str) {
        let Some(bytes) = self.parts.part(part) else { return };
        if is_binary(&bytes) {
            return self.binary_strings(&bytes);
        }
        let text = utf8(&bytes);
        let mut xml = Xml::new(&text);
        let (mut current, mut in_text, mut in_reading) = (String::new(), false, false);
        while let Some(event) = xml.next() {
            match event {
                Event::Open(element) => match element.name.as_ref() {
                    "si" => current.clear(),
                    "t" => in_text = !in_reading,
                    "rPh" => in_reading = true,
                    _ => {}
                },
                Event::Close(name) => match name.as_ref() {
                    "si" => {
                        let whole = unescape_units(std::mem::take(&mut current));
                        if !self.book.gaps.room(self.strings.len(), STRINGS_MAX, "shared strings")
                            || !self.budget.spend(whole.len() as u64 / 64)
                        {
                            return;
                        }
                        self.strings.push(whole.into());
                    }
                    "t" => in_text = false,
                    "rPh" => in_reading = false,
                    _ => {}
                },
                Event::Text(text) if in_text => current.push_str(&text),
                Event::Text(_) => {}
            }
        }
    }
}
