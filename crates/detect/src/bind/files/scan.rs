//! `scan.*` of a node: each scanner's object is made when a rule reads it, and null where the format is another.

use sekisho_mql::value::{Arena, Value};
use sekisho_unpack::{File, Kind, facts, read};

use super::{
    OCR, calendar, exif, flavor,
    made::{int, lazy, list, made, text, texts},
    node::{Node, Origin},
    office, strings, urls, yara,
};

/// Members of `ScanResults`.
pub(super) const SCANNERS: usize = 32;

/// `ScanResults`.
pub(super) fn scan<'a>(node: &'a Node<'a>) -> Value<'a> {
    lazy::<SCANNERS>(node, "ScanResults", scanner)
}

fn scanner<'a>(node: &'a Node<'a>, name: &str) -> Value<'a> {
    if matches!(node.origin, Origin::Picture) {
        return if name == "ocr" { node.arena.unknown(OCR) } else { Value::Null };
    }
    let Some(file) = node.file() else { return Value::Null };
    match name {
        "hash" => lazy::<4>(node, "Scan.Hash", hash),
        "entropy" => made(node.arena, "Scan.Entropy", &[("entropy", Value::Float(entropy(&file.bytes)))]),
        "strings" => lazy::<2>(node, "Scan.Strings", strings::field),
        "url" => urls::scan(node),
        "exiftool" => exif::scan(node),
        "yara" => yara::scan(node),
        "ocr" if is_picture(file.kind) => node.arena.unknown(OCR),
        "qr" => file
            .facts
            .image
            .as_ref()
            .and_then(|i| i.qr.first())
            .map_or(Value::Null, |code| urls::code(node.arena, code)),
        "zip" | "rar" | "tar" | "libarchive" | "gzip" | "bzip2" | "zlib" | "encrypted_zip" => {
            archive(node, file, name)
        }
        "html" => html(node, file),
        "javascript" => javascript(node, file),
        "xml" => xml(node, file),
        "pdf" | "pdf_obj_hash" => pdf(node, file, name),
        "jpeg" | "gif" => trailer(node, file, name),
        "lnk" => shortcut(node, file),
        "ics" => calendar::scan(node, file),
        "macho" if file.kind == Kind::MachO => node.arena.unknown("scan.macho"),
        _ => office::scan(node, file, name),
    }
}

/// What a text recogniser reads.
fn is_picture(kind: Kind) -> bool {
    use Kind as K;
    matches!(kind, K::Png | K::Jpeg | K::Tiff | K::Bmp | K::Webp | K::Gif)
}

fn hash<'a>(node: &'a Node<'a>, name: &str) -> Value<'a> {
    let bytes = node.content();
    let hex = match name {
        "md5" => read::md5(bytes),
        "sha1" => read::sha1(bytes),
        "sha256" => match node.file().map(|f| f.sha256.as_str()) {
            Some(known) if !known.is_empty() => return Value::Str(known),
            _ => read::sha256(bytes),
        },
        _ => return Value::Null,
    };
    Value::Str(node.arena.alloc_str(&hex))
}

/// Shannon's, bits a byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u64; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = bytes.len() as f64;
    let share = counts.iter().filter(|c| **c > 0).map(|c| *c as f64 / total);
    share.map(|p| -p * p.log2()).sum::<f64>().max(0.0)
}

fn archive<'a>(node: &'a Node<'a>, file: &'a File, name: &str) -> Value<'a> {
    use Kind as K;
    let arena = node.arena;
    let zip = || zip_facts(node, file);
    match (name, file.kind) {
        ("zip", _) => zip().map_or(Value::Null, |zip| {
            let paths = known(arena, zip.paths, zip.more, "scan.zip.all_paths (over limit)");
            let total = match zip.total {
                Some(total) => int(total),
                None => arena.unknown("scan.zip.total_files (over limit)"),
            };
            made(
                arena,
                "Scan.Zip",
                &[
                    ("all_paths", paths),
                    ("attempted_files", paths),
                    ("encrypted", Value::Bool(zip.encrypted)),
                    ("total_extracted", int(node.children)),
                    ("total_files", total),
                ],
            )
        }),
        ("encrypted_zip", K::Zip) => match &file.facts.archive {
            Some(archive) if archive.encrypted => made(
                arena,
                "Scan.EncryptedZip",
                &[
                    ("cracked_password", password(file)),
                    ("total_extracted", int(node.children)),
                    ("total_files", int(archive.total)),
                ],
            ),
            _ => Value::Null,
        },
        ("rar", K::Rar) => totals(node, file, "Scan.Rar"),
        ("tar", K::Tar) => totals(node, file, "Scan.Tar"),
        ("libarchive", K::SevenZip | K::Cab | K::Iso | K::Arj | K::Lzh) => {
            totals(node, file, "Scan.LibArchive")
        }
        ("gzip", K::Gzip) => made(arena, "Scan.GZip", &[("size", int(node.inner))]),
        ("bzip2", K::Bzip2) => made(arena, "Scan.BZip2", &[("size", int(node.inner))]),
        _ => Value::Null,
    }
}

struct Zip<'a> {
    paths: Vec<&'a str>,
    encrypted: bool,
    /// There are more paths.
    more: bool,
    /// Nothing where nobody counted them all.
    total: Option<u64>,
}

fn zip_facts<'a>(node: &'a Node<'a>, file: &'a File) -> Option<Zip<'a>> {
    if matches!(file.kind, Kind::Zip | Kind::Jar) {
        let archive = file.facts.archive.as_ref()?;
        let paths: Vec<&str> = archive.paths.iter().map(String::as_str).collect();
        let more = archive.total > paths.len() as u64;
        return Some(Zip { paths, encrypted: archive.encrypted, more, total: Some(archive.total) });
    }
    if !super::explode::is_package(file.kind) {
        return None;
    }
    let package = node.arena.keep(read::Package::open(&file.bytes));
    let paths: Vec<&str> = package.members().map(|m| m.name).collect();
    let more = package.more();
    Some(Zip { total: (!more).then_some(paths.len() as u64), paths, encrypted: false, more })
}

fn totals<'a>(node: &'a Node<'a>, file: &'a File, shape: &str) -> Value<'a> {
    let Some(archive) = &file.facts.archive else { return Value::Null };
    let mut fields = vec![("total_extracted", int(node.children)), ("total_files", int(archive.total))];
    if shape == "Scan.Rar" {
        fields.push(("host_os", text(&archive.host_os)));
    }
    made(node.arena, shape, &fields)
}

/// The password that opened the file. Rules compare it; exhibits mask it.
pub(super) fn password(file: &File) -> Value<'_> {
    file.facts.password.as_ref().map_or(Value::Null, |p| Value::Str(p.reveal()))
}

fn html<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let (Some(html), Kind::Html | Kind::Hta) = (&file.facts.html, file.kind) else { return Value::Null };
    let arena = node.arena;
    let script = |(language, kind, source): &'a (Option<String>, Option<String>, String)| {
        made(
            arena,
            "Scan.EmbeddedHTMLScript",
            &[("language", text(language)), ("type", text(kind)), ("scripts", Value::Str(source))],
        )
    };
    made(
        arena,
        "Scan.HTML",
        &[
            ("hyperlinks", texts(arena, &html.hyperlinks)),
            ("scripts", list(arena, html.scripts.iter().map(script))),
            ("spans", spans(node)),
            ("title", text(&html.title)),
            ("total_extracted", int(node.children)),
        ],
    )
}

/// Styles of `span` elements, each as an object.
fn spans<'a>(node: &'a Node<'a>) -> Value<'a> {
    let arena = node.arena;
    let source = sekisho_mail::charset::decode(node.content(), None).text;
    let Ok(query) = sekisho_mail::html::XPath::compile("//span[@style]") else { return Value::Null };
    let html = sekisho_mail::Html::parse(&source);
    let styles: Vec<Value<'a>> = query
        .eval(&html)
        .into_iter()
        .filter_map(|span| span.attribute("style"))
        .map(|style| made(arena, "Scan.HTMLSpan", &[("style", Value::Str(arena.alloc_str(style)))]))
        .collect();
    list(arena, styles)
}

/// A list of texts, of which the last is unknown where there are more than are listed.
fn known<'a, T: AsRef<str> + ?Sized + 'a>(
    arena: &'a Arena,
    texts: impl IntoIterator<Item = &'a T>,
    more: bool,
    missing: &str,
) -> Value<'a> {
    let texts = texts.into_iter().map(|t| Value::Str(t.as_ref()));
    list(arena, texts.chain(more.then(|| arena.unknown(missing))))
}

fn javascript<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let Some(facts::Script { identifiers, strings, keywords, regular_expressions, cut, .. }) =
        file.facts.script.as_ref().filter(|_| matches!(file.kind, Kind::JavaScript | Kind::EncodedScript))
    else {
        return Value::Null;
    };
    let arena = node.arena;
    let words = |list: &'a Vec<String>| known(arena, list, *cut, "scan.javascript (over limit)");
    let mut tokens = Vec::new();
    for (list, name) in [(identifiers, "Identifier"), (keywords, "Keyword"), (strings, "String")] {
        tokens.extend((!list.is_empty()).then_some(name));
    }
    tokens.extend((!regular_expressions.is_empty()).then_some("RegularExpression"));
    made(
        arena,
        "Scan.Javascript",
        &[
            ("identifiers", words(identifiers)),
            ("keywords", words(keywords)),
            ("regular_expressions", words(regular_expressions)),
            ("strings", words(strings)),
            ("tokens", texts(arena, tokens)),
        ],
    )
}

fn xml<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    use Kind as K;
    let arena = node.arena;
    let xml: &'a facts::Xml = match (&file.facts.xml, file.kind) {
        (Some(xml), _) => xml,
        (None, K::Xml | K::Svg | K::WordXml | K::FlatOpc | K::SpreadsheetXml | K::LibraryMs) => {
            let source = sekisho_mail::charset::decode(&file.bytes, None).text;
            arena.keep(read::xml(&source))
        }
        _ => return Value::Null,
    };
    let names = |list: &'a Vec<String>| known(arena, list, xml.cut, "scan.xml (over limit)");
    made(
        arena,
        "Scan.XML",
        &[
            ("doc_type", text(&xml.doc_type)),
            ("namespaces", names(&xml.namespaces)),
            ("tags", names(&xml.tags)),
            ("total_extracted", int(node.children)),
            ("version", text(&xml.version)),
        ],
    )
}

fn pdf<'a>(node: &'a Node<'a>, file: &'a File, name: &str) -> Value<'a> {
    let Some(pdf) = &file.facts.pdf else { return Value::Null };
    let arena = node.arena;
    if name == "pdf" {
        let (urls, invalid) = urls::sort(arena, pdf.urls.iter().map(String::as_str));
        return made(
            arena,
            "Scan.PDF",
            &[("invalid_urls", invalid), ("total_extracted", int(node.children)), ("urls", urls)],
        );
    }
    if pdf.object_types.is_empty() {
        return Value::Null;
    }
    let hash = read::md5(pdf.object_types.as_bytes());
    made(
        arena,
        "Scan.PDFObjHash",
        &[
            ("hash_string", Value::Str(&pdf.object_types)),
            ("object_hash", Value::Str(arena.alloc_str(&hash))),
        ],
    )
}

fn trailer<'a>(node: &'a Node<'a>, file: &'a File, name: &str) -> Value<'a> {
    let fits = matches!((name, file.kind), ("jpeg", Kind::Jpeg) | ("gif", Kind::Gif));
    let Some(image) = file.facts.image.as_ref().filter(|_| fits) else { return Value::Null };
    made(node.arena, "Scan.JpegGif", &[("trailer_index", image.trailer_index.map_or(Value::Null, int))])
}

fn shortcut<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let Some(link) = file.facts.shortcut.as_ref().filter(|_| file.kind == Kind::Lnk) else {
        return Value::Null;
    };
    made(
        node.arena,
        "Scan.LNK",
        &[
            ("MAC", text(&link.mac)),
            ("command_line_arguments", text(&link.arguments)),
            ("drive_serial_number", text(&link.drive_serial_number)),
            ("drive_type", text(&link.drive_type)),
            ("local_base_path", text(&link.target)),
            ("machine_id", text(&link.machine_id)),
            ("relative_path", text(&link.relative_path)),
            ("volume_label", text(&link.volume_label)),
            ("working_dir", text(&link.working_dir)),
        ],
    )
}

/// That flavours of text are searched for words.
pub(super) fn is_text(node: &Node<'_>) -> bool {
    let kind = node.kind();
    flavor::is_text(kind) || flavor::mime(kind, node.content()).starts_with("text/")
}
