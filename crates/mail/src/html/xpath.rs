//! XPath 1.0 over the tree, the part that rules use (mql.md §1.14).

/// A compiled XPath expression.
#[derive(Debug, Clone)]
pub struct XPath {}

/// Why an XPath does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("XPath, byte {at}: {reason}")]
pub struct XPathError {
    /// Byte of the expression.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}
