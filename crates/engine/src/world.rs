//! What the world is asked about one message, as plain data, and the desk that answers.
//!
//! The bytes of a message never pass here: whoever reads them asks typed questions, whoever owns the network answers
//! them without knowing the message.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use sekisho_observe::question::SpfQuestion;
use sekisho_record::history::{Answers, Lesson, Opinion, Questions};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::{
    Error, Resolver,
    history::{History, Learning, NoHistory, Remembers},
    kept::Keeping,
    limits,
    resolver::Answer,
};

/// Questions about one message. Later ones depend on earlier answers, so there may be several rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Check SPF (RFC 7208).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spf: Option<SpfQuestion>,
    /// Look up TXT records of these names: DKIM and ARC keys, DMARC policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub txt: Vec<String>,
    /// Do these names exist at all?
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exists: Vec<String>,
    /// What history knows. Asked alone, when everything else is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Questions>,
}

impl Ask {
    /// There is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.spf.is_none() && self.txt.is_empty() && self.exists.is_empty() && self.history.is_none()
    }
}

/// Answers, in the order of the questions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// SPF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spf: Option<SpfFound>,
    /// TXT records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub txt: Vec<TxtFound>,
    /// Whether the names exist; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exists: Vec<Option<bool>>,
    /// What history knows, or why it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Result<Answers, Missing>>,
    /// There are no other answers, for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

impl Answered {
    /// No answers.
    pub fn missing(why: Missing) -> Self {
        Self { missing: Some(why), ..Self::default() }
    }
}

/// Why there are no answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nobody may be asked.
    Disabled,
    /// The deadline passed.
    TimedOut,
    /// It could not be done.
    Failed,
    /// It was not asked when the message was judged first, so nobody can say any more what the answer was.
    NotKept,
}

impl Missing {
    /// As gaps name it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::NotKept => "not_kept",
        }
    }
}

/// Result of an SPF check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfFound {
    /// The result.
    pub verdict: SpfVerdict,
    /// The domain that was checked.
    pub domain: String,
}

/// Results of RFC 7208 §2.6.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum SpfVerdict {
    Pass,
    Fail,
    SoftFail,
    Neutral,
    TempError,
    PermError,
    #[default]
    None,
}

impl SpfVerdict {
    /// As the standard writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
            Self::None => "none",
        }
    }
}

/// TXT records of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxtFound {
    /// These, each with its strings joined.
    Records(Vec<String>),
    /// There are none; and whether the name itself does not exist (NXDOMAIN).
    Absent(bool),
    /// No name server could say, for this reason.
    Failed(String),
}

/// Questions of one round and what was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub ask: Ask,
    /// What was answered.
    pub answered: Answered,
}

/// Whoever answers what is asked about a message: the desk, or what is kept of it.
pub trait Answering: Sync {
    /// How long one message may wait for the resolver.
    fn patience(&self) -> Duration;

    /// Answers on this thread; `left` is what remains of the message's patience.
    fn answer(&self, ask: &Ask, left: &mut Duration) -> Answered;
}

impl Answering for Desk {
    fn patience(&self) -> Duration {
        self.deadline
    }

    fn answer(&self, ask: &Ask, left: &mut Duration) -> Answered {
        self.answer_blocking(ask, left)
    }
}

/// Answers questions: a resolver and history, how long a message waits for them, and a runtime where something has to
/// be waited for.
pub struct Desk {
    resolver: Box<dyn Resolver>,
    deadline: Duration,
    history: Box<dyn History>,
    history_deadline: Duration,
    learning: Learning,
    /// What is kept of judged messages, and for how long.
    pub(crate) keeping: Keeping,
    runtime: OnceLock<Option<Runtime>>,
}

impl Desk {
    /// A desk with this resolver that lets one message wait for `deadline` in all.
    pub fn new(resolver: Box<dyn Resolver>, deadline: Duration) -> Self {
        Self {
            resolver,
            deadline,
            history: Box::new(NoHistory),
            history_deadline: limits::HISTORY_DEADLINE,
            learning: Learning::default(),
            keeping: Keeping::default(),
            runtime: OnceLock::new(),
        }
    }

    /// The same with another time limit for the resolver.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same with history.
    #[must_use]
    pub fn with_history(self, history: Box<dyn History>) -> Self {
        Self { history, ..self }
    }

    /// The same with the history in the database that a URL names: `sqlite:FILE` or `postgres://…`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn remembering(self, url: &str) -> Result<Self, Error> {
        let history = self.wait(Remembers::open(url))?;
        Ok(self.with_remembers(history))
    }

    /// The same; a PostgreSQL server that cannot be reached now is tried again until it can be, and until then history
    /// is a gap. The reason why it cannot be reached comes beside the desk.
    ///
    /// # Errors
    /// When it cannot be opened for another reason.
    pub fn remembering_later(self, url: &str) -> Result<(Self, Option<String>), Error> {
        let (history, away) = self.wait(Remembers::open_later(url))?;
        Ok((self.with_remembers(history), away))
    }

    fn with_remembers(mut self, history: Remembers) -> Self {
        self.keeping.store = history.store().cloned();
        self.with_history(Box::new(history))
    }

    /// Waits for something that history does.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let nobody = || Err(Error::History("no runtime to wait in".to_owned()));
        self.blocking(true, future).unwrap_or_else(nobody)
    }

    /// Has something done while others are judged; `None` when there is no runtime.
    pub(crate) fn behind<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        Some(self.runtime()?.spawn(future))
    }

    /// The same with another time limit for history.
    #[must_use]
    pub fn with_history_deadline(self, history_deadline: Duration) -> Self {
        Self { history_deadline, ..self }
    }

    /// Nobody would be asked about papers, so questions need not be made.
    pub fn is_closed(&self) -> bool {
        self.resolver.off()
    }

    /// There is a history to ask and to teach.
    pub fn remembers(&self) -> bool {
        !self.history.off()
    }

    /// How long one message may wait for the resolver.
    pub fn patience(&self) -> Duration {
        self.deadline
    }

    /// Answers inside of a runtime; `left` is what remains of the message's patience with the resolver.
    pub async fn answer(&self, ask: &Ask, left: &mut Duration) -> Answered {
        if let Some(questions) = &ask.history {
            let late = Err(Missing::TimedOut);
            let looking = self.history.recall(questions);
            let found = if self.history.waits() {
                tokio::time::timeout(self.history_deadline, looking).await.unwrap_or(late)
            } else {
                looking.await
            };
            return Answered { history: Some(found), ..Answered::default() };
        }
        if self.resolver.off() {
            return Answered::missing(Missing::Disabled);
        }
        let started = Instant::now();
        let looking = self.look(ask);
        let answered = if self.resolver.waits() {
            let late = Answered::missing(Missing::TimedOut);
            let found = tokio::time::timeout(*left, looking).await.ok();
            found.filter(|_| !self.resolver.silent()).unwrap_or(late)
        } else {
            looking.await
        };
        *left = left.saturating_sub(started.elapsed());
        answered
    }

    /// Answers on this thread. Starts a runtime only when something has to be waited for.
    pub fn answer_blocking(&self, ask: &Ask, left: &mut Duration) -> Answered {
        let waits = if ask.history.is_some() { self.history.waits() } else { self.resolver.waits() };
        self.blocking(waits, self.answer(ask, left)).unwrap_or_else(|| match ask.history {
            Some(_) => Answered { history: Some(Err(Missing::Failed)), ..Answered::default() },
            None => Answered::missing(Missing::Failed),
        })
    }

    /// Has history learn, and waits until it has. Lessons of several threads that come at the same time are learnt
    /// together.
    ///
    /// # Errors
    /// When it was not learnt: the same lessons may be given again, a record teaches once.
    pub fn learn(&self, lessons: Vec<Lesson>) -> Result<(), Error> {
        self.learning.learn(lessons, &|batch| self.history(|history| history.learn(batch)))
    }

    /// Notes what somebody thinks of a record; see [`History::opine`].
    ///
    /// # Errors
    /// When it was not noted.
    pub fn opine(&self, record: &str, opinion: Opinion, by: &str, at: i64) -> Result<(), Error> {
        self.history(|history| history.opine(record, opinion, by, at))
    }

    /// Which of these records have been learnt, in their order.
    ///
    /// # Errors
    /// When history does not say.
    pub fn learnt(&self, records: &[String]) -> Result<Vec<bool>, Error> {
        self.history(|history| history.learnt(records))
    }

    /// Has history do something, and waits for it.
    fn history<'a, T>(
        &'a self,
        what: impl FnOnce(&'a dyn History) -> Answer<'a, Result<T, Error>>,
    ) -> Result<T, Error> {
        let history = self.history.as_ref();
        let nobody = || Err(Error::History("no runtime to wait in".to_owned()));
        self.blocking(history.waits(), what(history)).unwrap_or_else(nobody)
    }

    /// Runs a future on this thread; `None` when there is no runtime for one that waits.
    pub(crate) fn blocking<F: Future>(&self, waits: bool, future: F) -> Option<F::Output> {
        if !waits {
            return ready(future);
        }
        Some(self.runtime()?.block_on(future))
    }

    fn runtime(&self) -> Option<&Runtime> {
        let build =
            || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
        self.runtime.get_or_init(build).as_ref()
    }

    async fn look(&self, ask: &Ask) -> Answered {
        let spf = async {
            match &ask.spf {
                Some(question) => Some(self.resolver.spf(question).await),
                None => None,
            }
        };
        // The asker has the same bound; whoever asks for more is not one of ours.
        let txt = ask.txt.get(..limits::LOOKUPS_MAX).unwrap_or(&ask.txt);
        let exists = ask.exists.get(..limits::LOOKUPS_MAX).unwrap_or(&ask.exists);
        let (spf, txt, exists) = tokio::join!(spf, self.resolver.txt(txt), self.resolver.exists(exists));
        Answered { spf, txt, exists, ..Answered::default() }
    }
}

/// The result of a future that never waits; `None` when it would.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
