//! Judge and world in one process: parse, ask, answer, observe, judge.

use std::time::Duration;

use sekisho_observe::{Context, Knowledge};
use sekisho_policy::{Policy, Ruling, Wish};
use sekisho_record::{Record, Submission, history::Lesson};

use crate::{
    Case, Desk, Error, History, Judge, Live, Nobody, Resolver, Scripted, Zone,
    journal::Opened,
    judging::Rules,
    limits,
    seal::Marks,
    world::{Answering, Exchange},
};

/// Everything that turns a submission into a record. One engine serves any number of threads.
pub struct Engine {
    judge: Judge,
    desk: Desk,
    marks: Marks,
}

impl Engine {
    /// An engine that looks nothing up: papers are known only where a believed server wrote them down.
    pub fn new(context: Context, rules: Rules) -> Self {
        let desk = Desk::new(Box::new(Nobody), limits::DNS_DEADLINE);
        Self { judge: Judge::new(context, rules), desk, marks: Marks::default() }
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
        let deadline = self.desk.patience();
        self.with_desk(Desk::new(resolver, deadline))
    }

    /// The same with another desk.
    #[must_use]
    pub fn with_desk(self, desk: Desk) -> Self {
        let judge = self.judge.asking(!desk.is_closed()).remembering(desk.remembers());
        Self { judge, desk, ..self }
    }

    /// The same for messages that are judged again: everything is asked, and answered by what is kept of them.
    #[must_use]
    pub fn again(self) -> Self {
        Self { judge: self.judge.asking(true).remembering(true), ..self }
    }

    /// The same with a history that is asked for every message, and taught by [`learn`](Self::learn).
    #[must_use]
    pub fn with_history(self, history: Box<dyn History>) -> Self {
        let Self { judge, desk, marks } = self;
        let desk = desk.with_history(history);
        Self { judge: judge.remembering(desk.remembers()), desk, marks }
    }

    /// The same with more brands than those that ship with the program.
    #[must_use]
    pub fn with_knowledge(mut self, knowledge: Knowledge) -> Self {
        self.judge.knowledge = Some(Box::new(knowledge));
        self
    }

    /// The same with another time limit for DNS.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { desk: self.desk.with_deadline(deadline), ..self }
    }

    /// The same with a policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.judge.policy = policy;
        self
    }

    /// The same with what its own changes are known by.
    #[must_use]
    pub fn with_marks(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    /// What is done with what was judged.
    pub fn policy(&self) -> &Policy {
        &self.judge.policy
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.judge.rules
    }

    /// The configuration that observation sees.
    pub fn context(&self) -> &Context {
        &self.judge.context
    }

    /// Who answers its questions.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The part that needs no world, for a worker.
    pub fn into_judge(self) -> Judge {
        self.judge
    }

    /// Judges a message without an envelope.
    pub fn scan_bytes(&self, raw: &[u8]) -> Record {
        self.scan(&Submission::from_bytes(raw))
    }

    /// Judges a submission on this thread. Starts a runtime only when something has to be waited for.
    pub fn scan(&self, submission: &Submission<'_>) -> Record {
        let opened = Opened::new(submission);
        opened.noted(self.open(&opened.submission(submission), &self.desk, &mut |_| ()).close())
    }

    /// The same with somebody else's answers, and with what was asked and answered.
    pub fn scan_by(&self, submission: &Submission<'_>, by: &dyn Answering) -> (Record, Vec<Exchange>) {
        let mut asked = Vec::new();
        let opened = Opened::new(submission);
        let (inner, mut seen) = (opened.submission(submission), |e: &Exchange| asked.push(e.clone()));
        let record = self.open(&inner, by, &mut seen).close();
        (opened.noted(record), asked)
    }

    /// Judges a submission, and decides about it.
    pub fn scan_and_rule(&self, submission: &Submission<'_>, wish: &Wish) -> (Record, Ruling, Vec<Exchange>) {
        let mut asked = Vec::new();
        let opened = Opened::new(submission);
        let (inner, mut seen) = (opened.submission(submission), |e: &Exchange| asked.push(e.clone()));
        let record = self.open(&inner, &self.desk, &mut seen).close();
        let wish = self.marks.wish(wish);
        let mut ruling = self.judge.rule(&inner, &record, &wish);
        self.judge.seal(&inner, &record, &wish, &mut ruling, &mut |bytes| self.marks.sign(bytes));
        (opened.noted(record), ruling, asked)
    }

    /// Judges a message with a history in words: what the cases of rule pages say is remembered.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub fn scan_scripted(&self, raw: &[u8], history: &str) -> Result<Record, String> {
        let mut told = Ok(());
        let record = self.open(&Submission::from_bytes(raw), &self.desk, &mut |_| ()).close_with(
            |evidence, context| {
                told = sekisho_observe::history::script(evidence, history, context);
            },
        );
        told.map(|()| record)
    }

    /// A case with everything answered; `seen` sees what was asked.
    fn open<'a>(
        &'a self,
        submission: &Submission<'a>,
        by: &dyn Answering,
        seen: &mut dyn FnMut(&Exchange),
    ) -> Case<'a> {
        let mut case = self.judge.open(*submission);
        let mut left = by.patience();
        while let Some(ask) = case.ask() {
            let answered = by.answer(&ask, &mut left);
            let exchange = Exchange { ask, answered };
            seen(&exchange);
            case.answer(exchange.answered);
        }
        case
    }

    /// Has history learn what records taught, and waits until it has.
    ///
    /// # Errors
    /// When it was not learnt; the same lessons may be given again.
    pub fn learn(&self, lessons: Vec<Lesson>) -> Result<(), Error> {
        self.desk.learn(lessons)
    }
}
