//! Where URLs begin and end in running text.

use proptest::prelude::*;

use super::{find, whole};

/// Each URL found, `~` before a disarmed one; the text at its place must hold it.
fn urls(text: &str) -> String {
    let found = find(text);
    let show = |f: &super::Found| {
        let written = text.get(f.range.clone()).unwrap_or("OUT OF RANGE");
        if f.defanged { format!("~{} <{written}>", f.url.url) } else { f.url.url.clone() }
    };
    found.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn urls_in_running_text() {
    let table = [
        ("See https://a.example/x. Then", "https://a.example/x"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("https://a.example/wiki/X_(y), and", "https://a.example/wiki/X_(y)"),
        ("<https://a.example/?q=1&r=2>", "https://a.example/?q=1&r=2"),
        ("https://a.example/?u=https://b.example/", "https://a.example/?u=https://b.example/"),
        ("https://a.example,https://b.example", "https://a.example https://b.example"),
        ("詳細はhttps://a.example/xを参照。", "https://a.example/x"),
        ("詳細は「https://a.example/x」です", "https://a.example/x"),
        ("https://example.comを見て", "https://example.com"),
        ("请访问https://example.com/a。谢谢", "https://example.com/a"),
        ("https://例え.jp/x", "https://例え.jp/x"),
        ("https://bücher.de/straße x", "https://bücher.de/straße"),
        ("www.example.com is", "www.example.com"),
        ("go to example.com/login!", "example.com/login"),
        ("go to example.com.", "example.com"),
        ("EXAMPLE.COM", "EXAMPLE.COM"),
        ("http://10.0.0.1:8080/x", "http://10.0.0.1:8080/x"),
        ("write to a.b+c@example.com, please", "mailto:a.b+c@example.com"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("hxxps://evil[.]example/x", "~https://evil.example/x <hxxps://evil[.]example/x>"),
        ("evil(dot)example", "~evil.example <evil(dot)example>"),
        ("https[:]//evil.example", "~https://evil.example <https[:]//evil.example>"),
        ("*https://a.example/x*", "https://a.example/x"),
    ];
    for (text, want) in table {
        assert_eq!(urls(text), want, "{text}");
    }
}

#[test]
fn what_is_no_url() {
    for text in [
        "That is done.In the end",
        "e.g. this, i.e. that",
        "report.pdf, main.rs, readme.md, archive.zip",
        "12.50 and 3.141 and 10.0.0.1",
        "Version 2.0.1/2",
        "a@b",
        "half://way",
        "x.y",
        "see [1] and (2)",
        "::: ... @@@",
    ] {
        assert_eq!(urls(text), "", "{text}");
    }
}

#[test]
fn an_anchor_that_shows_a_url() {
    assert!(whole("https://a.example/x").is_some());
    assert!(whole(" www.example.com ").is_some());
    assert!(whole("example.com").is_some());
    assert!(whole("Click https://a.example/x").is_none());
    assert!(whole("Click here").is_none());
    assert!(whole("a@example.com").is_none());
}

#[test]
fn long_texts_take_linear_time() {
    for unit in ["a.", "http://", "@", "www.", "x@y.", "(", "[.]", "a.com,", "https://a.com("] {
        let text = unit.repeat(200_000 / unit.len());
        let start = std::time::Instant::now();
        find(&text);
        assert!(start.elapsed().as_secs() < 4, "{unit}: {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn any_text_gives_places_in_it(text in "(.|[a-z.:/@\\[\\]()]|http://|www\\.|を|。){0,40}") {
        let mut last = 0;
        for found in find(&text) {
            prop_assert!(text.get(found.range.clone()).is_some_and(|piece| !piece.is_empty()), "{text:?} {found:?}");
            prop_assert!(found.range.start >= last);
            last = found.range.end;
        }
    }
}
