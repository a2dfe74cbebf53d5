//! XPath tables: what is selected, what does not compile.

use proptest::prelude::*;

use super::{Html, XPath};

const PAGE: &str = "<title>T</title><div id=d class='a b'><ul><li>1<li>2<li>3<li>4</ul><!--c-->\
    <a href='https://a.example/x'><img src=i.png width=10></a><a href='#'><b>bold</b></a></div>\
    <table width=700><tr><td>x</td><td style='COLOR:#ABC'><strong><a href=y>why</a></strong></td></tr></table>\
    <h2>App Description</h2><script>var u='https://s.example/';</script><p>Copyright<span>z</span></p>";

/// Outer HTML of what is selected, joined; `ERROR` when it does not compile.
fn select(xpath: &str) -> String {
    let html = Html::parse(PAGE);
    match XPath::compile(xpath) {
        Err(_) => "ERROR".to_owned(),
        Ok(xpath) => xpath.eval(&html).iter().map(|node| node.raw()).collect::<Vec<_>>().join("|"),
    }
}

#[test]
fn selects() {
    let table = [
        ("//li[2]", "<li>2</li>"),
        ("//li[last()]/text()", "4"),
        ("//li[position() > 2]/text()", "3|4"),
        ("//div/ul[count(li) = 4]/li[1]", "<li>1</li>"),
        ("//img/@src", "i.png"),
        ("//@href", "https://a.example/x|#|y"),
        ("//comment()", "<!--c-->"),
        ("//a[@href='#']", "<a href=\"#\"><b>bold</b></a>"),
        ("//a[./b]/b/text()", "bold"),
        ("//a[.//img[@src]]/@href", "https://a.example/x"),
        ("//a[not(.//img)]/@href", "#|y"),
        ("//table/tbody/tr/td[1]", "<td>x</td>"),
        ("//td[starts-with(@style, 'color') or not(contains(@style, 'color'))]/strong/a/text()", "why"),
        ("//*[translate(@href, '#h', '+') = '+']/b/text()", "bold"),
        ("//*[not(normalize-space(.))][self::img]/@width", "10"),
        ("//td[@style[contains(., 'COLOR')]]/strong/a/text()", "why"),
        ("//*[contains(translate(@style, 'ABCDEF', 'abcdef'), '#abc')]//a/@href", "y"),
        ("//*[local-name() = 'strong']/a/text()", "why"),
        ("//img[(number(@width) > 5 or not(@width))]/@width", "10"),
        ("//img[number(@width) > 50]/@width", ""),
        ("//h2[contains(text(), 'App')]/preceding::li[1]/text()", "4"),
        ("//td[1]/following-sibling::td//text()", "why"),
        ("//strong/ancestor::table/@width", "700"),
        ("//div[a]/parent::body/p/text()", "Copyright"),
        ("//li[1] | //li[3]", "<li>1</li>|<li>3</li>"),
        ("(//li)[3]/text()", "3"),
        ("/html/head/title/text()", "T"),
        ("//b/../@href", "#"),
        ("//*[text()[normalize-space()]][self::b]", "<b>bold</b>"),
        ("//script//text()", "var u='https://s.example/';"),
        ("//p/following::li", ""),
        ("//div[@class='a']", ""),
        ("//div[@id='d' and @class='a b']/@id", "d"),
        ("//td//a/@href | //td/strong/a/@href", "y"),
        ("count(//li)", ""),
    ];
    for (xpath, want) in table {
        assert_eq!(select(xpath), want, "{xpath}");
    }
}

#[test]
fn what_does_not_compile() {
    for xpath in
        ["", "//", "//a[", "//a]", "//a[@href]]", "//a[foo()]", "a b", "//a['x]", "contains('x')", "x::y"]
    {
        assert_eq!(select(xpath), "ERROR", "{xpath}");
    }
    assert_eq!(select(&"(".repeat(3_000)), "ERROR");
}

#[test]
fn nodes_tell_their_texts_and_links() {
    let html = Html::parse(PAGE);
    let texts = |xpath: &str| {
        let nodes = XPath::compile(xpath).map(|xpath| xpath.eval(&html)).unwrap_or_default();
        nodes.iter().map(|n| (n.display_text(), n.inner_text(), n.links().len())).collect::<Vec<_>>()
    };
    let one = |a: &str, b: &str, n| vec![(a.to_owned(), b.to_owned(), n)];
    assert_eq!(texts("//td[2]"), one("why", "why", 1));
    assert_eq!(texts("//title"), one("T", "T", 0));
    assert_eq!(
        texts("//script/text()"),
        one("var u='https://s.example/';", "var u='https://s.example/';", 1)
    );
    assert_eq!(texts("//img/@src"), one("i.png", "i.png", 0));
}

#[test]
fn work_is_bounded() {
    let html = Html::parse(&"<div><p>x</p>".repeat(5_000));
    let slow = "//*[.//*[.//*[contains(., 'y')]]]";
    let start = std::time::Instant::now();
    let _ = XPath::compile(slow).map(|xpath| xpath.eval(&html).len());
    assert!(start.elapsed().as_secs() < 5);
}

proptest! {
    #[test]
    fn any_text_compiles_or_not(text in "(//|/|[a-z]{1,3}|\\[|\\]|@|\\(|\\)|text\\(\\)|last\\(\\)|'x'|=|\\||\\*|\\.|::|and| |1){0,16}") {
        let html = Html::parse(PAGE);
        if let Ok(xpath) = XPath::compile(&text) {
            let _ = xpath.eval(&html).iter().map(|node| node.raw().len()).sum::<usize>();
        }
    }
}
