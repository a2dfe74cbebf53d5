//! Facet `tenant`: which bulk mailer carried the message, for which account.

use sekisho_record::{Evidence, evidence::Tenant};

use crate::View;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Tenant {
    let _ = (evidence, view);
    Tenant::default()
}
