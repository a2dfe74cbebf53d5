//! What the world is asked about one message, as plain data, and the desk that answers.
//!
//! The bytes of a message never pass here: whoever reads them asks typed questions, whoever owns the network answers
//! them without knowing the message.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use sekisho_observe::question::SpfQuestion;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::{Resolver, limits};

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
}

impl Ask {
    /// There is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.spf.is_none() && self.txt.is_empty() && self.exists.is_empty()
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
    /// There are no answers, for this reason.
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
}

impl Missing {
    /// As gaps name it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
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

/// Answers questions: a resolver, how long a message waits for it, and a runtime where something has to be waited for.
pub struct Desk {
    resolver: Box<dyn Resolver>,
    deadline: Duration,
    runtime: OnceLock<Option<Runtime>>,
}

impl Desk {
    /// A desk with this resolver that lets one message wait for `deadline` in all.
    pub fn new(resolver: Box<dyn Resolver>, deadline: Duration) -> Self {
        Self { resolver, deadline, runtime: OnceLock::new() }
    }

    /// The same with another time limit.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Nobody would be asked, so questions need not be made.
    pub fn is_closed(&self) -> bool {
        self.resolver.off()
    }

    /// How long one message may wait.
    pub fn patience(&self) -> Duration {
        self.deadline
    }

    /// Answers inside of a runtime; `left` is what remains of the message's patience.
    pub async fn answer(&self, ask: &Ask, left: &mut Duration) -> Answered {
        if self.resolver.off() {
            return Answered::missing(Missing::Disabled);
        }
        let started = Instant::now();
        let looking = self.look(ask);
        let answered = if self.resolver.waits() {
            let late = Answered::missing(Missing::TimedOut);
            tokio::time::timeout(*left, looking).await.unwrap_or(late)
        } else {
            looking.await
        };
        *left = left.saturating_sub(started.elapsed());
        answered
    }

    /// Answers on this thread. Starts a runtime only when something has to be waited for.
    pub fn answer_blocking(&self, ask: &Ask, left: &mut Duration) -> Answered {
        let failed = Answered::missing(Missing::Failed);
        if !self.resolver.waits() {
            return ready(self.answer(ask, left)).unwrap_or(failed);
        }
        let build =
            || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
        match self.runtime.get_or_init(build) {
            Some(runtime) => runtime.block_on(self.answer(ask, left)),
            None => failed,
        }
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
        Answered { spf, txt, exists, missing: None }
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
