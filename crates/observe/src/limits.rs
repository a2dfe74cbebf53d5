//! Every bound of this crate, beside the reason for it.

/// DKIM signatures whose results are kept; senders write one or two, an attacker any number.
pub const SIGNATURES_MAX: usize = 20;
