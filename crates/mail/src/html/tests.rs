//! What a reader sees: text, hidden text with twins that differ in one detail, links, quotes.

use proptest::prelude::*;

use super::{Html, QuoteKind};

fn shown(html: &str) -> String {
    Html::parse(html).display_text
}

#[test]
fn text_is_laid_out_as_on_a_page() {
    let table = [
        ("Hello <b>big</b>  world", "Hello big world"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
        ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
        ("caf&eacute; &amp; &#x41;&nbsp;b", "café & A b"),
        ("pay\u{200b}pal pass\u{ad}word a\u{e0061}b &zwnj;c", "paypal password ab c"),
        ("a\u{2003}b\u{3000}c", "a b c"),
        ("<title>T</title><style>p{}</style><script>x()</script>body", "body"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a<img alt=picture>b", "ab"),
        ("<noscript>shown</noscript>", "shown"),
        ("日本<wbr>語<span>です</span>", "日本語です"),
        ("", ""),
    ];
    for (html, want) in table {
        assert_eq!(shown(html), want, "{html}");
    }
}

/// `text` in an element that hides it, and its twin that does not.
#[test]
fn hidden_text_and_its_twins() {
    let table = [
        (
            "<style>*{display:none!important}</style><p style='display:block'>X</p>",
            "<style>p{display:none!important}</style><p style='display:block!important'>X</p>",
        ),
        (
            "<style>p{left:-999px}</style><p style='color:red'>X</p>",
            "<style>p{left:-999px}</style><p style='all:initial;color:red'>X</p>",
        ),
        ("<p style='display:none'>X</p>", "<p style='display:block'>X</p>"),
        ("<p style='DISPLAY : NONE !important'>X</p>", "<p style='x-display:none'>X</p>"),
        ("<p style='display:/**/none'>X</p>", "<p style='/*display:none*/'>X</p>"),
        (
            "<p style='visibility:hidden'>X</p>",
            "<p style='visibility:hidden'><b style='visibility:visible'>X</b></p>",
        ),
        ("<p style='font-size:0'>X</p>", "<p style='font-size:0'><b style='font-size:12px'>X</b></p>"),
        ("<p style='font-size:1px'>X</p>", "<p style='font-size:10px'>X</p>"),
        ("<p style='font:0/0 a'>X</p>", "<p style='font:12px/0 a'>X</p>"),
        ("<p style='opacity:0'>X</p>", "<p style='opacity:0.5'>X</p>"),
        ("<p style='max-height:0;overflow:hidden'>X</p>", "<p style='max-height:0'>X</p>"),
        ("<p style='width:0px;overflow:hidden'>X</p>", "<p style='width:90px;overflow:hidden'>X</p>"),
        ("<p style='mso-hide:all'>X</p>", "<p style='mso-hide:none'>X</p>"),
        ("<p style='text-indent:-9999px'>X</p>", "<p style='text-indent:-9px'>X</p>"),
        ("<p style='position:absolute;left:-9999px'>X</p>", "<p style='position:absolute;left:-9px'>X</p>"),
        ("<p hidden>X</p>", "<p data-hidden>X</p>"),
        ("<p style='color:#fff'>X</p>", "<div style='background:#333'><p style='color:#fff'>X</p></div>"),
        ("<p style='color:#fdfdfd'>X</p>", "<p style='color:#ccc'>X</p>"),
        ("<font color=white>X</font>", "<table><tr><td bgcolor=navy><font color=white>X</font></table>"),
        ("<td><p style='color:rgb(255, 255, 255)'>X</p>", "<p style='color:rgb(25, 25, 25)'>X</p>"),
        (
            "<table bgcolor=black><tr><td style='color:black'>X</table>",
            "<table background=a.png><tr><td style='color:white'>X</table>",
        ),
        ("<p style='color:transparent'>X</p>", "<p style='background:transparent'>X</p>"),
        (
            "<style>.h{display:none}</style><p class='a h'>X</p>",
            "<style>.h{display:none}</style><p class='a'>X</p>",
        ),
        (
            "<style>#h{display:none}</style><p id=h>X</p>",
            "<style>@media (max-width:600px){#h{display:none}}</style><p id=h>X</p>",
        ),
        (
            "<style>@media screen{p.h{display:none}}</style><p class=h>X</p>",
            "<style>div.h{display:none}</style><p class=h>X</p>",
        ),
        (
            "<style>p{display:none!important}</style><p style='display:block'>X</p>",
            "<style>p{display:none}</style><p style='display:block'>X</p>",
        ),
        ("<p style='color:white'>X</p>", "<style>td p{background:blue}</style><p style='color:white'>X</p>"),
    ];
    for (hidden, twin) in table {
        let html = Html::parse(hidden);
        assert_eq!((html.display_text.as_str(), html.hidden_text.as_str()), ("", "X"), "{hidden}");
        assert!(html.inner_text.contains('X'), "{hidden}");
        let html = Html::parse(twin);
        assert_eq!((html.display_text.as_str(), html.hidden_text.as_str()), ("X", ""), "{twin}");
    }
}

/// Each link: `text|display_url -> href flags`, flags v(isible) p(rominent) m(ismatched), `plain` marked.
fn links(html: &str) -> String {
    let html = Html::parse(html);
    let show = |link: &crate::Link| {
        format!(
            "{}|{} -> {} {}{}{}{}",
            link.display_text.as_deref().unwrap_or("-"),
            link.display_url.as_ref().map_or("-", |url| &url.url),
            link.href_url.url,
            if link.visible { "v" } else { "" },
            if link.prominent { "p" } else { "" },
            if link.mismatched == Some(true) { "m" } else { "" },
            if link.parser == "plain" { " plain" } else { "" },
        )
    };
    html.links.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn links_and_what_they_show() {
    let table = [
        ("<a href='https://a.example/x'>Click <b>here</b></a>", "Click here|- -> https://a.example/x v"),
        ("<a href='https://a.example/?a=1&amp;b=2'>x</a>", "x|- -> https://a.example/?a=1&b=2 v"),
        (
            "<a href='https://a.example/'>https://b.example/</a>",
            "-|https://b.example/ -> https://a.example/ vm",
        ),
        ("<a href='https://www.a.example/'>a.example</a>", "-|a.example -> https://www.a.example/ v"),
        ("<a href='https://a.example/'></a>", "-|- -> https://a.example/ "),
        ("<a href='https://a.example/' style='display:none'>x</a>", "x|- -> https://a.example/ "),
        ("<a href='#top'>x</a><a name=top>y</a>", ""),
        ("<a href='www.example.com/x'>x</a>", "x|- -> www.example.com/x v"),
        ("<base href='https://b.example/'><a href='/x'>x</a>", "x|- -> https://b.example/x v"),
        ("<a href='https://a.example/'><img src=b.png width=200></a>", "-|- -> https://a.example/ vp"),
        ("<a href='https://a.example/'><img src=b.png width=1 height=1></a>", "-|- -> https://a.example/ "),
        (
            "<a href='https://a.example/' style='background-color:#07c;padding:9px'>Go</a>",
            "Go|- -> https://a.example/ vp",
        ),
        ("<a href='https://a.example/' style='padding:9px'>Go</a>", "Go|- -> https://a.example/ v"),
        (
            "<table><tr><td bgcolor=#0077cc><a href='https://a.example/'>Go</a></table>",
            "Go|- -> https://a.example/ vp",
        ),
        (
            "<table><tr><td bgcolor=#0077cc>or <a href='https://a.example/'>Go</a></table>",
            "Go|- -> https://a.example/ v",
        ),
        (
            "at https://p.example/ <a href='https://a.example/'>b</a> www.example.com",
            "-|- -> https://p.example/ v plain\nb|- -> https://a.example/ v\n-|- -> www.example.com v plain",
        ),
        ("<a href='mailto:x@a.example'>x@a.example</a>", "x@a.example|- -> mailto:x@a.example v"),
        ("<form action='https://a.example/p'><input type=password></form>", "-|- -> https://a.example/p v"),
        (
            "<!--[if mso]><v:roundrect href='https://a.example/'><![endif]--><a href='https://a.example/'>Go</a>",
            "Go|- -> https://a.example/ vp",
        ),
    ];
    for (html, want) in table {
        assert_eq!(links(html), want, "{html}");
    }
}

#[test]
fn quote_containers_are_marked() {
    let table = [
        ("<div class=gmail_quote>q</div>", Some(QuoteKind::Gmail)),
        ("<div class='x_gmail_quote gmail_quote_container'>q</div>", Some(QuoteKind::Gmail)),
        ("<blockquote type=cite>q</blockquote>", Some(QuoteKind::Cite)),
        ("<blockquote>q</blockquote>", Some(QuoteKind::Blockquote)),
        ("<div id=divRplyFwdMsg>q</div>", Some(QuoteKind::OutlookHeader)),
        (
            "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'>q</div>",
            Some(QuoteKind::OutlookRule),
        ),
        ("<div style='border-top:solid #123456 1.0pt'>q</div>", None),
        ("<div class=quote>q</div>", None),
    ];
    for (html, want) in table {
        let html = Html::parse(&format!("new {html} end"));
        let got = html.quotes.first().map(|quote| quote.kind);
        assert_eq!(got, want);
        if let Some(quote) = html.quotes.first() {
            assert_eq!(html.display_text[quote.start as usize..quote.end as usize].trim(), "q");
        }
    }
}

#[test]
fn positions_lead_back_to_nodes() {
    let html =
        Html::parse("<p>one <a href='https://a.example/'>two</a></p><p style='display:none'>x</p>three");
    assert_eq!(html.display_text, "one two\n\nthree");
    assert_eq!(html.node_at(4).and_then(|node| node.parent()).map(|node| node.name()), Some("a"));
    assert_eq!(html.links[0].text_offset, Some(4));
    assert_eq!(html.node_at(11).and_then(|node| node.parent()).map(|node| node.name()), Some("body"));
}

#[test]
fn looks_of_lines() {
    let html = Html::parse("<h1>Big</h1><p>small</p><div><font size=5><b>mid</b></font></div>");
    let lines: Vec<_> = html.lines.iter().map(|line| (line.font_px, line.bold, line.heading)).collect();
    assert_eq!(lines, [(32.0, true, 1), (16.0, false, 0), (24.0, true, 0)]);
}

#[test]
fn what_else_is_on_the_page() {
    let html = Html::parse(
        "<title>My &amp; title</title><meta http-equiv=refresh content='0; URL=\"https://a.example/\"'>\
         <body onload=x()><form><input><input type=hidden><input type=password></form><script>y</script><iframe>z",
    );
    assert_eq!(html.title.as_deref(), Some("My & title"));
    assert_eq!(html.refresh.map(|url| url.url).as_deref(), Some("https://a.example/"));
    assert_eq!((html.forms, html.inputs, html.password_inputs), (1, 2, 1));
    assert_eq!((html.scripts, html.frames), (2, 1));
}

#[test]
fn nodes_serialise() {
    let html = Html::parse("<p class=\"a&quot;b\">x &lt; y<!--c--><br></p>");
    let body = "<html><head></head><body><p class=\"a&quot;b\">x &lt; y<!--c--><br></p></body></html>";
    assert_eq!(html.document().raw(), body);
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = Html::parse(&format!("{}x{}y", "<div>".repeat(5_000), "</div>".repeat(5_000)));
    assert_eq!((deep.display_text.as_str(), deep.over_limit), ("x\ny", true));
    let flat = Html::parse(&"<div>x</div>".repeat(5_000));
    assert!(!flat.over_limit);
}

proptest! {
    #[test]
    fn any_text_gives_a_tree(text in "(.|</?(table|tr|td|p|b|a href=x|div|font|style|script|title|svg|select|template|!--)( style='display:none;font-size:9px'| class=gmail_quote)?>|&(amp|lt|#x)?;?){0,60}") {
        let html = Html::parse(&text);
        for (at, _) in &html.runs {
            prop_assert!(html.display_text.is_char_boundary(*at as usize));
        }
        let _ = html.document().raw();
    }
}
