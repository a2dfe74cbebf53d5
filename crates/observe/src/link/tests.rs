//! Facts of links, each firing beside a twin that stays silent.

use std::io::Write as _;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::ZlibEncoder};
use proptest::prelude::*;
use sekisho_record::{Evidence, Submission};

use super::target::looks_random;
use crate::{Answers, Context, Knowledge, observe as observe_all};

fn evidence(body: &str) -> Evidence {
    let raw = format!(
        "From: Shop <news@shop.example>\r\nTo: ann@corp.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>\r\n"
    );
    let message = sekisho_mail::parse(raw.as_bytes());
    let submission = Submission::from_bytes(raw.as_bytes());
    observe_all(message, &submission, &Answers::default(), &Context::default(), Knowledge::builtin())
}

/// One line a target: URL and the names of the flags that are set; `*` marks the main one.
fn check(body: &str) -> String {
    let facts = evidence(body).link;
    let main = facts.main.as_ref().map(|target| target.url.clone());
    let lines = facts.targets.iter().map(|t| {
        let flags = [
            ("own", t.own),
            ("opaque", t.opaque),
            ("ip", t.ip_host),
            ("short", t.shortener),
            ("free", t.free_host),
            ("puny", t.punycode),
            ("tld", t.suspicious_tld),
            ("rcpt", t.contains_recipient),
            ("seven", t.seven_digits),
            ("user", t.userinfo),
            ("mismatch", t.mismatched),
            ("random", t.random_host),
            ("redirect", t.open_redirect),
            ("aux", t.auxiliary),
        ];
        let mut line = String::from(if main.as_deref() == Some(&t.url) { "*" } else { "" });
        line += &t.url;
        for (name, _) in flags.iter().filter(|(_, set)| *set) {
            line = line + " " + name;
        }
        for (name, value) in
            [("download", &t.download), ("via", &t.wrapper_host), ("esp", &t.esp), ("account", &t.account)]
        {
            if let Some(value) = value {
                line = line + " " + name + "=" + value;
            }
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn mailgun(target: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(
            format!("h=1&l={}&r=ann%40corp.example&d=acct9", target.replace(':', "%3A").replace('/', "%2F"))
                .as_bytes(),
        )
        .unwrap();
    format!("https://email.shop.example/c/{}", URL_SAFE_NO_PAD.encode(encoder.finish().unwrap()))
}

#[test]
fn a_tracking_link_is_judged_by_where_it_leads() {
    let body = format!(r#"<a href="{}">Keep my password</a>"#, mailgun("https://o365.evil.example/login"));
    assert_eq!(
        check(&body),
        "*https://o365.evil.example/login via=email.shop.example esp=Mailgun account=acct9"
    );
    let facts = evidence(&body).link;
    assert_eq!((facts.wrapped, facts.none_own, facts.all_own), (1, true, false));
    assert_eq!(facts.root_domains, ["evil.example"]);
    let own = format!(r#"<a href="{}">Keep my password</a>"#, mailgun("https://www.shop.example/login"));
    assert_eq!(
        check(&own),
        "*https://www.shop.example/login own via=email.shop.example esp=Mailgun account=acct9"
    );
}

#[test]
fn the_message_model_gets_the_target_and_keeps_the_original() {
    let link = mailgun("https://o365.evil.example/login");
    let body = evidence(&format!(r#"<a href="{link}">https://www.shop.example/</a>"#)).model.body;
    for found in [&body.links[0], &body.current_thread.links[0], &body.html.as_ref().unwrap().links[0]] {
        assert_eq!(found.href_url.url, "https://o365.evil.example/login");
        assert_eq!(found.href_url.rewrite.as_ref().unwrap().original.as_ref(), Some(&link));
        assert_eq!(found.mismatched, Some(true));
    }
}

#[test]
fn an_unlisted_redirect_is_two_places_unless_the_site_is_known() {
    assert_eq!(
        check(r#"<a href="https://evil.example/go?url=https://www.bank.example/">Open</a>"#),
        "*https://evil.example/go?url=https://www.bank.example/\nhttps://www.bank.example/ redirect via=evil.example"
    );
    assert_eq!(
        check(r#"<a href="https://www.dell.com/go?url=https://evil.example/">Open</a>"#),
        "*https://evil.example/ redirect via=www.dell.com"
    );
    // A rented store under a known name is whose who rents it.
    assert_eq!(
        check(r#"<a href="https://x7.s3.amazonaws.com/go?url=https://www.bank.example/">Open</a>"#),
        "*https://x7.s3.amazonaws.com/go?url=https://www.bank.example/ free\nhttps://www.bank.example/ redirect via=x7.s3.amazonaws.com"
    );
}

#[test]
fn two_names_below_a_sold_domain_are_strangers() {
    let own = |author: &str, host: &str| {
        let raw = format!(
            "From: Shop <news@{author}>\r\nTo: ann@corp.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/html\r\n\r\n<a href=\"https://{host}/a\">Open</a>\r\n"
        );
        let submission = Submission::from_bytes(raw.as_bytes());
        let message = sekisho_mail::parse(raw.as_bytes());
        let facts =
            observe_all(message, &submission, &Answers::default(), &Context::default(), Knowledge::builtin())
                .link;
        (facts.all_own, facts.none_own)
    };
    assert_eq!(own("grill.sa.com", "www.grill.sa.com"), (true, false));
    assert_eq!(own("grill.sa.com", "x7.sa.com"), (false, true));
    assert_eq!(own("a.grill.example", "b.grill.example"), (true, false));
}

#[test]
fn hosts_and_paths() {
    for (url, flags) in [
        ("http://192.0.2.7/a", " ip"),
        ("https://bit.ly/3abc", " short"),
        ("https://login-page.pages.dev/", " free"),
        ("https://xn--pypal-4ve.example/", ""),
        ("https://shop.example.top/a", " tld"),
        ("https://a.example/x/charts-1234567", " seven"),
        ("https://a.example/x/charts-12345678", ""),
        ("https://a.example/x/charts-1234567.zip", " seven download=zip"),
        ("https://a.example/x/charts-1234567.html", " seven"),
        ("https://a.example/x/v1.1234567", " seven"),
        ("https://a.example/x/1234567.890", ""),
        ("https://a.example/u?e=ann%40corp.example", " rcpt"),
        ("https://a.example/u#YW5uQGNvcnAuZXhhbXBsZQ==", " rcpt"),
        ("https://a.example/u?d=eyJlIjoiYW5uQGNvcnAuZXhhbXBsZSJ9", " rcpt"),
        ("https://a.example/u?e=bob%40corp.example", ""),
        ("https://microsoft.com@evil.example/a", " user"),
        ("https://a.example/f/report.zip", " download=zip"),
        ("https://a.example/f/report.pdf", ""),
        ("https://a.example/www.other.com", ""),
    ] {
        let found = check(&format!(r#"<a href="{url}">Some text</a>"#));
        if !url.contains("xn--") {
            assert_eq!(found, format!("*{url}{flags}"));
        } else {
            assert!(found.contains(" puny"), "{found}");
        }
    }
    assert!(check(r#"<a href="https://evil.example/">https://www.shop.example/</a>"#).contains("mismatch"));
    assert!(
        !check(r#"<a href="https://my.shop.example/">https://www.shop.example/</a>"#).contains("mismatch")
    );
}

#[test]
fn the_call_to_action_is_not_the_foot() {
    let body = r#"<a href="https://shop.example/"><img src="https://shop.example/l.png" alt="Shop"></a>
        <p>Dear customer, your parcel waits.</p>
        <a href="https://pay.evil.example/x">Confirm delivery</a>
        <a href="https://www.facebook.com/shop">Facebook</a>
        <a href="https://evil.example/unsubscribe?u=1">Unsubscribe</a>"#;
    let facts = evidence(body).link;
    assert_eq!(facts.main.unwrap().url, "https://pay.evil.example/x");
    let auxiliary: Vec<_> = facts.targets.iter().filter(|t| t.auxiliary).map(|t| t.host.as_str()).collect();
    assert_eq!(auxiliary, ["www.facebook.com", "evil.example"]);
    let only_foot = evidence(r#"<a href="https://shop.example/privacy">Privacy</a>"#).link;
    assert!(only_foot.main.is_none());
}

#[test]
fn counts_of_other_schemes_and_namespaces() {
    let facts = evidence(r#"<a href="mailto:a@b.example">m</a><a href="tel:+1">t</a><a href="http://www.w3.org/1999/xhtml">n</a>"#).link;
    assert_eq!((facts.mailto, facts.tel, facts.targets.len()), (1, 1, 0));
    assert!(!facts.all_own && !facts.none_own);
}

#[test]
fn machine_made_names() {
    for label in ["xkqzvbtrw", "a1b2c3d4e5", "qwrtplkj"] {
        assert!(looks_random(label), "{label}");
    }
    for label in
        ["microsoft", "schwarzkopf", "strengths", "shop2024", "wellsfargo", "mercedes-benz", "example"]
    {
        assert!(!looks_random(label), "{label}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,120}") {
        let _ = evidence(&format!(r#"<a href="https://{text}">{text}</a><a href="{text}">x</a>"#));
    }
}
