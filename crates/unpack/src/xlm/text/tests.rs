//! What formulas read as; printed back in a normal form.

use super::*;
use crate::xlm::{
    dump::formula,
    model::{Name, Sheet},
};

fn book() -> Workbook {
    let sheet = |name: &str| Sheet { name: name.to_owned(), ..Sheet::default() };
    let names = vec![Name { label: "own".to_owned(), sheet: Some(1), ..Name::default() }];
    let sheets = ["Macro1", "C1", "Лист 1", "it's"].map(sheet).into();
    Workbook { sheets, names, ..Workbook::default() }
}

/// In a cell `B3` of `Macro1`; `-` is no formula.
fn read(text: &str, r1c1: bool) -> String {
    let mut book = book();
    match parse_formula(text, (0, 2, 1), r1c1, &mut book) {
        Some(id) => {
            let links: Vec<String> = book.dde_links.iter().map(|l| format!(" {l:?}")).collect();
            formula(&book, id) + &links.concat()
        }
        None => {
            assert!(book.exprs.is_empty());
            "-".to_owned()
        }
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(read(text, false), expected, "{text}");
}

#[test]
fn operators_bind_as_in_excel() {
    check("=1+2*3^-2%", "1+2*3^-2%");
    check("(1+2)*3", "(1+2)*3");
    check("1-(2-3)", "1-(2-3)");
    check("a&b=c<>d", "a&b=c<>d");
    check("-A1:B2", "-A1:B2");
    check("=A1:B2 B1:B9", "A1:B2 B1:B9");
    check("SUM((A1,B2),3)", "SUM(A1,B2,3)");
}

#[test]
fn references_of_both_notations() {
    check("=$A$1+a1:b2+C:D+1:3", "A1+A1:B2+C:D+1:3");
    check("R1C1", "A1");
    check("R[1]C[-1]", "A4");
    assert_eq!(read("=RC+R[1]C+R[-1]C[-1]+R5C", true), "B3+B4+A2+B5");
    assert_eq!(read("=C1+A7+C1!R2C3:R4C5", true), "A:A+A7+C1!C2:E4");
    assert_eq!(read("=GOTO(R9)", true), "GOTO(9:9)");
}

#[test]
fn sheets_in_all_spellings() {
    check("=C1!C15&Macro1!$D$4", "C1!C15&Macro1!D4");
    check("='Лист 1'!A1&'it''s'!B2", "'Лист 1'!A1&'it''s'!B2");
    check("='C1'!A1:'C1'!B2", "C1!A1:B2");
    check("[0]!Run_me()", "Run_me()");
    check("'[Book1.xls]Macro1'!A1", "Macro1!A1");
    check("[1]Macro1!A1:B7", "Macro1!A1:B7");
    check("Nowhere!A1", "#REF!");
    check("C1!own+Macro1!own+!A1", "own+own+A1");
}

#[test]
fn calls_arguments_and_constants() {
    check("=FORMULA(,A1)=RUN(B2,)=HALT()", "FORMULA(,A1)=RUN(B2,)=HALT()");
    check("=A5()&Macro1!A5(1)&my.macro(\"a\"\"b\",TRUE)", "A5()&Macro1!A5(1)&my.macro(\"a\"\"b\",TRUE)");
    check("=LOG10(10)&_xlfn.CONCAT(\"x\")", "LOG10(10)&CONCAT(\"x\")");
    check("=INDEX({1,\"b\";TRUE,#N/A},2,1)", "INDEX({1,\"b\";TRUE,#N/A},2,1)");
    check("=#REF!+1.5E-3+.5", "#REF!+0.0015+0.5");
    check("=key=A1", "key=A1");
    check("=ZWs\u{200B}p(1)", "ZWs\u{200B}p(1)");
}

#[test]
fn leniency_and_its_end() {
    check("=EXEC(CHAR(99)&\"x\"", "EXEC(CHAR(99)&\"x\")");
    check("=IF(A1::B2,GOTO(A1),", "IF(A1:B2,GOTO(A1),)");
    check("=\"never closed", "\"never closed\"");
    for garbage in ["", "=", "=1+", "=)", "=1 2", "=\"a\"b", "=(", "=A1 ~", "abc def", "=*1", "=1,,2", "=}{"]
    {
        check(garbage, "-");
    }
}

#[test]
fn links_to_programs() {
    check("=cmd|' /C calc'!A0", "#REF! (\"cmd\", \" /C calc\", \"A0\")");
    check("=MSEXCEL|'\\..\\..\\x.exe c'!''", "#REF! (\"MSEXCEL\", \"\\\\..\\\\..\\\\x.exe c\", \"\")");
}

#[test]
fn depth_costs_no_stack() {
    let nested = format!("={}1{}", "(".repeat(20_000), ")".repeat(20_000));
    check(&nested, "1");
    let calls = format!("={}1", "ABS(".repeat(10_000));
    assert_eq!(read(&calls, false).get(..8), Some("ABS(ABS("));
    let chain = vec!["A1"; 15_000].join("=");
    assert_eq!(read(&chain, false).get(..8), Some("A1=A1=A1"));
}

proptest::proptest! {
    #[test]
    fn anything_is_survived(text in "\\PC{0,40}", r1c1: bool) {
        read(&text, r1c1);
    }

    #[test]
    fn what_looks_like_formulas_is_survived(text in "[=A-C1-9R!:'\"(),;{}\\[\\]|&# .-]{0,30}", r1c1: bool) {
        read(&text, r1c1);
    }
}
