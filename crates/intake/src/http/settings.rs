//! What an administrator sets, and what the program hands in.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sekisho_engine::resolver::Answer;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::limits;

/// What an administrator sets of one listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Bytes of one message, as it comes and inflated.
    pub body_bytes_max: usize,
    /// Bytes of all messages that are held at a time.
    pub bodies_bytes_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Milliseconds until a request's header is complete, and that a connection may wait for the next request.
    pub header_ms_max: u64,
    /// Milliseconds without a byte in either direction.
    pub idle_ms_max: u64,
    /// Milliseconds until a message is complete.
    pub body_ms_max: u64,
    /// Milter clients' messages (`Milter` header field) are real arrivals: they are learnt from, and those that the policy
    /// quarantines are held here, while the client is told to discard its copy. Without it, and for all other clients,
    /// every message is an inquiry: whoever asks decides itself.
    pub holds: bool,
    /// A milter client is asked to quarantine, in its mail server's hold queue, what the policy quarantines and what is not
    /// held here. Otherwise it is told to reject it, as every other client is.
    pub client_quarantines: bool,
    /// The test message GTUBE is rejected without being judged, as by rspamd.
    pub gtube: bool,
    /// SHA-256 of rspamd's password, for `/learnspam`, `/stat` and the like. Without a password, and without a token, only
    /// this machine may use them.
    pub password: Option<Secret>,
    /// Who may use our own API. Without a token only this machine may.
    pub tokens: Vec<Token>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes_max: limits::HTTP_BODY_BYTES_MAX,
            bodies_bytes_max: limits::HTTP_BODIES_BYTES_MAX,
            connections_max: limits::HTTP_CONNECTIONS_MAX,
            header_ms_max: limits::HTTP_HEADER_MS_MAX,
            idle_ms_max: limits::HTTP_IDLE_MS_MAX,
            body_ms_max: limits::HTTP_BODY_MS_MAX,
            holds: false,
            client_quarantines: false,
            gtube: true,
            password: None,
            tokens: Vec::new(),
        }
    }
}

impl Settings {
    pub(super) fn header_time(&self) -> Duration {
        Duration::from_millis(self.header_ms_max.max(1))
    }

    pub(super) fn idle_time(&self) -> Duration {
        Duration::from_millis(self.idle_ms_max.max(1))
    }

    pub(super) fn body_time(&self) -> Duration {
        Duration::from_millis(self.body_ms_max.max(1))
    }
}

/// Settings that an administrator changes while the listener serves: the next request is answered by the new ones.
///
/// The number of connections and the bytes of all messages stay as they were at the start.
#[derive(Debug, Clone)]
pub struct Live(Arc<RwLock<Arc<Settings>>>);

impl Live {
    /// The settings as they are now.
    pub fn now(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other settings from now on.
    pub fn set(&self, settings: Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }
}

impl From<Settings> for Live {
    fn from(settings: Settings) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(settings))))
    }
}

/// An API token: what it is called, and its hash. The token itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who has it; the log names it.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: Secret,
}

/// SHA-256 of a secret; 64 hexadecimal digits in the configuration. The secret should be random (`openssl rand -hex 32`):
/// a hash this quick protects no word that somebody can guess.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret([u8; 32]);

impl Secret {
    /// The hash of this secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Whether this is the secret. Takes as long for every wrong one: hashes are compared, and in full.
    pub fn is(&self, secret: &[u8]) -> bool {
        let given = Self::of(secret);
        let differs = self.0.iter().zip(given.0).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(differs) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(hex: String) -> Result<Self, Self::Error> {
        Self::from_hex(&hex).ok_or("a SHA-256 is 64 hexadecimal digits")
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What came of a message that somebody wants to be learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learned {
    /// It was learnt.
    Done,
    /// It was learnt before, as the same.
    Already,
    /// It was not. Public text.
    Refused(String),
}

/// Whoever learns from messages that a person calls spam or not.
pub trait Learner: Send + Sync {
    /// Learns one message. Always answers.
    fn learn(&self, raw: Arc<[u8]>, spam: bool) -> Answer<'_, Learned>;
}

/// The text of the metrics.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;
/// Whether messages can be judged now; otherwise a public text says why not.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What came of reading configuration and rules again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Reloaded {
    /// Why it was refused, and the old stays; absent when it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Number of the change among all nodes that share a store; absent while the store cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// SHA-256 of the configuration that counts now.
    pub configuration: String,
    /// SHA-256 of the rules, lists and brands that count now.
    pub rules: String,
    /// SHA-256 of the configuration before.
    pub configuration_before: String,
    /// SHA-256 of the rules, lists and brands before.
    pub rules_before: String,
    /// Keys that have changed and count only after a restart.
    pub restart: Vec<String>,
    /// Milliseconds that it took.
    pub ms: u64,
}

/// Whoever reads configuration and rules again.
pub trait Reloader: Send + Sync {
    /// Reads them again, as `who` asks. Always answers.
    fn reload(&self, who: String) -> Answer<'_, Reloaded>;
}

/// What the program hands in beside the gatekeeper.
#[derive(Clone)]
pub struct Hooks {
    /// Metrics as Prometheus' text; none by default.
    pub metrics: Metrics,
    /// Ready by default.
    pub ready: Ready,
    /// Nobody learns by default.
    pub learner: Option<Arc<dyn Learner>>,
    /// Nothing is read again by default.
    pub reloader: Option<Arc<dyn Reloader>>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { metrics: Arc::new(String::new), ready: Arc::new(|| Ok(())), learner: None, reloader: None }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("learner", &self.learner.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let secret = Secret::from_hex(hex).unwrap();
        assert!(secret.is(b"abc"));
        assert!(!secret.is(b"abx"));
        assert_eq!(String::from(secret.clone()), hex);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        for wrong in ["", "ba78", &hex.replace('b', "x"), &hex.replacen("ba", "é", 1)] {
            assert_eq!(Secret::from_hex(wrong), None, "{wrong}");
        }
    }
}
