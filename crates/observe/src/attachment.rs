//! Facet `attachment`: opens what the message carries. Its texts give the passwords, its date is the clock of macros.

use sekisho_record::{
    Evidence, Gap, Submission,
    evidence::{
        Model,
        attachment::{Found, Named, Opened, Unpack},
    },
};
use sekisho_unpack::{File, Hints, Id, Input, Origin, Severity, Tree, hints, unpack};

use crate::{View, link, model};

/// Observes. Without attachments nothing is done.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> (Unpack, Option<Gap>) {
    let attachments = &evidence.model.attachments;
    if attachments.is_empty() {
        return (Unpack { read_message: Some(read_message), ..Unpack::default() }, None);
    }
    if view.context.attachments_closed {
        return (Unpack::default(), Some(gap("disabled", "attachments are not opened")));
    }
    let inputs = attachments.iter().map(|a| Input {
        name: a.file_name.clone().unwrap_or_default(),
        declared: a.content_type.clone(),
        bytes: a.raw.clone(),
    });
    let tree = unpack("mail", inputs.collect(), &hints(evidence));
    let incomplete = tree.files.iter().flat_map(|f| &f.findings).find(|f| f.id == Id::ScanIncomplete);
    let gap = incomplete.map(|found| gap("over_limit", &found.evidence));
    (facts(tree), gap)
}

fn gap(reason: &str, detail: &str) -> Gap {
    Gap { facet: "attachment".into(), reason: reason.into(), detail: detail.into() }
}

fn hints(evidence: &Evidence) -> Hints {
    let model = &evidence.model;
    let body = model.body.current_thread.text.as_str();
    let subject = model.subject.subject.as_deref().unwrap_or_default();
    let all = model.recipients.to.iter().chain(&model.recipients.cc).chain(&model.recipients.bcc);
    Hints {
        passwords: hints::passwords(&[(Origin::Body, body), (Origin::Subject, subject)]),
        recipients: all.map(|m| m.email.email.to_lowercase()).filter(|e| !e.is_empty()).collect(),
        sender_domain: model.sender.email.as_ref().and_then(|e| e.domain.root_domain.clone()),
        date: model.headers.date,
    }
}

fn facts(tree: Tree) -> Unpack {
    Unpack {
        verdict: Some(name(&tree.verdict)),
        files: tree.files.iter().map(opened).collect(),
        findings: tree
            .files
            .iter()
            .flat_map(|file| file.findings.iter().map(move |f| found(file, f)))
            .collect(),
        indicators: tree
            .files
            .iter()
            .flat_map(|file| file.indicators.iter().map(move |i| named(file, i)))
            .collect(),
        tree,
        read_message: Some(read_message),
    }
}

/// The model of an enclosed message: what it says about itself, with its links unwrapped, and nothing of who it is for.
fn read_message(raw: &[u8]) -> Model {
    let message = sekisho_mail::parse(raw);
    let (mut model, _) = model::build(message, &Submission::from_bytes(raw));
    link::resolve(&mut model.body);
    model
}

fn opened(file: &File) -> Opened {
    Opened {
        name: file.name.clone(),
        extension: file.extension(),
        kind: file.kind.name().to_owned(),
        declared: file.declared.clone(),
        path: file.path.clone(),
        relation: name(&file.relation),
        depth: i64::from(file.depth),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        sha256: file.sha256.clone(),
        listed_only: file.listed_only,
        hidden: file.hidden,
        findings: file.findings.iter().map(|f| f.id.name().to_owned()).collect(),
        text: file.facts.text.clone(),
    }
}

fn found(file: &File, finding: &sekisho_unpack::Finding) -> Found {
    let inside = finding.location.as_str();
    Found {
        id: finding.id.name().to_owned(),
        severity: severity(finding.severity).to_owned(),
        location: if inside.is_empty() { file.path.clone() } else { format!("{} > {inside}", file.path) },
        evidence: finding.evidence.clone(),
        derived: name(&finding.derived),
        kind: file.kind.name().to_owned(),
        file: file.name.clone(),
    }
}

fn named(file: &File, indicator: &sekisho_unpack::Indicator) -> Named {
    Named {
        kind: indicator.kind.name().to_owned(),
        value: indicator.shown().into_owned(),
        path: file.path.clone(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The name of a variant, as JSON has it.
fn name<T: std::fmt::Debug>(variant: &T) -> String {
    format!("{variant:?}").to_lowercase()
}
