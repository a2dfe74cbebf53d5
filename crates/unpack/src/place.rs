//! Where in a file something is, in words that an analyst can follow: `sheet "GERGEG" (very hidden) > F15`.

use std::fmt;

use serde::{Serialize, Serializer};

/// A place inside a file; empty for the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place(String);

impl Place {
    /// The file as a whole.
    pub const WHOLE: Place = Place(String::new());

    /// A named place.
    pub fn new(text: impl Into<String>) -> Place {
        Place(text.into())
    }

    /// A byte offset.
    #[must_use]
    pub fn offset(at: usize) -> Place {
        Place(format!("offset {at:#x}"))
    }

    /// A place inside this one.
    #[must_use]
    pub fn then(&self, inner: impl fmt::Display) -> Place {
        if self.0.is_empty() { Place(inner.to_string()) } else { Place(format!("{} > {inner}", self.0)) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Place {
    fn from(text: &str) -> Place {
        Place(text.to_owned())
    }
}

impl From<String> for Place {
    fn from(text: String) -> Place {
        Place(text)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
