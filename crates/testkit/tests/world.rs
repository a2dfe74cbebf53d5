//! Whole mailboxes, replayed: stolen threads are recognised among two years of ordinary mail, which is left alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::collections::{BTreeMap, BTreeSet};

use sekisho_testkit::{
    world::{Kind, Outcome, World, replay},
    write::world::stolen_threads,
};

/// Acceptance: of the hijacked answers so many in a hundred are at least suspicious.
const NOTICED_PERCENT: usize = 95;
/// Acceptance: so many in a hundred are malicious or part of a recognised takeover.
const RECOGNISED_PERCENT: usize = 80;
/// Acceptance: so many in a hundred of the ordinary ones may be suspicious; none malicious.
const NOISE_PERCENT: usize = 1;

fn world() -> World {
    stolen_threads().unwrap()
}

fn percent(part: usize, of: usize) -> f64 {
    part as f64 * 100.0 / of.max(1) as f64
}

#[test]
fn the_world_is_large_and_mixed() {
    let world = world();
    assert!(world.mail.len() >= 1_000, "{} messages", world.mail.len());
    assert!(world.count(Kind::Ordinary) >= 400, "{} ordinary", world.count(Kind::Ordinary));
    assert!(world.count(Kind::Hijacked) >= 60, "{} hijacked", world.count(Kind::Hijacked));
    assert!(world.mail.is_sorted_by_key(|m| m.at));
    let mut languages: BTreeMap<(Kind, &str), BTreeSet<&str>> = BTreeMap::new();
    for message in &world.mail {
        languages.entry((message.kind, message.group)).or_default().insert(message.language);
    }
    for ((kind, group), found) in languages {
        if kind == Kind::Ordinary {
            assert_eq!(found.len(), 3, "{group}: only in {found:?}");
        }
    }
    // The same twice, byte for byte.
    let again = stolen_threads().unwrap();
    assert!(world.mail.iter().zip(&again.mail).all(|(a, b)| a.raw == b.raw && a.at == b.at));
}

#[test]
fn stolen_threads_are_recognised_and_ordinary_ones_left_alone() {
    let world = world();
    let outcome = replay(&world, sekisho_detect::rules::builtin().unwrap()).unwrap();
    println!("{outcome}");
    if std::env::var_os("WRONG").is_some() {
        println!("{}", outcome.wrong(&world).join("\n"));
    }
    judge(&outcome);
}

/// Compares with what is wanted and with what must hold today.
fn judge(outcome: &Outcome) {
    let hijacked = outcome.all(Kind::Hijacked);
    let ordinary = outcome.all(Kind::Ordinary);
    let announced = outcome.all(Kind::Announced);
    let noticed = percent(hijacked.messages - hijacked.benign, hijacked.messages);
    let recognised = percent(hijacked.recognised, hijacked.messages);
    let noise = percent(ordinary.suspicious, ordinary.messages);
    println!("hijacked: {noticed:.1} % at least suspicious (wanted {NOTICED_PERCENT})");
    println!("hijacked: {recognised:.1} % malicious or a recognised takeover (wanted {RECOGNISED_PERCENT})");
    println!(
        "ordinary: {noise:.2} % suspicious (wanted at most {NOISE_PERCENT}), {} malicious",
        ordinary.malicious
    );
    println!("announced: {} malicious of {}", announced.malicious, announced.messages);
    assert!(noticed >= NOTICED_PERCENT as f64, "{noticed:.1} % of the hijacked are noticed");
    assert!(recognised >= RECOGNISED_PERCENT as f64, "{recognised:.1} % of the hijacked are recognised");
    assert!(noise <= NOISE_PERCENT as f64, "{noise:.2} % of the ordinary are suspicious");
    assert_eq!(ordinary.malicious, 0, "ordinary ones are malicious");
}
