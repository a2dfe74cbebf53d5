//! Five lines: parse, ask, answer, observe, judge.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use sekisho_mail::Message;
use sekisho_observe::{Answers, Context, Knowledge, Questions, ask, observe};
use sekisho_record::{Cost, Record, Submission};
use tokio::runtime::Runtime;

use crate::{
    Error, Live, Nobody, Resolver, Scripted, Zone,
    judging::{Rules, judge},
    limits,
};

/// Everything that turns a submission into a record. One engine serves any number of threads.
pub struct Engine {
    context: Context,
    /// Knowledge of its own instead of what ships with the program.
    knowledge: Option<Box<Knowledge>>,
    rules: Rules,
    resolver: Box<dyn Resolver>,
    deadline: Duration,
    runtime: OnceLock<Runtime>,
}

impl Engine {
    /// An engine that looks nothing up: papers are known only where a believed server wrote them down.
    pub fn new(context: Context, rules: Rules) -> Self {
        Self {
            context,
            knowledge: None,
            rules,
            resolver: Box::new(Nobody),
            deadline: limits::DNS_DEADLINE,
            runtime: OnceLock::new(),
        }
    }

    /// The same with the DNS of a zone file (docs/zone-file.md).
    ///
    /// # Errors
    /// When the text is no zone file.
    pub fn with_zone(self, text: &str) -> Result<Self, Error> {
        let resolver = Scripted::new(Zone::parse(text)?)?;
        Ok(self.with_resolver(Box::new(resolver)))
    }

    /// The same with the machine's name servers, waiting for at most `deadline` a message.
    ///
    /// # Errors
    /// When the machine has no usable DNS configuration.
    pub fn with_dns(self, deadline: Duration) -> Result<Self, Error> {
        Ok(self.with_resolver(Box::new(Live::system()?)).with_deadline(deadline))
    }

    /// The same with another resolver.
    #[must_use]
    pub fn with_resolver(self, resolver: Box<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    /// The same with more brands than those that ship with the program.
    #[must_use]
    pub fn with_knowledge(self, knowledge: Knowledge) -> Self {
        Self { knowledge: Some(Box::new(knowledge)), ..self }
    }

    /// The same with another time limit for DNS.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The configuration that observation sees.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Judges a message without an envelope.
    pub fn scan_bytes(&self, raw: &[u8]) -> Record {
        self.scan(&Submission::from_bytes(raw))
    }

    /// Judges a submission on this thread. Starts a runtime only when something has to be waited for.
    pub fn scan(&self, submission: &Submission<'_>) -> Record {
        let mut clock = Clock::start();
        let message = sekisho_mail::parse(submission.raw);
        clock.cost.parse_ms = clock.lap();
        let questions = ask(&message, submission, &self.context);
        clock.cost.observe_ms = clock.lap();
        let answers = self.answer_blocking(submission, &questions);
        clock.cost.wait_ms = clock.lap();
        self.conclude(message, submission, &answers, clock)
    }

    /// The same inside of a runtime.
    pub async fn scan_async(&self, submission: &Submission<'_>) -> Record {
        let mut clock = Clock::start();
        let message = sekisho_mail::parse(submission.raw);
        clock.cost.parse_ms = clock.lap();
        let questions = ask(&message, submission, &self.context);
        clock.cost.observe_ms = clock.lap();
        let answers = self.answer(submission, &questions).await;
        clock.cost.wait_ms = clock.lap();
        self.conclude(message, submission, &answers, clock)
    }

    fn conclude(
        &self,
        message: Message,
        submission: &Submission<'_>,
        answers: &Answers,
        mut clock: Clock,
    ) -> Record {
        let knowledge = self.knowledge.as_deref().unwrap_or_else(|| Knowledge::builtin());
        let evidence = observe(message, submission, answers, &self.context, knowledge);
        clock.cost.observe_ms += clock.lap();
        let verdict = judge(&evidence, &self.rules);
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

    /// The only step that waits.
    async fn answer(&self, submission: &Submission<'_>, questions: &Questions) -> Answers {
        let Some(papers) = &questions.papers else { return Answers::default() };
        let checking = self.resolver.check(submission.raw, papers, self.deadline);
        if !self.resolver.waits() {
            return checking.await;
        }
        // The resolver keeps the deadline itself and saves what it has; this one is for a resolver that hangs.
        let patience = self.deadline + limits::DNS_GRACE;
        let late = Answers { papers: None, papers_missing: Some("timed_out") };
        tokio::time::timeout(patience, checking).await.unwrap_or(late)
    }

    fn answer_blocking(&self, submission: &Submission<'_>, questions: &Questions) -> Answers {
        if questions.is_empty() {
            return Answers::default();
        }
        let failed = Answers { papers: None, papers_missing: Some("failed") };
        if !self.resolver.waits() {
            return ready(self.answer(submission, questions)).unwrap_or(failed);
        }
        match self.runtime() {
            Some(runtime) => runtime.block_on(self.answer(submission, questions)),
            None => failed,
        }
    }

    fn runtime(&self) -> Option<&Runtime> {
        if self.runtime.get().is_none() {
            let built =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()?;
            // Another thread may have been faster; its runtime is as good.
            let _ = self.runtime.set(built);
        }
        self.runtime.get()
    }
}

/// An address as logs show it: the first letter and the domain.
fn masked(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", local.chars().next().unwrap_or('*')),
        None => "***".to_owned(),
    }
}

/// The result of a future that never waits; `None` when it would.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
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
