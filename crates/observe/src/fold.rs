//! Text as a reader takes it in: look-alike letters, invisible characters and spacing tricks undone.
//!
//! [`fold`] is the form in which names are compared everywhere; [`skeleton`] goes further (digits for letters, `rn`
//! for `m`) and is for short texts only, because it also equates words that are honestly different.

use unicode_normalization::{UnicodeNormalization, char::decompose_canonical};

/// A folded text that still knows where its bytes come from.
#[derive(Debug, Default, Clone)]
pub struct Folded {
    /// Lower case, compatibility forms and look-alikes resolved, accents dropped, white space as single spaces per
    /// character, line ends kept.
    pub text: String,
    /// Offset in the original of each byte of `text`; `None` when they are equal (ASCII).
    origin: Option<Vec<u32>>,
    /// A Latin word held letters of another script, invisible characters, small capitals or mathematical letters.
    pub disguised: bool,
}

impl Folded {
    /// Where a byte of the folded text stood in the original.
    #[must_use]
    pub fn origin(&self, at: usize) -> usize {
        match &self.origin {
            None => at,
            Some(map) => map.get(at).or(map.last()).map_or(0, |&o| o as usize),
        }
    }

    /// The original text of a range of the folded one.
    #[must_use]
    pub fn original<'a>(&self, original: &'a str, start: usize, end: usize) -> &'a str {
        let (from, mut to) = (self.origin(start), self.origin(end));
        if end >= self.text.len() {
            to = original.len();
        }
        original.get(from..to).unwrap_or_default()
    }
}

/// Folds a text. Linear; ASCII takes a short way.
#[must_use]
pub fn fold(text: &str) -> Folded {
    if text.is_ascii() {
        let bytes = text.bytes().map(|b| match b {
            b'\n' => b'\n',
            b if b.is_ascii_whitespace() || b.is_ascii_control() => b' ',
            b => b.to_ascii_lowercase(),
        });
        let text = String::from_utf8(bytes.collect()).unwrap_or_default();
        return Folded { text, origin: None, disguised: false };
    }
    let mut folder = Folder { out: String::with_capacity(text.len()), ..Folder::default() };
    for (at, c) in text.char_indices() {
        folder.push(at, c);
    }
    let disguised = folder.disguised || folder.word_is_disguised();
    Folded { text: folder.out, origin: Some(folder.origin), disguised }
}

/// State of one walk: the text so far and what the current word is made of.
#[derive(Default)]
struct Folder {
    out: String,
    origin: Vec<u32>,
    disguised: bool,
    latin: bool,
    foreign: bool,
    odd: bool,
    hidden: bool,
    hidden_last: bool,
}

impl Folder {
    fn push(&mut self, at: usize, c: char) {
        if is_invisible(c) {
            self.hidden_last = self.latin;
            return;
        }
        match c {
            '\n' => self.emit(at, '\n'),
            c if c.is_whitespace() || c.is_control() => self.emit(at, ' '),
            c if c.is_ascii() => self.emit(at, c.to_ascii_lowercase()),
            c => self.push_wide(at, c),
        }
        let word = c.is_alphanumeric();
        if word {
            self.latin |= is_latin(c);
            self.hidden |= self.hidden_last && is_latin(c);
        } else {
            self.disguised |= self.word_is_disguised();
            (self.latin, self.foreign, self.odd, self.hidden) = (false, false, false, false);
        }
        self.hidden_last = false;
    }

    fn push_wide(&mut self, at: usize, c: char) {
        if let Some(plain) = confusable(c) {
            self.foreign |= is_foreign(c);
            self.odd |= !is_foreign(c);
            self.emit(at, plain);
            return;
        }
        self.odd |= is_styled(c);
        for d in core::iter::once(c).nfkc() {
            let plain = confusable(d).unwrap_or_else(|| unaccent(d));
            for low in plain.to_lowercase() {
                self.emit(at, low);
            }
        }
    }

    fn emit(&mut self, at: usize, c: char) {
        self.out.push(c);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.origin.extend(core::iter::repeat_n(at, c.len_utf8()));
    }

    fn word_is_disguised(&self) -> bool {
        (self.latin && self.foreign) || self.odd || self.hidden
    }
}

/// Drops the accent of a Latin letter; every other character stays.
fn unaccent(c: char) -> char {
    if !matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') {
        return c;
    }
    let mut base = c;
    let mut first = true;
    decompose_canonical(c, |d| {
        if first {
            base = d;
            first = false;
        }
    });
    match base {
        'ø' | 'Ø' => 'o',
        'ł' | 'Ł' => 'l',
        'đ' | 'Đ' => 'd',
        other => other,
    }
}

/// Shows nothing: zero-width, joiners, variation selectors, tag characters, soft hyphen, direction marks.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A letter of the Latin script in its plain or full-width form.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}')
}

/// A letter of a script whose letters pass for Latin ones.
fn is_foreign(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13f5}' | '\u{1f00}'..='\u{1fff}')
}

/// A Latin letter in clothes that ordinary text does not wear: mathematical, circled, squared.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{1d400}'..='\u{1d7ff}' | '\u{24b6}'..='\u{24e9}' | '\u{1f110}'..='\u{1f189}' | '\u{2102}'..='\u{2134}')
        && c.is_alphabetic()
        || matches!(c, '\u{1f110}'..='\u{1f189}')
}

/// Written without spaces between words, so a name needs no word boundary beside it.
#[must_use]
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Katakana, which do form words: `イオン` is no part of `ライオン`.
#[must_use]
pub fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{30fc}')
}

/// The Latin letter that a letter of another script or a small capital passes for.
#[must_use]
pub fn confusable(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' | 'ᴀ' | 'Ꭺ' => 'a',
        'В' | 'в' | 'Β' | 'ʙ' | 'Ᏼ' | 'Ь' | 'ь' => 'b',
        'с' | 'С' | 'ϲ' | 'ᴄ' | 'Ꮯ' => 'c',
        'ԁ' | 'Ԁ' | 'ᴅ' | 'Ꭰ' => 'd',
        'е' | 'Е' | 'Ε' | 'ε' | 'ё' | 'Ё' | 'є' | 'Є' | 'ᴇ' | 'Ꭼ' => 'e',
        'ғ' | 'Ғ' | 'ꜰ' => 'f',
        'ɢ' | 'ɡ' | 'Ԍ' | 'ԍ' | 'Ꮐ' => 'g',
        'Н' | 'н' | 'Η' | 'һ' | 'Һ' | 'ʜ' | 'Ꮋ' => 'h',
        'і' | 'І' | 'ї' | 'Ї' | 'ι' | 'Ι' | 'ı' | 'ɪ' | 'Ꭵ' => 'i',
        'ј' | 'Ј' | 'ᴊ' | 'Ꭻ' => 'j',
        'к' | 'К' | 'κ' | 'Κ' | 'ᴋ' | 'Ꮶ' => 'k',
        'ӏ' | 'Ӏ' | 'ʟ' | 'ⅼ' | 'Ꮮ' => 'l',
        'м' | 'М' | 'Μ' | 'ᴍ' | 'Ꮇ' => 'm',
        'Ν' | 'ɴ' | 'ո' | 'п' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' | 'Օ' | 'ᴏ' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' | 'ᴘ' | 'Ꮲ' => 'p',
        'ԛ' | 'Ԛ' => 'q',
        'ʀ' | 'Ꮢ' => 'r',
        'ѕ' | 'Ѕ' | 'ꜱ' | 'Ꮪ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' | 'ᴛ' | 'Ꭲ' => 't',
        'υ' | 'ս' | 'ᴜ' => 'u',
        'ν' | 'ѵ' | 'Ѵ' | 'ᴠ' | 'Ꮩ' => 'v',
        'ԝ' | 'Ԝ' | 'ᴡ' | 'Ꮃ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' | 'γ' | 'ү' | 'Ү' | 'ʏ' => 'y',
        'Ζ' | 'ᴢ' | 'Ꮓ' => 'z',
        _ => return None,
    })
}

/// The crudest form of a folded word: digits and signs as the letters they stand for, `i` and `l` as one, `rn` as
/// `m`, `vv` as `w`; nothing but letters and digits stays.
#[must_use]
pub fn skeleton(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    for c in folded.chars() {
        let plain = match c {
            '0' => 'o',
            '1' | '!' | '|' | 'i' => 'l',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            '8' => 'b',
            c if c.is_alphanumeric() => c,
            _ => continue,
        };
        match (out.as_bytes().last(), plain) {
            (Some(b'r'), 'n') => replace_last(&mut out, 'm'),
            (Some(b'v'), 'v') => replace_last(&mut out, 'w'),
            _ => out.push(plain),
        }
    }
    out
}

fn replace_last(out: &mut String, c: char) {
    out.pop();
    out.push(c);
}

/// Joins words that were spaced out letter by letter: `m i c r o s o f t` becomes `microsoft`. `None` when there is
/// no run of at least four single letters.
#[must_use]
pub fn unspace(folded: &str) -> Option<String> {
    let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
    let single = |w: &&str| w.chars().count() == 1 && w.chars().all(char::is_alphanumeric);
    if !words.windows(4).any(|four| four.iter().all(single)) {
        return None;
    }
    let mut out = String::with_capacity(folded.len());
    let mut joined = false;
    for word in &words {
        let one = single(word);
        if !(out.is_empty() || one && joined) {
            out.push(' ');
        }
        out.push_str(word);
        joined = one;
    }
    Some(out)
}

/// Two words differ by exactly one inserted, dropped, changed or swapped letter (bytes; folded names are ASCII).
#[must_use]
pub fn one_edit(a: &str, b: &str) -> bool {
    let (long, short) =
        if a.len() >= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    let front = long.iter().zip(short).take_while(|(x, y)| x == y).count();
    let (Some(l), Some(s)) = (long.get(front..), short.get(front..)) else { return false };
    match l.len().checked_sub(s.len()) {
        Some(1) => l.get(1..) == Some(s),
        Some(0) => match (l, s) {
            ([_, rest_l @ ..], [_, rest_s @ ..]) if rest_l == rest_s => true,
            ([a, b, rest_l @ ..], [c, d, rest_s @ ..]) => a == d && b == c && rest_l == rest_s,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{fold, one_edit, skeleton, unspace};

    #[test]
    fn disguises_are_undone_and_noticed() {
        let rows = [
            ("Microsoft", "microsoft", false),
            ("Міcrоsоft", "microsoft", true),
            ("Micro\u{200b}soft", "microsoft", true),
            ("ᴍɪᴄʀᴏsᴏꜰᴛ", "microsoft", true),
            ("𝐌𝐢𝐜𝐫𝐨𝐬𝐨𝐟𝐭", "microsoft", true),
            ("ＡＭＡＺＯＮ", "amazon", false),
            ("Itaú", "itau", false),
            ("Яндекс", "яhдekc", false),
            ("ｸﾛﾈｺﾔﾏﾄ", "クロネコヤマト", false),
            ("❤️ ok", "❤ ok", false),
        ];
        for (given, want, disguised) in rows {
            let got = fold(given);
            assert_eq!((got.text.as_str(), got.disguised), (want, disguised), "{given}");
        }
    }

    #[test]
    fn offsets_lead_back_to_the_original() {
        let text = "“Crédit” Agricole";
        let folded = fold(text);
        let at = folded.text.find("agricole").unwrap_or_default();
        assert_eq!(folded.original(text, at, at + 8), "Agricole");
    }

    #[test]
    fn skeletons_meet() {
        for (a, b) in
            [("paypa1", "paypal"), ("rnicros0ft", "microsoft"), ("vvalmart", "walmart"), ("@m4z0n", "amazon")]
        {
            assert_eq!(skeleton(a), skeleton(b));
        }
        assert_ne!(skeleton("amazing"), skeleton("amazon"));
    }

    #[test]
    fn spacing_is_undone_only_for_runs() {
        assert_eq!(unspace("m i c r o s o f t team").as_deref(), Some("microsoft team"));
        assert_eq!(unspace("plan a is b or c"), None);
    }

    #[test]
    fn one_edit_is_exactly_one() {
        for pair in
            [("netflix", "netfllx"), ("netflix", "neflix"), ("netflix", "nettflix"), ("netflix", "netlfix")]
        {
            assert!(one_edit(pair.0, pair.1), "{pair:?}");
        }
        for pair in [("netflix", "netflix"), ("netflix", "netf"), ("netflix", "metfl1x")] {
            assert!(!one_edit(pair.0, pair.1), "{pair:?}");
        }
    }
}
