//! Surfaces of the text: subject, heading lines, phrases, sign-off, copyright line.

use sekisho_record::Evidence;

use super::{
    book::{Book, Hit},
    claims::{Claims, LOW, MEDIUM, TRACE},
    words,
};
use crate::{
    fold::{Folded, fold, unspace},
    limits,
};

/// The subject.
pub(super) fn subject(book: &Book, evidence: &Evidence, claims: &mut Claims) {
    let subject = &evidence.model.subject;
    let Some(text) = subject.subject.as_deref().filter(|s| !s.is_empty()) else { return };
    let text: String = text.chars().take(limits::SUBJECT_CHARS_MAX).collect();
    let folded = fold(&text);
    let spaced = unspace(&folded.text);
    let line = spaced.as_deref().unwrap_or(&folded.text);
    let answers = subject.is_reply || subject.is_forward;
    for hit in book.find(line, limits::HITS_MAX) {
        let Some(record) = book.brand(hit.brand).filter(|b| !b.listed) else { continue };
        let (before, after) = sides(line, &hit);
        let written = spaced.is_some() || is_name(&folded, &text, &hit);
        let framed = is_framed(before, after);
        let spoken =
            words::is_relation(before, after) || words::is_led(before) || words::is_cjk_phrase(after);
        let points = match hit.weak {
            _ if answers || record.self_hosted || words::is_topic(after) => TRACE,
            false if framed || spoken => MEDIUM,
            false => LOW,
            true if written && (spoken || framed && !after.starts_with(" - ")) => LOW,
            true if written => TRACE,
            true => 0,
        };
        claims.add(hit.brand, "subject", points, &text, folded.disguised || spaced.is_some());
    }
    for word in line.split(' ').filter(|w| w.len() >= 5 && w.len() <= 24).take(24) {
        if let Some(brand) = book.disguised(word.trim_matches(|c: char| !c.is_alphanumeric())) {
            claims.add(brand, "subject", MEDIUM, &text, true);
        }
    }
}

/// The name opens or closes the subject as a label: `[X] …`, `X: …`, `… - X`, `【X】…`.
fn is_framed(before: &str, after: &str) -> bool {
    let open = before.trim().is_empty() && after.starts_with([':', '|', ']', '!']);
    let bracket = before.ends_with(['[', '【', '(', '「', '<', '［', '〔', '《']);
    let dash = before.trim().is_empty() && (after.starts_with(" - ") || after.starts_with(" | "));
    let close = after.trim().is_empty() && before.trim_end().ends_with(['-', '|', ':', '–', '—']);
    let whole = before.trim().is_empty() && after.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    open || bracket || dash || close || whole
}

/// The body: its first lines, its phrases and its end.
pub(super) fn text(book: &Book, evidence: &Evidence, claims: &mut Claims) {
    let body = &evidence.model.body;
    let shown = match (body.current_thread.text.trim(), &body.html, &body.plain) {
        ("", Some(html), _) => html.dom.display_text.as_str(),
        ("", None, Some(plain)) => plain.raw.as_str(),
        (text, ..) => text,
    };
    let (head, tail) = ends(shown);
    let mut counts: Vec<(u16, u8)> = Vec::new();
    for (part, first) in [(head, true), (tail, false)] {
        if part.is_empty() {
            continue;
        }
        let folded = fold(part);
        let hits = book.find(&folded.text, limits::HITS_MAX);
        if first {
            headings(book, &folded, part, &hits, claims);
        }
        for hit in &hits {
            if book.brand(hit.brand).is_none_or(|b| b.listed) {
                continue;
            }
            if hit.weak && !is_name(&folded, part, hit) {
                continue;
            }
            phrase(&folded, part, hit, claims);
            match counts.iter_mut().find(|c| c.0 == hit.brand) {
                Some(count) => count.1 = count.1.saturating_add(1),
                None => counts.push((hit.brand, 1)),
            }
        }
    }
    // A name on the envelope that the text keeps repeating: the text speaks as it.
    for (brand, count) in counts {
        if count >= 3 && claims.at_least(brand, "display_name", LOW) {
            claims.add(brand, "phrase", LOW, "", false);
        }
    }
}

/// The first and the last part of a long text, cut where characters begin.
fn ends(text: &str) -> (&str, &str) {
    if text.len() <= limits::BODY_HEAD_BYTES + limits::BODY_TAIL_BYTES {
        return (text, "");
    }
    let head = floor(text, limits::BODY_HEAD_BYTES);
    let tail = floor(text, text.len() - limits::BODY_TAIL_BYTES);
    (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default())
}

fn floor(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Short lines at the top that are the brand and nothing else.
fn headings(book: &Book, folded: &Folded, part: &str, hits: &[Hit], claims: &mut Claims) {
    let mut at = 0;
    let mut seen = 0;
    let mut found: Vec<(Hit, &str)> = Vec::new();
    for line in folded.text.split('\n') {
        let (start, end) = (at, at + line.len());
        at = end + 1;
        if line.trim().is_empty() {
            continue;
        }
        seen += 1;
        if seen > limits::HEADING_LINES {
            break;
        }
        if line.len() > 60 {
            continue;
        }
        for hit in hits.iter().filter(|h| h.start >= start && h.end <= end) {
            let rest =
                [folded.text.get(start..hit.start), folded.text.get(hit.end..end)].into_iter().flatten();
            let alone = rest
                .flat_map(|r| r.split(|c: char| !c.is_alphanumeric()))
                .filter(|w| !w.is_empty())
                .all(|w| words::is_role(w) || !w.is_ascii() && words::is_cjk_phrase(w));
            let badge = folded.text.get(hit.start..hit.end).is_some_and(words::is_badge);
            if alone && !badge && (!hit.weak || is_name(folded, part, hit)) {
                found.push((*hit, folded.original(part, start, end)));
            }
        }
    }
    // A list of names is a list of links or topics.
    let first = found.first().map(|f| f.0.brand);
    let many = found.iter().any(|f| Some(f.0.brand) != first);
    for (hit, line) in found {
        let Some(record) = book.brand(hit.brand).filter(|b| !b.listed) else { continue };
        let points = match (hit.weak, many || record.social) {
            (false, false) => MEDIUM,
            _ => TRACE,
        };
        claims.add(hit.brand, "heading", points, line, folded.disguised);
    }
}

/// What stands around a name in running text.
fn phrase(folded: &Folded, part: &str, hit: &Hit, claims: &mut Claims) {
    let (before, after) = sides(&folded.text, hit);
    let quote = |from: usize| {
        let from = floor(&folded.text, from);
        let to = floor(&folded.text, (hit.end + 40).min(folded.text.len())).max(hit.end);
        folded.original(part, from, to)
    };
    let strong = if hit.weak { LOW } else { MEDIUM };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if is_copyright(line) {
        let points = if hit.weak && !words::is_company(after) { LOW } else { MEDIUM };
        claims.add(hit.brand, "copyright", points, quote(hit.start.saturating_sub(16)), false);
    }
    let opens = line.trim_matches(|c: char| !c.is_alphanumeric());
    if words::is_office(after)
        && matches!(opens, "" | "the" | "your" | "by" | "regards" | "sincerely" | "thanks" | "thank you")
    {
        claims.add(hit.brand, "sign_off", MEDIUM, quote(hit.start.saturating_sub(8)), false);
    }
    if words::is_relation(before, after) {
        let points = if hit.weak && before.ends_with("the ") { TRACE } else { strong.max(LOW) };
        claims.add(hit.brand, "phrase", points, quote(hit.start.saturating_sub(12)), false);
    }
    if words::is_led(before) || (!hit.weak && words::is_cjk_phrase(after)) {
        claims.add(hit.brand, "phrase", strong, quote(hit.start.saturating_sub(16)), false);
    }
}

/// The line so far is a copyright mark and nothing else but years and fillers.
fn is_copyright(line: &str) -> bool {
    let at = ["©", "(c)", "copyright"].iter().filter_map(|m| line.rfind(m).map(|at| at + m.len())).max();
    let Some(rest) = at.and_then(|at| line.get(at..)) else { return false };
    rest.len() <= 40
        && rest.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).all(|w| {
            w.bytes().all(|b| b.is_ascii_digit()) || matches!(w, "by" | "the" | "copyright" | "c" | "corp")
        })
}

/// The text around a hit.
fn sides<'a>(text: &'a str, hit: &Hit) -> (&'a str, &'a str) {
    (text.get(..hit.start).unwrap_or_default(), text.get(hit.end..).unwrap_or_default())
}

/// The original is written as a name: with a capital, or in a script that has none.
fn is_name(folded: &Folded, part: &str, hit: &Hit) -> bool {
    let first = part.get(folded.origin(hit.start)..).and_then(|t| t.chars().next());
    first.is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()) || c.is_numeric())
}
