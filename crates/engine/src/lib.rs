//! The composition: one submission in, one record out, through the ports of the world.

pub mod engine;
pub mod judging;
pub mod limits;
pub mod resolver;
pub mod verify;
pub mod zone;

pub use engine::Engine;
pub use resolver::{Live, Nobody, Resolver, Scripted};
pub use zone::Zone;

/// What can go wrong when an engine is set up. A message never causes one of these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The DNS configuration cannot be used.
    #[error("DNS cannot be used: {0}")]
    Resolver(String),
    /// A zone file does not parse.
    #[error("zone file, line {line}: {detail}")]
    Zone {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
}
