//! Accounts at bulk mailers: after what they always send, the first message that speaks as somebody else is noticed by
//! behaviour alone, without the rules that know brands.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::collections::BTreeMap;

use sekisho_testkit::{
    world::{Kind, replay, rules_without_brand},
    write::tenants::other_voices,
};

/// Acceptance: so many in a hundred of the foreign voices are at least suspicious.
const NOTICED_PERCENT: usize = 100;
/// Acceptance: so many in a hundred of the ordinary ones may be suspicious; none malicious.
const NOISE_PERCENT: usize = 1;

#[test]
fn the_first_foreign_voice_of_an_account_is_noticed_by_behaviour_alone() {
    let world = other_voices().unwrap();
    let mut accounts: BTreeMap<&str, usize> = BTreeMap::new();
    for message in world.mail.iter().filter(|m| m.kind == Kind::Ordinary) {
        *accounts.entry(message.group).or_default() += 1;
    }
    assert_eq!(accounts["Ember & Maize"], 500);
    assert!(accounts.len() >= 6 && accounts.values().all(|n| *n >= 50), "{accounts:?}");
    let rules = rules_without_brand().unwrap();
    assert!(rules.iter().any(|r| r.facet == "behaviour") && rules.iter().all(|r| r.facet != "brand"));
    let outcome = replay(&world, rules).unwrap();
    println!("{outcome}");
    if std::env::var_os("WRONG").is_some() {
        println!("{}", outcome.wrong(&world).join("\n"));
    }
    let (voices, ordinary) = (outcome.all(Kind::Hijacked), outcome.all(Kind::Ordinary));
    let percent = |part: usize, of: usize| part as f64 * 100.0 / of.max(1) as f64;
    let noticed = percent(voices.messages - voices.benign, voices.messages);
    let noise = percent(ordinary.suspicious, ordinary.messages);
    println!("foreign voices: {noticed:.1} % at least suspicious (wanted {NOTICED_PERCENT})");
    println!(
        "ordinary: {noise:.2} % suspicious (wanted at most {NOISE_PERCENT}), {} malicious",
        ordinary.malicious
    );
    assert!(noticed >= NOTICED_PERCENT as f64, "{noticed:.1} % of the foreign voices are noticed");
    assert!(noise <= NOISE_PERCENT as f64, "{noise:.2} % of the ordinary are suspicious");
    assert_eq!(ordinary.malicious, 0, "ordinary ones are malicious");
}
