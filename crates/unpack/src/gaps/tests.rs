//! For each limit a file that reaches it and one that goes beyond: only the second one says so.

use std::io::{Cursor, Write as _};

mod archives;
mod programs;

use super::*;
use crate::{Hints, Id, Input, ole::cfb, unpack};

#[test]
fn each_kind_once_and_nothing_at_the_limit() {
    let mut gaps = Gaps::default();
    assert_eq!(gaps.most(0..3, 3, "numbers"), [0, 1, 2]);
    assert!(gaps.room(2, 3, "words"));
    assert_eq!(gaps, Gaps::default());
    assert_eq!(gaps.most(0..4, 3, "numbers"), [0, 1, 2]);
    assert!(!gaps.room(3, 3, "words") && !gaps.room(3, 3, "words"));
    gaps.aside(7, "pictures");
    let said: Vec<String> = gaps.take().into_iter().map(|(s, text)| format!("{s:?} {text}")).collect();
    assert_eq!(said, ["Low more than 3 numbers", "Low more than 3 words", "Info more than 7 pictures"]);
}

/// What was left out of a file, a line each.
fn said(name: &str, bytes: Vec<u8>) -> String {
    let tree =
        unpack("", vec![Input { name: name.into(), declared: None, bytes: bytes.into() }], &Hints::default());
    let findings = tree.files.iter().flat_map(|f| &f.findings).filter(|f| f.id == Id::ScanIncomplete);
    let mut out: Vec<&str> = findings.map(|f| f.evidence.as_str()).collect();
    out.dedup();
    out.join("\n")
}

/// A limit: the file's name, how many there may be of what, and a file of so many.
type Case = (&'static str, usize, &'static str, fn(usize) -> Vec<u8>);

fn check(cases: &[Case]) {
    for (name, max, what, make) in cases {
        let gap = format!("more than {max} {what}");
        let at = said(name, make(*max));
        assert!(!at.lines().any(|line| line == gap), "{name} at {max} {what}: {at}");
        let over = said(name, make(max + 1));
        let times = over.lines().filter(|line| *line == gap).count();
        assert_eq!(times, 1, "{name} over {max} {what}: {over:?}");
    }
}

fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

/// A compound file of streams by number.
fn compound(always: &[&str], n: usize, path: impl Fn(usize) -> String) -> Vec<u8> {
    let paths: Vec<String> = always.iter().map(|s| (*s).to_owned()).chain((0..n).map(path)).collect();
    let streams: Vec<(&str, &[u8])> = paths.iter().map(|p| (p.as_str(), b"text text".as_slice())).collect();
    cfb::tests::build(&streams)
}

fn zipped(parts: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(name.as_str(), stored).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn messages_and_calendars() {
    check(&[
        ("a.msg", 500, "attachments", |n| {
            compound(&["__properties_version1.0"], n, |i| {
                format!("__attach_version1.0_#{i:08X}/__substg1.0_3707001E")
            })
        }),
        ("a.msg", 500, "recipients", |n| {
            compound(&["__properties_version1.0"], n, |i| {
                format!("__recip_version1.0_#{i:08X}/__substg1.0_39FE001E")
            })
        }),
        ("a.msg", 64, "streams of an embedded object", |n| {
            compound(&["__properties_version1.0"], n, |i| {
                format!("__attach_version1.0_#00000000/__substg1.0_3701000D/stream{i}")
            })
        }),
        ("a.msg", 8, "messages inside one another", |n| {
            let inner = "__attach_version1.0_#00000000/__substg1.0_3701000D/".repeat(n);
            let paths: Vec<String> = (0..=n)
                .map(|i| {
                    "__attach_version1.0_#00000000/__substg1.0_3701000D/".repeat(i)
                        + "__properties_version1.0"
                })
                .collect();
            let mut streams: Vec<(&str, &[u8])> =
                paths.iter().map(|p| (p.as_str(), b"".as_slice())).collect();
            let subject = inner + "__substg1.0_0037001E";
            streams.push((&subject, b"text"));
            cfb::tests::build(&streams)
        }),
        ("winmail.dat", 2_000, "properties of a message", |n| {
            tnef(&[7, 0, 0, 0].into_iter().chain([3, 0, 1, 0x60, 0, 0, 0, 0].repeat(n)).collect::<Vec<u8>>())
        }),
        ("winmail.dat", 2_000, "values of a property", |n| {
            let mut data = vec![1, 0, 0, 0, 0x1E, 0x10, 1, 0x60];
            data.extend((n as u32).to_le_bytes());
            data.extend([1, 0, 0, 0, b'a', 0, 0, 0].repeat(n));
            tnef(&data)
        }),
        ("a.ics", 20_000, "lines of a calendar", |n| {
            format!("BEGIN:VCALENDAR{}", "\r\nA:b".repeat(n - 1)).into()
        }),
        ("a.ics", 500, "properties of a component", |n| {
            format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}END:VEVENT", "A:b\r\n".repeat(n)).into()
        }),
        ("a.ics", 8_192, "characters of a property", |n| {
            format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:{}", "a".repeat(n)).into()
        }),
        ("a.ics", 1_000, "components of a calendar", |n| {
            format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:VEVENT\r\nEND:VEVENT\r\n".repeat(n - 1)).into()
        }),
    ]);
}

/// A `winmail.dat` of one block of properties.
fn tnef(properties: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x9F, 0x3E, 0x22, 1, 0, 1];
    out.extend(0x0006_9003_u32.to_le_bytes());
    out.extend((properties.len() as u32).to_le_bytes());
    out.extend(properties);
    out.extend([0, 0]);
    out
}

#[test]
fn shortcuts_and_notes() {
    check(&[
        ("a.lnk", 64, "blocks of a link", |n| {
            link(0, &[&[12, 0, 0, 0, 1, 0, 0, 0xA0, 0, 0, 0, 0].repeat(n)[..], &[0; 4]].concat())
        }),
        ("a.lnk", 64, "items of a link's path", |n| {
            let list = [&[6, 0, 0x2F, b'C', b':', 0].repeat(n)[..], &[0, 0]].concat();
            link(1, &[&(list.len() as u16).to_le_bytes()[..], &list, &[0; 4]].concat())
        }),
        ("a.url", 2_000, "lines of a shortcut", |n| {
            format!("[InternetShortcut]{}", "\r\nA=b".repeat(n - 1)).into()
        }),
        ("a.library-ms", 64, "locations of a library", |n| {
            format!("<libraryDescription>{}", "<url>c:\\a</url>".repeat(n)).into()
        }),
        ("a.one", 256, "embedded files", |n| {
            let store = [
                0xE7, 0x16, 0xE3, 0xBD, 0x65, 0x26, 0x11, 0x45, 0xA4, 0xC4, 0x8D, 0x4D, 0x0B, 0x7A, 0x9E,
                0xAC,
            ];
            let section = [
                0xE4, 0x52, 0x5C, 0x7B, 0x8C, 0xD8, 0xA7, 0x4D, 0xAE, 0xB1, 0x53, 0x78, 0xD0, 0x29, 0x96,
                0xD3,
            ];
            [&section[..], &[0; 64], &[&store[..], &[0; 24]].concat().repeat(n)].concat()
        }),
        ("a.svg", 1_000, "entities of a document", |n| {
            let entities = lines(n, |i| format!("<!ENTITY a{i} 'b'>"));
            format!(
                "<?xml version='1.0'?><!DOCTYPE svg [{entities}]><svg xmlns='http://www.w3.org/2000/svg'/>"
            )
            .into()
        }),
    ]);
}

/// A link of a flag and what follows its header.
fn link(flags: u8, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![0x4C, 0, 0, 0, 1, 0x14, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46, flags];
    out.resize(0x4C, 0);
    out.extend(rest);
    out
}

#[test]
fn rich_text() {
    check(&[
        ("a.rtf", 4_096, "groups inside one another", |n| format!("{{\\rtf1 {}", "{".repeat(n - 1)).into()),
        ("a.rtf", 256, "objects", |n| {
            format!("{{\\rtf1 {}}}", "{\\object{\\*\\objdata 0102}}".repeat(n)).into()
        }),
        ("a.rtf", 32, "pictures", |n| {
            format!("{{\\rtf1 {}}}", "{\\pict\\pngblip 89504e47}".repeat(n)).into()
        }),
        ("a.rtf", 64 << 10, "bytes of text", |n| format!("{{\\rtf1{{\\title {}}}}}", "a".repeat(n)).into()),
        ("a.rtf", 16, "addresses of an object", |n| {
            let moniker = "e0c9ea79f9bace118c8200aa004ba90b04000000610000000000";
            format!("{{\\rtf1{{\\object\\objemb{{\\*\\objdata {}}}}}}}", moniker.repeat(n)).into()
        }),
        ("a.rtf", 16, "places that look like an equation", |n| {
            format!("{{\\rtf1{{\\object{{\\*\\objdata {}}}}}}}", "03010103ffff".repeat(n)).into()
        }),
        ("a.rtf", 16 << 10, "bytes of a field", |n| {
            format!("{{\\rtf1{{\\field{{\\*\\fldinst {}}}}}}}", "a".repeat(n)).into()
        }),
        ("a.rtf", 64, "fields inside one another", |n| {
            format!("{{\\rtf1 {}", "{\\field{\\*\\fldinst A ".repeat(n)).into()
        }),
        ("a.rtf", 128, "variables of fields", |n| {
            let fields = lines(n, |i| format!("{{\\field{{\\*\\fldinst SET a{i} b}}}}"));
            format!("{{\\rtf1 {fields}}}").into()
        }),
    ]);
}

#[test]
fn documents() {
    check(&[
        ("a.docx", 1_024, "properties", |n| {
            let all = lines(n, |i| format!("<property name='a{i}'>b</property>"));
            docx(&[("docProps/custom.xml", format!("<Properties>{all}</Properties>"))])
        }),
        ("a.docx", 4_096, "texts that macros could read", |n| {
            let all = lines(n, |i| format!("<w:docVar w:name='a{i}' w:val='b'/>"));
            docx(&[("word/settings.xml", format!("<w:settings>{all}</w:settings>"))])
        }),
        ("a.docx", 8_192, "relations of a part", |n| {
            let all = lines(n, |i| format!("<Relationship Id='a{i}' Type='x/styles' Target='b'/>"));
            docx(&[("word/_rels/document.xml.rels", format!("<Relationships>{all}</Relationships>"))])
        }),
        ("a.docx", 64, "binary parts of a document", |n| {
            let all = "<w:binData w:name='a'>AAAA</w:binData>".repeat(n);
            docx(&[("word/a.xml", format!("<w:a>{all}</w:a>"))])
        }),
        ("a.docx", 256, "files in a document", |n| {
            let parts: Vec<(String, String)> =
                (0..n).map(|i| (format!("word/{i}.pdf"), "%PDF-1.7".into())).collect();
            let parts: Vec<(&str, String)> =
                parts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
            docx(&parts)
        }),
        ("a.odt", 256, "files in a document", |n| {
            let mut parts = vec![
                ("mimetype".to_owned(), "application/vnd.oasis.opendocument.text".to_owned()),
                ("content.xml".to_owned(), "<office:document-content/>".to_owned()),
            ];
            parts.extend((0..n).map(|i| (format!("a/{i}.pdf"), "%PDF-1.7".to_owned())));
            zipped(&parts)
        }),
        ("a.doc", 512, "properties", |n| {
            let mut set = [0u32, n as u32].map(u32::to_le_bytes).concat();
            for id in 0..n as u32 {
                set.extend([id + 2, 8].map(u32::to_le_bytes).concat());
            }
            property_set(&set)
        }),
        ("a.doc", 64 << 10, "bytes of a property", |n| {
            let mut set = [0u32, 1, 2, 16, 0x1E, n as u32].map(u32::to_le_bytes).concat();
            set.extend(vec![b'a'; n]);
            property_set(&set)
        }),
        ("a.doc", 64, "files in streams", |n| compound_of_files(n)),
        ("a.doc", 16, "workbooks", |n| {
            compound(&["WordDocument"], n, |i| format!("ObjectPool/{i}/Workbook"))
        }),
        ("a.doc", 32, "VBA projects", |n| compound(&["WordDocument"], n, |i| format!("{i}/VBA/dir"))),
        ("a.doc", 256, "forms", |n| {
            let paths: Vec<String> =
                (0..n).flat_map(|i| [format!("Macros/{i}/f"), format!("Macros/{i}/o")]).collect();
            let streams: Vec<(&str, &[u8])> =
                paths.iter().map(|p| (p.as_str(), b"abcd".as_slice())).collect();
            cfb::tests::build(&streams)
        }),
        ("a.doc", 4_096, "texts of a form", |n| {
            let texts = b"text\0".repeat(n);
            cfb::tests::build(&[("Macros/A/f", b"abcd"), ("Macros/A/o", &texts)])
        }),
    ]);
}

fn docx(more: &[(&str, String)]) -> Vec<u8> {
    let types = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/word/document.xml' ContentType='application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>";
    let root = "<Relationships><Relationship Id='r1' Type='x/officeDocument' Target='word/document.xml'/></Relationships>";
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), types.to_owned()),
        ("_rels/.rels".to_owned(), root.to_owned()),
        ("word/document.xml".to_owned(), "<w:document/>".to_owned()),
    ];
    parts.extend(more.iter().map(|(name, text)| ((*name).to_owned(), text.clone())));
    zipped(&parts)
}

/// A document with this set of properties.
fn property_set(set: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 28];
    bytes[..2].copy_from_slice(&[0xFE, 0xFF]);
    bytes[24] = 1;
    bytes.extend([0; 16]);
    bytes.extend(48_u32.to_le_bytes());
    bytes.extend(set);
    cfb::tests::build(&[("WordDocument", b"a"), ("\u{5}SummaryInformation", &bytes)])
}

fn compound_of_files(n: usize) -> Vec<u8> {
    let paths: Vec<String> = (0..n).map(|i| format!("stream{i}")).collect();
    let streams: Vec<(&str, &[u8])> = paths.iter().map(|p| (p.as_str(), b"%PDF-1.7".as_slice())).collect();
    cfb::tests::build(&streams)
}

#[test]
fn portable_documents() {
    check(&[
        ("a.pdf", 64, "properties", |n| {
            let all = lines(n, |i| format!("/A{i}(b)"));
            format!("%PDF-1.7\n1 0 obj<<{all}>>endobj\ntrailer<</Info 1 0 R>>").into()
        }),
        ("a.pdf", 200, "embedded files", |n| {
            let all = lines(n, |i| {
                format!("{} 0 obj<</Type/EmbeddedFile>>stream\ntext\nendstream endobj\n", i + 1)
            });
            format!("%PDF-1.7\n{all}").into()
        }),
        ("a.pdf", 20, "pictures", |n| {
            let picture = "<</Subtype/Image/Width 64/Height 64/BitsPerComponent 8/ColorSpace/DeviceGray>>";
            let data = "a".repeat(64 * 64);
            let all = lines(n, |i| format!("{} 0 obj{picture}stream\n{data}\nendstream endobj\n", i + 1));
            format!("%PDF-1.7\n{all}").into()
        }),
        ("a.pdf", 2_000, "links", |n| {
            let all = lines(n, |i| format!("{} 0 obj<</S/URI/URI(https://a.example/{i})>>endobj\n", i + 1));
            format!("%PDF-1.7\n{all}").into()
        }),
        ("a.pdf", 64, "arrays and dictionaries inside one another", |n| {
            format!("%PDF-1.7\n1 0 obj {}1{} endobj\n", "[".repeat(n), "]".repeat(n)).into()
        }),
        ("a.pdf", 64, "trailers", |n| format!("%PDF-1.7\n{}", "trailer<</Size 1>>\n".repeat(n)).into()),
        ("a.pdf", 8, "filters of a stream", |n| {
            let filters = "/AHx ".repeat(n);
            format!(
                "%PDF-1.7\n1 0 obj<</Type/EmbeddedFile/Filter[{filters}]>>stream\n31>\nendstream endobj\n"
            )
            .into()
        }),
        ("a.pdf", 1_000, "parts of a page", |n| {
            let parts = "4 0 R ".repeat(n);
            format!("%PDF-1.7\n1 0 obj<</Pages 2 0 R>>endobj\n2 0 obj<</Kids[3 0 R]>>endobj\n3 0 obj<</Type/Page/Contents[{parts}]>>endobj\n4 0 obj<<>>stream\nq\nendstream endobj\ntrailer<</Root 1 0 R>>").into()
        }),
    ]);
}

#[test]
fn scripts() {
    check(&[
        ("a.js", 16, "files that a script puts together", |n| {
            lines(n, |i| {
                format!(
                    "new Blob([atob('{}')]);",
                    base64(&format!("%PDF-1.7 {i:04} and more of it to be a file"))
                )
            })
            .into()
        }),
        ("a.js", 512, "actions of a script", |n| {
            lines(n, |i| format!("fetch('https://a.example/{i}');")).into()
        }),
        ("a.js", 64, "names that a script saves files under", |n| {
            lines(n, |i| format!("saveAs(x,'a{i}.txt');")).into()
        }),
        ("a.js", 64, "regular expressions of a script", |n| {
            lines(n, |i| format!("/a{i}/.test('b');")).into()
        }),
        ("a.js", 512, "decoded texts", |n| {
            lines(n, |i| format!("atob('{}');", base64(&format!("some text {i}")))).into()
        }),
        ("a.js", 400, "functions of a script, some of which nothing calls", |n| {
            lines(n, |i| format!("function f{i}(){{}}")).into()
        }),
        ("a.js", 512, "functions of a script that wait to be called", |n| {
            format!("function f(){{}}{}", "x.on('click',f);".repeat(n)).into()
        }),
        ("a.js", 64, "blocks or brackets of a script inside one another", |n| {
            ["{".repeat(n), "}".repeat(n)].concat().into()
        }),
        ("a.js", 8, "signs in a row", |n| format!("var a={}x;", "!".repeat(n)).into()),
        ("a.js", 8, "scripts that run one another", |n| {
            format!(
                "var s='eval(s)'.replace('s','s');var n=0;function f(){{if(n<{n}){{n=n+1;eval('f()')}}}};f();"
            )
            .into()
        }),
        ("a.vbs", 64, "blocks or brackets inside one another in macros", |n| "If a Then\n".repeat(n).into()),
        ("a.vbs", 1_024, "texts that macros put together", |n| {
            lines(n, |i| format!("x = Chr(65) & \"text {i}\"\n")).into()
        }),
        ("a.vbs", 256, "objects of a script", |n| lines(n, |i| format!("CreateObject(\"a{i}\")\n")).into()),
        ("a.vbs", 10_000, "texts that a script puts together", |n| "x = \"abc\" & \"d\"\n".repeat(n).into()),
        ("a.ps1", 64, "encoded commands", |n| {
            format!("powershell {}", "-enc ZABpAHIAIABhACAAYgA= ".repeat(n)).into()
        }),
        ("a.bat", 10_000, "variables", |n| {
            format!("@echo off\r\n{}", lines(n, |i| format!("set a{i}=b\r\n"))).into()
        }),
        ("a.wsf", 64, "scripts in one file", |n| {
            format!(
                "<?xml version='1.0'?><job>{}</job>",
                "<script language='VBScript'>a = 1</script>".repeat(n)
            )
            .into()
        }),
    ]);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn workbooks() {
    check(&[
        ("a.slk", 1 << 14, "names", |n| {
            format!("ID;P\nO;E\n{}E\n", lines(n, |i| format!("NN;Na{i};ER1C1\n"))).into()
        }),
        ("a.slk", 64 << 10, "characters of a formula", |n| {
            format!("ID;P\nO;E\nC;X1;Y1;K0;E\"{}\"\nE\n", "a".repeat(n - 2)).into()
        }),
        ("a.xlsx", 2_048, "sheets", |n| {
            xlsx(&format!("<sheets>{}</sheets>", lines(n, |i| format!("<sheet name='a{i}' r:id='r1'/>"))), "")
        }),
        ("a.xlsx", 256, "connections", |n| xlsx("", &"<webPr url='https://a.example/'/>".repeat(n))),
        ("a.xlsx", 64 << 10, "bytes of a cell", |n| {
            let runs = format!("<r><t>{}</t></r><r><t>a</t></r>", "a".repeat(n - 1));
            let sheet = format!(
                "<worksheet><sheetData><row><c t='inlineStr'><is>{runs}<r><t>b</t></r></is></c></row></sheetData></worksheet>"
            );
            sheet_of(&if n == 64 << 10 { sheet.replace("<r><t>b</t></r>", "") } else { sheet })
        }),
    ]);
}

fn xlsx(book: &str, connections: &str) -> Vec<u8> {
    workbook(book, connections, "<worksheet/>")
}

fn sheet_of(sheet: &str) -> Vec<u8> {
    workbook("<sheets><sheet name='a' r:id='r1'/></sheets>", "", sheet)
}

fn workbook(book: &str, connections: &str, sheet: &str) -> Vec<u8> {
    let types = "<Types><Override PartName='/xl/workbook.xml' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/></Types>";
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id='{id}' Type='http://x/{kind}' Target='{target}'/>")
    };
    let inner = [relation("r1", "worksheet", "sheet1.xml"), relation("r2", "connections", "connections.xml")]
        .concat();
    zipped(&[
        ("[Content_Types].xml".into(), types.into()),
        (
            "_rels/.rels".into(),
            format!("<Relationships>{}</Relationships>", relation("r", "officeDocument", "xl/workbook.xml")),
        ),
        ("xl/workbook.xml".into(), format!("<workbook>{book}</workbook>")),
        ("xl/_rels/workbook.xml.rels".into(), format!("<Relationships>{inner}</Relationships>")),
        ("xl/connections.xml".into(), format!("<connections>{connections}</connections>")),
        ("xl/sheet1.xml".into(), sheet.into()),
    ])
}

/// Readers without a file around them.
#[test]
fn compiled_code_and_directories() {
    let gaps = |read: &dyn Fn(&mut Gaps)| {
        let mut gaps = Gaps::default();
        read(&mut gaps);
        gaps.take().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    };
    let literals = |n: usize| {
        let code = b"\xB9\0\x04\0text".repeat(n);
        gaps(&|gaps| _ = crate::vba::pcode::literals(&code, 1252, gaps))
    };
    assert_eq!(
        (literals(4_096).as_str(), literals(4_097).as_str()),
        ("", "more than 4096 literals of a compiled module")
    );
    let names = |n: usize| {
        let table = b"\x04\x01name".repeat(n);
        gaps(&|gaps| _ = crate::vba::pcode::identifiers(&table, gaps))
    };
    assert_eq!(
        (names(65_536).as_str(), names(65_537).as_str()),
        ("", "more than 65536 names of compiled code")
    );
    let entries = |n: usize| {
        let mut entry = [0; 128];
        entry[0] = b'a';
        (entry[0x40], entry[0x42], entry[0x78]) = (4, 2, 1);
        let directory = entry.repeat(n);
        gaps(&|gaps| _ = cfb::tests::read_directory(&directory, gaps))
    };
    assert_eq!(
        (entries(65_536).as_str(), entries(65_537).as_str()),
        ("", "more than 65536 entries of a compound file")
    );
}
