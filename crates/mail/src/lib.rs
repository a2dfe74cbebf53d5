//! Any bytes become a [`Message`] and a list of defects.
//!
//! Parsing is total: no input gives an error or a panic, every input has a limit ([`limits`]), and what was wrong
//! with it is written down as a [`Defect`]. Names of fields are those of the message data model that rules read.

pub mod address;
pub mod authres;
mod bodies;
mod chain;
pub mod charset;
pub mod date;
pub mod defect;
pub mod domain;
pub mod filetype;
pub mod header;
pub mod html;
pub mod journal;
pub mod leaf;
mod legacy;
pub mod limits;
pub mod link;
pub mod message;
mod mime;
mod params;
pub mod part;
pub mod received;
pub mod span;
pub mod subject;
pub mod thread;
pub mod thread_index;
mod transfer;
pub mod url;
pub mod urlfind;
pub mod words;

pub use address::{EmailAddress, Mailbox};
pub use authres::{AuthResults, CompAuth, Dmarc, Signature, Spf};
pub use defect::{Defect, DefectKind};
pub use domain::{Domain, Ip, IpTranslation};
pub use header::Field;
pub use html::Html;
pub use leaf::{Leaf, Structure};
pub use link::Link;
pub use message::{Message, header_only, parse};
pub use part::{Attachment, BodyText};
pub use received::{Hop, HopField, Received};
pub use span::Span;
pub use subject::Subject;
pub use thread::{Banner, PreviousThread, Thread, ThreadRecipients};
pub use thread_index::ThreadIndex;
pub use transfer::Encoding as TransferEncoding;
pub use url::{Rewrite, Url};
