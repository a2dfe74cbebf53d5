//! What an installation makes and knows its own changes by: the secret of its banners, and whose seal goes below them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret of the installation; logs never show it. Empty: there is none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(none)" } else { "Secret(…)" })
    }
}

/// Whose ARC seal (RFC 8617) a message gets whose body was changed. The key is not here: whoever makes the change may
/// only ask for signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealing {
    /// `d=`: the domain.
    pub domain: String,
    /// `s=`: the selector; the public key is the TXT record of `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// `a=`: what the key is for.
    pub algorithm: SealAlgorithm,
}

/// Signature algorithms of seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SealAlgorithm {
    /// RFC 6376.
    #[serde(rename = "rsa-sha256")]
    Rsa,
    /// RFC 8463.
    #[serde(rename = "ed25519-sha256")]
    Ed25519,
}
