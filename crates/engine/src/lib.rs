//! The composition: one submission in, one record out, through the ports of the world.

pub mod case;
pub mod engine;
#[cfg(unix)]
pub mod gate;
pub mod history;
mod journal;
pub mod judging;
pub mod kept;
mod known;
pub mod limits;
pub mod resolver;
pub mod seal;
pub mod verify;
#[cfg(unix)]
pub mod worker;
pub mod world;
pub mod zone;

pub use case::{Case, Judge};
pub use engine::Engine;
#[cfg(unix)]
pub use gate::{Arrival, Gate, Gatekeeper, Passage};
pub use history::{History, NoHistory, Remembers};
pub use kept::{Keeper, Shelf};
pub use resolver::{Live, Nobody, Resolver, Scripted};
pub use seal::{Marks, Sealer};
pub use sekisho_policy::{apply, apply::body_start};
pub use world::{Answering, Desk, Exchange};
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
    /// History cannot be opened, or did not learn.
    #[error("history: {0}")]
    History(String),
    /// The bytes of messages cannot be kept, or not be read.
    #[error("message bytes: {0}")]
    Kept(String),
    /// Nothing can be sealed.
    #[error("ARC seals: {0}")]
    Seal(String),
    /// A worker cannot be started, or cannot lock itself in.
    #[error("{0}")]
    Worker(String),
}
