//! Texts of strangers as people may see them: without signs that control or turn text, links that nobody can follow by
//! mistake, times as people write them.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Signs that turn or hide the text around them.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// One line of a stranger.
pub(crate) fn line(text: &str, bytes_max: usize) -> String {
    let one = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || turns(c) => '\u{fffd}',
        c => c,
    };
    cut(text, bytes_max).chars().map(one).collect()
}

/// Several lines of a stranger.
pub(crate) fn lines(text: &str, bytes_max: usize) -> String {
    let one = |c: char| if c != '\n' && c != '\t' && (c.is_control() || turns(c)) { None } else { Some(c) };
    cut(text, bytes_max).chars().filter_map(one).collect()
}

/// Cut at a boundary of characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The same text with every address of the web changed so that no program makes a link of it: `hxxps://a[.]example/x`.
pub(crate) fn defanged(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, scheme, from)) = next_link(rest) {
        out.push_str(before);
        out.push_str(scheme);
        let end = from.find(|c: char| c.is_whitespace() || "/?#\"'<>()[]".contains(c)).unwrap_or(from.len());
        let (host, behind) = from.split_at_checked(end).unwrap_or((from, ""));
        out.push_str(&host.replace('.', "[.]"));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The next address: what stands before it, its scheme as it is written now, and the rest from its host on.
fn next_link(text: &str) -> Option<(&str, &'static str, &str)> {
    let kinds = [("https://", "hxxps://"), ("http://", "hxxp://"), ("ftp://", "fxp://"), ("www.", "www[.]")];
    let lower = text.to_ascii_lowercase();
    let found = kinds.into_iter().filter_map(|(kind, shown)| Some((lower.find(kind)?, kind.len(), shown)));
    let (at, length, shown) = found.min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)))?;
    Some((text.get(..at)?, shown, text.get(at + length..)?))
}

/// A time, UTC: `2026-11-22 23:59 UTC`.
pub(crate) fn at(seconds: i64) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) else { return seconds.to_string() };
    let text = time.format(&Rfc3339).unwrap_or_default();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_the_web_stays_one() {
        let check = |text: &str, want: &str| assert_eq!(defanged(text), want);
        check("see https://a.b.example/c.d?e=f.g now", "see hxxps://a[.]b[.]example/c.d?e=f.g now");
        check("HTTP://A.example", "hxxp://A[.]example");
        check("(www.a.example) a.b", "(www[.]a[.]example) a.b");
        check("http://u:p@h.example:80/http://i.example", "hxxp://u:p@h[.]example:80/hxxp://i[.]example");
        check("https://www.a.example", "hxxps://www[.]a[.]example");
        check("日本http://例.jp。", "日本hxxp://例[.]jp。");
        check("nothing. here", "nothing. here");
    }

    #[test]
    fn signs_that_turn_or_control_text_are_gone() {
        assert_eq!(line("a\n\u{202e}b\u{1b}[2J", 100), "a \u{fffd}b\u{fffd}[2J");
        assert_eq!(lines("a\r\n\u{202e}b\tc", 100), "a\nb\tc");
        assert_eq!(line("ああ", 4), "あ");
    }

    #[test]
    fn times_and_sizes_are_written_for_people() {
        assert_eq!(at(86_399), "1970-01-01 23:59 UTC");
        assert_eq!(
            (size(999), size(1_999), size(2_345_678)),
            ("999 B".into(), "1 kB".into(), "2.3 MB".into())
        );
    }
}
