//! Verdicts become decisions, by clauses; messages get our header fields and banners. Pure: data in, data out.

pub mod apply;
pub mod banner;
pub mod decide;
mod dressing;
pub mod fields;
pub mod limits;
pub mod own;
pub mod policy;
pub mod ruling;
pub mod settings;

pub use apply::apply;
pub use decide::{Situation, decide};
pub use dressing::{dress_only, neutral, of_held, without_banner};
pub use own::{SealAlgorithm, Sealing, Secret};
pub use policy::Policy;
pub use ruling::{Ruling, Wish, rule, rule_unread};

/// What can be wrong with a configured policy. A message never causes one of these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A clause is wrong.
    #[error("policy.clauses, `{name}`: {what}")]
    Clause {
        /// Its name.
        name: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// Another key is wrong.
    #[error("{0}")]
    Setting(String),
}
