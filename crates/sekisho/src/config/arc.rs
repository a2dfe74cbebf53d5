//! `[arc]`: in whose name a message is sealed whose body a banner has changed.

use std::path::PathBuf;

use serde::Deserialize;

/// ARC seals (RFC 8617). All three keys, or none: then nothing is sealed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Arc {
    /// The domain that seals: `example.com`.
    pub(crate) domain: Option<String>,
    /// The selector: the public key is the TXT record of `SELECTOR._domainkey.DOMAIN`, as for DKIM.
    pub(crate) selector: Option<String>,
    /// File of the private key, PEM: RSA (PKCS#1, PKCS#8) or Ed25519 (PKCS#8); for its owner only.
    pub(crate) key: Option<PathBuf>,
}
