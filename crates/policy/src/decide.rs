//! Verdict to decisions: for each recipient the first clause that holds.

use std::collections::BTreeMap;

use sekisho_record::{Action, Class, Decision, Decisions, Direction, Envelope, Evidence, Verdict};

use crate::{
    Policy,
    policy::{Clause, REST},
};

/// What is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What was concluded.
    pub verdict: &'a Verdict,
    /// What was observed; `None` when the message could not be judged.
    pub evidence: Option<&'a Evidence>,
    /// For whom it is.
    pub envelope: Option<&'a Envelope>,
}

/// Decides, for each recipient. Clauses that ended before `now` (seconds since 1970) do not count.
pub fn decide(situation: &Situation<'_>, policy: &Policy, now: i64) -> Decisions {
    let from_inside = from_inside(situation, policy);
    let everybody: &[String] = situation.envelope.map_or(&[], |envelope| &envelope.rcpt_to);
    let mut plan = Plan::new(situation, policy, now);
    if everybody.is_empty() {
        let direction = match situation.evidence.map(|evidence| &evidence.model.direction) {
            Some(kind) if kind.internal == Some(true) => Direction::Internal,
            Some(kind) if kind.outbound == Some(true) => Direction::Outbound,
            _ => Direction::Inbound,
        };
        let clause = plan.clause(direction, "");
        return Decisions { direction, each: vec![decision(policy, clause, Vec::new())] };
    }
    let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut direction = if from_inside { Direction::Outbound } else { Direction::Inbound };
    for (at, address) in (0u32..).zip(everybody) {
        let way = match (from_inside, policy.owns(address)) {
            (true, true) => Direction::Internal,
            (true, false) => Direction::Outbound,
            (false, _) => Direction::Inbound,
        };
        if way == Direction::Internal {
            direction = way;
        }
        groups.entry(plan.clause(way, address)).or_default().push(at);
    }
    let each = groups.into_iter().map(|(clause, recipients)| decision(policy, clause, recipients)).collect();
    Decisions { direction, each }
}

/// Recipients of mail of our people who are not ours: places in the envelope, ascending.
pub fn outsiders(situation: &Situation<'_>, policy: &Policy) -> Vec<u32> {
    let everybody: &[String] = situation.envelope.map_or(&[], |envelope| &envelope.rcpt_to);
    if everybody.is_empty() || !from_inside(situation, policy) {
        return Vec::new();
    }
    (0u32..).zip(everybody).filter_map(|(at, address)| (!policy.owns(address)).then_some(at)).collect()
}

/// The message comes from one of our people. Of a message that nobody could judge only the envelope tells.
fn from_inside(situation: &Situation<'_>, policy: &Policy) -> bool {
    match situation.evidence.map(|evidence| &evidence.model.direction) {
        Some(kind) => kind.internal == Some(true) || kind.outbound == Some(true),
        None => situation.envelope.is_some_and(|e| e.login.is_some() && policy.owns(&e.mail_from)),
    }
}

fn decision(policy: &Policy, clause: usize, recipients: Vec<u32>) -> Decision {
    match policy.clauses.get(clause) {
        Some(clause) => Decision { action: clause.action.clone(), clause: clause.name.clone(), recipients },
        None => Decision { action: Action::Deliver, clause: REST.to_owned(), recipients },
    }
}

/// Which clauses can hold for this message at all, by direction; whether they do is then a matter of the recipient.
struct Plan<'a> {
    situation: &'a Situation<'a>,
    policy: &'a Policy,
    now: i64,
    by_direction: [Option<Vec<usize>>; 3],
}

impl<'a> Plan<'a> {
    fn new(situation: &'a Situation<'a>, policy: &'a Policy, now: i64) -> Self {
        Self { situation, policy, now, by_direction: [None, None, None] }
    }

    /// Place of the clause that decides.
    fn clause(&mut self, direction: Direction, address: &str) -> usize {
        let Self { situation, policy, now, by_direction } = self;
        let slot = match direction {
            Direction::Inbound => 0,
            Direction::Internal => 1,
            Direction::Outbound => 2,
        };
        let none = policy.clauses.len();
        let Some(place) = by_direction.get_mut(slot) else { return none };
        let possible = place.get_or_insert_with(|| {
            let holds =
                |(at, clause): (usize, &Clause)| holds(clause, situation, direction, *now).then_some(at);
            policy.clauses.iter().enumerate().filter_map(holds).collect()
        });
        let address = address.to_lowercase();
        let mut possible = possible.iter().copied();
        let concerns = |at: &usize| {
            let recipients = policy.clauses.get(*at).and_then(|clause| clause.recipients.as_ref());
            recipients.is_none_or(|recipients| recipients.hold(&address))
        };
        possible.find(concerns).unwrap_or(none)
    }
}

/// All conditions hold that do not depend on the recipient.
fn holds(clause: &Clause, situation: &Situation<'_>, direction: Direction, now: i64) -> bool {
    let Situation { verdict, evidence, .. } = situation;
    let threat = || verdict.threat.is_some_and(|threat| clause.threat.contains(&threat));
    let fired = || verdict.findings.iter().any(|f| clause.rules.iter().any(|rule| names(rule, &f.rule)));
    clause.judged.is_none_or(|judged| judged == evidence.is_some())
        && (clause.class.is_empty() || clause.class.contains(&verdict.class))
        && verdict.score >= clause.score_min
        && (clause.direction.is_empty() || clause.direction.contains(&direction))
        && (clause.threat.is_empty() || threat())
        && (clause.rules.is_empty() || fired())
        && clause.until.is_none_or(|until| now < until)
}

/// A rule id, or the beginning of one with `*`.
fn names(pattern: &str, rule: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == rule, |start| rule.starts_with(start))
}

/// What an intake can carry out: there is no refusal for some at the end of a message, so they get it held (refused for
/// all, it is refused in the words of the first clause); asked to come again, the sending server brings the message for
/// all; and an intake that cannot split (`splits`) has one decision, the safest.
pub fn carried_out(mut decisions: Decisions, splits: bool) -> Decisions {
    if decisions.each.len() < 2 {
        return decisions;
    }
    let refusal = |decision: &Decision| matches!(decision.action, Action::Reject { .. });
    if decisions.each.iter().all(refusal) {
        return one(decisions);
    }
    for decision in decisions.each.iter_mut().filter(|decision| refusal(decision)) {
        decision.action = Action::Quarantine;
    }
    let defers = decisions.each.iter().any(|decision| matches!(decision.action, Action::Defer { .. }));
    if splits && !defers {
        return decisions;
    }
    one(decisions)
}

/// The safest decision for everybody; of several that are as safe, the first.
fn one(decisions: Decisions) -> Decisions {
    let mut recipients: Vec<u32> = decisions.each.iter().flat_map(|d| d.recipients.iter().copied()).collect();
    recipients.sort_unstable();
    let level = |action: &Action| match action {
        Action::Banner { level } => Some(*level),
        _ => None,
    };
    let each = decisions.each.into_iter();
    let safest = each.rev().max_by_key(|decision| (decision.action.safety(), level(&decision.action)));
    let each = safest.map(|decision| Decision { recipients, ..decision }).into_iter().collect();
    Decisions { direction: decisions.direction, each }
}

/// The class as header field, logs and metrics name it.
pub fn class_word(class: Class) -> &'static str {
    match class {
        Class::Benign => "benign",
        Class::Suspicious => "suspicious",
        Class::Malicious => "malicious",
    }
}
