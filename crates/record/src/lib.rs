//! The nouns of the product as plain data with a stable schema: submissions, evidence, findings, verdicts, records, and
//! what is remembered of them (`history`).
//!
//! Nothing here computes. Field names are the names that rules, JSON, metrics and the docs use.

pub mod decision;
pub mod evidence;
pub mod history;
pub mod quarantine;
pub mod record;
pub mod submission;
pub mod summary;
pub mod verdict;

pub use decision::{Action, Change, Decision, Decisions, Direction, FieldChange, Level, Patch};
pub use evidence::Evidence;
pub use record::{Cost, Record};
pub use submission::{Envelope, Submission};
pub use summary::{Summary, Through};
pub use verdict::{Class, Exhibit, Finding, Gap, Indeterminate, Severity, Threat, Verdict};
