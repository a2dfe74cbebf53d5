//! Text in the code pages of Windows, by their numbers.

use encoding_rs as e;

/// The text that bytes are in a code page; unknown ones are read as Windows-1252.
pub(crate) fn decode(bytes: &[u8], code_page: u16) -> String {
    encoding(code_page).decode_without_bom_handling(bytes).0.into_owned()
}

/// The encoding of a code page.
pub(crate) fn encoding(code_page: u16) -> &'static e::Encoding {
    match code_page {
        866 => e::IBM866,
        874 => e::WINDOWS_874,
        932 | 10001 => e::SHIFT_JIS,
        936 | 10008 => e::GBK,
        949 | 10003 => e::EUC_KR,
        950 | 10002 => e::BIG5,
        1200 => e::UTF_16LE,
        1201 => e::UTF_16BE,
        1250 | 10029 => e::WINDOWS_1250,
        1251 => e::WINDOWS_1251,
        1253 => e::WINDOWS_1253,
        1254 => e::WINDOWS_1254,
        1255 => e::WINDOWS_1255,
        1256 => e::WINDOWS_1256,
        1257 => e::WINDOWS_1257,
        1258 => e::WINDOWS_1258,
        10000 => e::MACINTOSH,
        10007 => e::X_MAC_CYRILLIC,
        20866 => e::KOI8_R,
        20932 | 51932 => e::EUC_JP,
        21866 => e::KOI8_U,
        28592 => e::ISO_8859_2,
        54936 => e::GB18030,
        65001 => e::UTF_8,
        _ => e::WINDOWS_1252,
    }
}
