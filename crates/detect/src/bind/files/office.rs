//! Office documents in `scan.*`: docx, pptx, ole, rtf, vba, encrypted_doc.

use sekisho_mql::value::Value;
use sekisho_unpack::{Family, File, Kind, facts::Office};

use super::{
    flavor::is_compound,
    made::{int, made, text, texts},
    node::Node,
    scan::password,
    urls,
};

/// What a scanner of that name says.
pub(super) fn scan<'a>(node: &'a Node<'a>, file: &'a File, name: &str) -> Value<'a> {
    let arena = node.arena;
    let extracted = ("total_extracted", int(node.children));
    match (name, file.kind) {
        ("ole", kind) if is_compound(kind) => made(arena, "Scan.Ole", &[extracted]),
        ("rtf", Kind::Rtf) => made(arena, "Scan.RTF", &[extracted]),
        ("docx", Kind::Docx) => file.facts.office.as_ref().map_or(Value::Null, |office| docx(node, office)),
        ("pptx", Kind::Pptx) => file.facts.office.as_ref().map_or(Value::Null, |office| pptx(node, office)),
        ("encrypted_doc", _) => encrypted(node, file),
        ("vba", _) => vba(node, file),
        _ => Value::Null,
    }
}

fn encrypted<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let encrypted =
        file.kind == Kind::OleEncrypted || file.facts.office.as_ref().is_some_and(|o| o.encrypted);
    if encrypted && file.kind.family() == Family::Office {
        made(node.arena, "Scan.EncryptedDoc", &[("cracked_password", password(file))])
    } else {
        Value::Null
    }
}

fn properties<'a>(office: &'a Office) -> Vec<(&'static str, Value<'a>)> {
    let number = |n: Option<i64>| n.map_or(Value::Null, Value::Int);
    vec![
        ("author", text(&office.author)),
        ("category", text(&office.category)),
        ("comments", text(&office.comments)),
        ("created", number(office.created)),
        ("image_count", int(office.images)),
        ("keywords", text(&office.keywords)),
        ("modified", number(office.modified)),
        ("revision", number(office.revision)),
        ("subject", text(&office.subject)),
        ("title", text(&office.title)),
        ("word_count", int(office.words)),
    ]
}

fn docx<'a>(node: &'a Node<'a>, office: &'a Office) -> Value<'a> {
    let mut fields = properties(office);
    fields.push(("font_colors", texts(node.arena, &office.font_colors)));
    made(node.arena, "Scan.DocX", &fields)
}

fn pptx<'a>(node: &'a Node<'a>, office: &'a Office) -> Value<'a> {
    let links = office.relationships.iter().filter(|(kind, _)| kind.eq_ignore_ascii_case("hyperlink"));
    let (addresses, invalid) = urls::sort(node.arena, links.map(|(_, target)| target.as_str()));
    let mut fields = properties(office);
    fields.extend([
        ("last_modified_by", text(&office.last_modified_by)),
        ("slide_count", int(office.slides)),
        ("urls", addresses),
        ("invalid_urls", invalid),
    ]);
    made(node.arena, "Scan.PPTX", &fields)
}

fn vba<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let Some(vba) = file.facts.vba.as_ref().filter(|v| !v.modules.is_empty()) else { return Value::Null };
    let arena = node.arena;
    let decoded = |way: &str| {
        texts(arena, vba.decoded.iter().filter(|(how, _)| way_of(how) == way).map(|(_, text)| text.as_str()))
    };
    made(
        arena,
        "Scan.VBA",
        &[
            ("auto_exec", texts(arena, &vba.autoexec)),
            ("base64", decoded("base64_string")),
            ("dridex", texts::<str>(arena, [])),
            ("hex", decoded("hex_string")),
            ("ioc", texts(arena, &vba.indicators)),
            ("suspicious", texts(arena, vba.suspicious.iter().map(|(word, _)| word))),
            ("total_extracted", int(node.children)),
            ("total_files", int(vba.modules.len())),
            ("vba_obfuscated", decoded("")),
        ],
    )
}

/// The way in which a string was hidden, in oletools' names; empty for those that it has no name for.
pub(super) fn way_of(how: &str) -> &'static str {
    let how = how.to_ascii_lowercase();
    if how.contains("base64") {
        "base64_string"
    } else if how.contains("hex") {
        "hex_string"
    } else {
        ""
    }
}
