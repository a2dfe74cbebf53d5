//! What is done with one message: decisions, and the changes that carry them out.

use sekisho_record::{Action, Change, Decisions, Envelope, Evidence, Level, Threat, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    Policy,
    banner::{Advice, Banner, Gap, Wording, dress_with},
    decide::{Situation, carried_out, decide},
    fields::fields,
};

/// What deciding needs besides the message and the configuration. Time and randomness are the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Id of the record.
    pub id: String,
    /// A short string that nobody can guess, for what the banner is recognised by.
    pub mark: String,
    /// URL behind the banner's Report link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// URL behind the banner's Details link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The intake can treat each recipient in its own way.
    pub splits: bool,
    /// Now, seconds since 1970.
    pub now: i64,
}

/// What is done with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// What was decided, as the intake can carry it out.
    pub decisions: Decisions,
    /// The change for who gets it without a banner.
    pub plain: Change,
    /// The change for who gets it with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bannered: Option<Change>,
}

/// Decides about a message, and makes its changes.
pub fn rule(
    raw: &[u8],
    verdict: &Verdict,
    evidence: Option<&Evidence>,
    envelope: Option<&Envelope>,
    policy: &Policy,
    wish: &Wish,
) -> Ruling {
    let situation = Situation { verdict, evidence, envelope };
    let decisions = carried_out(decide(&situation, policy, wish.now), wish.splits);
    let fields = fields(raw, verdict, evidence, &decisions, &wish.id, policy);
    let mut ruling = Ruling { decisions, plain: Change { fields, body: Vec::new() }, bannered: None };
    if let (Some(level), Some(evidence)) = (ruling.decisions.level(), evidence) {
        let banner = Banner {
            level,
            wording: wording(verdict, evidence),
            language: policy.language.clone(),
            report: wish.report.clone(),
            details: wish.details.clone(),
            mark: wish.mark.clone(),
        };
        put_on(raw, &banner, &mut ruling);
    }
    ruling
}

/// Makes the form with the banner. Signed mail and the like keeps its bytes and gets the field only (invariant 10); a
/// message that is made so that no banner can be put on or seen is held instead.
fn put_on(raw: &[u8], banner: &Banner, ruling: &mut Ruling) {
    let dressed = dress_with(raw, &sekisho_mail::parse(raw), banner, &ruling.plain.fields, b"");
    if dressed.parts > 0 {
        ruling.bannered = Some(dressed.change);
        return;
    }
    let odd = |gap: &Gap| {
        matches!(gap, Gap::Malformed | Gap::Encoding | Gap::Hidden | Gap::OverLimit | Gap::NotReversible)
    };
    if banner.level == Level::Notice || !dressed.gaps.iter().any(|(gap, _)| odd(gap)) {
        return;
    }
    for decision in &mut ruling.decisions.each {
        if let Action::Banner { .. } = decision.action {
            decision.action = Action::Quarantine;
        }
    }
}

/// What the banner says: the brand that it claims to be where that is not who sent it, who sent it as far as that is
/// proven, and through whose service.
fn wording(verdict: &Verdict, evidence: &Evidence) -> Wording {
    let brand = &evidence.brand;
    let claims = brand.claimed.clone().filter(|_| !brand.sender_owns);
    let spoken = || {
        let identity = &evidence.identity;
        let address = identity.display_address.as_ref().filter(|_| identity.display_address_differs);
        address.map(|address| address.email.clone())
    };
    let advice = match verdict.threat {
        Some(Threat::CredentialPhishing) => Advice::Click,
        Some(Threat::Malware) => Advice::Open,
        Some(Threat::Fraud) => Advice::Pay,
        Some(Threat::CallbackPhishing) => Advice::Call,
        Some(Threat::Extortion | Threat::Scam) => Advice::Leave,
        Some(Threat::ThreadHijack) => Advice::Ask,
        Some(Threat::Spam) | None => Advice::Look,
    };
    Wording {
        risk: verdict.threat,
        claims: claims.or_else(spoken),
        really: evidence.authentication.root_domains.first().cloned(),
        through: evidence.tenant.esp.clone(),
        advice,
    }
}

/// Decides about a message that nobody could read: only our field says so.
pub fn rule_unread(verdict: &Verdict, envelope: Option<&Envelope>, policy: &Policy, wish: &Wish) -> Ruling {
    let mut ruling = rule(b"", verdict, None, envelope, policy, wish);
    for decision in &mut ruling.decisions.each {
        // Nobody who may read the message is left to write into it.
        if let Action::Banner { .. } = decision.action {
            decision.action = Action::Deliver;
        }
    }
    ruling
}
