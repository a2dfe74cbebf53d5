//! What people write about: blocks of a text file, one line a message, `who.kind=file: text`.

use crate::{chance::Chance, write::template::fill};

/// A matter and what is written about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Topic {
    /// Role of the correspondent.
    pub(super) role: &'static str,
    pub(super) language: &'static str,
    pub(super) subject: &'static str,
    pub(super) turns: Vec<Turn>,
}

/// One message of a matter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turn {
    /// We write it.
    pub(super) ours: bool,
    /// What is special about it; empty for the beginning of a matter.
    pub(super) kind: &'static str,
    pub(super) file: &'static str,
    pub(super) text: &'static str,
}

/// Reads the matters of one language. `= name role`, or `= name` where the role is given for all.
pub(super) fn read(text: &'static str, language: &'static str) -> Vec<Topic> {
    let mut out: Vec<Topic> = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty()) {
        if let Some(head) = line.strip_prefix("= ") {
            let role = head.split(' ').nth(1).unwrap_or_default();
            out.push(Topic { role, language, ..Topic::default() });
        } else if let (Some(topic), Some((key, text))) = (out.last_mut(), line.split_once(": ")) {
            let (key, file) = key.split_once('=').unwrap_or((key, ""));
            let (who, kind) = key.split_once('.').unwrap_or((key, ""));
            match who {
                "s" => topic.subject = text,
                _ => topic.turns.push(Turn { ours: who == "u", kind, file, text }),
            }
        }
    }
    out
}

/// Texts by kind and language: blocks of `= kind language` with lines `x: text`, and `p: text` for what follows one.
pub(super) struct Small(Vec<Block>);

/// Kind, language, and the texts.
type Block = (&'static str, &'static str, Vec<Pair>);
/// A text and what follows it, which may be nothing.
type Pair = (&'static str, &'static str);

impl Small {
    pub(super) fn read(text: &'static str) -> Self {
        let mut out: Vec<Block> = Vec::new();
        for line in text.lines().filter(|l| !l.is_empty()) {
            if let Some((kind, language)) = line.strip_prefix("= ").and_then(|h| h.split_once(' ')) {
                out.push((kind, language, Vec::new()));
            } else if let (Some(block), Some((key, text))) = (out.last_mut(), line.split_once(": ")) {
                match (key, block.2.last_mut()) {
                    ("p", Some(last)) => last.1 = text,
                    _ => block.2.push((text, "")),
                }
            }
        }
        Self(out)
    }

    /// The texts of a kind in a language, each with what follows it.
    pub(super) fn of(&self, kind: &str, language: &str) -> &[(&'static str, &'static str)] {
        self.0.iter().find(|b| b.0 == kind && b.1 == language).map_or(&[], |b| b.2.as_slice())
    }

    /// The one at a place, in a circle.
    pub(super) fn nth(&self, kind: &str, language: &str, at: usize) -> (&'static str, &'static str) {
        let all = self.of(kind, language);
        all.get(at % all.len().max(1)).copied().unwrap_or_default()
    }
}

/// Values that a matter keeps from its first to its last message.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    num: String,
    num7: String,
}

impl Numbers {
    pub(super) fn new(chance: &mut Chance) -> Self {
        Self { num: chance.digits(4), num7: chance.digits(7) }
    }

    /// A text with its numbers; `{tok}` is new each time.
    pub(super) fn fill(&self, text: &str, chance: &mut Chance, more: &[(&'static str, String)]) -> String {
        let token: String = chance
            .token(14)
            .chars()
            .enumerate()
            .map(|(at, c)| if at % 3 == 0 { c } else { c.to_ascii_lowercase() })
            .collect();
        let mut slots = vec![("num", self.num.clone()), ("num7", self.num7.clone()), ("tok", token)];
        slots.extend(more.iter().cloned());
        fill(text, &slots).replace("\\n", "\n")
    }
}
