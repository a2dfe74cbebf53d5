//! Intakes of the configuration besides milter and HTTP: SMTP, journal reports, mailboxes and folders.

use std::path::{Path, PathBuf};

use serde::Deserialize;

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
    /// Chain of certificates (PEM) for STARTTLS. Without one, it is not offered.
    pub(crate) certificate: Option<PathBuf>,
    /// Their key (PEM).
    pub(crate) key: Option<PathBuf>,
    /// Nothing is taken without TLS. Default: false.
    pub(crate) tls_required: bool,
    /// When TLS is used towards `next`. Default: never.
    pub(crate) next_tls: NextTls,
    /// Certificates (PEM) of who may sign that of `next`, where it is required. Default: those that this machine trusts.
    pub(crate) next_authorities: Option<PathBuf>,
    /// What is done with messages whose lines do not all end with CRLF. Default: refuse.
    pub(crate) bare_ends: BareEnds,
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

/// When TLS is used towards the next server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NextTls {
    /// Never: it is on this machine, or the way to it is safe.
    #[default]
    Never,
    /// Where it is offered, with whatever certificate.
    Offered,
    /// Always, with a certificate that is valid for its name.
    Required,
}

/// What is done with bare line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BareEnds {
    /// The message is refused: who tells its end otherwise than the next server could smuggle a second one.
    #[default]
    Refuse,
    /// They are made whole.
    Normalise,
}

/// Journal reports of Exchange or Microsoft 365, by SMTP.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Journal {
    /// Where it listens: `HOST:PORT`. None, the default: off.
    pub(crate) listen: Vec<String>,
    /// Networks of the mail servers that send reports; nobody else may. Default: this machine.
    pub(crate) clients: Vec<String>,
    /// Addresses of the journal mailbox; mail for others is refused. Default: any address.
    pub(crate) addresses: Vec<String>,
    /// Chain of certificates (PEM) for STARTTLS. Without one, it is not offered.
    pub(crate) certificate: Option<PathBuf>,
    /// Their key (PEM).
    pub(crate) key: Option<PathBuf>,
    /// Nothing is taken without TLS. Default: false.
    pub(crate) tls_required: bool,
}

impl Smtp {
    /// Makes relative paths absolute.
    pub(super) fn absolute(&mut self, base: &Path) {
        absolute(base, [&mut self.certificate, &mut self.key, &mut self.next_authorities]);
    }
}

impl Journal {
    /// Makes relative paths absolute.
    pub(super) fn absolute(&mut self, base: &Path) {
        absolute(base, [&mut self.certificate, &mut self.key]);
    }
}

fn absolute<'a>(base: &Path, all: impl IntoIterator<Item = &'a mut Option<PathBuf>>) {
    all.into_iter().flatten().for_each(|path| *path = base.join(&*path));
}
