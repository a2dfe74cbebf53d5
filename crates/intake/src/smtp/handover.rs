//! Carries a passage out: which form goes to whom, in which transactions, and the one answer that the client gets.
//!
//! The rule is in the manual of [`smtp`](super): it is [`plan`] and [`answer`], both functions of data.

use std::borrow::Cow;

use sekisho_engine::{Passage, apply};
use sekisho_policy::fields::outward;
use sekisho_record::{Action, Change, FieldChange};

use super::{
    client::{Client, Connection, Ended, Letter, Outcome},
    command::Path,
    handed::{Handed, Key, keys},
    origin::Origin,
    reply::Reply,
};

/// A message as it came.
pub(crate) struct Message<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) from: &'a Path,
    pub(crate) to: &'a [Path],
    pub(crate) origin: &'a Origin,
    /// Value of our field `Received`.
    pub(crate) received: Option<String>,
    pub(crate) at: i64,
}

/// What has to be carried out, and with whom.
pub(crate) struct Handover<'a> {
    pub(crate) client: &'a Client,
    pub(crate) handed: &'a Handed,
    pub(crate) message: Message<'a>,
    pub(crate) passage: &'a Passage,
}

/// Recipients that get the same form of the message in the same transaction.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// Places in the envelope.
    recipients: Vec<usize>,
    /// The form with banner.
    bannered: bool,
    /// The form for strangers.
    outside: bool,
    /// It goes to this address instead.
    redirected: Option<String>,
}

/// What is done with a message.
#[derive(Debug, PartialEq, Eq, Default)]
struct Plan {
    groups: Vec<Group>,
    /// The gate holds it for some.
    held: bool,
    /// The gate refuses it for some: the public text.
    rejected: Option<String>,
}

/// What the gate decided, for this many recipients. An error: the answer, and nothing is handed on.
fn plan(passage: &Passage, recipients: usize) -> Result<Plan, Reply> {
    let mut plan = Plan::default();
    let mut known = vec![false; recipients];
    for decision in &passage.decisions.each {
        let places: Vec<usize> = decision.recipients.iter().map(|place| *place as usize).collect();
        for place in &places {
            match known.get_mut(*place) {
                Some(known) if !*known => *known = true,
                _ => return Err(unclear()),
            }
        }
        match &decision.action {
            Action::Defer { text } => return Err(Reply::new(451, format!("4.7.1 {text}"))),
            Action::Reject { text } => drop(plan.rejected.get_or_insert_with(|| text.clone())),
            Action::Quarantine => plan.held = true,
            Action::Deliver => plan.add_all(passage, places, false),
            Action::Banner { .. } => plan.add_all(passage, places, passage.bannered.is_some()),
            // Whoever gets it instead is named by our own policy.
            Action::Redirect { to } => plan.add(places, [false, false], Some(to)),
        }
    }
    if known.iter().all(|known| *known) { Ok(plan) } else { Err(unclear()) }
}

fn unclear() -> Reply {
    Reply::new(451, "4.3.0 It is not clear what is to be done with this message, come again")
}

impl Plan {
    /// Our people and strangers apart.
    fn add_all(&mut self, passage: &Passage, places: Vec<usize>, bannered: bool) {
        let stranger = |place: &usize| passage.outside.iter().any(|at| *at as usize == *place);
        let (strangers, ours): (Vec<usize>, Vec<usize>) = places.into_iter().partition(stranger);
        for (outside, places) in [(false, ours), (true, strangers)] {
            if !places.is_empty() {
                self.add(places, [bannered, outside], None);
            }
        }
    }

    fn add(&mut self, places: Vec<usize>, form: [bool; 2], redirected: Option<&String>) {
        let [bannered, outside] = form;
        let same = |group: &&mut Group| {
            [group.bannered, group.outside] == form && group.redirected.as_ref() == redirected
        };
        match self.groups.iter_mut().find(same) {
            Some(group) => group.recipients.extend(places),
            None => {
                let redirected = redirected.cloned();
                self.groups.push(Group { recipients: places, bannered, outside, redirected });
            }
        }
    }
}

impl Handover<'_> {
    /// Does what was decided. `next` is the connection on which the next hop took sender and recipients. Beside the reply:
    /// those who have the message, of whom [`Handed::told`] is to be told when the sender was.
    pub(crate) async fn carry_out(&self, mut next: Option<Connection>) -> (Reply, Vec<Key>) {
        let mut plan = match plan(self.passage, self.message.to.len()) {
            Ok(plan) => plan,
            Err(reply) => {
                self.release(next).await;
                return (reply, Vec::new());
            }
        };
        let nobody = plan.groups.is_empty() && self.handed.is_empty();
        let keys = if nobody { Vec::new() } else { self.keys() };
        let again = self.leave_out_who_has_it(&mut plan, &keys);
        let everybody = self.message.to.len();
        let whole = |group: &Group| group.recipients.len() == everybody && group.redirected.is_none();
        if !plan.groups.iter().any(whole) {
            self.release(next.take()).await;
        }
        let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(everybody);
        let mut have: Vec<Key> = Vec::new();
        for group in &plan.groups {
            let sent = self.hand_on(group, next.take()).await;
            let begin = have.len();
            for (place, outcome) in group.recipients.iter().copied().zip(sent) {
                have.extend(keys.get(place).filter(|_| outcome.is_accepted()));
                outcomes.push((place, outcome));
            }
            self.handed.taken(have.get(begin..).unwrap_or_default(), self.message.at);
        }
        let reply = answer(&plan, &outcomes, again);
        if reply.is_transient() {
            self.handed.comes_again(&have, self.message.at);
            return (reply, Vec::new());
        }
        // Those who had it before, too: nobody comes again.
        (reply, if again { keys } else { have })
    }

    async fn release(&self, next: Option<Connection>) {
        if let Some(next) = next {
            self.client.reset(next).await;
        }
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        self.message.to.iter().map(|to| to.address.as_str())
    }

    fn keys(&self) -> Vec<[u8; 32]> {
        keys(self.message.raw, &self.message.from.address, self.addresses())
    }

    /// Recipients that got the message before its sender was told to come again do not get it twice. True: there were such.
    fn leave_out_who_has_it(&self, plan: &mut Plan, keys: &[Key]) -> bool {
        if self.handed.is_empty() {
            return false;
        }
        let have = self.handed.have(keys, self.message.at);
        for group in &mut plan.groups {
            group.recipients.retain(|place| !have.get(*place).copied().unwrap_or(false));
        }
        plan.groups.retain(|group| !group.recipients.is_empty());
        have.contains(&true)
    }

    /// One transaction; an outcome for each recipient of the group.
    async fn hand_on(&self, group: &Group, next: Option<Connection>) -> Vec<Outcome> {
        let form = self.form(group);
        let form = form.as_deref().unwrap_or(self.message.raw);
        if let Some(next) = next
            && let Some(outcome) = self.go_on(next, form).await
        {
            return vec![outcome; group.recipients.len()];
        }
        let to: Vec<Path> = match &group.redirected {
            Some(address) => vec![Path::new(address)],
            None => {
                group.recipients.iter().filter_map(|place| self.message.to.get(*place).cloned()).collect()
            }
        };
        let letter =
            Letter { from: self.message.from, to: &to, message: form, origin: Some(self.message.origin) };
        let sent = self.client.send(&letter).await;
        match (&group.redirected, sent.first()) {
            (Some(_), Some(outcome)) => vec![outcome.clone(); group.recipients.len()],
            _ => sent,
        }
    }

    /// Goes on with the transaction that has begun; `None` when its connection is gone and nothing was sent.
    async fn go_on(&self, mut next: Connection, form: &[u8]) -> Option<Outcome> {
        match next.data(form).await {
            Ended::NotSent(_) => None,
            Ended::Unknown(trouble) => Some(Outcome::Unknown(trouble)),
            Ended::Answered(reply) => {
                self.client.keep(next);
                Some(Outcome::of(reply))
            }
        }
    }

    /// The bytes for a group; `None`: those that came.
    fn form(&self, group: &Group) -> Option<Vec<u8>> {
        let change = match &self.passage.bannered {
            Some(bannered) if group.bannered => bannered,
            _ => &self.passage.plain,
        };
        let change = if group.outside { Cow::Owned(outward(change)) } else { Cow::Borrowed(change) };
        match &self.message.received {
            Some(value) => {
                let mut change = change.into_owned();
                change
                    .fields
                    .insert(0, FieldChange::Insert { name: "Received".into(), value: value.clone() });
                Some(apply(self.message.raw, &change))
            }
            None if *change == Change::default() => None,
            None => Some(apply(self.message.raw, &change)),
        }
    }
}

/// The one answer for all recipients; `again`: some of them had it before.
fn answer(plan: &Plan, outcomes: &[(usize, Outcome)], again: bool) -> Reply {
    let find =
        |wanted: fn(&Outcome) -> Option<Reply>| outcomes.iter().find_map(|(_, outcome)| wanted(outcome));
    let later = find(|outcome| match outcome {
        Outcome::Later(reply) => Some(reply.clone()),
        Outcome::Unknown(trouble) => Some(trouble.reply()),
        _ => None,
    });
    if let Some(reply) = later {
        let reply = reply.repeated();
        return if reply.is_transient() { reply } else { Reply::new(451, "4.3.0 Come again") };
    }
    let accepted = find(|outcome| match outcome {
        Outcome::Accepted(reply) => Some(reply.clone()),
        _ => None,
    });
    let others = accepted.is_some() || plan.held || again;
    let refused = find(|outcome| match outcome {
        Outcome::Refused(reply) => Some(reply.clone()),
        _ => None,
    });
    match (&plan.rejected, refused) {
        (Some(text), None) => refusal(Reply::new(550, format!("5.7.1 {text}")), others),
        (Some(_), Some(reply)) => refusal(reply, true),
        (None, Some(reply)) => refusal(reply, others),
        (None, None) => taken(plan, accepted),
    }
}

/// All is well: in the words of the next hop where it alone has spoken.
fn taken(plan: &Plan, accepted: Option<Reply>) -> Reply {
    match accepted {
        Some(reply) if plan.groups.len() == 1 && !plan.held => reply.repeated(),
        _ => Reply::new(250, "2.0.0 Ok"),
    }
}

/// A refusal; where it is not for everybody it says so.
fn refusal(reply: Reply, others: bool) -> Reply {
    if !others {
        return reply.repeated();
    }
    let mut words = reply.text().splitn(2, ' ');
    let first = words.next().unwrap_or_default();
    let status = first.starts_with("5.").then(|| (first, words.next().unwrap_or_default()));
    let (status, text) = status.unwrap_or(("5.0.0", reply.text()));
    Reply::new(reply.code, format!("{status} For at least one recipient: {text}")).repeated()
}

#[cfg(test)]
mod tests {
    use sekisho_record::{Decision, Decisions, Level};

    use super::*;
    use crate::smtp::client::Trouble;

    fn passage(decisions: &[(Action, &[u32])]) -> Passage {
        let each = decisions.iter().map(|(action, recipients)| Decision {
            action: action.clone(),
            clause: "test".into(),
            recipients: recipients.to_vec(),
        });
        let decisions = Decisions { each: each.collect(), ..Default::default() };
        Passage { decisions, bannered: Some(Change::default()), ..Default::default() }
    }

    fn planned(decisions: &[(Action, &[u32])], recipients: usize) -> String {
        let plan = match plan(&passage(decisions), recipients) {
            Ok(plan) => plan,
            Err(reply) => return reply.to_string(),
        };
        let mut out: Vec<String> = Vec::new();
        for Group { recipients, bannered, outside, redirected } in plan.groups {
            let form =
                redirected.unwrap_or_else(|| if bannered { "bannered".into() } else { "plain".into() });
            let who = if outside { " strangers" } else { "" };
            out.push(format!("{form} to{who} {recipients:?}"));
        }
        out.extend(plan.held.then(|| "held".to_owned()));
        out.extend(plan.rejected.map(|text| format!("rejected: {text}")));
        out.join(", ")
    }

    fn banner(level: Level) -> Action {
        Action::Banner { level }
    }

    fn text<T>(make: fn(String) -> T) -> T {
        make("no".into())
    }

    #[test]
    fn each_form_is_one_transaction() {
        let redirect = |to: &str| Action::Redirect { to: to.into() };
        let decisions: &[(Action, &[u32])] = &[
            (Action::Deliver, &[0]),
            (banner(Level::Notice), &[1]),
            (Action::Deliver, &[2, 3]),
            (banner(Level::Danger), &[4]),
            (redirect("a@b"), &[5]),
            (redirect("c@d"), &[6]),
            (redirect("a@b"), &[7]),
            (Action::Quarantine, &[8]),
            (text(|text| Action::Reject { text }), &[9]),
        ];
        insta::assert_snapshot!(
            planned(decisions, 10),
            @"plain to [0, 2, 3], bannered to [1, 4], a@b to [5, 7], c@d to [6], held, rejected: no"
        );
    }

    #[test]
    fn strangers_get_a_form_of_their_own() {
        let mut passage = passage(&[(Action::Deliver, &[0, 1]), (banner(Level::Notice), &[2, 3])]);
        passage.outside = vec![1, 3];
        let groups = plan(&passage, 4).unwrap().groups;
        let shown: Vec<_> = groups.iter().map(|g| (&g.recipients[..], g.bannered, g.outside)).collect();
        assert_eq!(
            shown,
            [(&[0][..], false, false), (&[1], false, true), (&[2], true, false), (&[3], true, true)]
        );
    }

    #[test]
    fn a_deferral_is_for_all_and_a_gap_is_one() {
        let defer = || text(|text| Action::Defer { text });
        assert_eq!(planned(&[(Action::Deliver, &[0]), (defer(), &[1])], 2), "451 4.7.1 no");
        for decisions in [
            &[(Action::Deliver, &[0_u32][..])][..],
            &[],
            &[(Action::Deliver, &[0, 1, 1])],
            &[(Action::Deliver, &[0, 1, 2])],
        ] {
            assert!(planned(decisions, 2).starts_with("451 4.3.0"), "{decisions:?}");
        }
    }

    fn answered(plan: &Plan, outcomes: &[Outcome]) -> String {
        let outcomes: Vec<_> = outcomes.iter().cloned().enumerate().collect();
        answer(plan, &outcomes, false).to_string()
    }

    #[test]
    fn one_answer_for_all() {
        let group = || Group { recipients: vec![0], bannered: false, outside: false, redirected: None };
        let plan = |groups: usize, held: bool, rejected: bool| Plan {
            groups: (0..groups).map(|_| group()).collect(),
            held,
            rejected: rejected.then(|| "policy".to_owned()),
        };
        let ok = || Outcome::Accepted(Reply::new(250, "2.0.0 Ok: queued as 1"));
        let no = || Outcome::Refused(Reply::new(554, "5.6.0 bad"));
        let wait = || Outcome::Later(Reply::new(452, "4.2.2 full"));
        let lost = || Outcome::Unknown(Trouble::Closed);
        let cases = [
            (plan(1, false, false), vec![ok(), ok()]),
            (plan(2, false, false), vec![ok(), ok()]),
            (plan(1, true, false), vec![ok()]),
            (plan(0, true, false), vec![]),
            (plan(0, false, true), vec![]),
            (plan(0, true, true), vec![]),
            (plan(1, false, true), vec![ok()]),
            (plan(1, false, false), vec![no()]),
            (plan(2, false, false), vec![ok(), no()]),
            (plan(2, false, true), vec![ok(), wait()]),
            (plan(2, false, false), vec![no(), lost()]),
        ];
        let said: Vec<String> = cases.iter().map(|(plan, outcomes)| answered(plan, outcomes)).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        250 2.0.0 Ok: queued as 1
        250 2.0.0 Ok
        250 2.0.0 Ok
        250 2.0.0 Ok
        550 5.7.1 policy
        550 5.7.1 For at least one recipient: policy
        550 5.7.1 For at least one recipient: policy
        554 5.6.0 bad
        554 5.6.0 For at least one recipient: bad
        452 4.2.2 full
        451 4.4.2 The next server did not answer, come again
        ");
    }
}
