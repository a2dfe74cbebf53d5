//! `scan.strings`: the whole text of a text, and the runs of printable characters of any file.

use rustc_hash::FxHashSet;
use sekisho_mql::value::Value;

use super::{made::list, node::Node, scan};

/// Bytes of a file that are searched.
const SEARCHED_BYTES_MAX: usize = 16 << 20;
/// Runs that are kept.
const RUNS_MAX: usize = 200_000;
/// Shortest run.
const RUN_MIN: usize = 4;
/// From this length on a run of a binary file is kept as it is.
const SURE_RUN: usize = 7;

/// `Scan.Strings`.
pub(super) fn field<'a>(node: &'a Node<'a>, name: &str) -> Value<'a> {
    let bytes = node.content();
    match name {
        "raw" => match std::str::from_utf8(bytes) {
            Ok(text) if scan::is_text(node) => Value::Str(text.trim_start_matches('\u{feff}')),
            _ => Value::Null,
        },
        "strings" => list(node.arena, runs(bytes).into_iter().map(Value::Str)),
        _ => Value::Null,
    }
}

/// Distinct runs in their order.
pub(super) fn runs(bytes: &[u8]) -> Vec<&str> {
    let bytes = bytes.get(..SEARCHED_BYTES_MAX).unwrap_or(bytes);
    let binary = std::str::from_utf8(bytes).is_err();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut out = Vec::new();
    for run in bytes.split(|b| !matches!(b, 0x20..=0x7E)).filter(|run| run.len() >= RUN_MIN) {
        if let Ok(run) = std::str::from_utf8(run)
            && (!binary || run.len() >= SURE_RUN || likely(run))
            && seen.insert(run)
        {
            out.push(run);
            if out.len() >= RUNS_MAX {
                break;
            }
        }
    }
    out
}

/// A short run of a binary file that is not by chance: three characters of one class in a row, brackets in order.
fn likely(run: &str) -> bool {
    let class = |b: &u8| match b {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let alike = |w: &[u8]| w.first().is_some_and(|f| class(f) != 0 && w.iter().all(|b| class(b) == class(f)));
    run.as_bytes().windows(3).any(alike) && in_order(run)
}

fn in_order(run: &str) -> bool {
    let mut open = Vec::new();
    for c in run.chars() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            '<' => open.push('>'),
            ')' | ']' | '}' | '>' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty()
}
