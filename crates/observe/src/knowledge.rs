//! Static knowledge that observation reads: brands, bulk mailers, word lists. Built once.

use std::sync::LazyLock;

/// Everything that is known before a message arrives. Each facet adds the part that it reads.
#[derive(Debug, Default)]
pub struct Knowledge {}

impl Knowledge {
    /// What ships with the program.
    pub fn builtin() -> &'static Knowledge {
        static BUILTIN: LazyLock<Knowledge> = LazyLock::new(Knowledge::default);
        &BUILTIN
    }
}
