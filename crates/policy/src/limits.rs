//! Every bound of this crate, beside the reason for it.

/// Clauses of a policy: each is asked for every message.
pub const CLAUSES_MAX: usize = 1000;
/// Characters of what a sending server reads: a reply line of SMTP has at most 512 with its code (RFC 5321 §4.5.3.1.5).
pub const REPLY_TEXT_MAX: usize = 400;
/// Rules that our header field names.
pub const FIELD_RULES_MAX: usize = 10;
/// Authentication-Results fields of the message that are looked at for our authserv-id, and fields in our name.
pub const FORGED_FIELDS_MAX: usize = 1000;
