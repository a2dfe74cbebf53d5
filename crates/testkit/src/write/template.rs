//! Templates: blocks of `key: variant | variant` lines, one variant of each chosen by the seed, slots filled in.

use crate::chance::Chance;

/// One block of a template file.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// First word of the block's head.
    pub name: String,
    /// Second word: language.
    pub language: String,
    /// Further words of the head.
    pub extra: String,
    lines: Vec<(String, Vec<String>)>,
}

/// Values of slots.
pub type Slots = [(&'static str, String)];

impl Template {
    /// Reads the blocks of a file.
    #[must_use]
    pub fn read(text: &str) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            if let Some(head) = line.strip_prefix("= ") {
                let mut words = head.split(' ').map(str::to_owned);
                let mut next = || words.next().unwrap_or_default();
                out.push(Self { name: next(), language: next(), extra: next(), lines: Vec::new() });
            } else if let (Some(block), Some((key, value))) = (out.last_mut(), line.split_once(": ")) {
                block.lines.push((key.to_owned(), value.split(" | ").map(|v| v.trim().to_owned()).collect()));
            }
        }
        out
    }

    /// One variant of every line with that key.
    pub fn every(&self, key: &str, chance: &mut Chance, slots: &Slots) -> Vec<String> {
        self.lines.iter().filter(|(k, _)| k == key).map(|(_, v)| fill(&chance.pick(v), slots)).collect()
    }

    /// One variant of the first line with that key; empty when there is none.
    pub fn one(&self, key: &str, chance: &mut Chance, slots: &Slots) -> String {
        self.every(key, chance, slots).into_iter().next().unwrap_or_default()
    }
}

/// Replaces `{slot}`.
#[must_use]
pub fn fill(text: &str, slots: &Slots) -> String {
    slots.iter().fold(text.to_owned(), |out, (name, value)| out.replace(&format!("{{{name}}}"), value))
}

/// Escapes text for HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Template {
    /// All variants of the first line with that key, as they were written.
    #[must_use]
    pub fn all_of(&self, key: &str) -> Vec<String> {
        self.lines.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).unwrap_or_default()
    }
}
