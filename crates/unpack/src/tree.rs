//! The tree of files that came out of what was sent.

use bytes::Bytes;
use serde::Serialize;

use crate::{Facts, Finding, Indicator, Kind, Verdict};

/// All files of one message or of one file from a disk, parents before their children.
#[derive(Debug, Default)]
pub struct Tree {
    /// The files, in the order in which they were found (depth first).
    pub files: Vec<File>,
    /// What all findings together say.
    pub verdict: Verdict,
}

/// How a file is in its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// It is one of the files that were handed in.
    #[default]
    Input,
    /// A member of an archive or disk image.
    Member,
    /// A part or stream of a document.
    Part,
    /// An object embedded in a document (OLE package, PDF attachment, OneNote file).
    Embedded,
    /// Decoded from a literal or built by a script (HTML smuggling).
    Decoded,
    /// An attachment of an enclosed message.
    Attachment,
}

/// A file.
#[derive(Debug, Default)]
pub struct File {
    /// Its name as it would be shown; empty when it has none.
    pub name: String,
    /// What it is by its bytes.
    pub kind: Kind,
    /// The declared media type, when one was declared.
    pub declared: Option<String>,
    /// Index of the file that it is in.
    pub parent: Option<usize>,
    /// Containers around it.
    pub depth: u32,
    /// How it is in its parent.
    pub relation: Relation,
    /// `mail > charts.zip > charts.xls`.
    pub path: String,
    /// Its bytes; empty when it was only listed.
    pub bytes: Bytes,
    /// Its size as its container declares it, or the size of `bytes`.
    pub size: u64,
    /// It was only listed: encrypted, over a limit, or of an unknown method.
    pub listed_only: bool,
    /// It carries the hidden attribute.
    pub hidden: bool,
    /// Lower-case hex; empty when it was only listed.
    pub sha256: String,
    /// What its format says.
    pub facts: Facts,
    /// What was found in it.
    pub findings: Vec<Finding>,
    /// What it names.
    pub indicators: Vec<Indicator>,
}

impl File {
    /// Extension of the name, lower case, without the dot; empty when there is none.
    #[must_use]
    pub fn extension(&self) -> String {
        crate::kind::extension(&self.name)
    }
}
