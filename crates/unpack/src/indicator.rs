//! What a file names that can be looked for elsewhere: addresses, paths, commands, hashes.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::Place;

/// Kinds of indicators, by the names of the JSON output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// A URL or UNC path, normalised (carets removed, `hxxp` armed).
    Url,
    /// A host name or address.
    Host,
    /// An e-mail address.
    Email,
    /// A path that something is written to.
    DropPath,
    /// A command line.
    Cmdline,
    /// A function of a library.
    Api,
    /// A library.
    Dll,
    /// The name of a file that is carried or made.
    Filename,
    /// Content that a macro writes to a file.
    Written,
    /// Another decoded string that matters (a ProgID, a registry key).
    String,
    /// A password that was found (serialised masked).
    Password,
    /// SHA-256 of a file that is carried inside.
    EmbeddedSha256,
}

impl IndicatorKind {
    /// Name in rules and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IndicatorKind::Url => "url",
            IndicatorKind::Host => "host",
            IndicatorKind::Email => "email",
            IndicatorKind::DropPath => "drop_path",
            IndicatorKind::Cmdline => "cmdline",
            IndicatorKind::Api => "api",
            IndicatorKind::Dll => "dll",
            IndicatorKind::Filename => "filename",
            IndicatorKind::Written => "written",
            IndicatorKind::String => "string",
            IndicatorKind::Password => "password",
            IndicatorKind::EmbeddedSha256 => "embedded_sha256",
        }
    }
}

/// An indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it is.
    pub kind: IndicatorKind,
    /// Its value; for a password the value itself: show [`Indicator::shown`].
    pub value: String,
    /// Where it was.
    pub location: Place,
}

impl Indicator {
    /// The value as it may be shown and logged: of a password the first letter and the length.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        if self.kind != IndicatorKind::Password {
            return Cow::Borrowed(&self.value);
        }
        let rest = self.value.chars().count().saturating_sub(1);
        self.value.chars().take(1).chain(std::iter::repeat_n('*', rest)).collect()
    }
}

impl Serialize for Indicator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Indicator", 3)?;
        out.serialize_field("kind", self.kind.name())?;
        out.serialize_field("value", &self.shown())?;
        out.serialize_field("location", &self.location)?;
        out.end()
    }
}
