//! Every bound of this crate, beside the reason for it.

/// Clauses of a policy: each is asked for every message.
pub const CLAUSES_MAX: usize = 1000;
/// Characters of what a sending server reads: a reply line of SMTP has at most 512 with its code (RFC 5321 §4.5.3.1.5).
pub const REPLY_TEXT_MAX: usize = 400;
/// Rules that our header field names.
pub const FIELD_RULES_MAX: usize = 10;
/// Authentication-Results fields of the message that are looked at for our authserv-id, and fields in our name.
pub const FORGED_FIELDS_MAX: usize = 1000;
/// Parts of one message that get a banner; mail programs show few.
pub const BANNER_PARTS_MAX: usize = 64;
/// Bytes of the header field that tells how a banner is removed: mail servers allow a header about 100 kB.
pub const BANNER_FIELD_BYTES_MAX: usize = 16 << 10;
/// Bytes of one message that gets a banner: what is longer is not parsed to its end either.
pub const BANNER_MESSAGE_BYTES_MAX: usize = sekisho_mail::limits::MESSAGE_BYTES_MAX;
/// Characters of one name in a banner's wording: the sender chooses it and could push the advice out of sight.
pub const BANNER_NAME_CHARS_MAX: usize = 80;
/// Bytes of one link of a banner.
pub const BANNER_URL_BYTES_MAX: usize = 900;
/// Characters of a banner's mark.
pub const BANNER_MARK_CHARS_MAX: usize = 40;
/// Texts in one message that imitate a banner and are marked as such.
pub const BANNER_IMITATIONS_MAX: usize = 20;
/// Header fields that a mail server may have put below a banner's field and that its removal looks behind.
pub const BANNER_FIELDS_BELOW_MAX: usize = 24;
/// Bytes of one banner as a mail program has quoted it.
pub const BANNER_QUOTED_BYTES_MAX: usize = 64 << 10;
