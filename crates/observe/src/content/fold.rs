//! Text as phrases are matched on it: lower case, compatibility forms and diacritics folded, look-alike letters inside
//! Latin words read as Latin, invisible characters dropped, white space collapsed.

use unicode_normalization::UnicodeNormalization;

/// Folded text and what folding met.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// The text.
    pub(super) text: String,
    /// Invisible characters between letters.
    pub(super) zero_width: i64,
    /// Look-alike letters inside Latin words.
    pub(super) confusables: i64,
}

/// What the current word has been made of so far.
#[derive(Default)]
struct Word {
    start: usize,
    latin: bool,
    alike: i64,
    other: bool,
}

/// Folds a text.
pub(super) fn fold(text: &str) -> Folded {
    let mut out = Folded { text: String::with_capacity(text.len()), ..Folded::default() };
    let mut word = Word::default();
    let mut hidden = 0;
    for c in text.chars() {
        if c.is_ascii() {
            ascii(&mut out, &mut word, c, hidden);
            hidden = 0;
        } else if is_invisible(c) {
            hidden += 1;
        } else {
            wide(&mut out, &mut word, c, hidden);
            hidden = 0;
        }
    }
    end_word(&mut out, &mut word);
    out
}

fn ascii(out: &mut Folded, word: &mut Word, c: char, hidden: i64) {
    if c.is_ascii_alphabetic() {
        if word.latin || word.other {
            out.zero_width += hidden;
        }
        word.latin = true;
        out.text.push(c.to_ascii_lowercase());
        return;
    }
    if word.alike > 0 || !c.is_ascii_digit() {
        end_word(out, word);
    }
    if c.is_ascii_whitespace() || c.is_ascii_control() {
        space(&mut out.text);
    } else {
        out.text.push(c);
    }
    if !c.is_ascii_digit() {
        *word = Word { start: out.text.len(), ..Word::default() };
    }
}

fn space(text: &mut String) {
    if !text.ends_with(' ') && !text.is_empty() {
        text.push(' ');
    }
}

fn wide(out: &mut Folded, word: &mut Word, c: char, hidden: i64) {
    match c {
        '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => {
            end_word(out, word);
            space(&mut out.text);
            *word = Word { start: out.text.len(), ..Word::default() };
        }
        '’' | '‘' | '´' | '`' | 'ʼ' => ascii(out, word, '\'', hidden),
        '“' | '”' | '„' | '«' | '»' => ascii(out, word, '"', hidden),
        '–' | '—' | '‐' | '‑' | '−' => ascii(out, word, '-', hidden),
        _ => letter(out, word, c, hidden),
    }
}

fn letter(out: &mut Folded, word: &mut Word, c: char, hidden: i64) {
    if (word.latin || word.other) && c.is_alphabetic() {
        out.zero_width += hidden;
    }
    match c as u32 {
        0xc0..=0x24f | 0x1e00..=0x1eff => {
            word.latin = true;
            latin(&mut out.text, c);
        }
        0x300..=0x36f => {}
        0x370..=0x52f => {
            word.other = true;
            word.alike += i64::from(alike(c).is_some());
            out.text.extend(c.to_lowercase());
        }
        0x2100..=0x214f | 0x2460..=0x24ff | 0xff00..=0xffef | 0x1d400..=0x1d7ff => {
            for folded in std::iter::once(c).nfkc() {
                if folded.is_ascii_alphabetic() {
                    word.latin = true;
                }
                out.text.extend(folded.to_lowercase());
            }
        }
        0x1f110..=0x1f189 => {
            // Boxed and circled letters spell words that filters would miss.
            let letter = (c as u32 - 0x1f110) % 32;
            if let Some(letter) = u8::try_from(letter).ok().filter(|l| *l < 26) {
                out.text.push(char::from(b'a' + letter));
            }
        }
        _ => {
            word.other |= c.is_alphabetic();
            out.text.extend(c.to_lowercase());
        }
    }
}

fn latin(text: &mut String, c: char) {
    match c {
        'ß' | 'ẞ' => text.push_str("ss"),
        'æ' | 'Æ' => text.push_str("ae"),
        'œ' | 'Œ' => text.push_str("oe"),
        'ø' | 'Ø' => text.push('o'),
        'ł' | 'Ł' => text.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => text.push('d'),
        'ı' | 'İ' => text.push('i'),
        _ => {
            for part in std::iter::once(c).nfd() {
                if !matches!(part as u32, 0x300..=0x36f) {
                    text.extend(part.to_lowercase());
                }
            }
        }
    }
}

/// Reads look-alike letters of a word with Latin letters as Latin.
fn end_word(out: &mut Folded, word: &mut Word) {
    if word.latin && word.alike > 0 {
        let folded: String =
            out.text.get(word.start..).unwrap_or_default().chars().map(|c| alike(c).unwrap_or(c)).collect();
        out.text.truncate(word.start);
        out.text.push_str(&folded);
        out.confusables += word.alike;
    }
    *word = Word { start: out.text.len(), ..Word::default() };
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'в' | 'Β' | 'β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'ё' | 'Ε' | 'ε' => 'e',
        'һ' | 'Н' | 'н' | 'Η' => 'h',
        'і' | 'І' | 'ї' | 'ι' | 'Ι' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' | 'Ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'Ν' | 'η' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' | 'и' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    })
}

/// Characters that take no room.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e007f}')
}
