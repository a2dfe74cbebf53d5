//! Any bytes as JavaScript, VbScript, PowerShell, Batch, Wsf, EncodedScript: no panic, no hang, no growth over the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_unpack::{Kind, fuzzing};

fuzz_target!(|data: &[u8]| {
    // The first byte says which; a seed is a file with that byte before it.
    let Some((which, bytes)) = data.split_first() else { return };
    let kinds = [Kind::JavaScript, Kind::VbScript, Kind::PowerShell, Kind::Batch, Kind::Wsf, Kind::EncodedScript];
    fuzzing::analyse(kinds[usize::from(*which) % kinds.len()], bytes);
});
