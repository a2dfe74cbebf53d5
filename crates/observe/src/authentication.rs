//! Facet `authentication`: what the papers prove, and about whom.

use sekisho_mail::Message;
use sekisho_record::{
    Evidence, Gap, Submission,
    evidence::{Authentication, model::AuthSummary},
};

use crate::{Answers, Context, View, question::Papers};

/// The facet, its summary in the message data model, and why it is incomplete.
#[derive(Debug, Default)]
pub struct Found {
    /// The facet.
    pub facts: Authentication,
    /// The summary.
    pub summary: AuthSummary,
    /// What could not be found out.
    pub gap: Option<Gap>,
}

/// Papers that have to be checked by DNS.
pub fn ask(message: &Message, submission: &Submission<'_>, context: &Context) -> Option<Papers> {
    let _ = (message, submission, context);
    None
}

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>, answers: &Answers) -> Found {
    let _ = (evidence, view, answers);
    Found::default()
}
