//! `scan.yara` of a file: which of the configured YARA rules match.

use std::cell::Cell;

use sekisho_mql::value::{Arena, Map, Value};

use super::{
    made::{list, made},
    node::Node,
};
use crate::{
    Yara,
    limits::YARA_MESSAGE_BYTES_MAX,
    yara::{Stopped, YaraMatch},
};

/// What is missing where no YARA rules are configured.
const RULES: &str = "scan.yara";
/// What is missing where they were not let go on.
const LIMIT: &str = "scan.yara (over limit)";
/// What is missing where they took too long, and in all files behind it.
const TIME: &str = "scan.yara (out of time)";

/// The rules, and what they may still look at in this message.
pub(super) struct Matcher<'a> {
    yara: Option<&'a Yara>,
    bytes_left: Cell<usize>,
    /// The clock stopped them in this message.
    out_of_time: Cell<bool>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(yara: Option<&'a Yara>) -> Self {
        Matcher { yara, bytes_left: Cell::new(YARA_MESSAGE_BYTES_MAX), out_of_time: Cell::new(false) }
    }

    fn matches(&self, yara: &Yara, bytes: &[u8]) -> Result<Vec<YaraMatch>, Stopped> {
        if self.out_of_time.get() {
            return Err(Stopped::OutOfTime);
        }
        let left = self.bytes_left.get().checked_sub(bytes.len()).ok_or(Stopped::OverLimit)?;
        self.bytes_left.set(left);
        let found = yara.matches(bytes);
        self.out_of_time.set(found == Err(Stopped::OutOfTime));
        found
    }
}

/// `Scan.YARA`.
pub(super) fn scan<'a>(node: &'a Node<'a>) -> Value<'a> {
    let arena = node.arena;
    let Some(yara) = node.yara.yara else { return arena.unknown(RULES) };
    let found = match node.yara.matches(yara, node.content()) {
        Ok(found) => found,
        Err(Stopped::OverLimit) => return arena.unknown(LIMIT),
        Err(Stopped::OutOfTime) => return arena.unknown(TIME),
    };
    let found: &'a Vec<YaraMatch> = arena.keep(found);
    let shown = found.iter().map(|m| {
        let meta = Value::Map(arena.place(Meta(&m.meta)));
        made(arena, "Scan.YARAMatch", &[("meta", meta), ("name", Value::Str(&m.name))])
    });
    made(arena, "Scan.YARA", &[("flags", list(arena, [])), ("matches", list(arena, shown))])
}

/// The metadata of a rule.
struct Meta<'m>(&'m [(String, String)]);

impl Map for Meta<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, i: usize) -> Option<&str> {
        self.0.get(i).map(|(name, _)| name.as_str())
    }

    fn get<'a>(&'a self, name: &str, _: &'a Arena) -> Value<'a> {
        self.0.iter().find(|(known, _)| known == name).map_or(Value::Null, |(_, value)| Value::Str(value))
    }
}
