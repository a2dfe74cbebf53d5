//! Facet `attachment`: the files that the message carries and what is in them, opened without being run. Rules read it
//! under the root `unpack`.

use serde::Serialize;

use super::Model;

/// What opening the attachments gave.
#[derive(Debug, Default, Serialize)]
pub struct Unpack {
    /// `benign`, `suspicious` or `malicious`: what the findings say together; `None` without attachments.
    pub verdict: Option<String>,
    /// All files, parents before what is in them.
    pub files: Vec<Opened>,
    /// All findings, file by file.
    pub findings: Vec<Found>,
    /// What the files name.
    pub indicators: Vec<Named>,
    /// The tree itself, for functions that take a file.
    #[serde(skip)]
    pub tree: sekisho_unpack::Tree,
    /// Reads an enclosed message; whoever made the evidence knows how. `None`: files stay closed.
    #[serde(skip)]
    pub read_message: Option<fn(&[u8]) -> Model>,
}

/// A file.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Opened {
    /// Its name.
    pub name: String,
    /// Extension of the name, lower case, without the dot.
    pub extension: String,
    /// What it is by its bytes: `zip`, `xls`, `docx`, `js`, …
    pub kind: String,
    /// Declared media type.
    pub declared: Option<String>,
    /// Path from the message on: `mail > charts.zip > charts.xls`.
    pub path: String,
    /// `input`, `member`, `part`, `embedded`, `decoded`, `attachment`.
    pub relation: String,
    /// Containers around it.
    pub depth: i64,
    /// Bytes.
    pub size: i64,
    /// Lower-case hex; empty when it was not opened.
    pub sha256: String,
    /// It was only listed: encrypted, over a limit, of an unknown method.
    pub listed_only: bool,
    /// It carries the hidden attribute.
    pub hidden: bool,
    /// Ids of its findings.
    pub findings: Vec<String>,
    /// The text that a person would read in it.
    #[serde(skip)]
    pub text: Option<String>,
}

/// A finding.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Found {
    /// `XLM-DOWNLOAD`, …; docs/reference/findings.md lists them.
    pub id: String,
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// `mail > charts.zip > charts.xls > sheet "GERGEG" (very hidden) > F15`.
    pub location: String,
    /// What shows it; never a password.
    pub evidence: String,
    /// `static`, `emulated`, `voted`, `carved`.
    pub derived: String,
    /// Kind of the file.
    pub kind: String,
    /// Name of the file.
    pub file: String,
}

/// An indicator.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Named {
    /// `url`, `host`, `drop_path`, `cmdline`, `dll`, `api`, `filename`, …
    pub kind: String,
    /// The value; passwords are masked.
    pub value: String,
    /// Path of the file.
    pub path: String,
}
