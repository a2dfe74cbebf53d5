//! The banner as plain text: framed lines that can be found again in a quotation.

use super::{
    html::{PRODUCT, sign},
    snippet::Snippet,
    words::Said,
};

/// Columns of a line; letters of Chinese, Japanese and Korean take two.
const COLUMNS: usize = 72;
/// What both lines of the frame begin and end with.
pub(super) const RULE: &str = "====";

/// The banner with an empty line behind it.
pub(super) fn render(said: &Said, line_end: &str) -> Snippet {
    let mut text = format!("{RULE} [{}] {} - {PRODUCT} {RULE}\n", sign(said.level), said.head);
    for sentence in &said.sentences {
        wrap(sentence, &mut text);
    }
    for (label, to) in &said.links {
        text.push_str(&format!("{label}: {to}\n"));
    }
    text.push_str(&format!("{RULE} {PRODUCT} {} {RULE}", said.mark));
    let pad_at = text.len();
    text.push_str("\n\n");
    Snippet::new(&text, pad_at, "=", line_end)
}

/// The notice before a text that imitates a banner.
pub(super) fn notice(said: &Said, line_end: &str) -> Snippet {
    let mut text = String::new();
    wrap(&format!("[{}] {}", sign(said.level), said.imitation), &mut text);
    let pad_at = text.len() - 1;
    Snippet::new(&text, pad_at, " ", line_end)
}

/// Adds a sentence in lines.
pub(super) fn wrap(sentence: &str, out: &mut String) {
    let mut line = String::new();
    let mut columns = 0;
    for piece in pieces(sentence) {
        let width = width(piece);
        if columns > 0 && columns + width > COLUMNS {
            end(&mut line, out);
            columns = 0;
        }
        let piece = if columns == 0 { piece.trim_start() } else { piece };
        line.push_str(piece);
        columns += width;
    }
    end(&mut line, out);
}

/// Ends a line; none ends in a blank or begins like an mbox separator or a quotation.
fn end(line: &mut String, out: &mut String) {
    let text = line.trim();
    if text.starts_with("From ") || text.starts_with('>') {
        out.push(' ');
    }
    out.push_str(text);
    out.push('\n');
    line.clear();
}

/// Words with the blanks behind them; wide letters one by one, closing marks with the letter before.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = 0;
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            end += c.len_utf8();
            let closes = |c: &char| matches!(c, '。' | '、' | '」' | '）' | 'ー' | '・');
            let next_closes = chars.peek().is_some_and(closes);
            let next_wide = chars.peek().is_some_and(|c| is_wide(*c));
            if c == ' ' || ((is_wide(c) || next_wide) && !next_closes && c != '「') {
                break;
            }
        }
        let (piece, tail) = rest.split_at_checked(end)?;
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str) -> String {
        let mut out = String::new();
        wrap(sentence, &mut out);
        out
    }

    #[test]
    fn lines_break_between_words_and_between_wide_letters() {
        let english = check(&"word and ".repeat(20));
        assert!(english.lines().all(|line| line.len() <= COLUMNS && line == line.trim()));
        assert_eq!(english.replace('\n', " ").trim(), "word and ".repeat(20).trim());
        let japanese = check(&"あいう、え".repeat(20));
        assert!(japanese.lines().all(|line| width(line) <= COLUMNS + 2 && !line.starts_with('、')));
        assert_eq!(japanese.replace('\n', ""), "あいう、え".repeat(20));
    }

    #[test]
    fn no_line_begins_like_an_mbox_separator() {
        assert_eq!(check("From here"), " From here\n");
        assert_eq!(check("> here"), " > here\n");
    }
}
