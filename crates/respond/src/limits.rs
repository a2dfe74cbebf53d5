//! Every limit of the crate, beside its reason.

/// Lines of one digest at most: nobody reads more, and their records have to fit into the payload of an effect.
pub const LINES_MAX: usize = 200;
/// Lines of one digest unless the configuration says otherwise.
pub const LINES: usize = 50;
/// Days after which nobody is told any more of what is held: the server was down for so long, or the digest was just
/// turned on. A week's digest has to fit in.
pub const UNTOLD_DAYS: i64 = 8;
/// Days after which nobody is told any more of a request or an answer.
pub const REQUEST_DAYS: i64 = 3;
/// Requests named in one notice to those who answer them; the rest is counted.
pub const ASKED_LINES_MAX: usize = 25;
/// Hours between two digests at most: a week.
pub const EVERY_HOURS_MAX: u32 = 168;
/// Addresses that are told of new requests.
pub const NOTIFY_MAX: usize = 20;
/// Days that links live at most.
pub const LINK_DAYS_MAX: u32 = 365;
/// Characters of a subject in a digest; what is longer is cut.
pub const SUBJECT_CHARS_MAX: usize = 120;
/// Characters of a name or an address in a digest.
pub const NAME_CHARS_MAX: usize = 80;
/// Characters of the words of a request or of its answer.
pub const WORDS_CHARS_MAX: usize = 300;
/// Bytes of an address that mail is written to (RFC 5321 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Pages of held messages that are read for one digest.
pub const PAGES_MAX: usize = 10;
