//! Facet `identity`: who the message says it is from.

use sekisho_record::{Evidence, evidence::Identity};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Identity {
    let _ = (evidence, view);
    Identity::default()
}
