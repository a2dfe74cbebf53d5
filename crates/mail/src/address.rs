//! Mailboxes.

use serde::{Deserialize, Serialize};

use crate::Domain;

/// An address, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmailAddress {
    /// The whole address, lower case. For a mailbox without an address (`Undisclosed recipients`) the empty string.
    pub email: String,
    /// Before the `@`.
    pub local_part: Option<String>,
    /// After the `@`.
    pub domain: Domain,
}

/// A mailbox of an address field (RFC 5322 §3.4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mailbox {
    /// Decoded display name; `None` when absent, `Some("")` when present and empty.
    pub display_name: Option<String>,
    /// The address.
    pub email: EmailAddress,
    /// An address that the display name itself shows (`"ceo@corp.example" <x@evil.example>`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub embedded: Option<EmailAddress>,
}
