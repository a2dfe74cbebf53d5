//! A passage in rspamd's words: action, score, and what a mail server is to do.
//!
//! | decision | action |
//! |---|---|
//! | deliver | `no action` |
//! | banner | `add header` |
//! | redirect | `no action` with other recipients for a milter client, `reject` for others, who would deliver it as it is |
//! | reject | `reject` |
//! | quarantine | `reject`. A milter client is also told `milter.reject`: `discard` when it is held here, `quarantine` when the settings say that clients do it themselves |
//! | defer | `soft reject` |
//!
//! Our score is 0–100 and calibrated, with classes from 50 and 85. rspamd's has no upper end; `add header` begins at 6 and
//! `reject` at 15. So 0–50 becomes 0–6, 50–85 becomes 6–15 and 85–100 becomes 15–20. Clients act on the score or on the
//! action and expect both to say the same: where the policy decides otherwise than the score suggests, the score stays
//! inside the bounds of the action. Our own API tells both as they are.

use std::borrow::Cow;

use sekisho_engine::gate::Passage;
use sekisho_record::{Action, Change, Class, Verdict};

/// From here rspamd's clients reject.
pub(in super::super) const REJECT: f64 = 15.0;
/// From here they mark.
pub(in super::super) const MARK: f64 = 6.0;

/// What a client wants and can.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Client {
    /// It carries out a `milter` block.
    pub(in super::super) milter: bool,
    /// It takes a new body.
    pub(in super::super) body: bool,
    /// What the policy quarantines is held here.
    pub(in super::super) held: bool,
    /// It can put messages into a quarantine of its own, and is meant to.
    pub(in super::super) quarantines: bool,
}

/// A passage in rspamd's words.
#[derive(Debug)]
pub(in super::super) struct Outcome<'a> {
    /// rspamd's action.
    pub(in super::super) action: &'static str,
    /// rspamd's score.
    pub(in super::super) score: f64,
    /// What a milter does instead of rejecting.
    pub(in super::super) instead: Option<&'static str>,
    /// Text of the SMTP reply.
    pub(in super::super) text: Option<&'a str>,
    /// Who gets it instead.
    pub(in super::super) redirect: Option<&'a str>,
    /// How it is changed, when it is delivered.
    pub(in super::super) change: Option<Cow<'a, Change>>,
}

impl<'a> Outcome<'a> {
    /// What this client is to do.
    pub(in super::super) fn of(passage: &'a Passage, client: Client) -> Self {
        let decided = passage.decisions.safest().map(|decision| &decision.action);
        let (action, instead) = match decided {
            Some(action) => named(action, client),
            None => (by_class(passage.verdict.class), None),
        };
        let delivered = matches!(action, "no action" | "add header") || instead == Some("quarantine");
        Self {
            action,
            score: within(action, score(&passage.verdict)),
            instead,
            text: decided.and_then(text),
            redirect: decided.and_then(redirect).filter(|_| client.milter),
            change: delivered.then(|| change(passage, decided, client)),
        }
    }

    /// The clients that know only yes or no: everything that is not simply delivered is spam, as by rspamd.
    pub(in super::super) fn spam(&self) -> bool {
        self.action != "no action"
    }
}

fn named(action: &Action, client: Client) -> (&'static str, Option<&'static str>) {
    match action {
        Action::Deliver => ("no action", None),
        Action::Banner { .. } => ("add header", None),
        Action::Redirect { .. } => (if client.milter { "no action" } else { "reject" }, None),
        Action::Quarantine => ("reject", instead(client)),
        Action::Reject { .. } => ("reject", None),
        Action::Defer { .. } => ("soft reject", None),
    }
}

fn instead(client: Client) -> Option<&'static str> {
    match client {
        Client { milter: false, .. } => None,
        Client { held: true, .. } => Some("discard"),
        Client { quarantines: true, .. } => Some("quarantine"),
        _ => None,
    }
}

/// Decisions are never empty; a broken worker's might be.
fn by_class(class: Class) -> &'static str {
    match class {
        Class::Benign => "no action",
        Class::Suspicious => "add header",
        Class::Malicious => "reject",
    }
}

fn text(action: &Action) -> Option<&str> {
    match action {
        Action::Reject { text } | Action::Defer { text } => Some(text),
        _ => None,
    }
}

fn redirect(action: &Action) -> Option<&str> {
    match action {
        Action::Redirect { to } => Some(to),
        _ => None,
    }
}

/// A change of the body belongs together with its fields: a client that takes no body gets the fields of the plain change.
/// There is one header for all: without our fields of the verdict where a stranger gets it.
fn change<'a>(passage: &'a Passage, decided: Option<&Action>, client: Client) -> Cow<'a, Change> {
    let bodied = |action: &Action| client.body || passage.change(action).body.is_empty();
    let action = decided.filter(|action| bodied(action)).unwrap_or(&Action::Deliver);
    let mut change = passage.change_for_all(action, |_| true);
    if !client.body && !change.body.is_empty() {
        change.to_mut().body.clear();
    }
    change
}

fn score(verdict: &Verdict) -> f64 {
    let score = f64::from(verdict.score.min(100));
    let part = |from: f64, to: f64, low: f64, high: f64| low + (score - from) / (to - from) * (high - low);
    match score {
        _ if score < 50.0 => part(0.0, 50.0, 0.0, MARK),
        _ if score < 85.0 => part(50.0, 85.0, MARK, REJECT),
        _ => part(85.0, 100.0, REJECT, 20.0),
    }
}

/// The score inside the bounds of the action, to two places.
fn within(action: &str, score: f64) -> f64 {
    let score = match action {
        "no action" => score.min(MARK - 0.01),
        "add header" => score.clamp(MARK, REJECT - 0.01),
        "reject" => score.max(REJECT),
        _ => score,
    };
    (score * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use sekisho_record::{Decision, Decisions, Level, Patch};

    use super::*;

    fn check(score: u8, action: Action, client: Client) -> String {
        let decision = Decision { action, clause: "x".into(), recipients: vec![0] };
        let body = vec![Patch { at: 0, cut: 0, put: b"banner".to_vec() }];
        let passage = Passage {
            verdict: Verdict { score, ..Verdict::default() },
            decisions: Decisions { each: vec![decision], ..Decisions::default() },
            bannered: Some(Change { body, ..Change::default() }),
            ..Passage::default()
        };
        let outcome = Outcome::of(&passage, client);
        let change = outcome
            .change
            .as_ref()
            .map_or("", |change| if change.body.is_empty() { " plain" } else { " bannered" });
        let more: Vec<&str> =
            [outcome.instead, outcome.text, outcome.redirect].into_iter().flatten().collect();
        format!("{} {:.2}{change} {}", outcome.action, outcome.score, more.join(" ")).trim_end().to_owned()
    }

    const PLAIN: Client = Client { milter: false, body: false, held: false, quarantines: false };
    const MILTER: Client = Client { milter: true, body: true, ..PLAIN };

    #[test]
    fn decisions_are_actions() {
        let reject = || Action::Reject { text: "5.7.1 no".into() };
        let redirect = || Action::Redirect { to: "a@b.c".into() };
        let banner = || Action::Banner { level: Level::Warning };
        assert_eq!(check(3, Action::Deliver, PLAIN), "no action 0.36 plain");
        assert_eq!(check(70, banner(), PLAIN), "add header 11.14 plain");
        assert_eq!(check(70, banner(), MILTER), "add header 11.14 bannered");
        assert_eq!(check(99, reject(), PLAIN), "reject 19.67 5.7.1 no");
        assert_eq!(check(70, Action::Defer { text: "later".into() }, PLAIN), "soft reject 11.14 later");
        assert_eq!(check(70, redirect(), PLAIN), "reject 15.00");
        assert_eq!(check(40, redirect(), MILTER), "no action 4.80 plain a@b.c");
    }

    #[test]
    fn what_is_quarantined_is_never_delivered_by_others() {
        assert_eq!(check(90, Action::Quarantine, PLAIN), "reject 16.67");
        assert_eq!(
            check(90, Action::Quarantine, Client { held: true, quarantines: true, ..PLAIN }),
            "reject 16.67"
        );
        assert_eq!(check(90, Action::Quarantine, MILTER), "reject 16.67");
        assert_eq!(
            check(90, Action::Quarantine, Client { quarantines: true, ..MILTER }),
            "reject 16.67 plain quarantine"
        );
        assert_eq!(
            check(90, Action::Quarantine, Client { held: true, quarantines: true, ..MILTER }),
            "reject 16.67 discard"
        );
    }

    #[test]
    fn the_score_never_contradicts_the_action() {
        let bounds = |score| {
            (
                check(score, Action::Deliver, PLAIN),
                check(score, Action::Banner { level: Level::Notice }, PLAIN),
            )
        };
        assert_eq!(bounds(0), ("no action 0.00 plain".into(), "add header 6.00 plain".into()));
        assert_eq!(bounds(50), ("no action 5.99 plain".into(), "add header 6.00 plain".into()));
        assert_eq!(bounds(85), ("no action 5.99 plain".into(), "add header 14.99 plain".into()));
        assert_eq!(check(0, Action::Reject { text: String::new() }, PLAIN).trim_end(), "reject 15.00");
        assert_eq!(check(255, Action::Quarantine, PLAIN), "reject 20.00");
    }
}
