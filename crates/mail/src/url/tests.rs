//! URL tables: hosts as a browser reads them, pieces as the sender wrote them.

use proptest::prelude::*;

use super::Url;

/// `scheme user:password host ip port path ?query #fragment`, `-` for nothing.
fn pieces(url: &Url) -> String {
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {}:{} {} {} {} {} ?{} #{}",
        or(&url.scheme),
        or(&url.username),
        or(&url.password),
        if url.domain.is_empty() { "-" } else { &url.domain.domain },
        url.ip.as_ref().map_or("-".to_owned(), |ip| match &ip.translation {
            Some(how) => format!("{}({})", ip.ip, how.encoders.join("+")),
            None => ip.ip.clone(),
        }),
        url.port.map_or("-".to_owned(), |port| port.to_string()),
        or(&url.path),
        or(&url.query_params),
        or(&url.fragment),
    )
}

#[test]
fn urls_are_taken_apart() {
    let table = [
        ("https://example.com", "https -:- example.com - - - ?- #-"),
        ("https://example.com/", "https -:- example.com - - / ?- #-"),
        ("HTTPS://EXAMPLE.com:8443/A/b?C=d#E", "https -:- example.com - 8443 /A/b ?C=d #E"),
        ("https://paypal.com@evil.example/x", "https paypal.com:- evil.example - - /x ?- #-"),
        ("https://a:b@c@evil.example", "https a:b@c evil.example - - - ?- #-"),
        ("https://good.example\\@evil.example/x", "https -:- good.example - - /@evil.example/x ?- #-"),
        ("http:/\\evil.example", "http -:- evil.example - - - ?- #-"),
        ("https:///evil.example/x", "https -:- evil.example - - /x ?- #-"),
        ("https:evil.example/x", "https -:- evil.example - - /x ?- #-"),
        (" ht\ntp://ev\til.example/\r\nx ", "http -:- evil.example - - /x ?- #-"),
        ("http://0x7f.1/", "http -:- 127.0.0.1 127.0.0.1(hex+short) - / ?- #-"),
        ("http://0300.0250.1.1/", "http -:- 192.168.1.1 192.168.1.1(octal) - / ?- #-"),
        ("http://0./", "http -:- 0.0.0.0 0.0.0.0(decimal_integer) - / ?- #-"),
        ("http://0../", "http -:- 0 - - / ?- #-"),
        ("http://3221225985/", "http -:- 192.0.2.1 192.0.2.1(decimal_integer) - / ?- #-"),
        ("http://１９２.0.2.1/", "http -:- 192.0.2.1 192.0.2.1 - / ?- #-"),
        ("http://[2001:DB8::1]:80/", "http -:- 2001:db8::1 2001:db8::1 80 / ?- #-"),
        ("http://%65vil.example/", "http -:- evil.example - - / ?- #-"),
        ("http://bücher.de/", "http -:- bücher.de - - / ?- #-"),
        ("http://аррӏе.com/", "http -:- аррӏе.com - - / ?- #-"),
        ("//evil.example/x", "- -:- evil.example - - /x ?- #-"),
        (
            "mailto:ceo@corp.example?subject=a%20b",
            "mailto ceo:- corp.example - - ceo@corp.example ?subject=a%20b #-",
        ),
        ("tel:+81-3-1234", "tel -:- - - - +81-3-1234 ?- #-"),
        ("file://host/share/x", "file -:- host - - /share/x ?- #-"),
        ("file:///etc/x", "file -:- - - - /etc/x ?- #-"),
        (
            "search-ms:query=x&crumb=location:\\\\host\\x",
            "search-ms -:- - - - query=x&crumb=location:\\\\host\\x ?- #-",
        ),
        ("javascript:alert('//x.example/')", "javascript -:- - - - - ?- #-"),
        ("/relative?x=1", "- -:- - - - /relative ?x=1 #-"),
        ("#top", "- -:- - - - - ?- #top"),
        ("just words", "- -:- - - - - ?- #-"),
        ("", "- -:- - - - - ?- #-"),
        ("http://", "http -:- - - - - ?- #-"),
        ("http://two words.example/", "http -:- two words.example - - / ?- #-"),
    ];
    for (text, want) in table {
        assert_eq!(pieces(&Url::parse(text)), want, "{text}");
    }
}

#[test]
fn a_missing_scheme_is_no_obstacle_when_asked() {
    let table = [
        ("example.com/x", "- -:- example.com - - /x ?- #-"),
        ("example.com:8080/x", "- -:- example.com - 8080 /x ?- #-"),
        ("https://example.com/x", "https -:- example.com - - /x ?- #-"),
        ("me@example.com", "- me:- example.com - - - ?- #-"),
    ];
    for (text, want) in table {
        assert_eq!(pieces(&Url::parse_loose(text)), want, "{text}");
    }
    assert!(Url::parse("example.com/x").domain.is_empty());
}

#[test]
fn parameters_are_decoded() {
    let url = Url::parse("https://a.example/?u=https%3A%2F%2Fb.example%2F&x=1+2&x=%e3%81%82&flag&bad=%zz%f");
    let shown: Vec<String> = url.query_params_decoded.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
    assert_eq!(shown.join(" "), r#"bad=["%zz%f"] flag=[""] u=["https://b.example/"] x=["1 2", "あ"]"#);
}

#[test]
fn long_urls_are_cut() {
    let long = format!("https://a.example/{}", "é".repeat(20_000));
    assert!(Url::parse(&long).url.len() <= crate::limits::URL_BYTES_MAX);
    let data = format!("data:text/html,{}", "x".repeat(20_000));
    assert_eq!(Url::parse(&data).url.len(), crate::limits::INLINE_URL_BYTES_MAX);
}

proptest! {
    #[test]
    fn any_text_gives_a_url(text in ".*") {
        let _ = Url::parse(&text);
        let _ = Url::parse_loose(&text);
        let _ = Url::parse(&format!("http:{text}"));
    }

    /// Where a browser finds a host, we find the same one.
    #[test]
    fn hosts_are_those_of_a_browser(rest in "[/\\\\]{0,3}[a-zA-Z0-9@:.%/\\\\?#é-]{1,24}") {
        let text = format!("http:{rest}");
        if let Ok(reference) = ::url::Url::parse(&text) {
            let ours = Url::parse(&text);
            let host = reference.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
            prop_assert_eq!(ours.domain.ascii(), host.trim_matches(['[', ']']), "{}", text);
        }
    }
}
