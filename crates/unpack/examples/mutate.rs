//! Changes bytes of files again and again, always in the same way, and says what took longest and most memory.
//!
//! `cargo run --release -p sekisho-unpack --example mutate -- 20000 FILE…`

use std::time::{Duration, Instant};

use sekisho_unpack::{Hints, Input, unpack};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    for path in arguments {
        let Ok(original) = std::fs::read(&path) else { continue };
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below.max(1) as u64) as usize
        };
        let (mut slowest, mut largest) = ((Duration::ZERO, 0), (0, 0));
        for round in 0..rounds {
            let mut bytes = original.clone();
            for _ in 0..=next(4) {
                // Headers stand at both ends.
                let window = if next(2) == 0 { bytes.len() } else { bytes.len().min(256) };
                let at = if next(2) == 0 { next(window) } else { bytes.len() - 1 - next(window) };
                let value = [0, 0xFF, 0x7F, next(256) as u8][next(4)];
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            let _ = std::fs::write("/proc/self/clear_refs", "5");
            let (start, before) = (Instant::now(), kilobytes("VmRSS:"));
            let input = Input { name: path.clone(), declared: None, bytes: bytes.into() };
            let tree = unpack("", vec![input], &Hints::default());
            slowest = slowest.max((start.elapsed(), round));
            largest = largest.max((kilobytes("VmHWM:").saturating_sub(before), round));
            drop(tree);
        }
        println!("{path}: {:?} (round {}), {} KiB (round {})", slowest.0, slowest.1, largest.0, largest.1);
    }
}

fn kilobytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}
