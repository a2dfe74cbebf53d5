//! What a real browser shows of the dressed pages: headless Chromium, all pages in one start, light and dark.

use std::process::Command;

use sekisho_record::Level;

use crate::{banner, bodies, cases, dressed};

const CHECK: &str = include_str!("check.js");

/// The browser's program, if it is installed.
fn chromium() -> Option<&'static str> {
    let runs =
        |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs)
}

/// What the browser says of each page: `ok`, or what is wrong. The first line is its colour scheme.
fn looks(browser: &str, pages: &[(String, String)], dark: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let frame = |(_, page): &(String, String)| {
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        format!("<iframe sandbox=allow-same-origin width=800 height=600 srcdoc=\"{page}\"></iframe>\n")
    };
    let frames: String = pages.iter().map(frame).collect();
    let html = format!(
        "<!DOCTYPE html><html><head><meta charset=utf-8><style>:root{{color-scheme:light dark}}iframe{{border:0;display:block}}</style>\
         <script>{CHECK}</script></head><body>{frames}</body></html>"
    );
    let file = folder.path().join("pages.html");
    std::fs::write(&file, html).unwrap();
    let out = Command::new("timeout")
        .args([
            "180",
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--dump-dom",
        ])
        .args(["--window-size=1000,900", "--virtual-time-budget=30000", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 }))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let report = text.split_once("[report\n").and_then(|(_, rest)| rest.split_once("\nreport]"));
    let report = report.unwrap_or_else(|| panic!("no report: {}", String::from_utf8_lossy(&out.stderr)));
    report.0.lines().map(|line| line.replace("&lt;", "<").replace("&amp;", "&")).collect()
}

/// All pages with their banners.
fn pages() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (n, case) in cases::all().into_iter().enumerate() {
        let level = [Level::Notice, Level::Warning, Level::Danger][n % 3];
        let (_, raw) = dressed(&case.raw, &banner(level, ["en", "ja", "de", "fr", "es"][n % 5]));
        for (html, text) in bodies(&raw) {
            if html {
                out.push((case.name.clone(), text));
            }
        }
    }
    out
}

/// Pages that are not what they should be: the check must say so.
fn controls() -> Vec<(String, String)> {
    let banner = "<div id=sekisho-x style=\"background:#fff;width:600px\"><p>Sekisho</p><p>Danger</p><p>text</p></div>";
    let styles = [
        ("invisible", "div{display:none}"),
        ("faint", "p{color:#ccc}"),
        ("covered", "body::before{content:'';position:fixed;inset:0;background:#fff;z-index:9}"),
        ("outside", "div{position:absolute;left:-2000px}"),
        ("faded", "body{opacity:.5}"),
        ("added to", "p::before{content:'not '}"),
    ];
    let control = |(name, style): (&str, &str)| (name.to_owned(), format!("<style>{style}</style>{banner}"));
    styles.into_iter().map(control).chain([("none".to_owned(), "<p>text".to_owned())]).collect()
}

#[test]
fn a_browser_shows_every_banner_in_light_and_dark() {
    let Some(browser) = chromium() else {
        let set = |name| std::env::var_os(name).is_some();
        assert!(!set("CI") || set("SEKISHO_NO_BROWSER"), "Chromium is not installed, and this is CI");
        eprintln!("Chromium is not installed: nothing was looked at");
        return;
    };
    let (pages, controls) = (pages(), controls());
    assert!(pages.len() > 150, "{}", pages.len());
    let all: Vec<_> = pages.iter().chain(&controls).cloned().collect();
    for dark in [false, true] {
        let looks = looks(browser, &all, dark);
        assert_eq!(looks.first().map(String::as_str), Some(if dark { "dark" } else { "light" }));
        assert_eq!(looks.len(), all.len() + 1);
        let (found, caught) = looks[1..].split_at(pages.len());
        let wrong: Vec<_> = pages
            .iter()
            .zip(found)
            .filter(|(_, look)| *look != "ok")
            .map(|((name, _), look)| format!("{name}: {look}"))
            .collect();
        assert!(wrong.is_empty(), "{} wrong, dark {dark}:\n{}", wrong.len(), wrong.join("\n"));
        for ((name, _), look) in controls.iter().zip(caught) {
            assert_ne!(look, "ok", "{name}");
        }
    }
}
