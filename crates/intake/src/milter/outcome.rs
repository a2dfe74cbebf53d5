//! What becomes of a message: decisions for its recipients as one answer of the protocol.
//!
//! At its end a message has one reply, and recipients can only be taken away without a word. So:
//!
//! | Decisions | Answer |
//! |---|---|
//! | one of them defers | `451 4.7.1` for the whole message: the sender comes again with it |
//! | all reject | `550 5.7.1` |
//! | some reject | the gate does not decide so: it holds theirs, since there is no refusal for some. Where it does, `451 4.7.1`: refused for all, others would lose mail that is theirs; taken away, nobody would be told |
//! | all hold | discard: it is durable here |
//! | some hold | those recipients are taken away |
//! | redirect | the recipient is taken away, the other one added |
//! | banner for one of those who get it | all of them get the form with the banner: there is one body |
//! | one of those who get it is a stranger, and one of our people wrote it | nobody gets our fields of the verdict: there is one header, and what we think of a message is not for strangers. A banner for one of our people stays: a warning weighs more than a secret |
//!
//! Whatever cannot be carried out whole is not carried out in part. What the mail server does not offer is put off
//! (`451`), since an administrator can change it; of a message that is too large to be held, what would need all of it
//! (a banner, the quarantine) is refused (`552`), since it would be as large the next time. The gate is told that it sees
//! the beginning only: nothing of it is held. Only the banner that a reply quotes is left in where a mail server changes no
//! bodies or the message is too large: it harms nobody.

use std::borrow::Cow;

use sekisho_engine::gate::Passage;
use sekisho_record::{Action, Change};

use super::{
    changes,
    letter::Letter,
    negotiate::{Agreed, action},
};
use crate::limits;

/// What becomes of a message.
#[derive(Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It is accepted.
    Deliver {
        /// With this change.
        change: Cow<'a, Change>,
        /// Without these recipients, by place.
        delete: Vec<usize>,
        /// With these recipients more.
        add: Vec<&'a str>,
    },
    /// It is accepted and thrown away: nobody is to get it now, and it is held here.
    Discard,
    /// It is refused, for good or for now.
    Refuse {
        /// Code and status.
        code: &'static str,
        /// Public text.
        text: String,
        /// For the log.
        why: &'static str,
        /// Something else was decided for the message, or for some of its recipients.
        otherwise: bool,
    },
}

/// Refused for now, in words that tell nothing.
pub fn postpone(why: &'static str) -> Outcome<'static> {
    Outcome::Refuse { code: "451 4.7.1", text: "Please try again later".into(), why, otherwise: true }
}

/// Refused for good, because it is too large for what is to be done with it.
fn too_large(why: &'static str) -> Outcome<'static> {
    Outcome::Refuse { code: "552 5.3.4", text: "The message is too large".into(), why, otherwise: true }
}

/// What becomes of this message.
pub fn of<'a>(passage: &'a Passage, letter: &Letter, agreed: Agreed) -> Outcome<'a> {
    let Some(each) = each(passage, letter.to.len(), agreed.splits()) else {
        return postpone("nothing was decided");
    };
    if let Some(refused) = refused(&each, letter.utf8) {
        return refused;
    }
    let held = each.iter().filter(|action| matches!(action, Action::Quarantine)).count();
    if held > 0 && letter.cut() {
        return too_large("only its beginning could be held");
    }
    if held == each.len() {
        return Outcome::Discard;
    }
    deliver(passage, letter, agreed, &each)
}

/// The action for each recipient; of a message without any, one. `None` if nothing was decided.
fn each(passage: &Passage, recipients: usize, splits: bool) -> Option<Vec<&Action>> {
    let safest = &passage.decisions.safest()?.action;
    let mut each = vec![safest; recipients.max(1)];
    if splits {
        for decision in &passage.decisions.each {
            for at in &decision.recipients {
                if let Some(place) = usize::try_from(*at).ok().and_then(|at| each.get_mut(at)) {
                    *place = &decision.action;
                }
            }
        }
    }
    Some(each)
}

/// The reply of the first recipient that puts the message off, or else that refuses it.
fn refused(each: &[&Action], utf8: bool) -> Option<Outcome<'static>> {
    let defers = each.iter().find_map(|action| match action {
        Action::Defer { text } => Some(text),
        _ => None,
    });
    if let Some(text) = defers {
        let text = public(text, utf8, "Please try again later");
        return Some(Outcome::Refuse { code: "451 4.7.1", text, why: "deferred", otherwise: false });
    }
    let rejects = each.iter().find_map(|action| match action {
        Action::Reject { text } => Some(text),
        _ => None,
    })?;
    if each.iter().any(|action| !matches!(action, Action::Reject { .. })) {
        return Some(postpone("rejected for some"));
    }
    let text = public(rejects, utf8, "Message refused");
    Some(Outcome::Refuse { code: "550 5.7.1", text, why: "rejected", otherwise: false })
}

fn deliver<'a>(passage: &'a Passage, letter: &Letter, agreed: Agreed, each: &[&'a Action]) -> Outcome<'a> {
    let banner = each.iter().find(|action| matches!(action, Action::Banner { .. }));
    let (delete, add) = moves(letter, each);
    let gets = |at: u32| usize::try_from(at).is_ok_and(|at| !delete.contains(&at));
    let mut change = passage.change_for_all(banner.unwrap_or(&&Action::Deliver), gets);
    let bannered = banner.is_some() && passage.bannered.is_some();
    if !bannered && !change.body.is_empty() && (letter.cut() || !agreed.may(action::CHANGE_BODY)) {
        change.to_mut().body.clear();
    }
    let mut needs = changes::needs(&change);
    needs |= if delete.is_empty() { 0 } else { action::DELETE_RCPT };
    needs |= if add.is_empty() { 0 } else { action::ADD_RCPT };
    if !agreed.may(needs) {
        return postpone("the mail server does not offer what it needs");
    }
    if !changes::sound(&change) || !add.iter().all(|to| mailbox(to)) {
        return postpone("the change cannot be said in the protocol");
    }
    if letter.cut() && !change.body.is_empty() {
        return too_large("only its beginning could be changed");
    }
    Outcome::Deliver { change, delete, add }
}

/// Places of the recipients that go, and the addresses that come instead.
fn moves<'a>(letter: &Letter, each: &[&'a Action]) -> (Vec<usize>, Vec<&'a str>) {
    let (mut delete, mut add) = (Vec::new(), Vec::new());
    for (at, action) in each.iter().enumerate() {
        let stays = match action {
            Action::Redirect { to } => letter.to.get(at) == Some(to),
            Action::Quarantine => false,
            _ => true,
        };
        if !stays && at < letter.to.len() {
            delete.push(at);
        }
        if let Action::Redirect { to } = action {
            let kept = |(place, known): (usize, &String)| {
                known == to && !matches!(each.get(place), Some(Action::Redirect { .. } | Action::Quarantine))
            };
            let there = stays || add.contains(&to.as_str()) || letter.to.iter().enumerate().any(kept);
            if !there {
                add.push(to.as_str());
            }
        }
    }
    (delete, add)
}

/// An address that can be put between angle brackets.
fn mailbox(address: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '<' | '>');
    address.len() <= limits::MILTER_ADDRESS_BYTES_MAX && address.contains('@') && address.chars().all(plain)
}

/// A text for a reply: one line, no control characters, no `%` (which sendmail takes for its own), short. One that the
/// client cannot read is replaced.
fn public(text: &str, utf8: bool, instead: &str) -> String {
    let plain = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    let text: String = text.chars().map(plain).filter(|c| *c != '%').collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || (!utf8 && !text.is_ascii()) {
        return instead.to_owned();
    }
    let mut end = text.len().min(limits::MILTER_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim_end().to_owned()
}
