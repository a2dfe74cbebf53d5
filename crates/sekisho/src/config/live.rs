//! What only `sekisho serve` needs of the configuration: where it listens, where mail goes on, how long it may take.

use std::path::PathBuf;

use sekisho_intake::http::{Secret, Token};
use serde::Deserialize;

/// How live mail is judged.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    /// Worker processes, which read the messages. Default: as many as there are processors.
    pub(crate) workers: Option<usize>,
    /// Seconds that one message may take before the fail-safe clause decides. Default: 25; Postfix's
    /// milter_content_timeout, 300 s, has to be longer.
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

/// Where held mail goes when it is released.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Release {
    /// `HOST:PORT` of the mail server's SMTP port that takes mail back without handing it to us again (no milter, no
    /// content filter). Without one, released mail waits.
    pub(crate) next: Option<String>,
    /// `never`, or `starttls`: always, with a certificate for the name in `next`. Default: never.
    pub(crate) tls: ReleaseTls,
    /// Authorities (a PEM file) that sign that certificate. Default: those that this system trusts.
    pub(crate) ca: Option<PathBuf>,
    /// Name to log in with there, for a port that takes mail from those who do (587). Over TLS only, or on this machine.
    pub(crate) user: Option<String>,
    /// File with its password.
    pub(crate) password_file: Option<PathBuf>,
}

/// Whether TLS is used on the way back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReleaseTls {
    /// Never: the way is safe.
    #[default]
    Never,
    /// Always (STARTTLS), with a certificate that is verified.
    Starttls,
}
