//! One message from bytes to record, as a machine that stops where the world has to be asked.
//!
//! Nothing here waits, opens a file or a socket: the same code runs in this process and in a worker.

use std::time::Instant;

use mail_auth::MessageAuthenticator;
use sekisho_mail::Message;
use sekisho_observe::{Answers, Context, Knowledge, ask, history, observe};
use sekisho_policy::{Policy, Ruling, Wish, rule};
use sekisho_record::{Cost, Evidence, Gap, Record, Submission, Verdict};

use crate::{
    judging::{Rules, judge},
    resolver,
    seal::{Signs, seal},
    verify::{Examination, Step},
    world::{Answered, Ask, Missing},
};

/// Everything that judging needs beside the message and the world.
pub struct Judge {
    pub(crate) context: Context,
    /// Knowledge of its own instead of what ships with the program.
    pub(crate) knowledge: Option<Box<Knowledge>>,
    pub(crate) rules: Rules,
    /// What is done with what was judged, where somebody wants to know.
    pub(crate) policy: Policy,
    /// Somebody answers questions about papers; else none are asked.
    pub(crate) asks: bool,
    /// Somebody answers questions about history; else none are asked, and nothing is said about it.
    pub(crate) remembers: bool,
    /// Checks signatures with records that it is given; it can ask nobody.
    authenticator: Option<MessageAuthenticator>,
}

impl Judge {
    /// A judge who asks nothing.
    pub fn new(context: Context, rules: Rules) -> Self {
        let authenticator = resolver::offline().ok();
        let policy = Policy::default();
        Self { context, knowledge: None, rules, policy, asks: false, remembers: false, authenticator }
    }

    /// The same, asking about papers or not.
    #[must_use]
    pub fn asking(self, asks: bool) -> Self {
        Self { asks, ..self }
    }

    /// The same, asking history and teaching it, or not.
    #[must_use]
    pub fn remembering(self, remembers: bool) -> Self {
        Self { remembers, ..self }
    }

    /// Decides about a message that was judged.
    pub fn rule(&self, submission: &Submission<'_>, record: &Record, wish: &Wish) -> Ruling {
        let (verdict, evidence) = (&record.verdict, Some(&record.evidence));
        rule(submission.raw, verdict, evidence, submission.envelope, &self.policy, wish)
    }

    /// Seals the form with the banner, where that is wished and can be.
    pub fn seal(
        &self,
        submission: &Submission<'_>,
        record: &Record,
        wish: &Wish,
        ruling: &mut Ruling,
        signs: Signs<'_>,
    ) {
        let (Some(sealing), Some(change)) = (&wish.seal, &mut ruling.bannered) else { return };
        if !seal(submission.raw, change, &record.evidence, &self.policy, sealing, signs) {
            tracing::debug!(id = wish.id, "a message was changed and not sealed");
        }
    }

    /// Opens a case: reads the message and finds out what to ask.
    pub fn open<'a>(&'a self, submission: Submission<'a>) -> Case<'a> {
        let mut clock = Clock::start();
        let message = sekisho_mail::parse(submission.raw);
        clock.cost.parse_ms = clock.lap();
        let questions = ask(&message, &submission, &self.context);
        clock.cost.observe_ms = clock.lap();
        let mut answers = Answers::default();
        let examination = match questions.papers {
            Some(papers) if self.asks => {
                let opened =
                    self.authenticator.as_ref().and_then(|_| Examination::new(submission.raw, papers));
                answers.papers_missing = opened.is_none().then_some("failed");
                opened
            }
            Some(_) => {
                answers.papers_missing = Some("disabled");
                None
            }
            None => None,
        };
        Case { judge: self, submission, message, answers, examination, observed: None, clock }
    }

    fn knowledge(&self) -> &Knowledge {
        self.knowledge.as_deref().unwrap_or_else(|| Knowledge::builtin())
    }
}

/// A message that is being judged: [`ask`](Self::ask) and [`answer`](Self::answer) until nothing is asked, then
/// [`close`](Self::close).
pub struct Case<'a> {
    judge: &'a Judge,
    submission: Submission<'a>,
    /// Empty once it is observed.
    message: Message,
    answers: Answers,
    examination: Option<Examination<'a>>,
    observed: Option<Observed>,
    clock: Clock,
}

/// What was observed, without what only history knows until that is answered.
#[derive(Default)]
struct Observed {
    evidence: Evidence,
    /// When the message arrived.
    at: i64,
    /// The message in the words of history, once that was asked.
    words: Option<history::Words>,
}

impl Case<'_> {
    /// What the world has to be asked next; `None` when all is known that can be.
    pub fn ask(&mut self) -> Option<Ask> {
        if let Some(examination) = self.examination.as_mut() {
            match examination.examine(self.judge.authenticator.as_ref()?) {
                Step::Ask(ask) => return Some(ask),
                Step::Done(answers) => {
                    self.answers = answers;
                    self.examination = None;
                }
            }
        }
        // Once the message is observed, history was asked.
        if !self.judge.remembers || self.observed.is_some() {
            return None;
        }
        let context = &self.judge.context;
        let Observed { evidence, at, words } = self.observe();
        let words = words.insert(history::Words::of(evidence, context));
        Some(Ask { history: Some(history::questions(evidence, words, *at)), ..Ask::default() })
    }

    /// Takes the answers to what was asked last.
    pub fn answer(&mut self, answered: Answered) {
        if let Some(examination) = &mut self.examination {
            examination.answer(answered);
        } else if let Some(Observed { evidence, at, words: Some(words) }) = &mut self.observed {
            self.clock.cost.wait_ms += self.clock.lap();
            let found = answered.history.unwrap_or(Err(Missing::Failed));
            let found = found.as_ref().map_err(|why| why.reason());
            history::remembered(evidence, found, words, &self.judge.context, *at);
            self.clock.cost.observe_ms += self.clock.lap();
        }
    }

    /// Observes, if that was not done, and judges.
    pub fn close(self) -> Record {
        self.close_with(|_, _| ())
    }

    /// The same; before judging, `remember` puts into the evidence what history says, where no history was asked.
    pub fn close_with(mut self, remember: impl FnOnce(&mut Evidence, &Context)) -> Record {
        self.observe();
        let Self { judge: by, submission, observed, mut clock, .. } = self;
        let Observed { mut evidence, at, words } = observed.unwrap_or_default();
        remember(&mut evidence, &by.context);
        clock.cost.observe_ms += clock.lap();
        let verdict = judge(&evidence, &by.rules);
        clock.cost.judge_ms = clock.lap();
        let teaches = by.remembers && !submission.record.is_empty();
        let lesson = teaches.then(|| {
            let words = words.unwrap_or_else(|| history::Words::of(&evidence, &by.context));
            history::lesson(&evidence, &verdict, submission.record, words, at)
        });
        clock.cost.observe_ms += clock.lap();
        log(&evidence, &verdict, &clock.cost);
        Record {
            envelope: submission.envelope.cloned(),
            evidence,
            verdict,
            cost: clock.cost,
            id: submission.record.to_owned(),
            lesson,
        }
    }

    fn observe(&mut self) -> &mut Observed {
        let Self { judge: by, submission, message, answers, clock, .. } = self;
        self.observed.get_or_insert_with(|| {
            clock.cost.wait_ms += clock.lap();
            let message = std::mem::take(message);
            let mut evidence = observe(message, submission, answers, &by.context, by.knowledge());
            evidence.gaps.extend(cut(submission));
            let at = arrival(submission, &evidence);
            clock.cost.observe_ms += clock.lap();
            Observed { evidence, at, words: None }
        })
    }
}

/// The gap of a message that was read only in part.
fn cut(submission: &Submission<'_>) -> Option<Gap> {
    let most = sekisho_mail::limits::MESSAGE_BYTES_MAX;
    let read = submission.raw.len().min(most);
    (submission.cut || submission.raw.len() > most).then(|| Gap {
        facet: "content".to_owned(),
        reason: "over_limit".to_owned(),
        detail: format!("only the first {read} bytes of the message were read"),
    })
}

/// When a message arrived: as whoever took it in says, else as the topmost server wrote, else as its author did.
fn arrival(submission: &Submission<'_>, evidence: &Evidence) -> i64 {
    let headers = &evidence.model.headers;
    let stamped = || headers.hops.iter().rev().find_map(|hop| hop.received.as_ref()?.time);
    submission.at.or_else(stamped).or(headers.date).unwrap_or(submission.now)
}

/// The one line of the log about a message.
fn log(evidence: &Evidence, verdict: &Verdict, cost: &Cost) {
    let author = evidence.model.sender.email.as_ref().map_or("", |e| e.email.as_str());
    tracing::info!(
        class = ?verdict.class,
        score = verdict.score,
        author = %masked(author),
        rules = ?verdict.decided_by,
        gaps = verdict.gaps.len(),
        cpu_ms = cost.cpu_ms(),
        "judged"
    );
}

/// An address as logs show it: the first letter and the domain.
pub fn masked(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", local.chars().next().unwrap_or('*')),
        None => "***".to_owned(),
    }
}

/// Wall time of the stages; each runs on one thread without waiting, so it is processor time as well.
struct Clock {
    last: Instant,
    cost: Cost,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), cost: Cost::default() }
    }

    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now.duration_since(self.last).as_secs_f64() * 1000.0;
        self.last = now;
        lap
    }
}
