//! Any text as HTML: the tree is built within its limits and an XPath over it ends.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &str| {
    let html = sekisho_mail::Html::parse(data);
    assert!(html.display_text.len() <= 4 * data.len() + 64);
    if let Ok(path) = sekisho_mail::html::XPath::compile("//a/@href | //td[contains(., 'a')]/following::*") {
        let _ = path.eval(&html);
    }
});
