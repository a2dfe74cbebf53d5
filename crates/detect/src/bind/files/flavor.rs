//! What a file is, in the names that others use: media types of libmagic, signatures of the public taste set.

use memchr::memmem;
use sekisho_mql::value::Value;
use sekisho_unpack::{Family, Kind};

use super::{
    made::{list, made, texts},
    node::Node,
};

/// How the base64 of a program begins.
const PROGRAM_HEADS: [&[u8]; 5] = [b"TVqQAAM", b"TVpQAAI", b"TVoAAAAA", b"TVqAAAE", b"TVpAAAE"];
/// Bytes that are searched for such a beginning.
const SEARCHED_BYTES_MAX: usize = 16 << 20;

/// `Scan.Flavors`.
pub(super) fn flavors<'a>(node: &'a Node<'a>) -> Value<'a> {
    let arena = node.arena;
    let kind = node.kind();
    let mut yara: Vec<&'static str> = signature(kind).into_iter().collect();
    if let Some(file) = node.file() {
        let office = file.facts.office.as_ref();
        if file.facts.archive.as_ref().is_some_and(|a| a.encrypted) && kind == Kind::Zip {
            yara.push("encrypted_zip");
        }
        if is_compound(kind) && (kind == Kind::OleEncrypted || office.is_some_and(|o| o.encrypted)) {
            yara.push("encrypted_word_document");
        }
        if super::explode::is_package(kind) || kind == Kind::Jar {
            yara.push("zip_file");
        }
        if kind == Kind::Svg {
            yara.push("svg_file");
        }
    }
    let head = node.content().get(..SEARCHED_BYTES_MAX).unwrap_or(node.content());
    if is_text(kind) && PROGRAM_HEADS.iter().any(|h| memmem::find(head, h).is_some()) {
        yara.push("base64_pe");
    }
    made(
        arena,
        "Scan.Flavors",
        &[
            ("external", list(arena, [])),
            ("mime", Value::Str(mime(kind, node.content()))),
            ("yara", texts(arena, yara)),
        ],
    )
}

/// Compound files.
pub(super) fn is_compound(kind: Kind) -> bool {
    use Kind as K;
    matches!(kind, K::Ole | K::Word | K::Excel | K::PowerPoint | K::OleEncrypted | K::Msg | K::Msi)
}

/// Read by people or by interpreters.
pub(super) fn is_text(kind: Kind) -> bool {
    use Kind as K;
    matches!(kind.family(), Family::Text | Family::Page | Family::Script)
        || matches!(
            kind,
            K::Eml | K::Rtf | K::UrlFile | K::Iqy | K::LibraryMs | K::Sylk | K::WordXml | K::FlatOpc
        )
        || kind == K::SpreadsheetXml
}

/// The name of its signature in the taste set.
fn signature(kind: Kind) -> Option<&'static str> {
    use Kind as K;
    Some(match kind {
        K::Zip => "zip_file",
        K::Jar => "jar_file",
        K::SevenZip => "_7zip_file",
        K::Rar => "rar_file",
        K::Tar => "tar_file",
        K::Gzip => "gzip_file",
        K::Bzip2 => "bzip2_file",
        K::Xz => "xz_file",
        K::Lzma => "lzma_file",
        K::Cab => "cab_file",
        K::Arj => "arj_file",
        K::Iso => "iso_file",
        K::Vhd => "vhd_file",
        K::Vhdx => "vhdx_file",
        K::Dmg => "dmg_disk_image",
        kind if is_compound(kind) => "olecf_file",
        kind if super::explode::is_package(kind) && kind != K::Odf => "ooxml_file",
        K::WordXml => "wordml_file",
        K::Rtf => "rtf_file",
        K::Mhtml => "mhtml_file",
        K::Html => "html_file",
        K::Svg | K::Xml => "xml_file",
        K::Hta => "hta_file",
        K::JavaScript | K::EncodedScript => "javascript_file",
        K::VbScript => "vb_file",
        K::Batch => "batch_file",
        K::Iqy => "iqy_file",
        K::Lnk => "lnk_file",
        K::OneNote => "onenote_file",
        K::Pdf => "pdf_file",
        K::Eml => "email_file",
        K::Tnef => "tnef_file",
        K::Ics => "ics_file",
        K::Png => "png_file",
        K::Jpeg => "jpeg_file",
        K::Gif => "gif_file",
        K::Bmp => "bmp_file",
        K::Exe => "mz_file",
        K::Elf => "elf_file",
        K::MachO => "macho_file",
        _ => return None,
    })
}

/// The media type as libmagic has it.
pub(super) fn mime(kind: Kind, bytes: &[u8]) -> &'static str {
    use Kind as K;
    match kind {
        K::Empty => "application/x-empty",
        K::Zip | K::Visio | K::Odf => "application/zip",
        K::Jar => "application/java-archive",
        K::SevenZip => "application/x-7z-compressed",
        K::Rar => "application/x-rar",
        K::Tar => "application/x-tar",
        K::Gzip => "application/gzip",
        K::Bzip2 => "application/x-bzip2",
        K::Xz => "application/x-xz",
        K::Lzma => "application/x-lzma",
        K::Zstd => "application/zstd",
        K::Compress => "application/x-compress",
        K::Cab => "application/vnd.ms-cab-compressed",
        K::Arj => "application/x-arj",
        K::Iso => "application/x-iso9660-image",
        K::Word => "application/msword",
        K::Excel | K::Biff => "application/vnd.ms-excel",
        K::PowerPoint => "application/vnd.ms-powerpoint",
        K::OleEncrypted => "application/encrypted",
        K::Msg => "application/vnd.ms-outlook",
        K::Msi => "application/x-msi",
        K::Ole => "application/CDFV2",
        K::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        K::Xlsx | K::Xlsb => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        K::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        K::Rtf => "text/rtf",
        K::Mhtml | K::Eml => "message/rfc822",
        K::Html | K::Hta => "text/html",
        K::Svg => "image/svg+xml",
        K::Xml | K::WordXml | K::FlatOpc | K::SpreadsheetXml | K::LibraryMs => "text/xml",
        K::Batch => "text/x-msdos-batch",
        K::Csv => "text/csv",
        K::Ics => "text/calendar",
        K::Vcf => "text/vcard",
        K::Lnk => "application/x-ms-shortcut",
        K::OneNote => "application/onenote",
        K::Pdf => "application/pdf",
        K::Tnef => "application/vnd.ms-tnef",
        K::Png => "image/png",
        K::Jpeg => "image/jpeg",
        K::Gif => "image/gif",
        K::Bmp => "image/bmp",
        K::Webp => "image/webp",
        K::Tiff => "image/tiff",
        K::Heif => "image/heic",
        K::Ico => "image/vnd.microsoft.icon",
        K::Exe => "application/x-dosexec",
        K::Elf => "application/x-executable",
        K::MachO => "application/x-mach-binary",
        K::Wasm => "application/wasm",
        kind if is_text(kind) => "text/plain",
        _ if !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|t| !t.contains('\0')) => "text/plain",
        _ => "application/octet-stream",
    }
}

/// The public `file_type`.
pub(super) fn file_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Empty | Kind::Unknown | Kind::Text | Kind::Eml | Kind::Audio | Kind::Video | Kind::Font => {
            "unknown"
        }
        kind => kind.name(),
    }
}
