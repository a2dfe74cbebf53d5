//! How strings were hidden: by character codes, backwards, as digits, under a key, between junk, in lists.
//!
//! A trick is of high severity where what comes out is telling and nowhere to be read in the source; without that it
//! takes many characters to count at all: line ends by `Chr(13)` and templates by `Replace` are what honest macros do.

use super::{EACH_MAX, Seen, shown};
use crate::{
    Id, Severity,
    gaps::Gaps,
    scan::Scan,
    vba::{
        keys,
        value::{BASE64, CHR, CUT, HEX, How, PIECES, REPLACE, REVERSE, SPLIT, XOR},
    },
};

/// Each trick, its finding, and its name in the facts.
pub(in crate::vba) const TRICKS: [(How, Id, &str); 7] = [
    (CHR, Id::VbaObfChr, "chr"),
    (REVERSE, Id::VbaObfReverse, "reverse"),
    (HEX, Id::VbaObfHex, "hex"),
    (BASE64, Id::VbaObfBase64, "base64"),
    (XOR, Id::VbaObfXor, "xor"),
    (REPLACE, Id::VbaObfReplace, "replace"),
    (SPLIT, Id::VbaObfSplit, "split"),
];

/// Characters that come from codes before they count without being telling.
const CODES_MIN: u32 = 8;
/// Findings by a trick.
const OF_ONE_MAX: usize = 3;

pub(super) fn report(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    let source = readable(seen);
    let mut counts = [0usize; TRICKS.len()];
    let mut looked = 0;
    // What is telling first: the list of findings is short.
    for telling in [true, false] {
        for found in &seen.found {
            let tricks = found.how & crate::vba::tricks_mask();
            let pieces = found.how & (PIECES | CUT) != 0 && tricks == 0;
            if (tricks == 0 && !pieces) || looked > 2_048 {
                continue;
            }
            looked += 1;
            let hidden = hidden(&found.text, pieces, &source);
            if hidden != telling {
                continue;
            }
            let place = seen.place(found.module, found.line);
            let evidence = shown(&found.text);
            if pieces && hidden {
                if let Some(count) = counts.last_mut().filter(|c| **c < OF_ONE_MAX) {
                    *count += 1;
                    scan.find_as(Id::VbaObfSplit, Severity::Medium, found.derived, place, &evidence);
                }
                continue;
            }
            for ((how, id, _), count) in TRICKS.iter().zip(counts.iter_mut()) {
                if tricks & how == 0 || *count >= OF_ONE_MAX || !hidden && !enough(*how, found) {
                    continue;
                }
                *count += 1;
                let severity = if hidden { Severity::High } else { Severity::Medium };
                scan.find_as(*id, severity, found.derived, place.clone(), &evidence);
            }
        }
    }
}

/// Whether what makes a text telling cannot be read in the source. Of an address scheme and host may stand apart there:
/// honest macros put them together; by pieces alone the host must be in pieces.
fn hidden(text: &str, pieces: bool, source: &str) -> bool {
    let Some(word) = keys::telling(text) else { return false };
    let word = word.to_ascii_lowercase();
    if !source.contains(&word) {
        return true;
    }
    let address = keys::host(text).is_some_and(|host| host.eq_ignore_ascii_case(&word));
    address && !pieces && !source.contains("http://") && !source.contains("https://")
}

/// Whether a trick counts although nothing telling came out.
fn enough(how: How, found: &super::Found) -> bool {
    let printable = || {
        let good = found.text.bytes().filter(|b| matches!(b, 0x20..=0x7E)).count();
        found.text.len() >= 8 && good * 10 >= found.text.len() * 9
    };
    match how {
        CHR => found.codes >= CODES_MIN,
        XOR => found.how & CHR != 0 && found.codes >= CODES_MIN,
        HEX => found.how & CHR != 0 && found.codes >= CODES_MIN || found.text.len() >= 16 && printable(),
        BASE64 => printable(),
        _ => false,
    }
}

/// All that can be read without decoding, in lower case: literals of the code.
fn readable(seen: &Seen<'_>) -> String {
    let mut out = String::new();
    for (.., literal) in &seen.program.literals {
        out.push_str(&literal.to_ascii_lowercase());
        out.push('\n');
    }
    out
}

/// Decoded strings for the facts: by which trick, and to what.
pub(in crate::vba) fn facts(seen: &Seen<'_>, gaps: &mut Gaps) -> Vec<(String, String)> {
    let tricky = seen.found.iter().filter(|f| f.how & crate::vba::tricks_mask() != 0);
    let named =
        tricky.flat_map(|f| TRICKS.iter().filter(|(how, ..)| f.how & how != 0).map(move |t| (t.2, f)));
    let named = named.map(|(name, f)| (name.to_owned(), shown(&f.text)));
    gaps.most(named, EACH_MAX * 32, "decoded texts of macros: not all are facts for rules")
}
