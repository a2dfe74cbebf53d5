//! Every bound of this crate, beside the reason for it.

use std::time::Duration;

/// How long one message waits for DNS before the verdict is made without it. Postfix gives a milter 30 s for the
/// end of a message; DNS may not use more than a small part of that.
pub const DNS_DEADLINE: Duration = Duration::from_secs(5);
/// A resolver that does not keep the deadline itself is given up this much later.
pub const DNS_GRACE: Duration = Duration::from_millis(200);
/// One query's answer is waited for this long, then it is sent once more.
pub const DNS_QUERY: Duration = Duration::from_secs(2);
/// DNS answers that are remembered: a busy gateway sees some thousand sending domains an hour.
pub const DNS_CACHE: u64 = 32_768;
/// Aliases (`CNAME`) that are followed in a zone file.
pub const ALIASES_MAX: usize = 8;
/// Bytes of a zone file.
pub const ZONE_BYTES_MAX: usize = 16 << 20;
/// DKIM signatures that are verified. RFC 6376 §6.1 lets a verifier limit them.
pub const SIGNATURES_MAX: usize = 10;
