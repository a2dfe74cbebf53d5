//! The nouns of the product as plain data with a stable schema: evidence, findings, verdicts.
//!
//! Nothing here computes. Field names are the names that rules, JSON, metrics and the docs use.

pub mod evidence;
pub mod verdict;

pub use evidence::Evidence;
pub use verdict::{Class, Exhibit, Finding, Gap, Indeterminate, Severity, Threat, Verdict};
