//! What a file is, by its bytes; containers are looked into as far as names in the first and last bytes tell.

use memchr::memmem;

/// Names that rules know (mql.md appendix A), sorted. Anything else is `unknown`.
const KNOWN: [&str; 78] = [
    "3gp", "7z", "Z", "aac", "aiff", "amr", "ar", "avi", "bmp", "bz2", "cab", "cr2", "crx", "dcm", "deb",
    "dex", "dey", "doc", "docx", "dwg", "elf", "eot", "epub", "exe", "flac", "flv", "gif", "gz", "heif",
    "html", "ico", "ics", "iso", "jp2", "jpg", "jxr", "lz", "m4a", "m4v", "macho", "mid", "mkv", "mov",
    "mp3", "mp4", "mpg", "nes", "ogg", "otf", "pdf", "png", "ppt", "pptx", "ps", "psd", "rar", "rpm", "rtf",
    "sqlite", "svg", "swf", "tar", "tif", "ttf", "wasm", "wav", "webm", "webp", "wmv", "woff", "woff2",
    "xls", "xlsx", "xz", "zip", "zst", "unknown", "unknown",
];

/// Where an ISO 9660 image says what it is.
const ISO_MARKS: [usize; 3] = [0x8001, 0x8801, 0x9001];
/// Bytes of each end of a container that are searched for member names.
const CONTAINER_BYTES: usize = 64 << 10;

/// The type of a file; `declared` and `extension` only decide between readings that the bytes leave open.
pub fn detect(bytes: &[u8], declared: &str, extension: Option<&str>) -> &'static str {
    match bytes {
        [] => return "unknown",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => return zip(bytes),
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => return ole(bytes, extension),
        [b'M', b'Z', ..] => return "exe",
        [b'{', b'\\', b'r', b't', ..] => return "rtf",
        // Shell links and OneNote sections have no name in the list.
        [0x4C, 0, 0, 0, 1, 0x14, 2, 0, ..] | [0xE4, 0x52, 0x5C, 0x7B, 0x8C, 0xD8, ..] => return "unknown",
        [0xFE, 0xED, 0xFA, 0xCE | 0xCF, ..] | [0xCE | 0xCF, 0xFA, 0xED, 0xFE, ..] => return "macho",
        [b'A', b'C', b'1', b'0', ..] => return "dwg",
        _ => {}
    }
    if ISO_MARKS.iter().any(|&at| bytes.get(at..at + 5) == Some(b"CD001")) {
        return "iso";
    }
    // Readers accept the mark within the first kilobyte, so writers of malware put it there.
    if memmem::find(head(bytes, 1_024), b"%PDF-").is_some() {
        return "pdf";
    }
    if let Some(kind) = infer::get(bytes)
        && !matches!(kind.extension(), "xml" | "html" | "sh")
    {
        return by_infer(kind.extension());
    }
    text(bytes, declared, extension)
}

fn head(bytes: &[u8], n: usize) -> &[u8] {
    bytes.get(..n).unwrap_or(bytes)
}

fn tail(bytes: &[u8], n: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(n)..).unwrap_or(bytes)
}

fn known(name: &str) -> &'static str {
    KNOWN.iter().find(|k| **k == name).copied().unwrap_or("unknown")
}

fn by_infer(extension: &str) -> &'static str {
    match extension {
        "dll" => "exe",
        "mach" => "macho",
        "midi" => "mid",
        "odt" | "ods" | "odp" | "ora" => "zip",
        "avif" => "heif",
        other => known(other),
    }
}

/// Office documents by the folders of their members, which the directory at the end lists.
fn zip(bytes: &[u8]) -> &'static str {
    let ends = [head(bytes, CONTAINER_BYTES), tail(bytes, CONTAINER_BYTES)];
    let has = |name: &[u8]| ends.iter().any(|end| memmem::find(end, name).is_some());
    if has(b"mimetypeapplication/epub+zip") {
        return "epub";
    }
    if !has(b"[Content_Types].xml") && !has(b"_rels/.rels") {
        return "zip";
    }
    match () {
        () if has(b"word/document") || has(b"word/_rels") => "docx",
        () if has(b"xl/workbook") || has(b"xl/_rels") || has(b"xl/worksheets") => "xlsx",
        () if has(b"ppt/presentation") || has(b"ppt/_rels") || has(b"ppt/slides") => "pptx",
        () => "zip",
    }
}

/// OLE files by the names of their streams (UTF-16).
fn ole(bytes: &[u8], extension: Option<&str>) -> &'static str {
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let has = |name: &str| memmem::find(bytes, &wide(name)).is_some();
    match () {
        // An encrypted OOXML document: only its name says which.
        () if has("EncryptedPackage") => match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("xlsx" | "xlsm" | "xlsb" | "xls") => "xlsx",
            Some("pptx" | "pptm" | "ppt") => "pptx",
            _ => "docx",
        },
        () if has("WordDocument") => "doc",
        () if has("PowerPoint Document") => "ppt",
        () if has("Workbook\0") || has("Book\0") => "xls",
        // Installer packages and Outlook items are OLE files too; neither has a name in the list.
        () => "unknown",
    }
}

/// Formats that are text.
fn text(bytes: &[u8], declared: &str, extension: Option<&str>) -> &'static str {
    let start = head(bytes, 4_096);
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    let lower = start.to_ascii_lowercase();
    if lower.starts_with(b"begin:vcalendar") {
        return "ics";
    }
    let has = |mark: &[u8]| memmem::find(&lower, mark).is_some();
    if has(b"<svg") && !has(b"<html") {
        return "svg";
    }
    const TAGS: [&[u8]; 12] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<iframe",
        b"<meta",
        b"<table",
        b"<form",
        b"<title",
        b"<a href",
        b"<div",
    ];
    let begins = TAGS.iter().any(|tag| lower.starts_with(tag));
    if begins || has(b"<html") || has(b"<!doctype html") {
        return "html";
    }
    let html_by_name = declared == "text/html"
        || extension
            .is_some_and(|e| ["htm", "html", "shtml", "xhtml"].iter().any(|h| e.eq_ignore_ascii_case(h)));
    if html_by_name && (has(b"<script") || has(b"<body") || has(b"<div") || has(b"<a ") || has(b"<p")) {
        return "html";
    }
    "unknown"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_their_bytes() {
        let check = |bytes: &[u8], want: &str| assert_eq!(detect(bytes, "", None), want, "{bytes:?}");
        check(b"", "unknown");
        check(b"%PDF-1.7", "pdf");
        check(b"junk\n%PDF-1.7", "pdf");
        check(b"\x89PNG\r\n\x1a\n0000", "png");
        check(b"GIF89a", "gif");
        check(b"\xFF\xD8\xFF\xE0", "jpg");
        check(b"MZ\x90", "exe");
        check(b"{\\rtf1", "rtf");
        check(b"Rar!\x1a\x07\x00", "rar");
        check(b"7z\xBC\xAF\x27\x1C", "7z");
        check(b"PK\x03\x04....a.txt", "zip");
        check(b"PK\x03\x04....[Content_Types].xml....word/document.xml", "docx");
        check(b"PK\x03\x04....[Content_Types].xml....xl/workbook.xml", "xlsx");
        check(b"PK\x03\x04....[Content_Types].xml....ppt/presentation.xml", "pptx");
        check(b"\xEF\xBB\xBF  <!DOCTYPE html><p>", "html");
        check(b"<?xml version=\"1.0\"?><svg xmlns=\"x\">", "svg");
        check(b"BEGIN:VCALENDAR\r\n", "ics");
        check(b"From: a\r\n\r\nbody", "unknown");
        check(b"just text", "unknown");
    }

    #[test]
    fn an_iso_image_is_found_behind_its_boot_area() {
        let mut bytes = vec![0u8; 0x8001];
        bytes.extend_from_slice(b"CD001");
        assert_eq!(detect(&bytes, "", None), "iso");
    }

    #[test]
    fn ole_files_by_stream_names() {
        let mut bytes = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
        bytes.extend("WordDocument".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(detect(&bytes, "", None), "doc");
        assert_eq!(detect(&bytes[..20], "", None), "unknown");
    }

    #[test]
    fn names_only_break_ties() {
        assert_eq!(detect(b"Hello <p>you</p>", "text/html", None), "html");
        assert_eq!(detect(b"Hello <p>you</p>", "text/plain", Some("txt")), "unknown");
    }
}
