//! What only `sekisho serve` needs of the configuration: where it listens, where mail goes on, how long it may take.

use sekisho_intake::http::{Secret, Token};
use serde::Deserialize;

/// How live mail is judged.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    /// Worker processes, which read the messages. Default: as many as there are processors.
    pub(crate) workers: Option<usize>,
    /// Seconds that one message may take before the fail-safe clause decides. Default: 25; Postfix waits 30.
    pub(crate) deadline_seconds: u64,
    /// `text` or `json`: how the log is written. Default: text.
    pub(crate) log: LogFormat,
}

impl Default for Serve {
    fn default() -> Self {
        Self { workers: None, deadline_seconds: 25, log: LogFormat::default() }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The milter, for Postfix and Sendmail.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Milter {
    /// Where it listens: `HOST:PORT`, or the path of a socket. Default: 127.0.0.1:11332; none: off.
    pub(crate) listen: Vec<String>,
}

impl Default for Milter {
    fn default() -> Self {
        Self { listen: vec!["127.0.0.1:11332".to_owned()] }
    }
}

/// HTTP: our own API, and the protocol of rspamd.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Where it listens: `HOST:PORT`, or the path of a socket. Default: 127.0.0.1:11333 and 127.0.0.1:11334; none: off.
    pub(crate) listen: Vec<String>,
    /// Milter clients that speak rspamd's protocol hand real mail over: it is learnt from, and what is to be held is held
    /// here. Otherwise they only ask.
    pub(crate) holds: bool,
    /// SHA-256 (hexadecimal) of the password for learning and statistics. Without one, only this machine may.
    pub(crate) password: Option<Secret>,
    /// Tokens of our own API: `{ name = "soc", sha256 = "…" }`. Without any, only this machine may use it.
    pub(crate) tokens: Vec<Token>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:11333".to_owned(), "127.0.0.1:11334".to_owned()],
            holds: false,
            password: None,
            tokens: Vec::new(),
        }
    }
}

/// SMTP content filter and relay.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Where it listens: `HOST:PORT`. None, the default: off.
    pub(crate) listen: Vec<String>,
    /// Where mail goes on: `HOST:PORT`.
    pub(crate) next: Option<String>,
    /// What stands around it. Default: filter.
    pub(crate) mode: SmtpMode,
    /// Networks that may hand mail in. Default: this machine.
    pub(crate) clients: Vec<String>,
    /// Networks whose XCLIENT and XFORWARD are believed. Default: this machine.
    pub(crate) trusted: Vec<String>,
}

/// Where held mail goes when it is released.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Release {
    /// `HOST:PORT` of the mail server's SMTP port that takes mail back without handing it to us again (no milter, no
    /// content filter). Without one, released mail waits.
    pub(crate) next: Option<String>,
}

/// What stands around an SMTP filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmtpMode {
    /// Behind the queue of a server that gets it back: Postfix's content_filter.
    #[default]
    Filter,
    /// Before the queue of a server that waits: Postfix's smtpd_proxy_filter.
    Proxy,
    /// In front of another server.
    Relay,
}
