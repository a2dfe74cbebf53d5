//! What rules see of the files in `fixtures/files`: a query over one attachment in, its value out.

use sekisho_mail::Attachment;
use sekisho_mql::{Arena, Expect, Rule, RuleSet};
use sekisho_record::{Evidence, evidence::Model};
use sekisho_unpack::{Candidate, Hints, Input, Origin, Secret, read, unpack};

use crate::{
    OrgLists, Rules,
    bind::host::{EvidenceHost, Shared},
    judge,
    rule::RuleSource,
    rules::schema,
};

#[path = "../../../../unpack/src/qr_example.rs"]
mod qr_example;

fn fixture(path: &str) -> Vec<u8> {
    let path = format!("{}/../../fixtures/files/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A model of which only the attachments matter here.
fn read_message(raw: &[u8]) -> Model {
    let message = sekisho_mail::parse(raw);
    Model { attachments: message.attachments, subject: message.subject, ..Model::default() }
}

fn evidence(name: &str, declared: &str, bytes: Vec<u8>) -> Evidence {
    let attachment = Attachment {
        file_name: Some(name.rsplit('/').next().unwrap().to_owned()),
        content_type: Some(declared.to_owned()),
        sha256: read::sha256(&bytes),
        raw: bytes.into(),
        ..Attachment::default()
    };
    let input = Input {
        name: attachment.file_name.clone().unwrap(),
        declared: attachment.content_type.clone(),
        bytes: attachment.raw.clone(),
    };
    let candidate = |password: &str| Candidate { password: Secret::new(password), origin: Origin::Body };
    let passwords = ["abc321", "1234"].map(candidate).to_vec();
    let mut evidence = Evidence::default();
    evidence.unpack.tree = unpack("mail", vec![input], &Hints { passwords, ..Hints::default() });
    evidence.unpack.read_message = Some(read_message);
    evidence.model.attachments.push(attachment);
    evidence
}

/// The value of a query over a message with one attachment.
fn check_bytes(name: &str, declared: &str, bytes: Vec<u8>, query: &str) -> String {
    check_with(None, name, declared, bytes, query)
}

/// As [`check_bytes`], with YARA rules.
fn check_with(yara: Option<&str>, name: &str, declared: &str, bytes: Vec<u8>, query: &str) -> String {
    let evidence = evidence(name, declared, bytes);
    let rule = Rule::new(query, schema(), Expect::Any)
        .unwrap_or_else(|d| panic!("{}", d.iter().map(|d| d.render(query, 0)).collect::<String>()));
    let set = RuleSet::compile([("query", &rule)], schema());
    let mut shared = Shared::new(schema(), std::collections::BTreeMap::default(), Vec::new());
    let compile = |text: &str| crate::Yara::compile(&[("a.yar".to_owned(), text.to_owned())]).unwrap();
    shared.yara = yara.map(compile);
    let host = EvidenceHost::new(&evidence, &shared);
    let arena = Arena::new();
    let mut session = set.session(&host, &arena);
    session.value_text(0, 4_000)
}

fn check(name: &str, query: &str) -> String {
    check_bytes(name, "application/octet-stream", fixture(name), query)
}

const NODES: &str = "map(file.explode(attachments[0]), strings.concat(.node_id, '<', coalesce(.parent_node_id, '-'), ' ', .file_name, ' ', .flavors.mime))";

/// The nodes as `id<parent name mime`.
fn nodes(name: &str) -> String {
    check(name, NODES)
}

#[test]
fn nodes_come_parents_first() {
    insta::assert_snapshot!(nodes("container/c04_nested_depth6.zip"), @r#"["0<- c04_nested_depth6.zip application/zip", "1<0 level5.zip application/zip", "2<1 level4.zip application/zip", "3<2 level3.zip application/zip", "4<3 level2.zip application/zip", "5<4 level1.zip application/zip", "6<5 charts.xls application/vnd.ms-excel"]"#);
    insta::assert_snapshot!(nodes("html/h04_data_uri.html"), @r#"["0<- h04_data_uri.html text/html", "1<0 invoice.zip application/zip", "2<1 document.iso.txt text/plain"]"#);
    insta::assert_snapshot!(nodes("word/t01_remote_template.docx"), @r#"["0<- t01_remote_template.docx application/vnd.openxmlformats-officedocument.wordprocessingml.document", "1<0 [Content_Types].xml text/xml", "2<0 _rels/.rels text/xml", "3<0 word/_rels/document.xml.rels text/xml", "4<0 word/_rels/settings.xml.rels text/xml", "5<0 word/document.xml text/xml", "6<0 word/settings.xml text/plain", "7<0 text text/plain"]"#);
    insta::assert_snapshot!(nodes("pdf/f02_embedded_docm_js.pdf"), @r#"["0<- f02_embedded_docm_js.pdf application/pdf", "1<0 pdf_2_png_0 image/png", "2<0 text text/plain", "3<0 a.docm application/vnd.openxmlformats-officedocument.wordprocessingml.document", "4<3 [Content_Types].xml text/xml", "5<3 _rels/.rels text/xml", "6<3 word/_rels/document.xml.rels text/xml", "7<3 word/document.xml text/xml", "8<3 word/vbaProject.bin application/CDFV2", "9<3 text text/plain"]"#);
    insta::assert_snapshot!(nodes("eml/m01_ikea_charts.eml"), @r#"["0<- m01_ikea_charts.eml message/rfc822", "1<0 charts.zip application/zip", "2<1 charts-1234567.xls application/vnd.ms-excel"]"#);
}

#[test]
fn a_locked_zip_gives_up_its_password() {
    let query = "map(filter(file.explode(attachments[0]), 'encrypted_zip' in .flavors.yara), .scan.encrypted_zip.cracked_password)";
    insta::assert_snapshot!(check("container/c02_zipcrypto_infected.zip", query), @r#"["abc321"]"#);
    insta::assert_snapshot!(check("benign/b_photos.zip", query), @"[]");
    let paths = "map(filter(file.explode(attachments[0]), .depth == 0), .scan.zip.all_paths)";
    insta::assert_snapshot!(check("benign/b_photos.zip", paths), @r#"[["a.png", "b.png", "readme.txt"]]"#);
    let locked = "map(file.explode(attachments[0]), .scan.encrypted_doc is not null)";
    insta::assert_snapshot!(check("enc/e02_password_1234.docx", locked), @"[true]");
    insta::assert_snapshot!(check("pdf/f03_launch.pdf", "any(file.explode(attachments[0]), .scan.encrypted_doc is not null)"), @"false");
}

#[test]
fn passwords_are_compared_and_not_shown() {
    let source = RuleSource {
        id: "locked".into(),
        query: "any(file.explode(attachments[0]), .scan.encrypted_zip.cracked_password == 'abc321')".into(),
        ..RuleSource::default()
    };
    let rules = Rules::compile(vec![source], crate::Lists::default(), &OrgLists::default()).unwrap();
    let name = "container/c02_zipcrypto_infected.zip";
    let verdict = judge(&evidence(name, "application/zip", fixture(name)), &rules);
    let [finding] = verdict.findings.as_slice() else { panic!("{verdict:?}") };
    let shown: Vec<String> = finding.exhibits.iter().map(|e| e.value.clone()).collect();
    assert!(shown.iter().any(|v| v == "(a password)"), "{shown:?}");
    assert!(!shown.iter().any(|v| v.contains("abc321")), "{shown:?}");
}

#[test]
fn words_of_scripts_and_pages() {
    let query = "any(file.explode(attachments[0]), .file_name == 'script_0' and any(.scan.javascript.identifiers, . == 'Blob'))";
    insta::assert_snapshot!(check("html/h02_reversed_chunks.html", query), @"true");
    insta::assert_snapshot!(check("benign/b_report.html", query), @"true");
    let tags = "map(file.explode(attachments[0]), .scan.xml.tags)";
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><a href=\"https://a.example/?x=1&amp;y=2\"><circle/></a></svg>";
    insta::assert_snapshot!(check_bytes("a.svg", "image/svg+xml", svg.to_vec(), tags), @r#"[["svg", "a", "circle"], null]"#);
    let urls = "map(filter(file.explode(attachments[0]), .depth == 0), map(.scan.url.urls, .url))";
    insta::assert_snapshot!(check_bytes("a.svg", "image/svg+xml", svg.to_vec(), urls), @r#"[["http://www.w3.org/2000/svg", "https://a.example/?x=1&y=2"]]"#);
    insta::assert_snapshot!(check_bytes("a.txt", "text/plain", b"see https://a.example/b or not".to_vec(), urls), @r#"[["https://a.example/b"]]"#);
}

#[test]
fn runs_of_characters() {
    let query = "map(file.explode(attachments[0]), .scan.strings.strings)";
    insta::assert_snapshot!(check_bytes("a.bin", "x/y", b"\xFF\x00abcd\x00a1b2\x00abc(\x00longer-x1\x00abcd".to_vec(), query), @r#"[["abcd", "longer-x1"]]"#);
    insta::assert_snapshot!(check_bytes("a.txt", "x/y", b"a1b2\nab\nsecond line".to_vec(), query), @r#"[["a1b2", "second line"]]"#);
    let raw = "map(file.explode(attachments[0]), .scan.strings.raw)";
    insta::assert_snapshot!(check_bytes("a.txt", "x/y", "a\nä".into(), raw), @r#"["a\nä"]"#);
    insta::assert_snapshot!(check_bytes("a.bin", "x/y", b"\xFF\x00abcd".to_vec(), raw), @"[null]");
    let numbers = "map(file.explode(attachments[0]), .scan.entropy.entropy)";
    insta::assert_snapshot!(check_bytes("a.txt", "x/y", b"abababab".to_vec(), numbers), @"[1]");
    let hashes = "map(file.explode(attachments[0]), strings.concat(.scan.hash.md5, ' ', .scan.hash.sha1))";
    insta::assert_snapshot!(check_bytes("a.txt", "x/y", b"abc".to_vec(), hashes), @r#"["900150983cd24fb0d6963f7d28e17f72 a9993e364706816aba3e25717850c26c9cd0d89d"]"#);
}

#[test]
fn only_what_has_to_be_recognised_is_unknown() {
    let query = "any(file.explode(attachments[0]), strings.icontains(.scan.ocr.raw, 'invoice'))";
    insta::assert_snapshot!(check("pdf/f01_lure_link.pdf", query), @"unknown (beta.ocr)");
    insta::assert_snapshot!(check("script/s03_downloader.js", query), @"null");
}

#[test]
fn yara_rules_see_every_file() {
    let rules = r#"
        rule note { meta: family = "paper" strings: $a = "abc" condition: $a }
        rule program { condition: uint16(0) == 0x5A4D }
    "#;
    let zip = || fixture("benign/b_photos.zip");
    let names = "map(file.explode(attachments[0]), map(.scan.yara.matches, .name))";
    let text = |query: &str| check_with(Some(rules), "a.txt", "text/plain", b"x abc".to_vec(), query);
    assert_eq!(text(names), r#"[["note"]]"#);
    assert_eq!(
        text("map(file.explode(attachments[0]), map(.scan.yara.matches, .meta['family']))"),
        r#"[["paper"]]"#
    );
    assert_eq!(
        text("any(file.explode(attachments[0]), any(.scan.yara.matches, .name == 'program'))"),
        "false"
    );
    let picture = "rule picture { strings: $a = { 89 50 4E 47 } condition: $a at 0 }";
    assert_eq!(
        check_with(Some(picture), "a.zip", "x/y", zip(), names),
        r#"[[], ["picture"], ["picture"], []]"#
    );
    // Without rules nobody knows.
    assert!(
        check_bytes(
            "a.txt",
            "text/plain",
            b"abc".to_vec(),
            "any(file.explode(attachments[0]), any(.scan.yara.matches, .name == 'note'))"
        )
        .contains("scan.yara")
    );
}

/// Lists that are cut end with something unknown: a rule that finds nothing in them is undecided, not silent.
#[test]
fn lists_that_are_cut() {
    let asked = |name: &str, query: &str, make: &dyn Fn(usize) -> String, max: usize| {
        let of = |n: usize| check_bytes(name, "x/y", make(n).into(), query);
        format!("{} | {}", of(max), of(max + 1))
    };
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<String>();
    let words = "any(file.explode(attachments[0]), any(.scan.javascript.identifiers, . == 'zz'))";
    let script = |n: usize| many(n, &|i| format!("a{i};"));
    insta::assert_snapshot!(asked("a.js", words, &script, 20_000), @"false | unknown (scan.javascript (over limit))");
    let names = "any(file.explode(attachments[0]), any(.scan.xml.tags, . == 'zz'))";
    let xml = |n: usize| format!("<?xml version='1.0'?><r>{}</r>", many(n - 1, &|i| format!("<a{i}/>")));
    insta::assert_snapshot!(asked("a.xml", names, &xml, 4_096), @"false | unknown (scan.xml (over limit))");
    let nodes = "any(file.explode(attachments[0]), .file_name == 'zz')";
    let page = |n: usize| format!("<html><body>{}</body></html>", "<script>a</script>".repeat(n - 1));
    insta::assert_snapshot!(asked("a.html", nodes, &page, 5_000), @"false | unknown (file.explode (over limit))");
}

#[test]
fn yara_rules_that_take_too_many_steps() {
    let strings: String = (0..300).map(|i| format!("$a{i} = /[\\x01-\\xff]{{{},}}/ ", i + 1)).collect();
    let rules = format!("rule a {{ strings: {strings} condition: any of them }}");
    let query = "any(file.explode(attachments[0]), any(.scan.yara.matches, .name == 'a'))";
    let asked = |bytes: usize| check_with(Some(&rules), "a.bin", "x/y", vec![0; bytes], query);
    let max = (128 << 20) / 301;
    assert_eq!((asked(max).as_str(), asked(max + 1).as_str()), ("false", "unknown (scan.yara (over limit))"));
}

#[test]
fn closed_files_are_unknown() {
    let mut evidence = evidence("a.txt", "text/plain", b"abc".to_vec());
    evidence.unpack.read_message = None;
    let query = "any(file.explode(attachments[0]), .depth == 0)";
    let source = RuleSource { id: "closed".into(), query: query.into(), ..RuleSource::default() };
    let rules = Rules::compile(vec![source], crate::Lists::default(), &OrgLists::default()).unwrap();
    let missing: Vec<String> =
        judge(&evidence, &rules).indeterminate.into_iter().flat_map(|i| i.missing).collect();
    assert_eq!(missing, ["unpack"]);
}

#[test]
fn macros_and_relations_of_documents() {
    let query = "file.oletools(attachments[0]).indicators.vba_macros.exists";
    insta::assert_snapshot!(check("vba/v01_autoopen_shell.docm", query), @"true");
    insta::assert_snapshot!(check("word/t01_remote_template.docx", query), @"false");
    insta::assert_snapshot!(check("html/h04_data_uri.html", query), @"null");
    let modules = "map(file.oletools(attachments[0]).macros.modules, .vba_file_name)";
    insta::assert_snapshot!(check("vba/v01_autoopen_shell.docm", modules), @r#"["ThisDocument", "NewMacros"]"#);
    let relations =
        "map(file.oletools(attachments[0]).relationships, strings.concat(.name, ' ', .target_url.url))";
    insta::assert_snapshot!(check("word/t01_remote_template.docx", relations), @r#"["attachedTemplate http://alpha.fixture.invalid/t.dotm"]"#);
    let encrypted = "file.oletools(attachments[0]).indicators.encryption.exists";
    insta::assert_snapshot!(check("enc/e02_password_1234.docx", encrypted), @"true");
}

#[test]
fn archives_are_expanded_to_a_depth() {
    let query = |depth: &str| {
        format!(
            "map(file.expand_archives(attachments[0]{depth}).files, strings.concat(.file_name, ' ', .file_type))"
        )
    };
    insta::assert_snapshot!(check("container/c04_nested_depth6.zip", &query("")), @r#"["level5.zip zip", "level4.zip zip", "level3.zip zip", "level2.zip zip", "level1.zip zip"]"#);
    insta::assert_snapshot!(check("container/c04_nested_depth6.zip", &query(", max_depth=1")), @r#"["level5.zip zip"]"#);
    insta::assert_snapshot!(check("script/s03_downloader.js", &query("")), @"[]");
}

#[test]
fn messages_in_messages() {
    let inner = "From: a@x.example\r\nSubject: inner\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nhttps://a.example/b\r\n--b--\r\n";
    let eml = |query: &str| check_bytes("a.eml", "message/rfc822", inner.into(), query);
    insta::assert_snapshot!(eml("file.parse_eml(attachments[0]).subject.subject"), @"inner");
    insta::assert_snapshot!(eml("map(file.parse_eml(attachments[0]).attachments, map(file.explode(.), .scan.strings.raw))"), @r#"[["https://a.example/b"]]"#);
    insta::assert_snapshot!(check("pdf/f01_lure_link.pdf", "file.parse_eml(attachments[0]).subject.subject"), @"null");
}

#[test]
fn calendars() {
    let text = "BEGIN:VCALENDAR\r\nPRODID:-//a//b\r\nBEGIN:VEVENT\r\nUID:1\r\nORGANIZER;CN=Eve:mailto:eve@x.example\r\nDESCRIPTION:Pay at https://a.example/p?q=1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let ics = |query: &str| check_bytes("a.ics", "text/calendar", text.into(), query);
    insta::assert_snapshot!(ics("map(beta.file.parse_ics(attachments[0]).events, map(.links, .href_url.query_params))"), @r#"[["q=1"]]"#);
    insta::assert_snapshot!(ics("map(beta.file.parse_ics(attachments[0]).events, map(.raw_properties, .key))"), @r#"[["UID", "ORGANIZER", "DESCRIPTION"]]"#);
    insta::assert_snapshot!(ics("map(file.explode(attachments[0]), map(.scan.ics.calendars, map(.components, map(.organizers, .mailbox.email.domain.domain))))"), @r#"[[[["x.example"]]]]"#);
    insta::assert_snapshot!(check("pdf/f01_lure_link.pdf", "beta.file.parse_ics(attachments[0]).product_id"), @"null");
}

#[test]
fn metadata() {
    let query = "map(filter(beta.parse_exif(attachments[0]).fields, .key in ('PageCount', 'CommandLineArguments', 'ZipFileName', 'RunWindow')), strings.concat(.key, '=', .value))";
    insta::assert_snapshot!(check("pdf/f01_lure_link.pdf", query), @r#"["PageCount=1"]"#);
    insta::assert_snapshot!(check("lnk/l01_rundll32.lnk", query), @r#"["RunWindow=Show Minimized No Activate", "CommandLineArguments=Documents.dll,Open"]"#);
    insta::assert_snapshot!(check("benign/b_photos.zip", query), @r#"["ZipFileName=a.png"]"#);
    insta::assert_snapshot!(check("pdf/f01_lure_link.pdf", "beta.parse_exif(attachments[0]).page_count"), @"1");
    insta::assert_snapshot!(check("lnk/l01_rundll32.lnk", "map(file.explode(attachments[0]), .scan.lnk.command_line_arguments)"), @r#"["Documents.dll,Open"]"#);
}

/// The code as a bitmap of six pixels a module.
fn bitmap() -> Vec<u8> {
    let side = qr_example::side(6);
    let mut out = b"BM".to_vec();
    for n in [54 + side * side * 3, 0, 54, 40, side, side] {
        out.extend(n.to_le_bytes());
    }
    out.extend([1, 0, 24, 0]);
    out.extend([0; 24]);
    for (y, x) in (0..side).rev().flat_map(|y| (0..side).map(move |x| (y, x))) {
        out.extend([if qr_example::dark(x, y, 6) { 0 } else { 255 }; 3]);
        // Rows are padded to four bytes.
        out.extend(if x + 1 == side { vec![0; (side * 3 % 4 * 3 % 4) as usize] } else { Vec::new() });
    }
    out
}

#[test]
fn codes_in_pictures() {
    let query =
        "map(beta.scan_qr(attachments[0]).items, strings.concat(.type, ' ', .url.domain.domain, .url.path))";
    assert_eq!(check_bytes("a.bmp", "image/bmp", bitmap(), query), "[\"url a.example/q\"]");
    let node = "map(file.explode(attachments[0]), .scan.qr.data)";
    assert_eq!(check_bytes("a.bmp", "image/bmp", bitmap(), node), "[\"https://a.example/q\"]");
    assert_eq!(check("pdf/f01_lure_link.pdf", "beta.scan_qr(attachments[0]).found"), "false");
    let size = "beta.parse_exif(attachments[0]).image_width";
    assert_eq!(check_bytes("a.bmp", "image/bmp", bitmap(), size), "198");
}

#[test]
fn kinds_of_codes() {
    let arena = Arena::new();
    let kind = |data: &'static str| match super::urls::code(&arena, data) {
        sekisho_mql::Value::Object(code) => {
            let text = |i| code.field(i, &arena).as_str().unwrap_or("-").to_owned();
            let url = code.field(2, &arena).as_object().and_then(|u| u.field(10, &arena).as_str());
            format!("{} {}", text(1), url.unwrap_or("-"))
        }
        _ => "none".to_owned(),
    };
    assert_eq!(kind("https://a.example/q"), "url https://a.example/q");
    assert_eq!(kind("mailto:a@b.example"), "email -");
    assert_eq!(kind("WIFI:S:x;;"), "wifi -");
    assert_eq!(kind("tel:+123"), "mobile -");
    assert_eq!(kind("hello world"), "undefined -");
}

/// The binding reads the fields of a node by their place.
#[test]
fn the_fields_of_a_node_are_those_of_the_schema() {
    let id = schema().shape_id("ExplodeNode").unwrap();
    let names: Vec<&str> = schema().shape(id).unwrap().fields.iter().map(|(n, _)| &**n).collect();
    let bound = "depth file_extension file_name flavors node_id parent_node_id scan size source";
    assert_eq!(names.join(" "), bound);
    let widest = schema().shapes().iter().filter(|s| &*s.name == "ScanResults").map(|s| s.fields.len());
    assert_eq!(widest.max(), Some(super::scan::SCANNERS));
}

/// Reads everything there is to read of a value; gives the number of objects.
fn read_all<'a>(value: sekisho_mql::Value<'a>, arena: &'a Arena) -> usize {
    use sekisho_mql::Value;
    match value {
        Value::List(list) => (0..list.len().min(20)).map(|i| read_all(list.get(i, arena), arena)).sum(),
        Value::Object(object) => {
            let shape = schema().shape(schema().shape_id(object.shape()).unwrap()).unwrap();
            let fields = 0..shape.fields.len();
            1 + fields.map(|i| read_all(object.field(i, arena), arena)).sum::<usize>()
        }
        _ => 0,
    }
}

/// Every field that is made has a name of the schema (made objects assert it).
#[test]
fn everything_can_be_read() {
    let functions = [
        "file.explode",
        "file.oletools",
        "file.expand_archives",
        "file.parse_eml",
        "beta.parse_exif",
        "beta.scan_qr",
    ];
    let folder = format!("{}/../../fixtures/files", env!("CARGO_MANIFEST_DIR"));
    let shared = Shared::new(schema(), std::collections::BTreeMap::default(), Vec::new());
    for format in std::fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().is_dir()) {
        // One of each kind; the macro machines take their time on the others.
        let mut seen = std::collections::BTreeSet::new();
        for file in std::fs::read_dir(format.path()).unwrap().flatten() {
            let path = file.path();
            if !seen.insert(path.extension().map(std::ffi::OsStr::to_owned)) {
                continue;
            }
            let evidence = evidence(&path.to_string_lossy(), "x/y", std::fs::read(&path).unwrap());
            for function in functions {
                let rule = Rule::new(&format!("{function}(attachments[0])"), schema(), Expect::Any).unwrap();
                let set = RuleSet::compile([("query", &rule)], schema());
                let (host, arena) = (EvidenceHost::new(&evidence, &shared), Arena::new());
                let objects = read_all(set.session(&host, &arena).value(0), &arena);
                assert!(function != "file.explode" || objects > 5, "{}", path.display());
            }
        }
    }
}
