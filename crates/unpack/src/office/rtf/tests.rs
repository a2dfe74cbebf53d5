//! RTFs as text in, findings and indicators as text out.

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    Budget, Hints, Kind, Relation,
    scan::{About, Scan},
};

fn analysed(rtf: &[u8], look: impl FnOnce(&Scan<'_>) -> String) -> String {
    let hints = Hints::default();
    let mut budget = Budget::new(rtf.len() as u64);
    let about =
        About { name: String::new(), kind: Kind::Rtf, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    super::analyse(&Bytes::copy_from_slice(rtf), &mut scan);
    look(&scan)
}

/// Findings, each id once, in order.
fn check(rtf: &str) -> String {
    analysed(rtf.as_bytes(), |scan| {
        let mut out: Vec<String> = Vec::new();
        for f in &scan.findings {
            let line = format!("{} {:?}", f.id.name(), f.severity);
            if !out.contains(&line) {
                out.push(line);
            }
        }
        out.extend(scan.children.iter().map(|c| format!("child {} {}", c.name, c.bytes.len())));
        out.join("\n")
    })
}

/// What is shown.
fn shown(rtf: &str) -> String {
    analysed(rtf.as_bytes(), |scan| scan.facts.text.clone().unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    crate::walk::hex(bytes)
}

fn ole1(class: &str, native: &[u8]) -> Vec<u8> {
    let mut out = vec![1, 5, 0, 0, 2, 0, 0, 0];
    out.extend((class.len() as u32 + 1).to_le_bytes());
    out.extend(class.bytes());
    out.extend([0; 9]);
    out.extend((native.len() as u32).to_le_bytes());
    out.extend(native);
    out
}

fn package(label: &str, data: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0];
    for name in [label, "C:\\Users\\x\\a.bin"] {
        out.extend(name.bytes());
        out.push(0);
    }
    out.extend([0, 0, 3, 0]);
    out.extend([4, 0, 0, 0]);
    out.extend(b"C:\\\0");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

fn object(data: &str) -> String {
    format!("{{\\rtf1{{\\object\\objemb{{\\*\\objdata {data}}}}}}}")
}

#[test]
fn text_as_word_shows_it() {
    assert_eq!(
        shown(r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\info{\title T}}Dear\par all{\v secret}}"),
        "Dear\nall"
    );
    assert_eq!(shown(r"{\rtf1\ansicpg1251 \'cf\'f0 \u1055?\u-10179?\u-8704?x{\*\unknown y}}"), "Пр П😀x");
    assert_eq!(shown(r"{\rtf1\uc2\u233 ab\uc0\u233 c{\upr{one}{\*\ud{two}}}}"), "éécтwo".replace('т', "t"));
    assert_eq!(shown(r"{\rtf1\ansicpg932 \'83A\{x\}}"), "ア{x}");
    let linked = r#"{\rtf1{\field{\*\fldinst HYPERLINK "https://a.example/"}{\fldrslt here}}}"#;
    assert_eq!(shown(linked), "here");
    assert_eq!(check(linked), "");
}

#[test]
fn packages() {
    let script = hex(&ole1("Package", &package("Invoice.pdf.js", b"x=1")));
    assert_eq!(
        check(&object(&script)),
        "OLE-PACKAGE-EXEC Critical\nRTF-OBJ-PACKAGE High\nchild Invoice.pdf.js 3"
    );
    let picture = hex(&ole1("Package", &package("a.png", b"\x89PNG\r\n\x1a\n")));
    assert_eq!(check(&object(&picture)), "OLE-PACKAGE Info\nRTF-OBJ-PACKAGE Low\nchild a.png 8");
}

#[test]
fn equations() {
    let mtef = |name: &str| {
        let mut out = b"\x1C\0\0\0\x02\0".to_vec();
        out.resize(28, 0);
        out.extend(b"\x03\x01\x01\x03\x0A\x0A\x01\x08\x5A\x5A");
        out.extend(name.bytes());
        out.extend([0; 8]);
        out
    };
    let of = |class: &str, name: &str| check(&object(&hex(&ole1(class, &mtef(name)))));
    let long = "A".repeat(60);
    assert_eq!(of("Equation.3", "Times New Roman"), "RTF-OBJ-EQUATION High");
    assert_eq!(of("eQuAtion.3", &long), "RTF-OBJ-EQUATION High\nRTF-EQN-OVERLONG-FONT Critical");
    assert_eq!(of("x", &long), "RTF-OBJ-EQUATION High\nRTF-EQN-OVERLONG-FONT Critical");
    assert_eq!(of("Equation.DSMT4", "Times New Roman"), "");
    // Half a byte off.
    let off = format!("0{}", hex(&ole1("x", &mtef(&long))));
    assert!(check(&object(&off)).contains("RTF-EQN-OVERLONG-FONT"));
}

#[test]
fn what_stands_behind_an_object_is_no_part_of_it() {
    let compound = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 600]].concat();
    let mut data = ole1("Word.Document.8", &compound);
    data.extend([1, 5, 0, 0, 0, 0, 0, 0]);
    assert_eq!(check(&object(&hex(&data))), "child object 1 word.document.8 608");
}

#[test]
fn disguised_digits() {
    let script = hex(&ole1("Package", &package("Invoice.pdf.js", b"x=1")));
    let found = "OLE-PACKAGE-EXEC Critical\nRTF-OBJ-PACKAGE High\nchild Invoice.pdf.js 3";
    let (a, b) = script.split_at(41);
    // Lines of one length are what writers make.
    let lines: Vec<&str> = script.as_bytes().chunks(16).map(|c| std::str::from_utf8(c).unwrap()).collect();
    assert_eq!(check(&object(&lines.join("\r\n"))), found);
    let pairs: Vec<&str> = script.as_bytes().chunks(2).map(|c| std::str::from_utf8(c).unwrap()).collect();
    assert_eq!(check(&object(&pairs.join("\t"))), format!("RTF-OBF-WHITESPACE Medium\n{found}"));
    let control = format!("RTF-OBF-CONTROL Medium\n{found}");
    assert_eq!(check(&object(&format!("{a}{{\\*\\foo 41}}{b}"))), control);
    assert_eq!(check(&object(&format!("{a}\\mmath {b}"))), control);
    // A whole number of digits stands before the quote: nothing is lost. A digit too many is.
    let (even, rest) = script.split_at(40);
    assert_eq!(check(&object(&format!("{even}\\'41{rest}"))), control);
    assert_eq!(check(&object(&format!("{even}7\\'41{rest}"))), control);
    let raw = format!("{even}\\bin2 \u{1}\u{2}{}", rest.get(4..).unwrap());
    assert!(
        check(&object(&raw)).starts_with("RTF-OBF-CONTROL Medium\nRTF-OBF-BIN Medium"),
        "{}",
        check(&object(&raw))
    );
}

#[test]
fn templates() {
    assert_eq!(check(r"{\rtf1{\*\template C:\\Users\\x\\Normal.dotm}}"), "");
    assert_eq!(
        check(r"{\rtf1{\*\template \\\\fileserver\\t\\x.dot}}"),
        "UNC-LEAK Info\nRTF-TEMPLATE-REMOTE Low"
    );
    assert_eq!(check(r"{\rtf1{\*\template http://a.example/x}}"), "RTF-TEMPLATE-REMOTE Critical");
    assert_eq!(
        check(r"{\rtf1{\*\template \\\\a.example@SSL\\x\\y.rtf}}"),
        "UNC-LEAK High\nRTF-TEMPLATE-REMOTE High"
    );
}

#[test]
fn fields() {
    let dde = r#"{\rtf1{\field{\*\fldinst {DDEAUTO }{c:\\\\windows\\\\system32\\\\cmd.exe "/k echo"}}}}"#;
    assert_eq!(check(dde), "RTF-DDE High\nDDE-CMD Critical");
    assert_eq!(check(r"{\rtf1{\field{\*\fldinst PAGE }{\fldrslt 1}}}"), "");
    let excel = r#"{\rtf1{\field{\*\fldinst DDEAUTO Excel.Sheet.8 "a.xls" "R1C1" }}}"#;
    assert_eq!(check(excel), "RTF-DDE Info");
}

#[test]
fn hostile_input_is_read_once() {
    let deep = "{\\rtf1".to_owned() + &"{\\object{\\*\\objdata 01".repeat(300_000);
    check(&deep);
    check(&("{\\rtf1".to_owned() + &"}".repeat(500_000)));
    check(&("{\\rtf1".to_owned() + &"{\\field{\\*\\fldinst SET a \"b".repeat(50_000)));
    check(&format!("{{\\rtf1{}", "\\u1234 ?\\'ff".repeat(100_000)));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        analysed(&bytes, |_| String::new());
    }

    #[test]
    fn any_pieces_are_read(pieces in proptest::collection::vec(0..24_usize, 0..200)) {
        const PIECES: [&str; 24] = [
            "{", "}", "\\*", "\\object", "\\objdata ", "\\bin3 ", "\\'4", "\\'41", "01050000", "02000000", "\\u65?",
            "\\upr", "\\ud", "\\field", "\\fldinst ", "DDEAUTO cmd", "\\template ", "http://a.b/c", "\\info", "\\title ",
            "\\pict\\pngblip ", "d0cf11e0a1b11ae1", "\\colortbl;\\red1;", "text \u{e9}",
        ];
        let rtf: String = pieces.iter().filter_map(|i| PIECES.get(*i).copied()).collect();
        check(&format!("{{\\rtf1{rtf}"));
    }
}
