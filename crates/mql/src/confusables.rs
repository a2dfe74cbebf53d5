//! Characters that imitate an ASCII character, replaced by it. ASCII stays, and so do Latin letters with diacritics,
//! small capitals and `⋅`: rules list those themselves (mql.md §2.1).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Look-alikes by the ASCII character that they imitate. Our own selection of what is met in mail: Cyrillic, Greek,
/// Armenian, Cherokee, Lisu, Coptic, Latin letters beyond ASCII without diacritics, punctuation, spaces.
const TABLE: &[(char, &str)] = &[
    ('a', "аαɑ⍺"),
    ('b', "ЬƄᏏᖯ"),
    ('c', "сϲᴄⲥ"),
    ('d', "ԁᏧɗ"),
    ('e', "еҽ℮"),
    ('f', "ẝꞙſϝ"),
    ('g', "ɡցᶃƍ"),
    ('h', "һհᏂ"),
    ('i', "іıιɩӏꙇ"),
    ('j', "јϳ"),
    ('k', "κкⲕ"),
    ('l', "ⅼ׀ﺍ"),
    ('m', "ⅿм"),
    ('n', "ոռп"),
    ('o', "оοօσ໐๐ဝ၀ⲟ"),
    ('p', "рρ⍴ϱⲣ"),
    ('q', "ԛգզ"),
    ('r', "гᴦⲅ"),
    ('s', "ѕƽ"),
    ('t', "тτ"),
    ('u', "υսʋц"),
    ('v', "νѵ∨⋁ט"),
    ('w', "ԝѡաɯ"),
    ('x', "х×⨯ҳ"),
    ('y', "уүγყ"),
    ('z', "ᴢʐ"),
    ('A', "АΑᎪꓮᗅ"),
    ('B', "ВΒᏴꓐᗷ"),
    ('C', "СϹᏟꓚⲤ"),
    ('D', "Ꭰꓓᗞ"),
    ('E', "ЕΕᎬꓰ⋿"),
    ('F', "ϜꓝᖴꞘ"),
    ('G', "ԌᏀꓖ"),
    ('H', "НΗᎻꓧⲎ"),
    ('I', "ІΙӀꓲⲒ"),
    ('J', "ЈᎫꓙͿ"),
    ('K', "КΚᏦꓗⲔ"),
    ('L', "Ꮮꓡᒪ"),
    ('M', "МΜᎷꓟⲘϺ"),
    ('N', "ΝꓠⲚ"),
    ('O', "ОΟՕꓳⲞ"),
    ('P', "РΡᏢꓑⲢ"),
    ('Q', "ԚႳ"),
    ('R', "ᎡꓣƦ"),
    ('S', "ЅՏᏚꓢ"),
    ('T', "ТΤᎢꓔⲦ"),
    ('U', "Սꓴ∪"),
    ('V', "Ꮩꓦѵ"),
    ('W', "ԜᎳꓪ"),
    ('X', "ХΧꓫⲬ"),
    ('Y', "ҮΥꓬⲨ"),
    ('Z', "ΖᏃꓜ"),
    ('0', "〇"),
    ('2', "ƧϨ"),
    ('3', "ЗӠƷ"),
    ('4', "Ꮞ"),
    ('6', "бᏮ"),
    ('8', "Ȣȣ"),
    ('-', "‐‑‒–—―−﹘⁃"),
    ('\'', "‘’‛ʹʼʻ′"),
    ('"', "“”‟″"),
    ('.', "․۔"),
    (',', "‚"),
    ('/', "⁄∕╱"),
    (':', "ː˸։܃∶ꓽ"),
    ('!', "ǃⵑ"),
    ('?', "Ɂʔ"),
    ('*', "∗⁎"),
    ('~', "˜∼"),
    ('<', "‹"),
    ('>', "›"),
    (
        ' ',
        "\u{A0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200A}\u{202F}\u{205F}\u{3000}",
    ),
];

/// Replaces look-alikes. Borrows when there are none.
#[must_use]
pub fn replace(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().all(|c| replace_char(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(replace_char).collect())
}

/// The ASCII character that `c` imitates, or `c`.
#[must_use]
pub fn replace_char(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    match sorted().binary_search_by_key(&c, |&(from, _)| from) {
        Ok(at) => sorted().get(at).map_or(c, |&(_, to)| to),
        Err(_) => styled(c).unwrap_or(c),
    }
}

fn sorted() -> &'static [(char, char)] {
    static SORTED: std::sync::LazyLock<Vec<(char, char)>> = std::sync::LazyLock::new(|| {
        let pairs = TABLE.iter().flat_map(|&(to, from)| from.chars().map(move |f| (f, to)));
        let mut all: Vec<(char, char)> = pairs.collect();
        all.sort_by_key(|&(from, _)| from);
        all.dedup_by_key(|&mut (from, _)| from);
        all
    });
    &SORTED
}

/// ASCII in another dress: mathematical, fullwidth, circled, letter-like, squared, flags.
fn styled(c: char) -> Option<char> {
    let code = c as u32;
    let letter = |first: u32| char::from_u32(u32::from(b'A') + code - first);
    match code {
        0x1F150..=0x1F169 => letter(0x1F150),
        0x1F170..=0x1F189 => letter(0x1F170),
        0x1F1E6..=0x1F1FF => letter(0x1F1E6),
        0x2102..=0x2149
        | 0x2160..=0x217F
        | 0x24B6..=0x24E9
        | 0xFE50..=0xFE6B
        | 0xFF01..=0xFF5E
        | 0x1D400..=0x1D7FF
        | 0x1F130..=0x1F149 => {
            let mut plain = std::iter::once(c).nfkc();
            let first = plain.next().filter(|_| plain.next().is_none())?;
            // Mathematical Greek is Greek first.
            match first.is_ascii() {
                true => Some(first),
                false => Some(replace_char(first)).filter(char::is_ascii),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_and_what_rules_list_themselves_stay() {
        let ascii: String = (0..128u8).map(char::from).collect();
        assert_eq!(replace(&ascii), ascii);
        for same in ["ṁŕŴéüñøß", "ᴀʙɪɴ", "⋅·", "日本語", "ﬁ"] {
            assert_eq!(replace(same), same);
        }
    }

    #[test]
    fn look_alikes_go() {
        assert_eq!(replace("РаyРаl"), "PayPal");
        assert_eq!(replace("𝐌𝒾𝕔𝓇𝗈𝚜𝔬𝖋𝘁"), "Microsoft");
        assert_eq!(replace("Ｇｏｏｇｌｅ．ｃｏｍ"), "Google.com");
        assert_eq!(replace("Ⓐⓩ🅰🇿ⅼℓ\u{A0}“x”—’"), "AzAZll \"x\"-'");
        assert_eq!(replace("ΜΙCRΟSΟFΤ"), "MICROSOFT");
    }
}
