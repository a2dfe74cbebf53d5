//! Facet `content`: what the message says and asks.

use sekisho_record::{Evidence, evidence::Content};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Content {
    let _ = (evidence, view);
    Content::default()
}
