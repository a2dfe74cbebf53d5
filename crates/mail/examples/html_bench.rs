//! Measures `Html::parse` over the HTML parts of the mails under a folder, and over hostile inputs.
//!
//! `cargo run --release -p sekisho-mail --example html_bench -- FOLDER`

use std::path::Path;
use std::time::Instant;

use mail_parser::{MessageParser, PartType};
use sekisho_mail::Html;

fn collect(folder: &Path, out: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if let Ok(raw) = std::fs::read(&path)
            && let Some(message) = MessageParser::new().parse(&raw)
        {
            for part in &message.parts {
                if let PartType::Html(html) = &part.body {
                    out.push(html.to_string());
                }
            }
        }
    }
}

fn measure(name: &str, html: &str) {
    let start = Instant::now();
    let parsed = Html::parse(html);
    let took = start.elapsed();
    println!(
        "{name:24} {:8} bytes {took:10.2?} {:7} nodes {}",
        html.len(),
        parsed.node_count(),
        parsed.over_limit
    );
}

/// One megabyte of each of these must take less than a second.
fn hostile() {
    const MEGABYTE: usize = 1 << 20;
    let repeat = |unit: &str| unit.repeat(MEGABYTE / unit.len());
    let numbered = |make: &dyn Fn(usize) -> String| {
        let mut out = String::new();
        let mut n = 0;
        while out.len() < MEGABYTE {
            out.push_str(&make(n));
            n += 1;
        }
        out
    };
    measure("nested div", &repeat("<div>"));
    measure("nested div, no-op ends", &repeat("</b><div>"));
    measure("nested table", &repeat("<table><tr><td>"));
    measure("table soup", &repeat("<table>x<b>"));
    measure("foster text", &repeat("<table>x<tr>y"));
    measure("foster one table", &format!("<table>{}", repeat("x<tr>")));
    measure("unclosed b", &repeat("<b>x"));
    measure("unclosed font", &numbered(&|n| format!("<font size={n}>x")));
    measure("font p", &numbered(&|n| format!("<p><font a={n}>x</p>")));
    measure("a in a", &repeat("<a href=x>y"));
    measure("a div", &repeat("<a><div>"));
    measure("b p misnested", &repeat("<b><p></b></p>"));
    measure("p in spans", &format!("{}{}", "<span>".repeat(500), repeat("<p></p>")));
    measure("end p", &repeat("</p>"));
    measure("attributes", &format!("<a {}>", numbered(&|n| format!("a{n} "))));
    measure("attributes on body", &numbered(&|n| format!("<body a{n}=1>")));
    measure("names", &numbered(&|n| format!("<x{n}></x{n}>")));
    measure("entities", &repeat("&amp;"));
    measure("ampersands", &repeat("&"));
    measure("less-than", &repeat("<"));
    measure("comments", &repeat("<!--"));
    measure("bang", &repeat("<!"));
    measure("quotes", &format!("<a href=\"{}", repeat("'")));
    measure(
        "classes",
        &format!("<style>{}</style>{}", ".a{color:red}".repeat(9_000), repeat("<p class='a b c d e f g'>")),
    );
    measure("style", &repeat("<p style='a:b;c:d;e:f;color:red'>"));
    measure("comments in style", &format!("<p style='{}'>", repeat("/*")));
    measure("svg", &repeat("<svg><p>"));
    measure("select", &repeat("<select><option>"));
    measure("template", &repeat("<template>"));
    measure("script", &repeat("<script>"));
    measure("links", &repeat("<a href=http://a.example/>http://b.example/</a>"));
    measure("plain links", &repeat("http://b.example/ "));
    measure("text", &repeat("abc def "));
    measure("vml", &repeat("<!--[if mso]><v:x href='http://a.example'>-->"));
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut parts = Vec::new();
    collect(Path::new(&folder), &mut parts);
    let bytes: usize = parts.iter().map(String::len).sum();
    for round in 0..3 {
        let start = Instant::now();
        let mut text = 0;
        let mut links = 0;
        for part in &parts {
            let html = Html::parse(part);
            text += html.display_text.len();
            links += html.links.len();
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "round {round}: {} parts, {:.1} MB, {:.1} MB/s, {:.0} us a part, {text} bytes shown, {links} links",
            parts.len(),
            bytes as f64 / 1e6,
            bytes as f64 / 1e6 / seconds,
            seconds * 1e6 / parts.len().max(1) as f64
        );
    }
    hostile();
}
