//! Any bytes as a file of any name: sniffing, nesting and budget together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_unpack::{Hints, Input, unpack};

fuzz_target!(|data: &[u8]| {
    let input = Input { name: "a.bin".into(), declared: None, bytes: data.to_vec().into() };
    let _ = unpack("", vec![input], &Hints::default());
});
