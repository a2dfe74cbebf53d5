//! XML entities that multiply one another ("billion laughs"). No reader here expands them, but whoever opens the file may.

use bytes::Bytes;
use memchr::{memchr, memmem};
use rustc_hash::FxHashMap;

use crate::{Id, Place, gaps::Gaps, limits::BOMB_MEMBER_BYTES, scan::Scan};

/// Bytes of a file in which its document type is looked for.
const HEAD_BYTES: usize = 64 << 10;
/// Entities that are weighed.
const ENTITIES_MAX: usize = 1_000;
/// Rounds of weighing: entities may stand for later ones.
/// A chain that is longer weighs more than enough by then, however it is ordered.
const ROUNDS_MAX: usize = 64;

/// Says so when an entity of a document stands for far more than the document.
pub(crate) fn check(bytes: &Bytes, place: impl Into<Place>, scan: &mut Scan<'_>) {
    let weight = weight(bytes.get(..HEAD_BYTES).unwrap_or(bytes), &mut scan.budget.gaps);
    if weight >= BOMB_MEMBER_BYTES {
        scan.find(Id::ArcBombRatio, place, format!("an XML entity that stands for {weight} bytes"));
    }
}

/// Bytes that the heaviest entity stands for.
fn weight(head: &[u8], gaps: &mut Gaps) -> u64 {
    let Some(start) = memmem::find(head, b"<!DOCTYPE") else { return 0 };
    let types = head.get(start..).unwrap_or_default();
    let entities = memmem::find_iter(types, b"<!ENTITY").filter_map(|at| entity(types, at));
    let entities: Vec<(&[u8], &[u8])> = gaps.most(entities, ENTITIES_MAX, "entities of a document");
    let mut weights: FxHashMap<&[u8], u64> = FxHashMap::default();
    for _ in 0..ROUNDS_MAX.min(entities.len()) {
        let mut changed = false;
        for (name, value) in &entities {
            let new = weigh(value, &weights);
            changed |= weights.insert(name, new) != Some(new);
        }
        if !changed {
            break;
        }
    }
    weights.values().copied().max().unwrap_or(0)
}

/// Name and value of the declaration at a place.
fn entity(types: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let rest = types.get(at + 8..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"%").unwrap_or(rest).trim_ascii_start();
    let (name, rest) = rest.split_at_checked(rest.iter().position(u8::is_ascii_whitespace)?)?;
    let (quote, rest) = rest.trim_ascii_start().split_first()?;
    let end = memchr(*quote, rest).filter(|_| matches!(quote, b'"' | b'\''))?;
    Some((name, rest.get(..end)?))
}

/// What a value comes to with what is known of the entities in it.
fn weigh(value: &[u8], weights: &FxHashMap<&[u8], u64>) -> u64 {
    let mut out = value.len() as u64;
    let mut rest = value;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'&' | b'%')) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some(end) = memchr(b';', rest) else { break };
        let known = rest.get(..end).and_then(|name| weights.get(name));
        out = out.saturating_add(known.copied().unwrap_or(0));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_of_entities() {
        let laughs = |forward: bool| {
            let mut lines: Vec<String> = vec!["<!ENTITY a0 \"ha\">".into()];
            lines.extend((1..9).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10))));
            if !forward {
                lines.reverse();
            }
            format!("<?xml version='1.0'?><!DOCTYPE x [{}]><x>&a8;</x>", lines.concat())
        };
        assert!(weight(laughs(true).as_bytes(), &mut Gaps::default()) >= 200_000_000);
        assert!(weight(laughs(false).as_bytes(), &mut Gaps::default()) >= 200_000_000);
        // Names of characters, and one that names itself, which no reader takes.
        let plain = "<!DOCTYPE x [<!ENTITY nbsp '&#160;'><!ENTITY co 'A &nbsp; B'><!ENTITY me 'a&me;'>]>";
        assert!(weight(plain.as_bytes(), &mut Gaps::default()) < 1_000);
        assert_eq!(weight(b"<!ENTITY a 'b'>", &mut Gaps::default()), 0);
    }
}
