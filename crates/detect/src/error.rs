//! What can go wrong when rules and lists are loaded. Judging itself never fails.

use std::path::PathBuf;

/// Errors of loading.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A rule file is not what it should be.
    #[error("{file}:{line}: {message}")]
    Format {
        /// File or rule id.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// The rule's query does not parse or type-check; the text shows every diagnostic with line, column and caret.
    #[error("{rendered}")]
    Query {
        /// Rendered diagnostics.
        rendered: String,
    },
    /// A YARA rule is wrong; the text begins with file, line and column.
    #[error("{rendered}")]
    Yara {
        /// Rendered diagnostic.
        rendered: String,
    },
    /// A folder holds nothing of what it was named for.
    #[error("{path} holds no {wanted}", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// Two rules have one id.
    #[error("rule `{id}` is defined twice: {first} and {second}; rename one of them")]
    Duplicate {
        /// The id.
        id: String,
        /// First file.
        first: String,
        /// Second file.
        second: String,
    },
}
