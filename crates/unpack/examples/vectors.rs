//! Prints what is wrong with each vector of `fixtures/files` (`vectors [FILTER…]`), and the tree with `-v`. For development.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool for development")]

#[path = "../tests/common/mod.rs"]
mod common;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|a| a == "-v");
    let filters: Vec<&String> = args.iter().filter(|a| *a != "-v").collect();
    let (mut good, mut all) = (0, 0);
    for vector in common::vectors() {
        if !filters.is_empty() && !filters.iter().any(|f| vector.path.contains(f.as_str())) {
            continue;
        }
        let start = std::time::Instant::now();
        let faults = common::faults(&vector);
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        all += 1;
        good += usize::from(faults.is_empty());
        let mark = if faults.is_empty() { "ok  " } else { "FAIL" };
        println!("{mark} {ms:8.2} ms {} {}", vector.path, faults.join("; "));
        if verbose {
            for file in common::open(&vector, vector.password.as_deref()).files {
                println!("     {} [{}] {} bytes", file.path, file.kind.name(), file.size);
                for f in file.findings {
                    println!("       {:?} {} @{} {}", f.severity, f.id.name(), f.location, f.evidence);
                }
                for i in file.indicators {
                    println!("       {:?} {}", i.kind, i.value);
                }
            }
        }
    }
    println!("{good} of {all}");
}
