//! What is done with one message: decisions, and the changes that carry them out.

use memchr::memmem;
use sekisho_record::{
    Action, Change, Decisions, Direction, Envelope, Evidence, FieldChange, Level, Patch, Threat, Verdict,
};
use serde::{Deserialize, Serialize};

use crate::{
    Policy, apply,
    banner::{Advice, Banner, FIELD, Gap, Wording, carried, compose, dress_with, undress_own},
    decide::{Situation, carried_out, decide, outsiders},
    fields::fields,
    own::{Sealing, Secret},
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
    /// Whoever hands the message in takes no other body: no banner is made, and nothing is held for want of one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body_stays: bool,
    /// Now, seconds since 1970.
    pub now: i64,
    /// By what banners of this installation are known. Without one none of them is replaced by another.
    #[serde(default, skip_serializing_if = "Secret::is_empty")]
    pub banner_key: Secret,
    /// Whose seal a message gets that is changed by a banner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Sealing>,
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
    /// Recipients of mail of our people who are not ours: what we think of a message is not for them, see
    /// [`outward`](crate::fields::outward). Places in the envelope, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<u32>,
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
    let outside = outsiders(&situation, policy);
    let (mut fields, overflow) = fields(raw, verdict, evidence, &decisions, &wish.id, policy);
    let again = undress_own(raw, wish.banner_key.bytes()).is_some();
    let leaves = evidence.is_some() && leaves(decisions.direction, again);
    let body = if leaves { without_quoted(raw) } else { Vec::new() };
    if again && body.is_empty() {
        // The banner of ours that it has stays, and with it what takes it off.
        fields.retain(|field| !removes_banner(field));
    }
    let mut ruling = Ruling { decisions, plain: Change { fields, body }, bannered: None, outside };
    if overflow {
        // What claims to be ours and cannot be taken away would be believed.
        hold(&mut ruling, |_| true);
    }
    if let (Some(level), Some(evidence), false) = (ruling.decisions.level(), evidence, wish.body_stays) {
        let banner = Banner {
            level,
            wording: wording(verdict, evidence),
            language: policy.language.clone(),
            report: wish.report.clone(),
            details: wish.details.clone(),
            mark: wish.mark.clone(),
        };
        put_on(raw, &banner, &wish.banner_key, &mut ruling);
    }
    ruling
}

/// Mail of our people, inside and out, does not carry banners of ours that it quotes: they speak to who got the first
/// message, with links that are theirs. A banner of its own, with which it passes `again`, is taken off outside only.
fn leaves(direction: Direction, again: bool) -> bool {
    match direction {
        Direction::Inbound => false,
        Direction::Internal => !again,
        Direction::Outbound => true,
    }
}

/// What takes quoted banners out. A message with a signature of DKIM keeps its bytes as a signed one does: a server
/// behind us could not make it valid again. What is encoded may have a banner whatever it looks like; the rest need not
/// be parsed where our name is not in it.
fn without_quoted(raw: &[u8]) -> Vec<Patch> {
    const WORDS: [&[u8]; 5] = [b"ekisho", b"ase64", b"ASE64", b"rintable", b"RINTABLE"];
    let signed = apply::fields(raw).any(|field| field.name.eq_ignore_ascii_case(b"DKIM-Signature"));
    if signed || !WORDS.iter().any(|word| memmem::find(raw, word).is_some()) {
        return Vec::new();
    }
    carried(raw, &sekisho_mail::header_only(raw)).change.body
}

/// It removes the topmost field of a banner.
fn removes_banner(field: &FieldChange) -> bool {
    matches!(field, FieldChange::Remove { name, nth: 1 } if name.eq_ignore_ascii_case(FIELD))
}

/// Makes the form with the banner. Signed mail and the like keeps its bytes and gets the field only (invariant 10); a
/// message that is made so that no banner can be put on or seen is held instead.
fn put_on(raw: &[u8], banner: &Banner, key: &Secret, ruling: &mut Ruling) {
    let Change { fields, body } = &ruling.plain;
    let bare = (!body.is_empty()).then(|| apply(raw, &Change { fields: Vec::new(), body: body.clone() }));
    let target = bare.as_deref().unwrap_or(raw);
    let mut dressed = dress_with(target, &sekisho_mail::header_only(target), banner, fields, key.bytes());
    if dressed.parts > 0 {
        if bare.is_some() {
            let length = raw.len() - apply::body_start(raw).min(raw.len());
            dressed.change.body = compose::composed(length, body, &dressed.change.body);
        }
        ruling.bannered = Some(dressed.change);
        return;
    }
    let odd = |gap: &Gap| {
        matches!(gap, Gap::Malformed | Gap::Encoding | Gap::Hidden | Gap::OverLimit | Gap::NotReversible)
    };
    if banner.level == Level::Notice || !dressed.gaps.iter().any(|(gap, _)| odd(gap)) {
        return;
    }
    hold(ruling, |action| matches!(action, Action::Banner { .. }));
}

/// Holds the message for those who were to get it so.
fn hold(ruling: &mut Ruling, which: impl Fn(&Action) -> bool) {
    let gets =
        |action: &Action| matches!(action, Action::Deliver | Action::Banner { .. } | Action::Redirect { .. });
    for decision in &mut ruling.decisions.each {
        if gets(&decision.action) && which(&decision.action) {
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
    Wording {
        risk: verdict.threat,
        claims: claims.or_else(spoken),
        really: evidence.authentication.root_domains.first().cloned(),
        through: evidence.tenant.esp.clone(),
        advice: advice(verdict.threat),
    }
}

/// The next step that fits a kind of threat.
pub(crate) fn advice(threat: Option<Threat>) -> Advice {
    match threat {
        Some(Threat::CredentialPhishing) => Advice::Click,
        Some(Threat::Malware) => Advice::Open,
        Some(Threat::Fraud) => Advice::Pay,
        Some(Threat::CallbackPhishing) => Advice::Call,
        Some(Threat::Extortion | Threat::Scam) => Advice::Leave,
        Some(Threat::ThreadHijack) => Advice::Ask,
        Some(Threat::Spam) | None => Advice::Look,
    }
}

/// Decides about a message that nobody could read. Where a banner is decided there is no change that puts it on: see
/// [`neutral`](crate::neutral) for one, and [`without_banner`](crate::without_banner) when nobody can.
pub fn rule_unread(verdict: &Verdict, envelope: Option<&Envelope>, policy: &Policy, wish: &Wish) -> Ruling {
    rule(b"", verdict, None, envelope, policy, wish)
}
