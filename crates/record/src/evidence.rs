//! Everything known about a message when it is judged: the message data model and our own facets.

pub mod attachment;
pub mod authentication;
pub mod behaviour;
pub mod brand;
pub mod content;
pub mod correspondence;
pub mod identity;
pub mod link;
pub mod model;
pub mod tenant;
pub mod thread;
pub mod transit;

use serde::Serialize;

pub use attachment::Unpack;
pub use authentication::Authentication;
pub use behaviour::Behaviour;
pub use brand::Brand;
pub use content::Content;
pub use correspondence::Correspondence;
pub use identity::Identity;
pub use link::LinkFacts;
pub use model::Model;
pub use tenant::Tenant;
pub use thread::Thread;
pub use transit::Transit;

use crate::verdict::Gap;

/// The evidence. `model` carries the public message data model; each other member is one facet.
#[derive(Debug, Default, Serialize)]
pub struct Evidence {
    /// The message data model of the public rule language.
    #[serde(flatten)]
    pub model: Model,
    /// Who it says it is.
    pub identity: Identity,
    /// What the papers prove.
    pub authentication: Authentication,
    /// The way it came.
    pub transit: Transit,
    /// Through whose bulk-mail account.
    pub tenant: Tenant,
    /// Where its links really lead.
    pub link: LinkFacts,
    /// What it says and asks.
    pub content: Content,
    /// Which brands it claims to be.
    pub brand: Brand,
    /// What the files that it carries are and hold.
    pub unpack: Unpack,
    /// Who wrote to whom before.
    pub correspondence: Correspondence,
    /// The conversation that it continues.
    pub thread: Thread,
    /// What its sender has been doing.
    pub behaviour: Behaviour,
    /// What could not be observed, and why.
    pub gaps: Vec<Gap>,
}
