//! What is remembered and asked: a lesson is what one message teaches, questions and answers are what one verdict needs.
//!
//! The words are few and general, so that a facet that wants to remember something new needs no new table:
//!
//! * A **trait** says what is usual: *subject* `sender:ann@x.example` has *aspect* `display_name` with *value*
//!   `Ann Smith`. The store counts the messages that said so and when the first and the last did.
//! * A **tick** says what happened when: the subject did `kind` with `value` at the time of the message. Ticks are
//!   counted in sliding windows and live for weeks, traits for years.
//! * The **thread** part finds the conversation that a message continues: its own and referenced message ids, a key of
//!   its subject, hashes of its text.
//!
//! Subjects are named by the facets (`sender:…`, `pair:…|…`, `tenant:…/…`, `domain:…`). One name is the store's own:
//! [`THREAD`], the thread that the message turns out to belong to.

use serde::{
    Deserialize, Serialize, Serializer,
    ser::{SerializeStruct as _, SerializeTuple as _},
};

/// As the subject of a trait or a tick: the thread of the message, which only the store knows. Answers name a thread
/// `thread:` and sixteen hexadecimal digits; that name can be asked for like every other subject.
pub const THREAD: &str = "thread";

/// Aspects that the store counts for every thread by itself: who wrote in it, and who else took part.
pub const THREAD_SENDER: &str = "sender";
/// See [`THREAD_SENDER`].
pub const THREAD_PARTICIPANT: &str = "participant";

/// Aspect under which opinions are counted for every subject of [`Lesson::judged`]; the values are
/// [`Opinion::name`].
pub const OPINION: &str = "opinion";

/// Writes a structure of which there are many by the places of its fields, where nobody reads it with their eyes: their
/// names would be half of what crosses between processes and of what is kept beside a message. Both forms are read. The
/// order is part of what is kept: a new field comes last, and has a default.
macro_rules! by_place {
    ($($name:ident { $($field:ident $(unless $empty:path)?),+ })+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let fields = [$(stringify!($field)),+].len();
                if !to.is_human_readable() {
                    let mut places = to.serialize_tuple(fields)?;
                    $(places.serialize_element(&self.$field)?;)+
                    return places.end();
                }
                let mut named = to.serialize_struct(stringify!($name), fields)?;
                $(if true $(&& !$empty(&self.$field))? {
                    named.serialize_field(stringify!($field), &self.$field)?;
                })+
                named.end()
            }
        }
    )+};
}

by_place! {
    Trait { subject, aspect, value }
    Tick { subject, kind, value, lasting unless is_unset }
    Window { subject, kind, since, until }
    Known { subject, aspects }
    Aspect { name, total, distinct, values }
    Valued { value, seen }
    Seen { count, first_at, last_at }
    Count { count, distinct, new, capped }
    Match { why, question, overlap, record, thread, at, sender, participants }
}

fn is_unset(claim: &bool) -> bool {
    !claim
}

/// What one message teaches. Lists over their limit are cut, long texts shortened with their hash; both are told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lesson {
    /// Id of the record of the message. A record teaches once: learning it again changes nothing.
    pub record: String,
    /// When the message arrived, seconds since 1970.
    pub at: i64,
    /// Who wrote it, as threads show it: a plain address.
    pub sender: String,
    /// Who took part: sender and recipients.
    pub participants: Vec<String>,
    /// Its Message-ID without angle brackets; empty when it has none.
    pub message_id: String,
    /// Message ids that it refers to, the nearest first (In-Reply-To, then References from the end).
    pub parents: Vec<String>,
    /// Other names under which a later message may ask for its conversation: Outlook's Thread-Index. Anybody who saw them
    /// can write them.
    pub aliases: Vec<String>,
    /// What is left of the subject without reply marks and tags; empty when that says nothing.
    pub subject_key: String,
    /// Hashes of pieces of its own text, by which a later quotation is recognised. Sixteen well chosen ones are plenty.
    pub shingles: Vec<u64>,
    /// What is usual after this message.
    pub traits: Vec<Trait>,
    /// What happened with this message.
    pub ticks: Vec<Tick>,
    /// Subjects for which an opinion about this message is counted. These counts outlive a lesson that is taken back.
    pub judged: Vec<String>,
    /// What is thought of the message. Of a malicious one nothing is learnt but the opinion and lasting ticks.
    pub opinion: Opinion,
}

/// One thing that is usual: this subject has this value in this aspect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
pub struct Trait {
    /// Whose trait: `sender:ann@x.example`.
    pub subject: String,
    /// Which side of it: `display_name`, `link_root_domain`, `client`, `seen`.
    pub aspect: String,
    /// The value.
    pub value: String,
}

impl Trait {
    /// A trait from its three parts.
    pub fn new(subject: impl Into<String>, aspect: impl Into<String>, value: impl Into<String>) -> Self {
        Self { subject: subject.into(), aspect: aspect.into(), value: value.into() }
    }
}

/// One thing that happened at the time of the message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
pub struct Tick {
    /// Who did it.
    pub subject: String,
    /// What was done: `answered_thread`, `first_recipient`, `link_skeleton`.
    pub kind: String,
    /// With what.
    pub value: String,
    /// Counted also when the message is malicious, and kept when it is taken back: it says what happened, not what is
    /// usual. Without it, a burst would end with its first message that is recognised.
    #[serde(default)]
    pub lasting: bool,
}

/// What somebody (or the verdict) thinks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// Nothing was said.
    #[default]
    Unknown,
    /// Harmless and wanted.
    Benign,
    /// Unwanted, no attack.
    Spam,
    /// An attack. What the message taught is taken back.
    Malicious,
    /// It was called an attack and is none. What it taught is learnt again.
    FalsePositive,
}

impl Opinion {
    /// All of them, in the order of [`Opinion::number`].
    pub const ALL: [Self; 5] =
        [Self::Unknown, Self::Benign, Self::Spam, Self::Malicious, Self::FalsePositive];

    /// The name in JSON and as the value of the aspect [`OPINION`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Benign => "benign",
            Self::Spam => "spam",
            Self::Malicious => "malicious",
            Self::FalsePositive => "false_positive",
        }
    }

    /// A number that is stored; it never changes its meaning.
    pub fn number(self) -> i64 {
        match self {
            Self::Unknown => 0,
            Self::Benign => 1,
            Self::Spam => 2,
            Self::Malicious => 3,
            Self::FalsePositive => 4,
        }
    }

    /// The opinion with this number; a number that nobody gave is unknown.
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|o| o.number() == number).unwrap_or_default()
    }

    /// Whether a message of which this is thought teaches anything.
    pub fn teaches(self) -> bool {
        self != Self::Malicious
    }
}

/// Everything that one verdict wants to know of history, asked in one go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Questions {
    /// Subjects of which the usual values are wanted, all aspects.
    pub subjects: Vec<String>,
    /// Per aspect of such a subject, how many of its most frequent values; 0 gives totals only.
    pub most: u16,
    /// Traits of which it is wanted how often they were seen.
    pub exact: Vec<Trait>,
    /// Sliding windows to count.
    pub windows: Vec<Window>,
    /// Message ids that the message refers to, the nearest first.
    pub message_ids: Vec<String>,
    /// Other names of the conversation that the message says it continues.
    pub aliases: Vec<String>,
    /// Keys of its subject.
    pub subject_keys: Vec<String>,
    /// Hashes of the text that it quotes.
    pub shingles: Vec<u64>,
    /// Of how many of the best matching threads the traits are wanted.
    pub threads: u16,
    /// Per aspect of such a thread, how many of its most frequent values.
    pub thread_values: u16,
}

/// A sliding window: `since <= at < until`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Window {
    /// Whose ticks.
    pub subject: String,
    /// Of which kind.
    pub kind: String,
    /// First second that counts.
    pub since: i64,
    /// First second that counts no more.
    pub until: i64,
}

/// What history says. Nothing found is an empty list or a zero: the store was asked and knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// One for each of [`Questions::subjects`], in that order.
    pub subjects: Vec<Known>,
    /// One for each of [`Questions::exact`], in that order; `None` was never seen.
    pub exact: Vec<Option<Seen>>,
    /// One for each of [`Questions::windows`], in that order.
    pub windows: Vec<Count>,
    /// Stored messages that the message refers to, quotes or shares the subject with, the best first.
    pub matches: Vec<Match>,
    /// The threads of these messages, the best first.
    pub threads: Vec<Known>,
    /// Limits at which questions or answers were cut; such an answer is not complete.
    pub cut: Vec<String>,
    /// Of a message that is judged again: what was asked that nobody answered then. Whatever stands here is unknown,
    /// also where the lists above have a place for it. A number of `threads` says so of conversations altogether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Box<Questions>>,
}

/// What is known of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Known {
    /// The subject as it was asked; of a thread, the name that it can be asked by.
    pub subject: String,
    /// Its aspects in alphabetical order.
    pub aspects: Vec<Aspect>,
}

impl Known {
    /// What is known of one aspect.
    pub fn aspect(&self, name: &str) -> Option<&Aspect> {
        self.aspects.iter().find(|a| a.name == name)
    }
}

/// What is known of one aspect of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Aspect {
    /// Its name.
    pub name: String,
    /// Of all its values together: how often (a message that shows two values counts twice), first and last.
    pub total: Seen,
    /// How many different values there are.
    pub distinct: u64,
    /// The most frequent of them, most frequent first, as many as were asked for. Above a count of seven the choice is
    /// exact only within a quarter.
    pub values: Vec<Valued>,
}

/// A value and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Valued {
    /// The value.
    pub value: String,
    /// How often, first and last.
    pub seen: Seen,
}

/// How often something was seen, and when first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Seen {
    /// In how many messages.
    pub count: u64,
    /// Time of the first, seconds since 1970. A lesson that is taken back does not move it.
    pub first_at: i64,
    /// Time of the last, seconds since 1970. If the two latest lessons were taken back, that of the first.
    pub last_at: i64,
}

/// What happened in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Count {
    /// Ticks.
    pub count: u64,
    /// Different values.
    pub distinct: u64,
    /// Different values that no trait of the subject with the kind as aspect knows from before the window.
    pub new: u64,
    /// There were more ticks than are counted; the newest were.
    pub capped: bool,
}

/// Why a stored message matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The message refers to it.
    Reference,
    /// They share another name of the conversation.
    Alias,
    /// The message quotes its text.
    Quote,
    /// They share the subject.
    Subject,
}

/// A stored message that the message seems to continue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Match {
    /// Why it matches.
    pub why: Why,
    /// Place of the message id, the alias or the subject key among the questions; 0 for a quotation.
    pub question: usize,
    /// How many of the asked hashes it has; 0 if it is no quotation.
    pub overlap: u32,
    /// Record of the stored message.
    pub record: String,
    /// Name of its thread.
    pub thread: String,
    /// When it arrived.
    pub at: i64,
    /// Who wrote it.
    pub sender: String,
    /// Who took part in it.
    pub participants: Vec<String>,
}
