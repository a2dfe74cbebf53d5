//! Names of zip members: UTF-8 where it is declared or fits, else the code page of an old zipper.

/// Upper half of code page 437, which the format names as its default.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name as text.
pub(crate) fn decode(raw: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    let (japanese, _, broken) = encoding_rs::SHIFT_JIS.decode(raw);
    let wide = japanese
        .chars()
        .filter(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff10}'..='\u{ff5a}'));
    if !broken && wide.count() * 2 >= raw.iter().filter(|b| **b >= 0x80).count() {
        return japanese.into_owned();
    }
    raw.iter()
        .map(|byte| match byte {
            0..0x80 => char::from(*byte),
            _ => CP437.chars().nth(usize::from(byte - 0x80)).unwrap_or('?'),
        })
        .collect()
}

/// The name with plain slashes and without the parts that lead elsewhere: what the member is looked up by.
pub(crate) fn plain(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_owned()
}

/// Why the name would be written outside of its folder.
pub(crate) fn escapes(name: &str) -> bool {
    let drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..")
}
