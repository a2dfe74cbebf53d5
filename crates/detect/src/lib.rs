//! Evidence and rules become a verdict: loads rules, binds MQL to the evidence, combines findings. Pure.

// (until the evaluator lands) mod bind;
pub mod combine;
pub mod error;
pub mod feed;
// (until the evaluator lands) mod judge;
pub mod lists;
pub mod page;
pub mod rule;
// (until the evaluator lands) pub mod rules;
// (until the evaluator lands) mod spans;

pub use error::Error;
// (until the evaluator lands) pub use judge::judge;
pub use lists::Lists;
// (until the evaluator lands) pub use rules::{OrgLists, Rules};
pub use rule::{Case, RuleKind, RuleSource};

/// The serialised name of a fieldless enum value.
fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
