//! Any bytes as Pdf: no panic, no hang, no growth over the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_unpack::{Kind, fuzzing};

fuzz_target!(|data: &[u8]| {
    fuzzing::analyse(Kind::Pdf, data);
});
