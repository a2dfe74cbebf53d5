//! Facet `brand`: which brands the message claims to be.

use sekisho_record::{Evidence, evidence::Brand};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Brand {
    let _ = (evidence, view);
    Brand::default()
}
