//! Static knowledge that observation reads: brands, bulk mailers, word lists. Built once.

use std::{io, path::Path, sync::LazyLock};

use crate::brand::Book;

/// Everything that is known before a message arrives. Each facet adds the part that it reads.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// Brands.
    pub brands: Book,
}

impl Knowledge {
    /// What ships with the program.
    pub fn builtin() -> &'static Knowledge {
        static BUILTIN: LazyLock<Knowledge> = LazyLock::new(Knowledge::default);
        &BUILTIN
    }

    /// What ships, with the brands of a folder added (`*.brands`, format in `brands/README.md`).
    ///
    /// # Errors
    /// The folder cannot be read, or a line is malformed.
    pub fn with_folder(folder: &Path) -> io::Result<Knowledge> {
        Ok(Knowledge { brands: Book::with_folder(folder)? })
    }
}
