//! Facet `transit`: the way the message came.

use sekisho_record::{Evidence, evidence::Transit};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Transit {
    let _ = (evidence, view);
    Transit::default()
}
