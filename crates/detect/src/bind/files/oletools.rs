//! `file.oletools`: what oletools say about an Office document.

use sekisho_mail::Url;
use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{Family, File, IndicatorKind, Kind, facts::Office};

use super::{
    super::object,
    EvidenceHost, answer, explode, flavor,
    made::{int, list, made},
    office::way_of,
};

/// `file.oletools(file)`; null for what is no Office document.
pub(in crate::bind) fn oletools<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    answer(host, args, arena, |subject| {
        let file = subject.file;
        if file.kind.family() != Family::Office && file.kind != Kind::Mhtml {
            return Value::Null;
        }
        made(
            arena,
            "Ole.Result",
            &[
                ("indicators", indicators(file, arena)),
                ("macros", macros(file, arena)),
                ("relationships", relationships(file, arena)),
            ],
        )
    })
}

fn office(file: &File) -> Option<&Office> {
    file.facts.office.as_ref()
}

fn indicators<'a>(file: &'a File, arena: &'a Arena) -> Value<'a> {
    let risk = |bad: bool, risk: &'static str| ("risk", Value::Str(if bad { risk } else { "none" }));
    let flag = |exists: bool, name: &'static str| {
        made(arena, "Ole.BoolIndicator", &[("exists", Value::Bool(exists)), risk(exists, name)])
    };
    let count = |n: usize, name: &'static str| {
        made(arena, "Ole.IntIndicator", &[("count", int(n)), risk(n > 0, name)])
    };
    let named = |value: &'static str| {
        made(arena, "Ole.StringIndicator", &[("value", Value::Str(value)), ("risk", Value::Str("info"))])
    };
    let encrypted = file.kind == Kind::OleEncrypted || office(file).is_some_and(|o| o.encrypted);
    let vba = file.facts.vba.as_ref().filter(|v| !v.modules.is_empty());
    let suspicious = vba.is_some_and(|v| !v.suspicious.is_empty());
    let outside = office(file).map_or(0, |o| o.relationships.len());
    made(
        arena,
        "Ole.Indicators",
        &[
            ("container_format", named(container(file.kind))),
            ("encryption", flag(encrypted, "low")),
            ("external_relationships", count(outside, "high")),
            ("file_format", named(format(file.kind))),
            ("flash_objects", count(office(file).map_or(0, |o| o.flash_objects as usize), "high")),
            ("object_pool", flag(office(file).is_some_and(|o| o.object_pool), "low")),
            ("vba_macros", flag(vba.is_some(), if suspicious { "high" } else { "medium" })),
        ],
    )
}

fn container(kind: Kind) -> &'static str {
    match kind {
        kind if flavor::is_compound(kind) => "OLE",
        kind if explode::is_package(kind) => "OpenXML",
        Kind::Rtf => "RTF",
        Kind::WordXml | Kind::FlatOpc | Kind::SpreadsheetXml => "FlatOPC",
        Kind::Mhtml => "MHTML",
        _ => "Unknown",
    }
}

fn format(kind: Kind) -> &'static str {
    match kind {
        Kind::Word => "MS Word 97-2003 Document or Template",
        Kind::Excel => "MS Excel 97-2003 Workbook or Template",
        Kind::PowerPoint => "MS PowerPoint 97-2003 Presentation or Template",
        Kind::Docx => "MS Word 2007+ Document",
        Kind::Xlsx => "MS Excel 2007+ Workbook",
        Kind::Xlsb => "MS Excel 2007+ Binary Workbook",
        Kind::Pptx => "MS PowerPoint 2007+ Presentation",
        Kind::OleEncrypted => "Encrypted Office document",
        Kind::Rtf => "Rich Text Format",
        Kind::OneNote => "OneNote section",
        _ => "Unrecognized file format",
    }
}

fn macros<'a>(file: &'a File, arena: &'a Arena) -> Value<'a> {
    let Some(vba) = file.facts.vba.as_ref().filter(|v| !v.modules.is_empty()) else { return Value::Null };
    let keyword = |kind: &'static str, word: &'a str, does: &'a str| {
        made(
            arena,
            "Ole.MacroKeyword",
            &[("type", Value::Str(kind)), ("keyword", Value::Str(word)), ("description", Value::Str(does))],
        )
    };
    let mut keywords = Vec::new();
    keywords.extend(vba.autoexec.iter().map(|name| keyword("autoexec", name, "Runs by itself")));
    keywords.extend(vba.suspicious.iter().map(|(word, does)| keyword("suspicious", word, does)));
    let known = file
        .indicators
        .iter()
        .filter(|i| matches!(i.kind, IndicatorKind::Url | IndicatorKind::DropPath | IndicatorKind::Filename));
    let iocs = vba.indicators.iter().chain(known.map(|i| &i.value));
    keywords.extend(iocs.map(|value| keyword("ioc", value, "Address or file name")));
    for (how, text) in &vba.decoded {
        if !way_of(how).is_empty() {
            keywords.push(keyword(way_of(how), text, how));
        }
    }
    let forms = arena.alloc_str(&vba.form_strings.join("\n"));
    let module = |(stream, name, source): &'a (String, String, String)| {
        made(
            arena,
            "Ole.VBAModule",
            &[
                ("form_string", Value::opt_str(Some(&*forms).filter(|f| !f.is_empty()))),
                ("ole_stream", Value::Str(stream)),
                ("vba_code", Value::Str(source)),
                ("vba_file_name", Value::Str(name)),
            ],
        )
    };
    let all = vba.modules.iter().map(|(_, _, source)| source.as_str()).collect::<Vec<_>>().join("\n");
    made(
        arena,
        "Ole.VBAMacros",
        &[
            ("keywords", list(arena, keywords)),
            ("modules", list(arena, vba.modules.iter().map(module))),
            ("vba_code_all_modules", Value::Str(arena.alloc_str(&all))),
        ],
    )
}

fn relationships<'a>(file: &'a File, arena: &'a Arena) -> Value<'a> {
    let all = office(file).map(|o| o.relationships.as_slice()).unwrap_or_default();
    list(
        arena,
        all.iter().map(|(name, target)| {
            let url = Url::parse_loose(target);
            let known = url.scheme.is_some() || !url.domain.domain.is_empty();
            made(
                arena,
                "Ole.ObjRelationship",
                &[
                    ("name", Value::Str(name)),
                    ("target", Value::Str(target)),
                    ("target_url", if known { object(arena.keep(url), arena) } else { Value::Null }),
                ],
            )
        }),
    )
}
