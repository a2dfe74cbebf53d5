//! Any text as a query: a tree or a diagnostic that renders; what parses prints and parses to the same tree.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &str| {
    match sekisho_mql::parse(data) {
        Ok(tree) => {
            let printed = sekisho_mql::print(&tree);
            let again = sekisho_mql::parse(&printed).expect("what was printed parses");
            assert!(sekisho_mql::ast::same(&again, &tree), "{printed}");
        }
        Err(diagnostic) => assert!(!diagnostic.render("fuzz", 0).is_empty()),
    }
});
