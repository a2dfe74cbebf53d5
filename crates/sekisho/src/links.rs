//! `sekisho links`: undoes click-tracking and protection links without a network.

use std::io::BufRead as _;

use anyhow::Result;
use sekisho_mail::Url;
use sekisho_observe::unwrap::unwrap;

use crate::{cli, explain::cut};

/// URLs read from standard input at most.
const URLS_MAX: usize = 1_000_000;

/// Runs the command.
///
/// # Errors
/// When standard input cannot be read.
pub(crate) fn run(args: &cli::Links) -> Result<()> {
    if args.urls.is_empty() {
        for line in std::io::stdin().lock().lines().take(URLS_MAX) {
            let line = line?;
            if !line.trim().is_empty() {
                print(line.trim(), args.json);
            }
        }
    }
    for url in &args.urls {
        print(url, args.json);
    }
    Ok(())
}

fn print(url: &str, as_json: bool) {
    let found = unwrap(&Url::parse_loose(url));
    if as_json {
        println!("{}", serde_json::json!({ "url": url, "unwrapped": found }));
        return;
    }
    println!("{}", cut(url, 2_000));
    for layer in &found.layers {
        let account =
            layer.account.as_deref().map(|a| format!(", account {}", cut(a, 80))).unwrap_or_default();
        println!("  through {} ({}{account})", cut(&layer.host, 200), layer.encoder);
    }
    if found.opaque {
        println!("  → hidden: the target is not in the URL");
    } else if found.layers.is_empty() {
        println!("  → nothing to undo");
    } else {
        println!("  → {}", cut(&found.target.url, 2_000));
    }
}
