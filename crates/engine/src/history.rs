//! The port through which history is asked and taught: a store, or nobody.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use sekisho_record::history::{Answers, Lesson, Opinion, Questions};
use sekisho_store::{Store, StoreError};

use crate::{Error, limits, resolver::Answer, world::Missing};

// A line that the store would cut is no list of words any more.
const _: () =
    assert!(sekisho_observe::limits::HISTORY_LINE_BYTES_MAX <= sekisho_store::limits::TEXT_BYTES_MAX);

/// What is remembered. It never sees a message: questions and lessons are plain data. Whoever asks keeps the deadline.
pub trait History: Send + Sync {
    /// Answers everything that one verdict wants to know.
    fn recall<'a>(&'a self, questions: &'a Questions) -> Answer<'a, Result<Answers, Missing>>;

    /// Learns; when it is done, all of them are kept. A record teaches once, however often it is learnt.
    fn learn<'a>(&'a self, lessons: &'a [Lesson]) -> Answer<'a, Result<(), Error>>;

    /// Notes what `by` thinks of a message since `at`; what a malicious one taught is taken back.
    fn opine<'a>(
        &'a self,
        record: &'a str,
        opinion: Opinion,
        by: &'a str,
        at: i64,
    ) -> Answer<'a, Result<(), Error>>;

    /// Which of these records have been learnt, in their order.
    fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>>;

    /// The futures wait for sockets, threads or timers, so they have to be run by a runtime.
    fn waits(&self) -> bool;

    /// It knows nothing and learns nothing.
    fn off(&self) -> bool {
        false
    }
}

/// Nothing is remembered.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHistory;

impl History for NoHistory {
    fn recall<'a>(&'a self, _questions: &'a Questions) -> Answer<'a, Result<Answers, Missing>> {
        Box::pin(std::future::ready(Err(Missing::Disabled)))
    }

    fn learn<'a>(&'a self, _lessons: &'a [Lesson]) -> Answer<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn opine<'a>(
        &'a self,
        _record: &'a str,
        _opinion: Opinion,
        _by: &'a str,
        _at: i64,
    ) -> Answer<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>> {
        Box::pin(std::future::ready(Ok(vec![false; records.len()])))
    }

    fn waits(&self) -> bool {
        false
    }

    fn off(&self) -> bool {
        true
    }
}

/// What a store remembers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Remembers(Arc<OnceLock<Store>>);

impl Remembers {
    /// Opens the store that a URL names: `sqlite:FILE` or `postgres://…`. Has to be called inside of the runtime that will
    /// run its answers.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Store::open(url).await.map(Self::of).map_err(failed)
    }

    /// The same; a server that cannot be reached now is tried again until it can be, and fails until then. Why it cannot
    /// be reached comes beside it.
    ///
    /// # Errors
    /// When it cannot be opened for another reason.
    pub async fn open_later(url: &str) -> Result<(Self, Option<String>), Error> {
        match Store::open(url).await {
            Ok(store) => Ok((Self::of(store), None)),
            // A file that cannot be opened is a mistake; a server comes back.
            Err(error @ StoreError::Gone(_)) if !url.starts_with("sqlite:") => {
                let later = Arc::default();
                tokio::spawn(arrive(Arc::downgrade(&later), url.to_owned()));
                Ok((Self(later), Some(error.to_string())))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The store, once it is there.
    pub fn store(&self) -> Option<&Store> {
        self.0.get()
    }

    fn of(store: Store) -> Self {
        Self(Arc::new(OnceLock::from(store)))
    }

    fn there(&self) -> Result<&Store, StoreError> {
        self.store().ok_or_else(|| StoreError::Gone("it was not there yet".to_owned()))
    }
}

/// Opens the store as soon as it is there, while somebody waits for it.
async fn arrive(place: Weak<OnceLock<Store>>, url: String) {
    while place.strong_count() > 0 {
        tokio::time::sleep(limits::HISTORY_RETRY).await;
        match Store::open(&url).await {
            Ok(store) => {
                if let Some(place) = place.upgrade() {
                    // Nobody else fills it.
                    let _ = place.set(store);
                }
                return;
            }
            Err(error) => tracing::debug!(%error, "history is still away"),
        }
    }
}

impl History for Remembers {
    fn recall<'a>(&'a self, questions: &'a Questions) -> Answer<'a, Result<Answers, Missing>> {
        Box::pin(async {
            let recalled = match self.there() {
                Ok(store) => store.recall(questions).await,
                Err(error) => Err(error),
            };
            recalled.map_err(|error| {
                tracing::warn!(%error, "history was not asked");
                Missing::Failed
            })
        })
    }

    fn learn<'a>(&'a self, lessons: &'a [Lesson]) -> Answer<'a, Result<(), Error>> {
        Box::pin(async {
            let learnt = self.there().map_err(failed)?.learn(lessons).await.map_err(failed)?;
            if !learnt.cut.is_empty() {
                tracing::info!(cut = ?learnt.cut, "lessons were cut at their limits");
            }
            Ok(())
        })
    }

    fn opine<'a>(
        &'a self,
        record: &'a str,
        opinion: Opinion,
        by: &'a str,
        at: i64,
    ) -> Answer<'a, Result<(), Error>> {
        Box::pin(async move {
            let store = self.there().map_err(failed)?;
            store.opine(record, opinion, by, at).await.map(|_| ()).map_err(failed)
        })
    }

    fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>> {
        Box::pin(async { self.there().map_err(failed)?.knows(records).await.map_err(failed) })
    }

    fn waits(&self) -> bool {
        true
    }
}

fn failed(error: StoreError) -> Error {
    Error::History(error.to_string())
}

/// Lessons of many threads, learnt together: what comes while a batch is being learnt makes the next batch, so nobody
/// waits for a timer, and under load a batch is as large as it is worth. Whoever brings lessons waits until they are
/// learnt.
#[derive(Default)]
pub(crate) struct Learning {
    state: Mutex<Waiting>,
    done: Condvar,
}

#[derive(Default)]
struct Waiting {
    lessons: Vec<Brought>,
    /// Somebody is learning.
    busy: bool,
}

/// What became of lessons, for everybody who waits for it.
type Outcome = Arc<OnceLock<Result<(), String>>>;

/// What one thread brought, and where it looks for how that ended.
struct Brought {
    lessons: Vec<Lesson>,
    outcome: Outcome,
}

impl Learning {
    /// Has these lessons learnt by `learn`, with those of others.
    pub(crate) fn learn(
        &self,
        lessons: Vec<Lesson>,
        learn: &dyn Fn(&[Lesson]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if lessons.is_empty() {
            return Ok(());
        }
        let outcome = Arc::new(OnceLock::new());
        let mut state = self.lock();
        state.lessons.push(Brought { lessons, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(outcome) = outcome.get() {
                return outcome.clone().map_err(Error::History);
            }
            if state.busy {
                state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.busy = true;
            let (batch, outcomes) = state.take();
            drop(state);
            let result = learn(&batch).map_err(|error| match error {
                Error::History(why) => why,
                other => other.to_string(),
            });
            state = self.lock();
            state.busy = false;
            for outcome in outcomes {
                // Nobody else sets it.
                let _ = outcome.set(result.clone());
            }
            self.done.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The next batch: what was brought first, whole, as far as the limit reaches.
    fn take(&mut self) -> (Vec<Lesson>, Vec<Outcome>) {
        let (mut batch, mut outcomes) = (Vec::new(), Vec::new());
        let mut rest = std::mem::take(&mut self.lessons).into_iter();
        for brought in rest.by_ref() {
            batch.extend(brought.lessons);
            outcomes.push(brought.outcome);
            if batch.len() >= limits::LESSONS_MAX {
                break;
            }
        }
        self.lessons = rest.collect();
        (batch, outcomes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sekisho_detect::{Lists, OrgLists, Rules};
    use sekisho_observe::Context;
    use sekisho_record::{Record, Submission};

    use super::*;
    use crate::{Desk, Engine, Nobody};

    fn lesson(record: usize) -> Lesson {
        Lesson { record: record.to_string(), ..Lesson::default() }
    }

    #[test]
    fn lessons_of_many_threads_are_learnt_together_each_once() {
        let learning = Learning::default();
        let batches = Mutex::new(Vec::new());
        let learn = |batch: &[Lesson]| {
            std::thread::sleep(Duration::from_millis(5));
            batches.lock().unwrap().push(batch.iter().map(|l| l.record.clone()).collect::<Vec<_>>());
            Ok(())
        };
        std::thread::scope(|scope| {
            for i in 0..40 {
                let (learning, learn, batches) = (&learning, &learn, &batches);
                scope.spawn(move || {
                    learning.learn(vec![lesson(i)], learn).unwrap();
                    let seen = batches.lock().unwrap().concat();
                    assert!(seen.contains(&i.to_string()), "acknowledged before it was learnt");
                });
            }
        });
        let batches = batches.into_inner().unwrap();
        let mut all = batches.concat();
        all.sort_by_key(|record| record.parse::<usize>().unwrap());
        assert_eq!(all, (0..40).map(|i| i.to_string()).collect::<Vec<_>>());
        assert!(batches.len() < 40, "{} batches", batches.len());
    }

    #[test]
    fn a_failure_is_told_to_those_whom_it_concerns() {
        let learning = Learning::default();
        let full = |_: &[Lesson]| Err(Error::History("the disk is full".into()));
        let error = learning.learn(vec![lesson(1)], &full).unwrap_err();
        assert_eq!(error.to_string(), "history: the disk is full");
        assert!(learning.learn(vec![lesson(1)], &|_| Ok(())).is_ok());
    }

    /// Counts what it is asked, and answers so.
    #[derive(Default)]
    struct Double {
        asked: Mutex<Vec<Questions>>,
        learnt: Mutex<Vec<Lesson>>,
        fails: bool,
        sleeps: Duration,
    }

    impl History for Arc<Double> {
        fn recall<'a>(&'a self, questions: &'a Questions) -> Answer<'a, Result<Answers, Missing>> {
            self.asked.lock().unwrap().push(questions.clone());
            Box::pin(async {
                if self.waits() {
                    tokio::time::sleep(self.sleeps).await;
                }
                if self.fails { Err(Missing::Failed) } else { Ok(Answers::default()) }
            })
        }

        fn learn<'a>(&'a self, lessons: &'a [Lesson]) -> Answer<'a, Result<(), Error>> {
            self.learnt.lock().unwrap().extend_from_slice(lessons);
            Box::pin(std::future::ready(Ok(())))
        }

        fn opine<'a>(&'a self, _: &'a str, _: Opinion, _: &'a str, _: i64) -> Answer<'a, Result<(), Error>> {
            Box::pin(std::future::ready(Ok(())))
        }

        fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>> {
            let learnt = self.learnt.lock().unwrap();
            let known = records.iter().map(|r| learnt.iter().any(|l| l.record == *r)).collect();
            Box::pin(std::future::ready(Ok(known)))
        }

        fn waits(&self) -> bool {
            !self.sleeps.is_zero()
        }
    }

    const MAIL: &[u8] = b"Received: from a by b; Mon, 1 Jan 2024 00:00:07 +0000\r\n\
        Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nFrom: ann@a.example\r\nSubject: x\r\n\r\nhello\r\n";

    fn scan(history: Option<&Arc<Double>>, submission: Submission<'_>) -> Record {
        let rules = Rules::compile(Vec::new(), Lists::default(), &OrgLists::default()).unwrap();
        let mut engine = Engine::new(Context::default(), rules);
        if let Some(double) = history {
            let desk = Desk::new(Box::new(Nobody), Duration::ZERO).with_history(Box::new(Arc::clone(double)));
            engine = engine.with_desk(desk.with_history_deadline(Duration::from_millis(20)));
        }
        engine.scan(&submission)
    }

    fn gap(record: &Record) -> Option<&str> {
        let mut gaps = record.verdict.gaps.iter().chain(&record.evidence.gaps);
        gaps.find(|gap| gap.facet == "history").map(|gap| gap.reason.as_str())
    }

    #[test]
    fn a_verdict_asks_once_and_gives_a_lesson() {
        let double = Arc::new(Double::default());
        let record = scan(Some(&double), Submission { record: "r1", ..Submission::from_bytes(MAIL) });
        assert_eq!(double.asked.lock().unwrap().len(), 1);
        assert!(record.evidence.correspondence.known && gap(&record).is_none());
        let lesson = record.lesson.unwrap();
        assert_eq!((lesson.record.as_str(), lesson.at, record.id.as_str()), ("r1", 1_704_067_207, "r1"));
        // Without an id nothing is taught; a time that is given is believed more than the message.
        assert!(scan(Some(&double), Submission::from_bytes(MAIL)).lesson.is_none());
        let dated = Submission { record: "r2", at: Some(5), ..Submission::from_bytes(MAIL) };
        assert_eq!(scan(Some(&double), dated).lesson.unwrap().at, 5);
        let undated =
            Submission { record: "r3", now: 9, ..Submission::from_bytes(b"From: a@a.example\r\n\r\nx") };
        assert_eq!(scan(Some(&double), undated).lesson.unwrap().at, 9);
    }

    #[test]
    fn history_that_fails_or_is_late_is_a_gap_and_none_is_no_gap() {
        let fails = Arc::new(Double { fails: true, ..Double::default() });
        let late = Arc::new(Double { sleeps: Duration::from_secs(60), ..Double::default() });
        let mail = Submission { record: "r1", ..Submission::from_bytes(MAIL) };
        assert_eq!(gap(&scan(Some(&fails), mail)), Some("failed"));
        assert_eq!(gap(&scan(Some(&late), mail)), Some("timed_out"));
        let without = scan(None, mail);
        assert!(gap(&without).is_none() && without.lesson.is_none());
    }
}
