//! Evidence and rules become a verdict: loads rules, binds MQL to the evidence, combines findings. Pure.

mod bind;
pub mod combine;
pub mod error;
pub mod feed;
mod judge;
pub mod limits;
pub mod lists;
pub mod page;
pub mod rule;
pub mod rules;
mod spans;
pub mod yara;

pub use error::Error;
pub use judge::judge;
pub use lists::Lists;
pub use rule::{Case, RuleKind, RuleSource};
pub use rules::{OrgLists, Rules};
pub use yara::Yara;

/// The serialised name of a fieldless enum value.
fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
