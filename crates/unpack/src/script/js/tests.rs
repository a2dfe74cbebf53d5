//! The machine by what it decodes.

use proptest::prelude::*;
use rustc_hash::FxHashMap;

use super::{Machine, What};

/// What a script would do, a line an event: `Location! https://…`; `!` for decoded, `?` when a person has to act.
fn check(source: &str) -> String {
    let page = FxHashMap::default();
    let mut machine = Machine::new(&page, 20_000);
    machine.script(source);
    machine.finish();
    let mark = |on: bool, sign: &'static str| if on { sign } else { "" };
    let events = machine.events.iter().filter(|e| e.what != What::ObjectUrl && e.what != What::Blob);
    let lines =
        events.map(|e| format!("{:?}{}{} {}", e.what, mark(e.decoded, "!"), mark(e.user, "?"), e.text));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn decoders_are_folded() {
    let url = "Location! https://a.test/x";
    for source in [
        r#"location=atob("aHR0cHM6Ly9hLnRlc3QveA==")"#,
        r#"window["loc"+"ation"].href=unescape("%68%74%74%70%73%3a%2f%2f%61.test/x")"#,
        r#"document.location.replace(["x/tset.a","//:sptth"].map(s=>s.split("").reverse().join("")).reverse().join(""))"#,
        r#"var a=[104,116,116,112,115,58,47,47,97,46,116,101,115,116,47,120];location.href=String.fromCharCode.apply(null,a)"#,
        r#"var k=7,s="";for(const c of [111,115,115,119,116,61,40,40,102,41,115,98,116,115,40,127])s+=String.fromCharCode(c^k);top.location=s"#,
        r#"function d(s){return s.replace(/Q/g,"")} self.location.assign(d("hQttpQs://Qa.tesQt/x"))"#,
        r#"eval("\x6c\x6f\x63\x61\x74\x69\x6f\x6e='https://a.test/'+'x'")"#,
        r#"var o={f:function(a,b){return a[b]}};o.f(window,"location").href="68747470733a2f2f612e746573742f78".replace(/../g,function(h){return String.fromCharCode(parseInt(h,16))})"#,
        r#"(()=>{let p=`aHR0cHM6Ly9h${"LnRlc3QveA"}`;setTimeout(()=>{location.href=atob(p)},9)})()"#,
    ] {
        let found = check(source);
        assert!(found.lines().any(|l| l.replace("Location ", "Location! ") == url), "{source}\n{found}");
    }
}

#[test]
fn a_rotated_table_of_strings_is_followed() {
    let source = r#"
        var t=["tps://a.te","x","ht","st/"];
        (function(a,n){while(--n){a.push(a.shift())}})(t,3);
        function g(i){return t[i-0x10]}
        window[["lo","ca","tion"].join("")]=g(0x10)+g(0x12)+g(0x11).concat("")+g(0x13);"#;
    insta::assert_snapshot!(check(source), @"Location! https://a.test/x");
}

#[test]
fn who_acts_is_told_apart() {
    insta::assert_snapshot!(check("var a=document.createElement('a');a.download='x.zip';a.click()"), @"Save");
    insta::assert_snapshot!(
        check("b.addEventListener('click',function(){var a=document.createElement('a');a.download='x.zip';a.click()})"),
        @"Save?"
    );
    insta::assert_snapshot!(check("function never(){location='https://a.test/'}"), @"Location? https://a.test/");
}

#[test]
fn unknown_ways_are_both_taken() {
    let source = "if(navigator.webdriver){location='https://bot.test/'}else{location='https://man.test/'}";
    insta::assert_snapshot!(check(source), @r"
    Location https://bot.test/
    Location https://man.test/
    ");
}

#[test]
fn endless_and_broken_scripts_end() {
    for source in [
        "for(;;){}",
        "while(true){a=[a,a]}",
        "var s='x';while(1){s+=s}",
        "function f(){f();f()} f()",
        "var a='a'.repeat(1e9).split('').reverse().join('')",
        "eval('eval(\"eval(location)\")')",
        "(((((((((((((((((((",
        "`${`${`${`",
        "a?b:c?d:e?f:",
        "x=function(){return x}; x()()()()()()()",
        "var q='q=\"'+q+'\";eval(q)';eval(q);for(;;)eval(q)",
        "new Uint8Array(1e15);new Array(1e15);[].fill.call(0)",
    ] {
        check(source);
    }
    check(&"(".repeat(50_000));
    check(&"[".repeat(50_000));
    check(&"{a:".repeat(50_000));
    check(&"!".repeat(50_000));
    check(&"a=>".repeat(50_000));
    check(&"function a(){".repeat(20_000));
    check(&"if(a)".repeat(20_000));
    check(&"a+".repeat(100_000));
    check(&format!("x={}", "1,".repeat(100_000)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_pieces_are_read(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "var a=", "function f(", ")", "{", "}", "[", "]", "(", "atob(", "'QUJD'", "\"\\x41\"", "+", "=>", "for(", ";",
        "while(1)", "a", "f", ".split('')", ".join()", ".map(", "return ", "new ", "Blob", "...", "`${", "`", "/x/g",
        ".replace(", "try", "catch", "switch(a)", "case 1:", "?", ":", ",", "if(", "else ", "eval(", "1e9", "a[a]=a",
        "do ", "class A", "async ", "++", "typeof ", "in ", "of ", "document.write(", ".call(", ".apply(",
    ]), 0..60)) {
        check(&pieces.concat());
    }
}
