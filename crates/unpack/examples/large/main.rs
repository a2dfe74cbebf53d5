//! Builds an attachment of 25 MB of each type that is read, plain and made to cost, and prints the processor time that
//! each takes and the limits it ran into (`large [WORD…]`: only those whose name has a word). Ends with an error when one
//! takes more than a second. Part of `make bench-files`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "a tool for development"
)]

mod archives;
mod containers;
#[path = "../../tests/made/mod.rs"]
mod made;
mod office;
mod texts;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use sekisho_unpack::{Candidate, Hints, Input, Origin, Secret, Tree, unpack};

/// Bytes of an attachment, about.
pub const SIZE: usize = 25_000_000;
/// What one may take, in milliseconds.
const MS_MAX: f64 = 1_000.0;

/// Name of the file, what is in it, and what builds it.
pub type Case = (&'static str, &'static str, Box<dyn Fn() -> Vec<u8>>);

pub fn case(name: &'static str, what: &'static str, build: impl Fn() -> Vec<u8> + 'static) -> Case {
    (name, what, Box::new(build))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let cases = [archives::cases(), containers::cases(), office::cases(), texts::cases()];
    println!("{:<14}{:<44}{:>7}{:>9}{:>7}  limits", "file", "content", "MB", "CPU ms", "files");
    let (mut count, mut slow) = (0, 0);
    for (name, what, build) in cases.into_iter().flatten() {
        if !words.is_empty() && !words.iter().any(|w| name.contains(w.as_str()) || what.contains(w.as_str()))
        {
            continue;
        }
        let Ok(bytes) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&build)).map(Bytes::from)
        else {
            println!("{name:<14}{what:<44} was not built");
            slow += 1;
            continue;
        };
        let size = bytes.len() as f64 / 1e6;
        // Two rounds, of which the faster counts: the first pays for tables and for memory from the system.
        let (ms, tree) = (0..2).map(|_| measure(name, &bytes)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        let late = if ms > MS_MAX { "  TOO SLOW" } else { "" };
        println!("{name:<14}{what:<44}{size:>7.1}{ms:>9.1}{:>7}  {}{late}", tree.files.len(), limits(&tree));
        count += 1;
        slow += usize::from(ms > MS_MAX);
    }
    println!("{count} attachments, {slow} over {MS_MAX} ms");
    std::process::exit(i32::from(slow > 0));
}

fn measure(name: &str, bytes: &Bytes) -> (f64, Tree) {
    let input = Input { name: name.to_owned(), declared: None, bytes: bytes.clone() };
    let start = clock_gettime(ClockId::ThreadCPUTime);
    let tree = unpack("", vec![input], &hints());
    let end = clock_gettime(ClockId::ThreadCPUTime);
    let ms = |t: rustix::time::Timespec| t.tv_sec as f64 * 1e3 + t.tv_nsec as f64 / 1e6;
    (ms(end) - ms(start), tree)
}

/// A mail that names many passwords.
fn hints() -> Hints {
    let passwords = (0..50)
        .map(|n| Candidate { password: Secret::new(format!("pw{n:04}")), origin: Origin::Body })
        .collect();
    Hints { passwords, ..Hints::default() }
}

fn limits(tree: &Tree) -> String {
    let of = |id: &str| {
        id.starts_with("ARC-BOMB")
            || matches!(id, "ARC-DEPTH" | "ARC-OVERLAP" | "SCAN-INCOMPLETE" | "XLM-EMU-LIMIT")
    };
    let mut ids: Vec<&str> =
        tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).filter(|id| of(id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(" ")
}

/// Bytes that no packer makes smaller, the same in every run.
pub fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut out = Vec::with_capacity(size + 8);
    while out.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out.truncate(size);
    out
}

/// Repeats a text, with numbers for `#`, up to a size.
pub fn filled(head: &str, unit: &str, tail: &str, size: usize) -> Vec<u8> {
    let mut out = head.as_bytes().to_vec();
    let mut n = 0_usize;
    let parts: Vec<&str> = unit.split('#').collect();
    while out.len() + tail.len() < size {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.extend(n.to_string().as_bytes());
            }
            out.extend(part.as_bytes());
        }
        n += 1;
    }
    out.extend(tail.as_bytes());
    out
}

/// Sentences of letters that hardly repeat.
pub fn words(size: usize) -> Vec<u8> {
    let mut out: Vec<u8> = noise(size);
    for byte in &mut out {
        *byte = match *byte % 32 {
            n @ 0..=25 => b'a' + n,
            26 => b'\n',
            27 => b'.',
            _ => b' ',
        };
    }
    out
}
