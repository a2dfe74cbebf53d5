//! The types of the API. They are apart from the nouns of the record, so that these may change without a client noticing;
//! the description of the API is generated from them.

use sekisho_engine::gate::Passage;
use sekisho_record as record;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// What can be told of the mail dialogue in the query, or in header fields of the same names (`Sekisho-Mail-From`, …).
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `Told` reads")]
pub(super) struct Query {
    /// Envelope sender (RFC 5321 reverse path); empty for bounces.
    mail_from: Option<String>,
    /// Envelope recipients: repeated, or a comma-separated list.
    rcpt_to: Option<Vec<String>>,
    /// What the sending server called itself.
    helo: Option<String>,
    /// Its address.
    ip: Option<String>,
    /// The name that it logged in with.
    login: Option<String>,
    /// What the mail server calls the message.
    queue_id: Option<String>,
}

/// A message with its envelope.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `multipart` reads")]
pub(super) struct Form {
    /// The mail dialogue.
    #[schema(inline = false)]
    envelope: Option<super::envelope::Told>,
    /// The message as it is (RFC 5322).
    #[schema(value_type = String, format = Binary)]
    message: Vec<u8>,
}

/// A message that was judged.
#[derive(Serialize, ToSchema)]
pub(super) struct Scanned {
    /// Id of the passage; logs name it.
    id: String,
    /// Class.
    class: Class,
    /// Kind of threat, when it is not benign.
    threat: Option<Threat>,
    /// 0–100: how probably it is harmful; calibrated.
    #[schema(maximum = 100)]
    score: u8,
    /// Message-ID.
    message_id: Option<String>,
    /// Which way it travels.
    direction: Direction,
    /// What the policy decides; every recipient is in exactly one.
    decisions: Vec<Decision>,
    /// Rules that decided the class.
    decided_by: Vec<String>,
    /// All findings, most severe first.
    findings: Vec<Finding>,
    /// What could not be observed.
    gaps: Vec<Gap>,
    /// Rules that could not be decided.
    indeterminate: Vec<Indeterminate>,
    /// How the message is changed before it is delivered.
    changes: Changes,
    /// Milliseconds of processor time that it cost.
    cpu_ms: f64,
}

/// Class of a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Class {
    /// Nothing that counts.
    Benign,
    /// A person should look twice.
    Suspicious,
    /// Harmful.
    Malicious,
}

/// Kind of threat.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Threat {
    /// Credentials are asked for.
    CredentialPhishing,
    /// Malware is delivered.
    Malware,
    /// Payment or data by impersonation.
    Fraud,
    /// Call this number.
    CallbackPhishing,
    /// Money or else.
    Extortion,
    /// A real thread is abused.
    ThreadHijack,
    /// Advance fee, prizes, fake renewals.
    Scam,
    /// Unwanted, not harmful.
    Spam,
}

/// Which way a message travels, seen from the organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// From outside to its people.
    Inbound,
    /// From its people to its people.
    Internal,
    /// From its people to somebody outside.
    Outbound,
}

/// One action, and for whom which clause of the policy chose it.
#[derive(Serialize, ToSchema)]
struct Decision {
    /// What is done.
    action: ActionName,
    /// How urgently the banner warns, of `banner`.
    level: Option<Level>,
    /// The address, of `redirect`.
    to: Option<String>,
    /// The public text of the reply, of `reject` and `defer`.
    text: Option<String>,
    /// Name of the clause.
    clause: String,
    /// For whom: places in the envelope's recipients, from 0; empty without an envelope.
    recipients: Vec<u32>,
}

/// What is done with a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ActionName {
    /// Delivered.
    Deliver,
    /// Delivered with a banner.
    Banner,
    /// Delivered to somebody else instead.
    Redirect,
    /// Held.
    Quarantine,
    /// Refused for good.
    Reject,
    /// Refused for now.
    Defer,
}

/// How urgently a banner warns.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Something is worth knowing.
    Notice,
    /// Look twice.
    Warning,
    /// Do not do what it asks.
    Danger,
}

/// A rule that matched.
#[derive(Serialize, ToSchema)]
struct Finding {
    /// Rule id.
    rule: String,
    /// How bad it is by itself.
    severity: Severity,
    /// One sentence for a person.
    summary: String,
    /// The same in Japanese.
    summary_ja: Option<String>,
    /// Attack types.
    attack_types: Vec<String>,
    /// ATT&CK ids or the feed's names.
    techniques: Vec<String>,
    /// What it was decided on.
    exhibits: Vec<Exhibit>,
}

/// How bad a finding is by itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// A fact worth showing, never counted.
    Informational,
    /// Weak by itself.
    Low,
    /// Suspicious by itself.
    Medium,
    /// Malicious unless something speaks strongly against it.
    High,
    /// Malicious.
    Critical,
}

/// A fact that a rule was decided on.
#[derive(Serialize, ToSchema)]
struct Exhibit {
    /// Path in the data model.
    path: String,
    /// Its value, cut to 200 characters.
    value: String,
    /// Bytes of the message that it was read from.
    span: Option<Span>,
    /// The predicate that it decided, as written in the rule.
    predicate: String,
}

/// Bytes of the message.
#[derive(Serialize, ToSchema)]
struct Span {
    /// The first.
    start: usize,
    /// Behind the last.
    end: usize,
}

/// Something that could not be observed.
#[derive(Serialize, ToSchema)]
struct Gap {
    /// What it is about.
    facet: String,
    /// `disabled`, `timed_out`, `over_limit`, `no_history`, `not_configured`, `not_kept`, `failed`.
    reason: String,
    /// For a person.
    detail: String,
}

/// A rule that could not be decided.
#[derive(Serialize, ToSchema)]
struct Indeterminate {
    /// Rule id.
    rule: String,
    /// What is missing.
    missing: Vec<String>,
}

/// How the message is changed before it is delivered.
#[derive(Serialize, ToSchema)]
struct Changes {
    /// For who gets it without a banner.
    plain: Change,
    /// For who gets it with one; null when nobody does.
    bannered: Option<Change>,
}

/// A change of a message.
#[derive(Serialize, ToSchema)]
struct Change {
    /// Header fields.
    fields: Vec<FieldChange>,
    /// The body: ascending, without overlap.
    body: Vec<Patch>,
}

/// A change of one header field.
#[derive(Serialize, ToSchema)]
struct FieldChange {
    /// What is done.
    change: FieldVerb,
    /// Name of the field.
    name: String,
    /// Which of that name, from 1, from the top, before any change; of `remove` and `replace`.
    nth: Option<u32>,
    /// The value behind the colon, with its leading blank, folded by CRLF and a blank; of `insert` and `replace`.
    value: Option<String>,
}

/// What is done with a header field.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FieldVerb {
    /// Added above all others; several in the order of the list.
    Insert,
    /// Taken away.
    Remove,
    /// Given another value.
    Replace,
}

/// Bytes of the body that are replaced.
#[derive(Serialize, ToSchema)]
struct Patch {
    /// Where, from the first byte behind the empty line.
    at: usize,
    /// How many bytes go.
    cut: usize,
    /// What comes instead, in base64.
    put: String,
}

/// The server runs.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

impl Health {
    pub(super) fn ok() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION") }
    }
}

/// An error (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemDetails {
    /// `about:blank`: the title says it.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// What the status means.
    pub(super) title: String,
    /// Status of the reply.
    pub(super) status: u16,
    /// A word for programs.
    pub(super) code: String,
    /// For a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

/// The only conversions there are: one way.
mod from {
    use super::*;

    fn all<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
        list.into_iter().map(B::from).collect()
    }

    impl From<Passage> for Scanned {
        fn from(passage: Passage) -> Self {
            let verdict = passage.verdict;
            Self {
                id: passage.id,
                class: verdict.class.into(),
                threat: verdict.threat.map(Threat::from),
                score: verdict.score,
                message_id: passage.summary.message_id,
                direction: passage.decisions.direction.into(),
                decisions: all(passage.decisions.each),
                decided_by: verdict.decided_by,
                findings: all(verdict.findings),
                gaps: all(verdict.gaps),
                indeterminate: all(verdict.indeterminate),
                changes: Changes {
                    plain: passage.plain.into(),
                    bannered: passage.bannered.map(Change::from),
                },
                cpu_ms: passage.cpu_ms,
            }
        }
    }

    /// Enumerations whose variants have the same names.
    macro_rules! same {
        ($name:ident: $($variant:ident)*) => {
            impl From<record::$name> for $name {
                fn from(from: record::$name) -> Self {
                    match from { $(record::$name::$variant => Self::$variant),* }
                }
            }
        };
    }

    same!(Class: Benign Suspicious Malicious);
    same!(Threat: CredentialPhishing Malware Fraud CallbackPhishing Extortion ThreadHijack Scam Spam);
    same!(Direction: Inbound Internal Outbound);
    same!(Level: Notice Warning Danger);
    same!(Severity: Informational Low Medium High Critical);

    impl From<record::Decision> for Decision {
        fn from(decision: record::Decision) -> Self {
            use record::Action;
            let (clause, recipients) = (decision.clause, decision.recipients);
            let plain = |action| Self { action, level: None, to: None, text: None, clause, recipients };
            match decision.action {
                Action::Deliver => plain(ActionName::Deliver),
                Action::Banner { level } => Self { level: Some(level.into()), ..plain(ActionName::Banner) },
                Action::Redirect { to } => Self { to: Some(to), ..plain(ActionName::Redirect) },
                Action::Quarantine => plain(ActionName::Quarantine),
                Action::Reject { text } => Self { text: Some(text), ..plain(ActionName::Reject) },
                Action::Defer { text } => Self { text: Some(text), ..plain(ActionName::Defer) },
            }
        }
    }

    impl From<record::Finding> for Finding {
        fn from(finding: record::Finding) -> Self {
            Self {
                rule: finding.rule,
                severity: finding.severity.into(),
                summary: finding.summary,
                summary_ja: finding.summary_ja,
                attack_types: finding.attack_types,
                techniques: finding.techniques,
                exhibits: all(finding.exhibits),
            }
        }
    }

    impl From<record::Exhibit> for Exhibit {
        fn from(exhibit: record::Exhibit) -> Self {
            let span = exhibit.span.map(|span| Span { start: span.start as usize, end: span.end as usize });
            Self { path: exhibit.path, value: exhibit.value, span, predicate: exhibit.predicate }
        }
    }

    impl From<record::Gap> for Gap {
        fn from(gap: record::Gap) -> Self {
            Self { facet: gap.facet, reason: gap.reason, detail: gap.detail }
        }
    }

    impl From<record::Indeterminate> for Indeterminate {
        fn from(rule: record::Indeterminate) -> Self {
            Self { rule: rule.rule, missing: rule.missing }
        }
    }

    impl From<record::Change> for Change {
        fn from(change: record::Change) -> Self {
            Self { fields: all(change.fields), body: all(change.body) }
        }
    }

    impl From<record::FieldChange> for FieldChange {
        fn from(change: record::FieldChange) -> Self {
            use record::FieldChange as Of;
            match change {
                Of::Insert { name, value } => {
                    Self { change: FieldVerb::Insert, name, nth: None, value: Some(value) }
                }
                Of::Remove { name, nth } => {
                    Self { change: FieldVerb::Remove, name, nth: Some(nth), value: None }
                }
                Of::Replace { name, nth, value } => {
                    Self { change: FieldVerb::Replace, name, nth: Some(nth), value: Some(value) }
                }
            }
        }
    }

    impl From<record::Patch> for Patch {
        fn from(patch: record::Patch) -> Self {
            use base64::Engine as _;
            Self {
                at: patch.at,
                cut: patch.cut,
                put: base64::engine::general_purpose::STANDARD.encode(patch.put),
            }
        }
    }
}
