//! One message from bytes to record, as a machine that stops where the world has to be asked.
//!
//! Nothing here waits, opens a file or a socket: the same code runs in this process and in a worker.

use std::time::Instant;

use mail_auth::MessageAuthenticator;
use sekisho_mail::Message;
use sekisho_observe::{Answers, Context, Knowledge, ask, observe};
use sekisho_record::{Cost, Evidence, Record, Submission};

use crate::{
    judging::{Rules, judge},
    resolver,
    verify::{Examination, Step},
    world::{Answered, Ask},
};

/// Everything that judging needs beside the message and the world.
pub struct Judge {
    pub(crate) context: Context,
    /// Knowledge of its own instead of what ships with the program.
    pub(crate) knowledge: Option<Box<Knowledge>>,
    pub(crate) rules: Rules,
    /// Somebody answers questions; else none are asked.
    pub(crate) asks: bool,
    /// Checks signatures with records that it is given; it can ask nobody.
    authenticator: Option<MessageAuthenticator>,
}

impl Judge {
    /// A judge who asks nothing.
    pub fn new(context: Context, rules: Rules) -> Self {
        Self { context, knowledge: None, rules, asks: false, authenticator: resolver::offline().ok() }
    }

    /// The same, asking or not.
    #[must_use]
    pub fn asking(self, asks: bool) -> Self {
        Self { asks, ..self }
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
        Case { judge: self, submission, message, examination, answers, clock }
    }
}

/// A message that is being judged: [`ask`](Self::ask) and [`answer`](Self::answer) until nothing is asked, then
/// [`close`](Self::close).
pub struct Case<'a> {
    judge: &'a Judge,
    submission: Submission<'a>,
    message: Message,
    examination: Option<Examination<'a>>,
    answers: Answers,
    clock: Clock,
}

impl Case<'_> {
    /// What the world has to be asked next; `None` when all is known that can be.
    pub fn ask(&mut self) -> Option<Ask> {
        let examination = self.examination.as_mut()?;
        match examination.examine(self.judge.authenticator.as_ref()?) {
            Step::Ask(ask) => Some(ask),
            Step::Done(answers) => {
                self.answers = answers;
                self.examination = None;
                None
            }
        }
    }

    /// Takes the answers to what was asked last.
    pub fn answer(&mut self, answered: Answered) {
        if let Some(examination) = &mut self.examination {
            examination.answer(answered);
        }
    }

    /// Observes and judges.
    pub fn close(self) -> Record {
        self.close_with(|_, _| ())
    }

    /// The same; before judging, `remember` puts into the evidence what history says.
    pub fn close_with(self, remember: impl FnOnce(&mut Evidence, &Context)) -> Record {
        let Self { judge: by, submission, message, answers, mut clock, .. } = self;
        clock.cost.wait_ms = clock.lap();
        let knowledge = by.knowledge.as_deref().unwrap_or_else(|| Knowledge::builtin());
        let mut evidence = observe(message, &submission, &answers, &by.context, knowledge);
        remember(&mut evidence, &by.context);
        clock.cost.observe_ms += clock.lap();
        let verdict = judge(&evidence, &by.rules);
        clock.cost.judge_ms = clock.lap();
        let author = evidence.model.sender.email.as_ref().map_or("", |e| e.email.as_str());
        tracing::info!(
            class = ?verdict.class,
            score = verdict.score,
            author = %masked(author),
            rules = ?verdict.decided_by,
            gaps = verdict.gaps.len(),
            cpu_ms = clock.cost.cpu_ms(),
            "judged"
        );
        Record { envelope: submission.envelope.cloned(), evidence, verdict, cost: clock.cost }
    }
}

/// An address as logs show it: the first letter and the domain.
fn masked(address: &str) -> String {
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
