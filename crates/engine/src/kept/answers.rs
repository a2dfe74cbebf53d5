//! What was answered about a message then, for what is asked about it now: found by what was asked, never by its place.
//!
//! What was not asked then is missing: the facets that need it stay unknown, and a gap says `not_kept`.

use std::{collections::HashMap, time::Duration};

use sekisho_record::history::{Answers, Known, Match, Questions, Why};

use super::Head;
use crate::world::{Answered, Answering, Ask, Exchange, Missing};

/// Answers with what was answered then.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    head: &'a Head<'static>,
}

impl<'a> Recorded<'a> {
    /// What this head holds.
    pub(super) fn new(head: &'a Head<'static>) -> Self {
        Self { head }
    }

    /// The rounds about papers.
    fn rounds(&self) -> impl Iterator<Item = &'a Exchange> {
        self.head.asked.iter().filter(|exchange| exchange.ask.history.is_none())
    }

    fn papers(&self, ask: &Ask) -> Result<Answered, Missing> {
        if !self.head.asks {
            return Err(Missing::Disabled);
        }
        let spf = match &ask.spf {
            Some(question) => {
                Some(self.find(|then| then.spf.as_ref().filter(|q| *q == question).map(|_| 0))?)
            }
            None => None,
        };
        let txt = ask.txt.iter().map(|name| {
            let (found, at) = self.find(|then| then.txt.iter().position(|n| n == name))?;
            found.txt.get(at).cloned().ok_or(Missing::NotKept)
        });
        let exists = ask.exists.iter().map(|name| {
            let (found, at) = self.find(|then| then.exists.iter().position(|n| n == name))?;
            found.exists.get(at).copied().ok_or(Missing::NotKept)
        });
        Ok(Answered {
            spf: spf.and_then(|(found, _)| found.spf.clone()),
            txt: txt.collect::<Result<_, Missing>>()?,
            exists: exists.collect::<Result<_, Missing>>()?,
            ..Answered::default()
        })
    }

    /// The round in which this was asked, and its place there.
    fn find(&self, place: impl Fn(&Ask) -> Option<usize>) -> Result<(&'a Answered, usize), Missing> {
        let found = self.rounds().find_map(|round| Some((&round.answered, place(&round.ask)?)));
        match found {
            Some((Answered { missing: Some(why), .. }, _)) => Err(*why),
            Some(found) => Ok(found),
            None => Err(Missing::NotKept),
        }
    }

    fn history(&self, now: &Questions) -> Result<Answers, Missing> {
        let then =
            self.head.asked.iter().find_map(|exchange| {
                Some((exchange.ask.history.as_ref()?, exchange.answered.history.as_ref()?))
            });
        match then {
            Some((then, Ok(answers))) if then == now => Ok(answers.clone()),
            Some((then, Ok(answers))) => Ok(matched(now, then, answers)),
            Some((_, Err(why))) => Err(*why),
            None => Err(Missing::NotKept),
        }
    }
}

impl Answering for Recorded<'_> {
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn answer(&self, ask: &Ask, _left: &mut Duration) -> Answered {
        match &ask.history {
            Some(questions) => Answered { history: Some(self.history(questions)), ..Answered::default() },
            None => self.papers(ask).unwrap_or_else(Answered::missing),
        }
    }
}

/// Answers to what is asked now, taken from those to what was asked then.
fn matched(now: &Questions, then: &Questions, answers: &Answers) -> Answers {
    let mut missing = Questions::default();
    let mut out = Answers { cut: answers.cut.clone(), ..Answers::default() };
    let told: HashMap<&str, &Known> = answers.subjects.iter().map(|k| (k.subject.as_str(), k)).collect();
    for subject in &now.subjects {
        match told.get(subject.as_str()) {
            Some(known) if complete(known, then.most, now.most) => {
                out.subjects.push(trimmed(known, now.most));
            }
            // It was over a limit then, and `cut` says so.
            None if then.subjects.contains(subject) => {}
            _ => missing.subjects.push(subject.clone()),
        }
    }
    let places: HashMap<_, usize> = then.exact.iter().enumerate().map(|(at, t)| (t, at)).collect();
    for asked in &now.exact {
        let place = places.get(asked);
        out.exact.push(place.and_then(|at| answers.exact.get(*at).copied().flatten()));
        if place.is_none() {
            missing.exact.push(asked.clone());
        }
    }
    for asked in &now.windows {
        let place = then.windows.iter().position(|window| window == asked);
        out.windows.push(place.and_then(|at| answers.windows.get(at).copied()).unwrap_or_default());
        if place.is_none() {
            missing.windows.push(asked.clone());
        }
    }
    conversation(now, then, answers, &mut out, &mut missing);
    out.missing = (missing != Questions::default()).then(|| Box::new(missing));
    out
}

/// The messages that this one continues, and their threads.
fn conversation(
    now: &Questions,
    then: &Questions,
    answers: &Answers,
    out: &mut Answers,
    missing: &mut Questions,
) {
    let unasked = |now: &[String], then: &[String]| -> Vec<String> {
        now.iter().filter(|asked| !then.contains(asked)).cloned().collect()
    };
    missing.message_ids = unasked(&now.message_ids, &then.message_ids);
    missing.aliases = unasked(&now.aliases, &then.aliases);
    missing.subject_keys = unasked(&now.subject_keys, &then.subject_keys);
    // How much is shared was counted over all hashes: with others it would be another number.
    if !now.shingles.is_empty() && now.shingles != then.shingles {
        missing.shingles.clone_from(&now.shingles);
    }
    let place = |now: &[String], then: &[String], question: usize| {
        let asked = then.get(question)?;
        now.iter().position(|n| n == asked)
    };
    out.matches = answers
        .matches
        .iter()
        .filter_map(|m| {
            let question = match m.why {
                Why::Reference => place(&now.message_ids, &then.message_ids, m.question)?,
                Why::Alias => place(&now.aliases, &then.aliases, m.question)?,
                Why::Subject => place(&now.subject_keys, &then.subject_keys, m.question)?,
                Why::Quote if now.shingles.is_empty() => return None,
                Why::Quote => m.question,
            };
            Some(Match { question, ..m.clone() })
        })
        .collect();
    let all = now.threads <= then.threads || answers.threads.len() < usize::from(then.threads);
    let whole = answers.threads.iter().all(|t| complete(t, then.thread_values, now.thread_values));
    if !all || !whole {
        missing.threads = now.threads;
    }
    let threads = answers.threads.iter().take(usize::from(now.threads));
    out.threads = threads.map(|thread| trimmed(thread, now.thread_values)).collect();
}

/// As many values as are wanted now were told then, or all that there were.
fn complete(known: &Known, then: u16, now: u16) -> bool {
    now <= then || known.aspects.iter().all(|aspect| aspect.distinct <= aspect.values.len() as u64)
}

fn trimmed(known: &Known, most: u16) -> Known {
    let mut known = known.clone();
    known.aspects.iter_mut().for_each(|aspect| aspect.values.truncate(usize::from(most)));
    known
}

#[cfg(test)]
mod tests {
    use sekisho_record::history::{Aspect, Count, Seen, Trait, Valued, Window};

    use super::*;
    use crate::world::TxtFound;

    fn known(subject: &str, values: &[&str], distinct: u64) -> Known {
        let values = values.iter().map(|v| Valued { value: (*v).into(), ..Valued::default() }).collect();
        let aspect = Aspect { name: "link".into(), distinct, values, ..Aspect::default() };
        Known { subject: subject.into(), aspects: vec![aspect] }
    }

    fn window(since: i64) -> Window {
        Window { subject: "a".into(), kind: "sent".into(), since, until: 100 }
    }

    fn found(why: Why, question: usize) -> Match {
        let text = || "x".to_owned();
        let (record, thread, sender) = (text(), text(), text());
        Match { why, question, overlap: 5, record, thread, at: 1, sender, participants: Vec::new() }
    }

    fn then() -> (Questions, Answers) {
        let questions = Questions {
            subjects: vec!["a".into(), "b".into()],
            most: 2,
            exact: vec![Trait::new("a", "link", "x"), Trait::new("a", "link", "y")],
            windows: vec![window(10), window(20)],
            message_ids: vec!["m1".into(), "m2".into()],
            aliases: vec!["i1".into()],
            shingles: vec![1, 2],
            threads: 2,
            thread_values: 1,
            ..Questions::default()
        };
        let seen = Seen { count: 3, ..Seen::default() };
        let answers = Answers {
            subjects: vec![known("a", &["x", "y"], 9), known("b", &["x"], 1)],
            exact: vec![Some(seen), None],
            windows: vec![Count { count: 1, ..Count::default() }, Count { count: 2, ..Count::default() }],
            matches: vec![found(Why::Reference, 1), found(Why::Alias, 0), found(Why::Quote, 0)],
            threads: vec![known("thread:1", &["x"], 1)],
            ..Answers::default()
        };
        (questions, answers)
    }

    /// What is answered now, and what is missing.
    fn ask(now: &Questions) -> (Answers, Questions) {
        let (asked, answered) = then();
        let ask = Ask { history: Some(asked), ..Ask::default() };
        let answered = Answered { history: Some(Ok(answered)), ..Answered::default() };
        let head = Head { asked: vec![Exchange { ask, answered }].into(), ..Head::default() };
        let mut answers = Recorded::new(&head).history(now).unwrap();
        let missing = answers.missing.take().map(|m| *m).unwrap_or_default();
        (answers, missing)
    }

    #[test]
    fn the_same_questions_have_the_same_answers() {
        let (questions, answers) = then();
        assert_eq!(ask(&questions), (answers, Questions::default()));
    }

    #[test]
    fn answers_are_found_by_what_was_asked() {
        let (mut now, answers) = then();
        now.subjects.reverse();
        now.exact.reverse();
        now.windows.reverse();
        now.message_ids.reverse();
        let (told, missing) = ask(&now);
        assert_eq!(missing, Questions::default());
        assert_eq!(told.subjects.iter().map(|k| k.subject.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((told.exact[0], told.exact[1].unwrap().count), (None, 3));
        assert_eq!((told.windows[0].count, told.windows[1].count), (2, 1));
        assert_eq!(told.matches[0].question, 0);
        assert_eq!(told.threads, answers.threads);
    }

    #[test]
    fn what_was_not_asked_then_is_missing_and_nothing_else_is() {
        let (mut now, _) = then();
        now.subjects.push("c".into());
        now.exact.push(Trait::new("a", "link", "z"));
        now.windows.push(window(30));
        now.message_ids.push("m3".into());
        now.aliases.push("i2".into());
        let (told, missing) = ask(&now);
        assert_eq!(missing.subjects, ["c"]);
        assert_eq!(missing.exact, [Trait::new("a", "link", "z")]);
        assert_eq!(missing.windows, [window(30)]);
        assert_eq!((missing.message_ids, missing.aliases), (vec!["m3".to_owned()], vec!["i2".to_owned()]));
        assert!(missing.shingles.is_empty() && missing.threads == 0);
        assert_eq!((told.subjects.len(), told.exact.len(), told.windows.len()), (2, 3, 3));
    }

    #[test]
    fn more_values_than_were_told_are_missing_where_there_were_more() {
        let (now, _) = then();
        let (told, missing) = ask(&Questions { most: 5, ..now.clone() });
        assert_eq!(missing.subjects, ["a"]);
        assert_eq!(told.subjects[0].subject, "b");
        let (told, missing) = ask(&Questions { most: 1, ..now.clone() });
        assert!(missing.subjects.is_empty() && told.subjects[0].aspects[0].values.len() == 1);
        let (_, missing) = ask(&Questions { shingles: vec![1, 3], ..now.clone() });
        assert_eq!(missing.shingles, [1, 3]);
        let (told, missing) = ask(&Questions { shingles: Vec::new(), ..now });
        assert!(missing.shingles.is_empty() && told.matches.len() == 2);
    }

    #[test]
    fn papers_are_found_by_name_or_missing_for_the_reason_of_then() {
        let ask = |names: &[&str]| Ask { txt: names.iter().map(|n| (*n).into()).collect(), ..Ask::default() };
        let round = |names: &[&str], answered: Answered| Exchange { ask: ask(names), answered };
        let two = vec![TxtFound::Absent(true), TxtFound::Records(vec!["v=DKIM1".into()])];
        let asked = vec![
            round(&["a.", "b."], Answered { txt: two, ..Answered::default() }),
            round(&["c."], Answered::missing(Missing::TimedOut)),
        ];
        let head = Head { asks: true, asked: asked.into(), ..Head::default() };
        let mut left = Duration::ZERO;
        let mut told = |names: &[&str]| Recorded::new(&head).answer(&ask(names), &mut left);
        assert_eq!(told(&["b."]).txt, [TxtFound::Records(vec!["v=DKIM1".into()])]);
        assert_eq!(told(&["b.", "c."]), Answered::missing(Missing::TimedOut));
        assert_eq!(told(&["b.", "d."]), Answered::missing(Missing::NotKept));
        let nobody = Head::default();
        let none = Recorded::new(&nobody).answer(&ask(&["b."]), &mut left);
        assert_eq!(none, Answered::missing(Missing::Disabled));
    }
}
