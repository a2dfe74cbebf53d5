//! A query and a message: what checks, compiles, evaluates and explains itself within its budget.
#![no_main]
use sekisho_detect::{Lists, OrgLists, RuleSource, Rules};
// Brands are read once, before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: { let _ = sekisho_observe::Knowledge::builtin(); }, |data: (&str, &[u8])| {
    let (query, raw) = data;
    let source = RuleSource { id: "fuzz".into(), query: query.into(), line: 1, ..RuleSource::default() };
    if let Ok(rules) = Rules::compile(vec![source], Lists::default(), &OrgLists::default()) {
        let engine = sekisho_engine::Engine::new(sekisho_observe::Context::default(), rules);
        let _ = engine.scan_bytes(raw);
    }
});
