//! What is to be done with a message, for whom, and which clause of the policy said so. A decision is not yet an effect.

use serde::{Deserialize, Serialize};

/// Which way a message travels, seen from the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From outside to its people.
    #[default]
    Inbound,
    /// From its people to its people.
    Internal,
    /// From its people to somebody outside.
    Outbound,
}

/// How urgently a banner warns. Each level has a colour, a word and a sign of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something is worth knowing: it could not be checked.
    Notice,
    /// Look twice before you do what it asks.
    Warning,
    /// Do not do what it asks.
    Danger,
}

/// What is done with a message for some of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Delivered, with nothing but our header fields added.
    Deliver,
    /// Delivered with a banner.
    Banner {
        /// How urgent.
        level: Level,
    },
    /// Delivered to this address instead.
    Redirect {
        /// The address.
        to: String,
    },
    /// Held: kept here until somebody releases or deletes it.
    Quarantine,
    /// Refused for good. The sending server is told this and nothing else.
    Reject {
        /// Public text of the reply, without code.
        text: String,
    },
    /// Refused for now: the sending server comes again.
    Defer {
        /// Public text of the reply, without code.
        text: String,
    },
}

impl Action {
    /// How safe it is for the recipient, where one answer must serve several: the safest has the highest number.
    pub fn safety(&self) -> u8 {
        match self {
            Self::Deliver => 0,
            Self::Banner { .. } => 1,
            Self::Redirect { .. } => 2,
            Self::Reject { .. } => 3,
            Self::Quarantine => 4,
            Self::Defer { .. } => 5,
        }
    }

    /// As the configuration names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Banner { .. } => "banner",
            Self::Redirect { .. } => "redirect",
            Self::Quarantine => "quarantine",
            Self::Reject { .. } => "reject",
            Self::Defer { .. } => "defer",
        }
    }
}

/// One action, and for which recipients which clause chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What is done.
    pub action: Action,
    /// Name of the clause of the policy.
    pub clause: String,
    /// For whom: places in the envelope's recipients, ascending. Of a message without an envelope: none, and the
    /// decision is for whoever reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<u32>,
}

/// Everything that was decided about a message. Every recipient stands in exactly one decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Decisions {
    /// Which way it travels.
    pub direction: Direction,
    /// The decisions; never empty.
    pub each: Vec<Decision>,
}

impl Decisions {
    /// The decision that is safest for everybody, for an intake that has one answer for all recipients.
    pub fn safest(&self) -> Option<&Decision> {
        self.each.iter().max_by_key(|decision| decision.action.safety())
    }

    /// The most urgent banner of those that are decided.
    pub fn level(&self) -> Option<Level> {
        let level = |decision: &Decision| match decision.action {
            Action::Banner { level } => Some(level),
            _ => None,
        };
        self.each.iter().filter_map(level).max()
    }
}

/// A change of one header field. Fields of one name are counted from 1, from the top, as they stand in the message before
/// any change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldChange {
    /// A new field above all others. Several stand in the order of the list, the first at the very top.
    Insert {
        /// Name.
        name: String,
        /// Value as it stands behind the colon, with its leading blank; lines folded by CRLF and a blank; no line end at
        /// its end.
        value: String,
    },
    /// A field that goes.
    Remove {
        /// Name.
        name: String,
        /// Which of that name.
        nth: u32,
    },
    /// A field whose value changes.
    Replace {
        /// Name.
        name: String,
        /// Which of that name.
        nth: u32,
        /// The new value, as for `Insert`.
        value: String,
    },
}

/// Bytes of the body that are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Where, counted from the first byte of the body (behind the empty line).
    pub at: usize,
    /// How many bytes go.
    pub cut: usize,
    /// What comes instead; base64 in JSON.
    #[serde(with = "in_base64")]
    pub put: Vec<u8>,
}

/// How a message is changed before it is delivered: data that any intake can carry out in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Change {
    /// Header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The body; ascending, without overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Patch>,
}

/// Bytes as base64 text where people read it, and as they are elsewhere.
mod in_base64 {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.serialize_str(&STANDARD.encode(bytes))
        } else {
            to.serialize_bytes(bytes)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        if !from.is_human_readable() {
            return from.deserialize_byte_buf(AsTheyAre);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map_err(de::Error::custom)
    }

    struct AsTheyAre;

    impl de::Visitor<'_> for AsTheyAre {
        type Value = Vec<u8>;

        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("bytes")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(bytes.to_vec())
        }
    }
}
