//! Limits of what runs on paper (macros, scripts, Excel 4) and of the lists that rules are given.

use super::{check, docx, lines};
use crate::{Hints, Id, Input, script::js, unpack};

#[test]
fn macros() {
    check(&[
        ("a.vbs", 65_536, "items of an array in macros", |n| {
            format!("Dim x({0})\nx({0}) = \"a\"\n", n - 1).into()
        }),
        ("a.vbs", 65_536, "declared items of an array in macros", |n| format!("Dim x({})\n", n - 1).into()),
        ("a.vbs", 4_096, "empty items of an array in macros", |n| {
            format!("Dim x(0)\nx({}) = 1\n", n + 1).into()
        }),
        ("a.vbs", 65_536, "pieces of a text in macros", |n| {
            format!("x = Split(String({}, \",\"), \",\")\n", n - 1).into()
        }),
        ("a.vbs", 65_536, "equal characters in a row in macros", |n| {
            format!("x = String({n}, \"a\")\n").into()
        }),
        ("a.vbs", 65_536, "equal characters in a row in macros", |n| format!("x = Space({n})\n").into()),
        ("a.vbs", 64, "lists of numbers in macros", |n| {
            lines(n, |i| format!("x = Array(1, 2, 3, 4, 5, {i})\n")).into()
        }),
        ("a.vbs", 512, "texts of an array in macros", |n| {
            format!("x = Split(\"text{}\", \",\")\n", ",text".repeat(n - 1)).into()
        }),
        ("a.vbs", 10_000, "texts of a script: not all are facts for rules", |n| {
            lines(n, |i| format!("x = \"text {i}\"\n")).into()
        }),
    ]);
}

#[test]
fn scripts() {
    check(&[
        ("a.js", 65_536, "characters of a padded text", |n| format!("var a = 'x'.padStart({n});").into()),
        ("a.js", 65_536, "characters of a padded text", |n| format!("var a = 'x'.padEnd({n}, 'yz');").into()),
        ("a.js", 24 << 20, "characters and items that a script makes", |n| {
            // What is repeated is booked before and after it is made.
            format!("var a = 'x'.repeat({});", n.div_ceil(2)).into()
        }),
        ("a.js", 64, "bytes of a replacement that refers to groups", |n| {
            format!("var a = 'abc'.replace(/(b)/, '$1{}');", "x".repeat(n - 2)).into()
        }),
        ("a.js", 8, "arrays inside one another that are joined", |n| {
            format!("var a = {}1{}.join('');", "[".repeat(n + 1), "]".repeat(n + 1)).into()
        }),
        ("a.js", 4_096, "declared items of an array", |n| format!("var a = new Array({n});").into()),
        ("a.js", 2_048, "characters of an action of a script", |n| {
            format!("fetch('https://a.example/{}');", "a".repeat(n - 18)).into()
        }),
        ("a.js", 20_000, "words of a script: not all are facts for rules", |n| {
            lines(n, |i| format!("a{i};")).into()
        }),
    ]);
}

#[test]
fn a_regular_expression_that_is_too_large() {
    let said = |source: &str| {
        let page = rustc_hash::FxHashMap::default();
        let mut machine = js::Machine::new(&page, 20_000);
        machine.script(source);
        machine.gaps.take().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(said("/a{50}/.test('b')"), "");
    assert_eq!(said("/(a{100}){100}/.test('b')"), "more than 262144 bytes of a compiled regular expression");
}

#[test]
fn facts() {
    check(&[
        ("a.svg", 4_096, "names of elements: not all are facts for rules", |n| {
            svg("svg", &lines(n - 1, |i| format!("<a{i}/>")))
        }),
        ("a.svg", 4_096, "namespaces: not all are facts for rules", |n| {
            svg("svg", &lines(n - 1, |i| format!("<a xmlns='b{i}'/>")))
        }),
        ("a.svg", 99, "bytes of an element's name: it is no fact for rules", |n| {
            svg("svg", &format!("<{}/>", "a".repeat(n)))
        }),
        ("a.svg", 500, "characters of a namespace", |n| {
            svg("svg", &format!("<a xmlns='{}'/>", "a".repeat(n)))
        }),
        ("a.svg", 200, "characters of a document type", |n| svg(&format!("svg {}", "a".repeat(n - 4)), "")),
        ("a.html", 8_192, "bytes of a link", |n| {
            format!("<html><body><a href='https://a.example/{}'>a</a></body></html>", "a".repeat(n - 18))
                .into()
        }),
        ("a.pdf", 8_192, "characters of a link", |n| {
            format!("%PDF-1.7\n1 0 obj<</S/URI/URI(https://a.example/{})>>endobj\n", "a".repeat(n - 18))
                .into()
        }),
        ("a.docx", 256, "colours of text", |n| {
            let all = lines(n, |i| format!("<w:color w:val='{i:06X}'/>"));
            docx(&[("word/styles.xml", format!("<w:styles>{all}</w:styles>"))])
        }),
        ("a.rtf", 256, "colours of text", |n| {
            let all = lines(n, |i| format!("\\red{}\\green{}\\blue0;", i % 256, i / 256));
            format!("{{\\rtf1{{\\colortbl{all}}}}}").into()
        }),
    ]);
}

fn svg(kind: &str, inside: &str) -> Vec<u8> {
    let root = "<svg xmlns='http://www.w3.org/2000/svg'>";
    format!("<?xml version='1.0'?><!DOCTYPE {kind}>{root}{inside}</svg>").into()
}

/// A file of cells with formulas, the first of which runs when it is opened.
fn sylk(formulas: impl Iterator<Item = String>) -> Vec<u8> {
    let cells: String =
        formulas.enumerate().map(|(at, formula)| format!("C;X1;Y{};K0;E{formula}\n", at + 1)).collect();
    format!("ID;P\nO;E\nNN;NAuto_Open;ER1C1\n{cells}E\n").into()
}

#[test]
fn excel_4() {
    check(&[
        ("a.slk", 500, "actions of Excel 4 macros: not all are facts for rules", |n| {
            sylk((0..n).map(|i| format!("EXEC(\"a{i}\")")))
        }),
        ("a.slk", 400, "characters of an action in the facts for rules", |n| {
            sylk(std::iter::once(format!("EXEC(\"{}\")", "a".repeat(n - 5))))
        }),
        ("a.slk", 1 << 20, "bytes of formulas' texts", |n| {
            // Each with the end of a line behind it, and none behind the last.
            let size = |i: usize| if i < 31 { 32_767 } else { 32_768 + n - (1 << 20) };
            sylk((0..32).map(|i| format!("\"{}\"", "a".repeat(size(i)))))
        }),
    ]);
}

#[test]
fn texts_of_excel_4() {
    let limits = |formula: String| {
        let bytes = sylk([formula, "HALT()".to_owned()].into_iter());
        let input = Input { name: "a.slk".into(), declared: None, bytes: bytes.into() };
        let tree = unpack("", vec![input], &Hints::default());
        let found = tree.files[0].findings.iter().filter(|f| f.id == Id::XlmEmuLimit);
        found.map(|f| f.evidence.clone()).collect::<Vec<_>>().join("\n")
    };
    for (at, over) in [
        ("EXEC(LEFT(REPT(\"a\",32767),9))", "EXEC(LEFT(REPT(\"a\",32768),9))"),
        ("EXEC(LEFT(REPT(\"a\",32766)&\"b\",9))", "EXEC(LEFT(REPT(\"a\",32767)&\"b\",9))"),
        (
            "EXEC(LEFT(REPLACE(REPT(\"a\",32767),1,1,\"b\"),9))",
            "EXEC(LEFT(REPLACE(REPT(\"a\",32767),1,1,\"bc\"),9))",
        ),
        (
            "EXEC(LEFT(SUBSTITUTE(REPT(\"a\",32767),\"a\",\"b\"),9))",
            "EXEC(LEFT(SUBSTITUTE(REPT(\"a\",16384),\"a\",\"bc\"),9))",
        ),
    ] {
        assert_eq!(
            (limits(at.into()), limits(over.into())),
            (String::new(), "bytes of one text".into()),
            "{over}"
        );
    }
}
