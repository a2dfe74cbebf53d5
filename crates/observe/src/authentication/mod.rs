//! Facet `authentication`: what the papers prove, and about whom.
//!
//! Two sources: what a believed server wrote (`believe`), or what we looked up ourselves (`verified`). Both end in
//! the same facts (`conclude`).

mod believe;
mod conclude;
mod verified;

use sekisho_mail::{AuthResults, Field, Hop, Message};
use sekisho_record::{
    Evidence, Gap, Submission,
    evidence::{Authentication, model::AuthSummary},
};

use crate::{
    Answers, Context, View,
    question::{Papers, SpfQuestion},
    transit,
};

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

/// The part of a message that the facet reads, before and after it became a model.
#[derive(Clone, Copy)]
struct Header<'a> {
    fields: &'a [Field],
    hops: &'a [Hop],
    auth_results: &'a [AuthResults],
}

/// Papers that have to be checked by DNS: none when a believed server already wrote what it found.
pub fn ask(message: &Message, submission: &Submission<'_>, context: &Context) -> Option<Papers> {
    let header = Header { fields: &message.fields, hops: &message.hops, auth_results: &message.auth_results };
    if believe::read(header, context).is_some() {
        return None;
    }
    if stayed_inside(&message.hops, submission, context) {
        return None;
    }
    let has = |name: &str| message.fields.iter().any(|f| f.name.eq_ignore_ascii_case(name));
    let author = message.author.as_ref().or(message.authors.first());
    Some(Papers {
        spf: spf_question(message, submission, context),
        author: author.map(|a| a.email.domain.ascii().to_owned()).filter(|d| !d.is_empty()),
        dkim: has("DKIM-Signature"),
        arc: has("ARC-Seal"),
    })
}

/// A stored message that never left the organisation's servers crossed no border where papers are shown.
fn stayed_inside(hops: &[Hop], submission: &Submission<'_>, context: &Context) -> bool {
    submission.envelope.is_none() && transit::stayed_inside(hops, &context.organisation)
}

/// From the envelope; a stored message has none, then from the hop that handed it over and the Return-Path.
fn spf_question(message: &Message, submission: &Submission<'_>, context: &Context) -> Option<SpfQuestion> {
    if let Some(envelope) = submission.envelope {
        let ip = envelope.ip?;
        let (helo, mail_from) = (envelope.helo.clone(), envelope.mail_from.clone());
        return Some(SpfQuestion { ip, helo, mail_from, from_envelope: true });
    }
    let handover = transit::handover(&message.hops, &context.organisation)?;
    let received = handover.received.as_ref()?;
    let ip = received.ip.as_deref()?.parse().ok()?;
    let helo = received.helo.clone().or_else(|| received.reverse_dns.clone()).unwrap_or_default();
    let mail_from = message.return_path.as_ref()?.email.clone();
    Some(SpfQuestion { ip, helo, mail_from, from_envelope: false })
}

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>, answers: &Answers) -> Found {
    let header =
        Header { fields: view.fields, hops: &evidence.model.headers.hops, auth_results: view.auth_results };
    let author = evidence.model.sender.email.as_ref().map(|e| &e.domain);
    if let Some(found) = believe::read(header, view.context) {
        return conclude::conclude(believe::papers(found, evidence), author, view.context);
    }
    if stayed_inside(header.hops, view.submission, view.context) {
        let facts = Authentication { source: "none".into(), ..Authentication::default() };
        return Found { facts, ..Found::default() };
    }
    let Some(checked) = &answers.papers else {
        return missing(answers.papers_missing.unwrap_or("not_configured"));
    };
    let mut found = conclude::conclude(verified::papers(checked, header), author, view.context);
    if let Some(reason) = answers.papers_missing {
        found.gap = Some(gap(reason));
    }
    found
}

fn missing(reason: &str) -> Found {
    let facts = Authentication { source: "none".into(), ..Authentication::default() };
    Found { facts, gap: Some(gap(reason)), ..Found::default() }
}

fn gap(reason: &str) -> Gap {
    let detail = match reason {
        "timed_out" => "DNS did not answer in time; SPF, DKIM and DMARC are not fully known",
        "failed" => "the message could not be read for checking its papers",
        "not_kept" => "what was kept of the message does not answer what is asked about its papers now",
        "disabled" => "no believed server wrote Authentication-Results and DNS is off",
        _ => "no believed server wrote Authentication-Results and nothing was looked up",
    };
    Gap { facet: "authentication".into(), reason: reason.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests;
