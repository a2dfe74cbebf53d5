//! Encoded words (RFC 2047, RFC 2231 §5) inside header values, split, adjacent and damaged ones too.

use std::borrow::Cow;

use memchr::memmem;

use crate::{DefectKind, charset, defect::Defects, limits, transfer};

/// One `=?charset?B|Q?text?=`.
struct Word<'a> {
    charset: &'a str,
    base64: bool,
    text: &'a str,
    /// Bytes from `=?` to behind `?=`.
    length: usize,
}

/// Bytes of adjacent words of one charset, decoded together since writers split characters between words.
struct Run<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Base64 text of a word that ended inside a group of four.
    open: String,
}

/// Decodes every encoded word of an unfolded value.
pub fn decode<'a>(value: &'a str, defects: &mut Defects) -> Cow<'a, str> {
    if memmem::find(value.as_bytes(), b"=?").is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut run: Option<Run<'_>> = None;
    let mut rest = value;
    while let Some(at) = memmem::find(rest.as_bytes(), b"=?") {
        let (before, tail) = rest.split_at(at);
        let Some(word) = word(tail) else {
            flush(&mut run, &mut out, defects);
            out.push_str(before);
            out.push_str("=?");
            rest = tail.get(2..).unwrap_or_default();
            if memmem::find(rest.as_bytes(), b"?=").is_none() {
                // No word can end any more; looking again at every `=?` would be quadratic.
                defects.note(DefectKind::MalformedEncodedWord, None, "an encoded word without an end");
                break;
            }
            continue;
        };
        if run.is_none() || !before.chars().all(char::is_whitespace) {
            flush(&mut run, &mut out, defects);
            out.push_str(before);
        }
        rest = tail.get(word.length..).unwrap_or_default();
        add(word, &mut run, &mut out, defects);
    }
    flush(&mut run, &mut out, defects);
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads the word that `text` begins with.
fn word(text: &str) -> Option<Word<'_>> {
    let body = text.strip_prefix("=?")?;
    let head = body.as_bytes().get(..80).unwrap_or(body.as_bytes());
    let first = memchr::memchr(b'?', head)?;
    let charset = body.get(..first)?;
    let mut after = body.get(first + 1..)?.bytes();
    let base64 = match after.next()? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    if after.next()? != b'?' {
        return None;
    }
    let coded = body.get(first + 3..)?;
    let end = memmem::find(coded.as_bytes(), b"?=")?;
    let charset = charset.split('*').next().unwrap_or(charset);
    Some(Word { charset, base64, text: coded.get(..end)?, length: 2 + first + 3 + end + 2 })
}

fn add<'a>(word: Word<'a>, run: &mut Option<Run<'a>>, out: &mut String, defects: &mut Defects) {
    if run.as_ref().is_some_and(|r| !r.charset.eq_ignore_ascii_case(word.charset)) {
        flush(run, out, defects);
    }
    let run =
        run.get_or_insert_with(|| Run { charset: word.charset, bytes: Vec::new(), open: String::new() });
    if word.base64 {
        let mut text = std::mem::take(&mut run.open);
        text.push_str(word.text);
        let symbols = text.bytes().filter(|b| !b.is_ascii_whitespace()).count();
        if symbols % 4 != 0 && !text.contains('=') && text.len() < limits::VALUE_BYTES_MAX {
            run.open = text;
        } else {
            close_base64(run, &text, defects);
        }
        return;
    }
    let open = std::mem::take(&mut run.open);
    close_base64(run, &open, defects);
    let spaced = word.text.replace('_', " ");
    let (bytes, broken) = transfer::quoted_printable(spaced.as_bytes());
    if broken {
        defects.note(DefectKind::MalformedEncodedWord, None, "a damaged Q-encoded word");
    }
    run.bytes.extend_from_slice(&bytes);
}

fn close_base64(run: &mut Run<'_>, text: &str, defects: &mut Defects) {
    if text.is_empty() {
        return;
    }
    let (bytes, broken) = transfer::base64(text.as_bytes());
    if broken {
        defects.note(DefectKind::MalformedEncodedWord, None, "a damaged B-encoded word");
    }
    run.bytes.extend_from_slice(&bytes);
}

fn flush(run: &mut Option<Run<'_>>, out: &mut String, defects: &mut Defects) {
    let Some(mut run) = run.take() else { return };
    let open = std::mem::take(&mut run.open);
    close_base64(&mut run, &open, defects);
    let decoded = charset::decode(&run.bytes, Some(run.charset));
    if let Some(used) = decoded.mislabelled {
        defects.note(
            DefectKind::MislabelledCharset,
            None,
            format!("{} is {used} in an encoded word", run.charset),
        );
    }
    if decoded.lossy {
        defects.note(DefectKind::UndecodableText, None, format!("{} in an encoded word", run.charset));
    }
    // A line end inside a word would forge a header line wherever the value is written out again.
    out.extend(decoded.text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, text: &str, clean: bool) {
        let mut defects = Defects::default();
        assert_eq!(decode(value, &mut defects), text);
        assert_eq!(defects.into_vec().is_empty(), clean, "{value}");
    }

    #[test]
    fn words_decode() {
        check("plain =? text", "plain =? text", false);
        check("=?utf-8?Q?caf=C3=A9_au?= lait", "café au lait", true);
        check("=?UTF-8?B?44GC?= =?utf-8?b?44GE?=", "あい", true);
        check("a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d", true);
        check("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ", true);
        check("=?iso-2022-jp?B?GyhJMRsoQg==?=", "ｱ", true);
        check("=?utf-8*ja?Q?=41?=", "A", true);
    }

    #[test]
    fn characters_split_between_words_are_joined() {
        check("=?utf-8?Q?=E3=81?= =?utf-8?Q?=82?=", "あ", true);
        check("=?utf-8?B?44G?= =?utf-8?B?C44GE?=", "あい", true);
        check("=?utf-8?B?4w==?= =?utf-8?B?gYI=?=", "あ", true);
    }

    #[test]
    fn damage_is_noted_and_text_kept() {
        check("=?utf-8?Q?no end", "=?utf-8?Q?no end", false);
        check("=?utf-8?X?what?= then =?utf-8?Q?ok?=", "=?utf-8?X?what?= then ok", true);
        check("=?utf-8?Q?=ZZ?=", "=ZZ", false);
        check("\"=?utf-8?Q?quoted?=\"", "\"quoted\"", true);
        check("pre=?utf-8?Q?fix?=post", "prefixpost", true);
        check("=?utf-8?Q?with space inside?=", "with space inside", true);
    }
}
