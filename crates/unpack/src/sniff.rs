//! Tells what a file is: magic bytes first, then what its first kilobytes look like, then its name.

use memchr::memmem;

use crate::{Kind, kind::extension};

/// Bytes of the head that text formats are told by.
const HEAD_BYTES: usize = 8 << 10;
/// Bytes within which `%PDF-` may stand.
const PDF_WINDOW: usize = 1_024;
/// Bytes of the tail in which a zip's end record is looked for.
const ZIP_TAIL: usize = (64 << 10) + 22;

/// What the file is.
pub(crate) fn sniff(bytes: &[u8], name: &str, declared: Option<&str>) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if let Some(kind) = by_magic(bytes, name) {
        return kind;
    }
    by_text(bytes, name, declared).unwrap_or(Kind::Unknown)
}

fn at(bytes: &[u8], offset: usize, magic: &[u8]) -> bool {
    bytes.get(offset..offset + magic.len()) == Some(magic)
}

fn head(bytes: &[u8], n: usize) -> &[u8] {
    bytes.get(..n).unwrap_or(bytes)
}

/// Magic bytes at fixed places.
const MAGIC: &[(usize, &[u8], Kind)] = &[
    (0, b"7z\xBC\xAF\x27\x1C", Kind::SevenZip),
    (0, b"Rar!\x1A\x07", Kind::Rar),
    (0, b"\x1F\x8B\x08", Kind::Gzip),
    (0, b"\x1F\x9D", Kind::Compress),
    (0, b"BZh", Kind::Bzip2),
    (0, b"\xFD7zXZ\x00", Kind::Xz),
    (0, b"\x28\xB5\x2F\xFD", Kind::Zstd),
    (0, b"MSCF", Kind::Cab),
    (0, b"\x60\xEA", Kind::Arj),
    (7, b"**ACE**", Kind::Ace),
    (2, b"-lh", Kind::Lzh),
    (257, b"ustar", Kind::Tar),
    (0x8001, b"CD001", Kind::Iso),
    (0x8001, b"BEA01", Kind::Iso),
    (0x8001, b"NSR0", Kind::Iso),
    (0x8801, b"CD001", Kind::Iso),
    (0x9001, b"CD001", Kind::Iso),
    (0, b"vhdxfile", Kind::Vhdx),
    (0, b"conectix", Kind::Vhd),
    (0, b"\x4C\x00\x00\x00\x01\x14\x02\x00", Kind::Lnk),
    (0, b"\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D", Kind::OneNote),
    (0, b"\x3F\xDD\x9A\x10\x1B\x91\xF5\x49", Kind::OneNote),
    (0, b"\xA1\x2F\xFF\x43\xD9\xEF\x76\x4C", Kind::OneNote),
    (0, b"\x78\x9F\x3E\x22", Kind::Tnef),
    (0, b"ActiveMime", Kind::ActiveMime),
    (0, b"ITSF", Kind::Chm),
    (0, b"MZ", Kind::Exe),
    (0, b"\x7FELF", Kind::Elf),
    (0, b"\xFE\xED\xFA\xCE", Kind::MachO),
    (0, b"\xFE\xED\xFA\xCF", Kind::MachO),
    (0, b"\xCE\xFA\xED\xFE", Kind::MachO),
    (0, b"\xCF\xFA\xED\xFE", Kind::MachO),
    (0, b"\0asm", Kind::Wasm),
    (0, b"\x89PNG\r\n\x1A\n", Kind::Png),
    (0, b"\xFF\xD8\xFF", Kind::Jpeg),
    (0, b"GIF8", Kind::Gif),
    (0, b"II*\0", Kind::Tiff),
    (0, b"MM\0*", Kind::Tiff),
    (0, b"\0\0\x01\0", Kind::Ico),
    (4, b"ftyphei", Kind::Heif),
    (4, b"ftypmif1", Kind::Heif),
    (4, b"ftypavif", Kind::Heif),
    (4, b"ftyp", Kind::Video),
    (0, b"\x1A\x45\xDF\xA3", Kind::Video),
    (0, b"ID3", Kind::Audio),
    (0, b"OggS", Kind::Audio),
    (0, b"fLaC", Kind::Audio),
    (0, b"wOFF", Kind::Font),
    (0, b"wOF2", Kind::Font),
    (0, b"OTTO", Kind::Font),
    (0, b"#@~^", Kind::EncodedScript),
];

fn by_magic(bytes: &[u8], name: &str) -> Option<Kind> {
    match bytes {
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => return Some(Kind::Ole),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => return Some(zip(bytes)),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => return Some(Kind::Bmp),
        // A worksheet stream without the compound file around it: BOF of BIFF8, 4, 3 or 2.
        [0x09, 0x08 | 0x04 | 0x02 | 0x00, size, 0, _, 0x00 | 0x02..=0x06, ..] if (4..=16).contains(size) => {
            return Some(Kind::Biff);
        }
        _ => {}
    }
    if at(bytes, 0, b"RIFF") {
        return Some(if at(bytes, 8, b"WEBP") { Kind::Webp } else { Kind::Audio });
    }
    if let Some((_, _, kind)) = MAGIC.iter().find(|(offset, magic, _)| at(bytes, *offset, magic)) {
        return Some(*kind);
    }
    let start = skip_blank(bytes);
    if at(bytes, start, b"{\\rt") {
        return Some(Kind::Rtf);
    }
    if memmem::find(head(bytes, PDF_WINDOW), b"%PDF-").is_some() {
        return Some(Kind::Pdf);
    }
    // A virtual disk of fixed size is an image with a footer.
    if at(bytes, bytes.len().saturating_sub(512), b"conectix") {
        return Some(Kind::Vhd);
    }
    if disk(bytes) {
        return Some(Kind::Fat);
    }
    if lzma(bytes) {
        return Some(Kind::Lzma);
    }
    if at(bytes, bytes.len().saturating_sub(512), b"koly") {
        return Some(Kind::Dmg);
    }
    // An archive behind something else, such as a program or a picture without a mark of its own.
    let tail = bytes.get(bytes.len().saturating_sub(ZIP_TAIL)..).unwrap_or(bytes);
    if !name.is_empty() && memmem::rfind(tail, b"PK\x05\x06").is_some() {
        return Some(zip(bytes));
    }
    None
}

/// A sector that a computer starts from, or a table of partitions without a program before it.
fn disk(bytes: &[u8]) -> bool {
    let table = || {
        let kind = matches!(bytes.get(450), Some(0x01 | 0x04 | 0x06 | 0x07 | 0x0B | 0x0C | 0x0E | 0xEE));
        kind && matches!(bytes.get(446), Some(0 | 0x80)) && !at(bytes, 454, &[0; 4])
    };
    at(bytes, 510, b"\x55\xAA") && (matches!(bytes, [0xEB | 0xE9 | 0x33 | 0xFA, ..]) || table())
}

/// Properties that packers write, a dictionary of a power of two or three of them, a length that is unknown or small;
/// the packed bytes begin with a zero.
fn lzma(bytes: &[u8]) -> bool {
    let &[0x5D, a, b, c, d, ref size @ ..] = head(bytes, 13) else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let power =
        dictionary.is_power_of_two() || dictionary.is_multiple_of(3) && (dictionary / 3).is_power_of_two();
    let size = <[u8; 8]>::try_from(size).map(u64::from_le_bytes);
    power && dictionary >= 4_096 && size.is_ok_and(|s| s == u64::MAX || s < 1 << 40) && at(bytes, 13, b"\0")
}

/// Which of the formats on top of zip; `office` decides finally by content types.
fn zip(bytes: &[u8]) -> Kind {
    let tail = bytes.get(bytes.len().saturating_sub(1 << 20)..).unwrap_or(bytes);
    let holds = |needle: &[u8]| {
        memmem::find(head(bytes, HEAD_BYTES), needle).is_some() || memmem::find(tail, needle).is_some()
    };
    if holds(b"[Content_Types].xml") {
        return if holds(b"xl/workbook.bin") {
            Kind::Xlsb
        } else if holds(b"xl/") || holds(b"xl\\") {
            Kind::Xlsx
        } else if holds(b"ppt/") || holds(b"ppt\\") {
            Kind::Pptx
        } else if holds(b"visio/") {
            Kind::Visio
        } else {
            Kind::Docx
        };
    }
    if at(bytes, 30, b"mimetypeapplication/vnd.oasis") {
        return Kind::Odf;
    }
    if holds(b"META-INF/MANIFEST.MF") { Kind::Jar } else { Kind::Zip }
}

fn skip_blank(bytes: &[u8]) -> usize {
    let bom = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    bytes.iter().skip(bom).position(|b| !b.is_ascii_whitespace()).map_or(bom, |n| n + bom)
}

/// Text formats: by what the head holds, then by name and declared type.
fn by_text(bytes: &[u8], name: &str, declared: Option<&str>) -> Option<Kind> {
    let head = plain_head(bytes);
    let lower = head.to_ascii_lowercase();
    let trimmed = lower.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let has = |needle: &str| lower.contains(needle);
    let extension = extension(name);
    if trimmed.starts_with("begin:vcalendar") {
        return Some(Kind::Ics);
    }
    if trimmed.starts_with("begin:vcard") {
        return Some(Kind::Vcf);
    }
    if trimmed.starts_with("[internetshortcut") || trimmed.starts_with("[default]") && has("baseurl=") {
        return Some(Kind::UrlFile);
    }
    if head.starts_with("ID;P") || head.starts_with("ID;") && has("\nc;") || head.starts_with("ID\r") {
        return Some(Kind::Sylk);
    }
    if trimmed.starts_with("web\r\n") || trimmed.starts_with("web\n") {
        return Some(Kind::Iqy);
    }
    if has("mime-version:") && has("content-type: multipart/related") && has("content-location:") {
        return Some(Kind::Mhtml);
    }
    if let Some(kind) = markup(trimmed, &has, &extension) {
        return Some(kind);
    }
    if is_mail(trimmed) || declared == Some("message/rfc822") {
        return Some(Kind::Eml);
    }
    let by_name = match extension.as_str() {
        "js" | "mjs" => Kind::JavaScript,
        "jse" | "vbe" => Kind::EncodedScript,
        "vbs" | "vba" | "bas" => Kind::VbScript,
        "ps1" | "psm1" | "psd1" => Kind::PowerShell,
        "bat" | "cmd" => Kind::Batch,
        "wsf" | "wsc" | "sct" | "wsh" => Kind::Wsf,
        "hta" => Kind::Hta,
        "html" | "htm" | "shtml" | "xhtml" | "xht" => Kind::Html,
        "svg" => Kind::Svg,
        "csv" | "tsv" => Kind::Csv,
        "slk" => Kind::Sylk,
        "iqy" => Kind::Iqy,
        "url" | "website" => Kind::UrlFile,
        "eml" => Kind::Eml,
        "ics" => Kind::Ics,
        "vcf" => Kind::Vcf,
        "rtf" => Kind::Rtf,
        "library-ms" | "search-ms" | "searchconnector-ms" => Kind::LibraryMs,
        _ if binary(bytes) => return None,
        _ => Kind::Text,
    };
    Some(by_name)
}

/// The head as text: UTF-16 is read, anything else byte by byte.
fn plain_head(bytes: &[u8]) -> String {
    let head = head(bytes, HEAD_BYTES);
    match head {
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [_, 0, _, 0, ..] => units(head, u16::from_le_bytes),
        _ => String::from_utf8_lossy(head).into_owned(),
    }
}

fn units(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| read(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn markup(trimmed: &str, has: &impl Fn(&str) -> bool, extension: &str) -> Option<Kind> {
    if !trimmed.starts_with('<') {
        return None;
    }
    if has("schemas.microsoft.com/office/word/2003/wordml") {
        return Some(Kind::WordXml);
    }
    if has("schemas.microsoft.com/office/2006/xmlpackage") {
        return Some(Kind::FlatOpc);
    }
    if has("urn:schemas-microsoft-com:office:spreadsheet") && trimmed.starts_with("<?xml") {
        return Some(Kind::SpreadsheetXml);
    }
    if has("<hta:application") || extension == "hta" {
        return Some(Kind::Hta);
    }
    if has("<librarydescription") || has("<persistedquery") || has("<searchconnectordescription") {
        return Some(Kind::LibraryMs);
    }
    if has("<job") && has("<script") || has("<scriptlet") || has("<package>") && has("<script") {
        return Some(Kind::Wsf);
    }
    if has("<svg") && !has("<html") {
        return Some(Kind::Svg);
    }
    let html = [
        "<html",
        "<!doctype html",
        "<head",
        "<body",
        "<script",
        "<meta",
        "<iframe",
        "<table",
        "<div",
        "<p>",
        "<a ",
        "<title",
        "<form",
        "<img",
        "<span",
        "<center",
    ];
    if html.iter().any(|tag| has(tag)) {
        return Some(Kind::Html);
    }
    trimmed.starts_with("<?xml").then_some(Kind::Xml)
}

/// A header block: two known fields at line starts, the first on the first line.
fn is_mail(text: &str) -> bool {
    const FIELDS: [&str; 10] = [
        "from:",
        "to:",
        "subject:",
        "date:",
        "received:",
        "return-path:",
        "message-id:",
        "mime-version:",
        "delivered-to:",
        "x-",
    ];
    let mut lines = text.lines().take(40);
    let first = lines.next().is_some_and(|line| FIELDS.iter().any(|f| line.starts_with(f)));
    first && lines.filter(|line| FIELDS.iter().take(8).any(|f| line.starts_with(f))).count() >= 2
}

/// Bytes that no text has.
fn binary(bytes: &[u8]) -> bool {
    let head = head(bytes, 2_048);
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return false;
    }
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31)).count();
    odd * 20 > head.len()
}
