//! What the message around a file says that helps to open or to judge it.

use std::fmt;

use crate::bus;

/// What is known around a file. `Hints::default()` is right for a file on a disk.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Passwords to try, best first; made by [`crate::hints`] from the message's texts. Of more than
    /// [`crate::limits::PASSWORDS_MAX`] the first are tried, and a file that stays locked says so.
    pub passwords: Vec<Candidate>,
    /// Addresses of the recipients, lower case: a file that carries one was made for that person.
    pub recipients: Vec<String>,
    /// Host or registrable domain of the sender, lower case.
    pub sender_domain: Option<String>,
    /// The message's date, seconds since the epoch: what macros see as the clock.
    pub date: Option<i64>,
}

/// Passwords that the texts of a message give, sure ones first; one more than are tried when there are too many.
#[must_use]
pub fn passwords(texts: &[(Origin, &str)]) -> Vec<Candidate> {
    bus::passwords::of_texts(texts)
}

/// A text that must not be printed: [`fmt::Debug`] shows only its length.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} characters)", self.0.chars().count())
    }
}

/// A password that may open a file, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The password.
    pub password: Secret,
    /// Where it was found.
    pub origin: Origin,
}

/// Where a password was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In the text of the message.
    Body,
    /// In the subject.
    Subject,
    /// In the name of a file.
    FileName,
    /// In another file of the message.
    Sibling,
    /// One of the passwords that are always tried.
    Common,
}

impl Origin {
    /// For evidence: `body`, `subject`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::Body => "body",
            Origin::Subject => "subject",
            Origin::FileName => "file name",
            Origin::Sibling => "another file",
            Origin::Common => "common password",
        }
    }
}
