//! Any bytes: parse, observe and judge end, and the evidence serialises.
#![no_main]
use std::sync::LazyLock;
static ENGINE: LazyLock<sekisho_engine::Engine> = LazyLock::new(|| {
    let rules = sekisho_detect::Rules::compile(
        sekisho_detect::rules::builtin().expect("built-in rules parse"),
        sekisho_detect::Lists::default(),
        &sekisho_detect::OrgLists::default(),
    )
    .expect("built-in rules compile");
    let context = sekisho_observe::Context { believe_unnamed: true, ..Default::default() };
    sekisho_engine::Engine::new(context, rules)
});
// Rules and brands are read once, before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(ENGINE.scan_bytes(b"")), |data: &[u8]| {
    let record = ENGINE.scan_bytes(data);
    assert!(record.verdict.score <= 100);
});
