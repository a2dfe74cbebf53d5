//! Host name and address tables.

use proptest::prelude::*;

use super::{Domain, Ip};

/// `domain root sld sub tld valid punycode`, `-` for nothing.
fn split(text: &str) -> String {
    let d = Domain::parse(text);
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} {} {} {} {}",
        d.domain,
        or(&d.root_domain),
        or(&d.sld),
        or(&d.subdomain),
        or(&d.tld),
        d.valid,
        or(&d.punycode)
    )
}

#[test]
fn splits_by_the_icann_section_only() {
    let table = [
        ("www.example.com", "www.example.com example.com example www com true -"),
        ("Example.COM.", "example.com example.com example - com true -"),
        ("a.b.example.co.uk", "a.b.example.co.uk example.co.uk example a.b co.uk true -"),
        ("co.uk", "co.uk - - - co.uk true -"),
        ("foo.github.io", "foo.github.io github.io github foo io true -"),
        ("github.io", "github.io github.io github - io true -"),
        ("a.b.workers.dev", "a.b.workers.dev workers.dev workers a.b dev true -"),
        ("x.blogspot.com", "x.blogspot.com blogspot.com blogspot x com true -"),
        ("x.web.app", "x.web.app web.app web x app true -"),
        (
            "bucket.s3.us-west-2.amazonaws.com",
            "bucket.s3.us-west-2.amazonaws.com amazonaws.com amazonaws bucket.s3.us-west-2 com true -",
        ),
        ("foo.co.jp", "foo.co.jp foo.co.jp foo - co.jp true -"),
        ("foo.city.kawasaki.jp", "foo.city.kawasaki.jp city.kawasaki.jp city foo kawasaki.jp true -"),
        ("corp.example", "corp.example corp.example corp - example true -"),
        ("pc1.corp.local", "pc1.corp.local corp.local corp pc1 local false -"),
        ("localhost", "localhost - - - localhost false -"),
        ("bücher.de", "bücher.de bücher.de bücher - de true xn--bcher-kva.de"),
        ("XN--BCHER-KVA.de", "bücher.de bücher.de bücher - de true xn--bcher-kva.de"),
        ("www.日本語。jp", "www.日本語.jp 日本語.jp 日本語 www jp true www.xn--wgv71a119e.jp"),
        ("食狮.公司.cn", "食狮.公司.cn 食狮.公司.cn 食狮 - 公司.cn true xn--85x722f.xn--55qx5d.cn"),
        ("ｅｘａｍｐｌｅ.com", "example.com example.com example - com true -"),
        ("192.0.2.1", "192.0.2.1 - - - - false -"),
        ("", " - - - - false -"),
        ("a..com", "a..com - - - com false -"),
        ("two words.com", "two words.com - - - - false -"),
    ];
    for (text, want) in table {
        assert_eq!(split(text), want, "{text}");
    }
}

#[test]
fn plain_suffixes_have_no_longer_rule() {
    use psl::{Psl, Type};
    for tld in super::PLAIN_TLDS {
        let suffix = psl::List.suffix(tld.as_bytes()).unwrap();
        assert_eq!((suffix.as_bytes(), suffix.typ()), (tld.as_bytes(), Some(Type::Icann)));
        for below in ["co", "com", "net", "org", "gov", "edu", "ac", "us", "uk", "eu", "gb", "se", "jp", "ed"]
        {
            let name = format!("x.{below}.{tld}");
            let icann = |s: &psl::Suffix<'_>| s.typ() == Some(Type::Icann) && s.as_bytes() != tld.as_bytes();
            assert!(!psl::List.suffix(name.as_bytes()).is_some_and(|s| icann(&s)), "{name}");
        }
    }
}

#[test]
fn a_label_may_have_63_bytes_and_not_64() {
    assert!(Domain::parse(&format!("{}.com", "a".repeat(63))).valid);
    assert!(!Domain::parse(&format!("{}.com", "a".repeat(64))).valid);
}

#[test]
fn addresses_in_every_notation() {
    let show = |text: &str| match Ip::parse(text) {
        None => "none".to_owned(),
        Some(ip) => match ip.translation {
            None => format!("{} v{}", ip.ip, ip.version),
            Some(how) => format!("{} v{} {} {}", ip.ip, ip.version, how.v4_to_v6, how.encoders.join("+")),
        },
    };
    let table = [
        ("192.0.2.1", "192.0.2.1 v4"),
        ("[192.0.2.1]", "192.0.2.1 v4"),
        ("0300.0.2.1", "192.0.2.1 v4 false octal"),
        ("0xC0.0.2.1", "192.0.2.1 v4 false hex"),
        ("0xC0.0.02.1", "192.0.2.1 v4 false hex+octal"),
        ("0xC0000201", "192.0.2.1 v4 false hex"),
        ("3221225985", "192.0.2.1 v4 false decimal_integer"),
        ("192.513", "192.0.2.1 v4 false short"),
        ("192.0.2.1.", "192.0.2.1 v4 false "),
        ("256.0.0.1", "none"),
        ("1.2.3.4.5", "none"),
        ("4294967296", "none"),
        ("08.1.1.1", "none"),
        ("IPv6:2001:DB8:0::1", "2001:db8::1 v6"),
        ("[2001:db8::1]", "2001:db8::1 v6"),
        ("::ffff:192.0.2.1", "192.0.2.1 v4 true "),
        ("example.com", "none"),
        ("1e3", "none"),
        ("", "none"),
    ];
    for (text, want) in table {
        assert_eq!(show(text), want, "{text}");
    }
    assert_eq!(Ip::parse_strict("3221225985"), None);
}

proptest! {
    #[test]
    fn any_text_gives_a_domain(text in ".*") {
        let once = Domain::parse(&text);
        prop_assert_eq!(once.valid, once.valid && once.tld.is_some());
        let _ = Ip::parse(&text);
    }

    #[test]
    fn parsing_the_result_changes_nothing(text in "[a-zé日.-]{1,20}\\.(com|co\\.uk|github\\.io|local)") {
        let once = Domain::parse(&text);
        if once.valid {
            prop_assert_eq!(Domain::parse(&once.domain), once.clone());
            prop_assert_eq!(Domain::parse(once.ascii()), once);
        }
    }
}
