//! Mailboxes and folders of the configuration that are watched.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// An IMAP mailbox: every message that comes in is judged once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailbox {
    /// Its server.
    pub(crate) host: String,
    /// Its port. Default: 993, without TLS 143.
    #[serde(default)]
    pub(crate) port: Option<u16>,
    /// TLS from the first byte. Without it only a server on this machine is talked to. Default: true.
    #[serde(default = "yes")]
    pub(crate) tls: bool,
    /// Certificates (PEM) of who may sign that of the server. Default: those that this machine trusts.
    #[serde(default)]
    pub(crate) authorities: Option<PathBuf>,
    /// Who logs in.
    pub(crate) user: String,
    /// File with the password; a line end behind it does not count.
    pub(crate) password_file: PathBuf,
    /// The folder. Default: INBOX.
    #[serde(default = "inbox")]
    pub(crate) folder: String,
    /// Its messages are journal reports. Default: false.
    #[serde(default)]
    pub(crate) report: bool,
    /// What is in the folder at the first start is judged, too. Default: false.
    #[serde(default)]
    pub(crate) existing: bool,
    /// The folder that malicious messages are moved to. Without one they get the keyword `$SekishoMalicious`.
    #[serde(default)]
    pub(crate) move_malicious_to: Option<String>,
}

/// A folder of this machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// `maildir` or `drop`.
    pub(crate) kind: FolderKind,
    /// Its messages are journal reports. Default: false.
    #[serde(default)]
    pub(crate) report: bool,
    /// What is in a Maildir at the first start is judged, too. Default: false.
    #[serde(default)]
    pub(crate) existing: bool,
}

/// What kind of folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FolderKind {
    /// A Maildir: nothing in it is changed.
    Maildir,
    /// Files are dropped into it: judged ones are moved to `done/`, others to `failed/`, with JSON beside them.
    Drop,
}

fn yes() -> bool {
    true
}

fn inbox() -> String {
    "INBOX".to_owned()
}

impl Mailbox {
    /// Makes relative paths absolute.
    pub(super) fn absolute(&mut self, base: &Path) {
        self.password_file = base.join(&self.password_file);
        self.authorities.iter_mut().for_each(|path| *path = base.join(&*path));
    }
}

impl Folder {
    /// Makes relative paths absolute.
    pub(super) fn absolute(&mut self, base: &Path) {
        self.path = base.join(&self.path);
    }
}
