//! A store in a few lines, with the meaning of the real one: everything is found by looking through everything.

use std::collections::BTreeMap;

use sekisho_record::history::{
    Answers, Aspect, Count, Known, Lesson, Match, OPINION, Questions, Seen, THREAD, THREAD_PARTICIPANT,
    THREAD_SENDER, Valued, Why,
};

#[derive(Default)]
pub(super) struct Memory {
    /// Lessons with the name of their thread.
    lessons: Vec<(Lesson, String)>,
    traits: BTreeMap<(String, String), BTreeMap<String, Seen>>,
    ticks: Vec<(String, String, i64, String)>,
}

impl Memory {
    pub(super) fn learn(&mut self, lesson: Lesson) {
        for subject in &lesson.judged {
            self.count(subject, OPINION, lesson.opinion.name(), lesson.at);
        }
        let teaches = lesson.opinion.teaches();
        for tick in lesson.ticks.iter().filter(|t| t.lasting || teaches) {
            self.ticks.push((tick.subject.clone(), tick.kind.clone(), lesson.at, tick.value.clone()));
        }
        if !teaches {
            return;
        }
        let parent =
            lesson.parents.iter().find_map(|p| self.lessons.iter().find(|(l, _)| l.message_id == *p));
        let thread = parent.map_or_else(|| format!("thread:{:016x}", self.lessons.len()), |(_, t)| t.clone());
        for t in &lesson.traits {
            let subject = if t.subject == THREAD { &thread } else { &t.subject };
            self.count(subject, &t.aspect, &t.value, lesson.at);
        }
        self.count(&thread, THREAD_SENDER, &lesson.sender, lesson.at);
        for participant in &lesson.participants {
            self.count(&thread, THREAD_PARTICIPANT, participant, lesson.at);
        }
        self.lessons.push((lesson, thread));
    }

    fn count(&mut self, subject: &str, aspect: &str, value: &str, at: i64) {
        let values = self.traits.entry((subject.into(), aspect.into())).or_default();
        let seen = values.entry(value.into()).or_insert(Seen { count: 0, first_at: at, last_at: at });
        *seen =
            Seen { count: seen.count + 1, first_at: seen.first_at.min(at), last_at: seen.last_at.max(at) };
    }

    fn seen(&self, subject: &str, aspect: &str, value: &str) -> Option<Seen> {
        self.traits.get(&(subject.into(), aspect.into()))?.get(value).copied()
    }

    fn known(&self, subject: &str, most: u16) -> Known {
        let aspects = self.traits.iter().filter(|((s, _), _)| s == subject).map(|((_, name), values)| {
            let mut told: Vec<Valued> =
                values.iter().map(|(value, seen)| Valued { value: value.clone(), seen: *seen }).collect();
            told.sort_by_key(|v| std::cmp::Reverse(v.seen.count));
            let total = Seen {
                count: told.iter().map(|v| v.seen.count).sum(),
                first_at: told.iter().map(|v| v.seen.first_at).min().unwrap(),
                last_at: told.iter().map(|v| v.seen.last_at).max().unwrap(),
            };
            told.truncate(usize::from(most));
            Aspect { name: name.clone(), total, distinct: values.len() as u64, values: told }
        });
        Known { subject: subject.into(), aspects: aspects.collect() }
    }

    pub(super) fn recall(&self, questions: &Questions) -> Answers {
        let mut matches: Vec<Match> = Vec::new();
        for (lesson, thread) in &self.lessons {
            let place = |list: &[String], value: &str| list.iter().position(|v| !v.is_empty() && v == value);
            let overlap = lesson.shingles.iter().filter(|s| questions.shingles.contains(s)).count() as u32;
            let reference = place(&questions.message_ids, &lesson.message_id);
            let subject = place(&questions.subject_keys, &lesson.subject_key);
            let alias = lesson.aliases.iter().find_map(|name| place(&questions.aliases, name));
            let (why, question) = match (reference, subject) {
                (Some(at), _) => (Why::Reference, at),
                _ if alias.is_some() => (Why::Alias, alias.unwrap_or_default()),
                _ if overlap > 0 => (Why::Quote, 0),
                (_, Some(at)) => (Why::Subject, at),
                _ => continue,
            };
            let (record, thread, sender) = (lesson.record.clone(), thread.clone(), lesson.sender.clone());
            let participants = lesson.participants.clone();
            matches.push(Match {
                why,
                question,
                overlap,
                record,
                thread,
                at: lesson.at,
                sender,
                participants,
            });
        }
        matches.sort_by_key(|m| (m.why, m.question, std::cmp::Reverse((m.overlap, m.at))));
        let mut threads: Vec<&String> = Vec::new();
        matches.iter().for_each(|m| {
            if !threads.contains(&&m.thread) {
                threads.push(&m.thread)
            }
        });
        let threads = threads.iter().take(usize::from(questions.threads));
        let windows = questions.windows.iter().map(|w| {
            let ticks = self
                .ticks
                .iter()
                .filter(|(s, k, at, _)| *s == w.subject && *k == w.kind && (w.since..w.until).contains(at));
            let values: BTreeMap<&str, u64> = ticks.clone().map(|(_, _, _, v)| (v.as_str(), 1)).collect();
            let new = |v: &&&str| self.seen(&w.subject, &w.kind, v).is_none_or(|s| s.first_at >= w.since);
            Count {
                count: ticks.count() as u64,
                distinct: values.len() as u64,
                new: values.keys().filter(new).count() as u64,
                capped: false,
            }
        });
        Answers {
            subjects: questions.subjects.iter().map(|s| self.known(s, questions.most)).collect(),
            exact: questions.exact.iter().map(|t| self.seen(&t.subject, &t.aspect, &t.value)).collect(),
            windows: windows.collect(),
            threads: threads.map(|t| self.known(t, questions.thread_values)).collect(),
            matches,
            cut: Vec::new(),
            missing: None,
        }
    }
}
