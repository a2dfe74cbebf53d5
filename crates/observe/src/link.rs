//! Facet `link`: where the links really lead.

use sekisho_record::{Evidence, evidence::LinkFacts};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> LinkFacts {
    let _ = (evidence, view);
    LinkFacts::default()
}
