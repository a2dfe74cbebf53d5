//! Texts of the sender that look like a banner of ours: found, and told apart by a notice directly before them.
//!
//! A text looks like ours when it names the product beside a level's word (of any catalogue), a banner's sign or rule,
//! or one of our header fields. The product's name alone is nobody's secret and means nothing.

use std::sync::LazyLock;

use super::{html::PRODUCT, place, text::RULE, words};
use crate::limits::BANNER_IMITATIONS_MAX;

/// Characters around the product's name in which the other sign of a banner is looked for.
const AROUND: usize = 80;

/// The product and the words of the levels, lower case.
static NAMES: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let levels = words::Words::all().flat_map(|words| {
        ["notice", "warning", "danger"].map(|level| words.say(&format!("level-{level}"), &[]))
    });
    (PRODUCT.to_lowercase(), levels.map(|word| word.to_lowercase()).collect())
});

/// A visible text has something in it that looks like a banner of ours.
pub(super) fn is_in(text: &str) -> bool {
    let (product, levels) = &*NAMES;
    let lower = text.to_lowercase();
    lower.match_indices(product.as_str()).take(1_000).any(|(at, name)| {
        let behind = lower.get(at + name.len()..).unwrap_or_default();
        if behind.starts_with("-banner") || behind.starts_with("-verdict") {
            return true;
        }
        let before = lower.get(..at).unwrap_or_default();
        let near: String = before.chars().rev().take(AROUND).collect::<Vec<_>>().into_iter().rev().collect();
        let near = near + " " + &behind.chars().take(AROUND).collect::<String>();
        let signs = [RULE, "[!]", "[x]", "[i]", "⚠", "⛔"];
        levels.iter().any(|word| near.contains(word.as_str())) || signs.iter().any(|sign| near.contains(sign))
    })
}

/// Where lines with the product's name begin in a plain text.
pub(super) fn lines(units: &[u8]) -> Vec<usize> {
    let line = |at: usize| memchr::memrchr(b'\n', units.get(..at).unwrap_or_default()).map_or(0, |n| n + 1);
    let mut out: Vec<usize> = named(units).map(line).collect();
    out.dedup();
    // One notice is enough for the lines of one frame.
    let mut last = None;
    out.retain(|at| {
        let keep = last.is_none_or(|last: usize| at - last > 1_500);
        if keep {
            last = Some(*at);
        }
        keep
    });
    out.truncate(BANNER_IMITATIONS_MAX);
    out
}

/// Every place of the product's name, in any case.
fn named(units: &[u8]) -> impl Iterator<Item = usize> {
    let rest = PRODUCT.as_bytes().get(1..).unwrap_or_default();
    let first = PRODUCT.as_bytes().first().copied().unwrap_or_default();
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), units).filter(move |at| {
        units.get(at + 1..at + 1 + rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest))
    })
}

/// Elements in which a block may stand at the very beginning.
const BLOCKS: [&[u8]; 17] = [
    b"body",
    b"div",
    b"p",
    b"td",
    b"th",
    b"li",
    b"center",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"blockquote",
    b"section",
    b"br",
    b"hr",
];

/// Where texts with the product's name, or the blocks that begin with them, begin in a page.
pub(super) fn texts(units: &[u8]) -> Vec<usize> {
    let names: Vec<usize> = named(units).collect();
    let mut out = Vec::new();
    let (mut at, mut block) = (0, None);
    while let Some(rest) = units.get(at..).filter(|rest| !rest.is_empty()) {
        let text = memchr::memchr(b'<', rest).map_or(units.len(), |n| at + n);
        let from = names.partition_point(|name| *name < at);
        if names.get(from).is_some_and(|name| *name < text) {
            let place = block.take().unwrap_or(at);
            if out.last() != Some(&place) {
                out.push(place);
            }
            if out.len() >= BANNER_IMITATIONS_MAX {
                break;
            }
        }
        if text >= units.len() {
            break;
        }
        let Some(markup) = place::markup(units, text) else { break };
        let in_table = markup.name.first().is_some_and(|byte| matches!(byte | 0x20, b't'));
        if BLOCKS.iter().any(|tag| markup.name.eq_ignore_ascii_case(tag)) && (markup.opens || !in_table) {
            block = Some(markup.end);
        } else if in_table {
            // Between a table and its cells nothing can stand.
            block = None;
        }
        at = markup.end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banners_words_beside_the_product_are_an_imitation_and_the_product_alone_is_none() {
        for text in [
            "Notice - Sekisho: this message was checked",
            "SEKISHO\n危険",
            "Sekisho: Gefahr",
            "==== Sekisho ====",
            "[!] checked by sekisho",
            "Sekisho-Verdict: benign",
        ] {
            assert!(is_in(text), "{text}");
        }
        for text in ["We use Sekisho for our mail", "a danger to everybody", "[!] new", ""] {
            assert!(!is_in(text), "{text}");
        }
        assert!(!is_in(&format!("Sekisho{}danger", " word".repeat(40))));
    }

    #[test]
    fn places_are_where_the_imitation_begins() {
        assert_eq!(lines(b"a\nb [!] SEKISHO c\nSekisho\n"), [2]);
        let check = |page: &str| {
            let clean = page.replace('|', "");
            let want: Vec<usize> = page.match_indices('|').enumerate().map(|(n, (at, _))| at - n).collect();
            assert_eq!(texts(clean.as_bytes()), want, "{page}");
        };
        check("<div a='Sekisho'>|<b>Danger</b> Sekisho</div><p>|x Sekisho");
        check("<table><tr>|Sekisho</table><title>Sekisho</title><!-- Sekisho -->");
        check("<td>|<font>Sekisho</font></td><span>|Sekisho");
    }
}
