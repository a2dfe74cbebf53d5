//! Any text as a URL: unwrapping ends, within its depth.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &str| {
    let found = sekisho_observe::unwrap::unwrap(&sekisho_mail::Url::parse_loose(data));
    assert!(found.layers.len() <= 16);
});
