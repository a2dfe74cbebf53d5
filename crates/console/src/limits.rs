//! Every limit of the crate, beside its reason.

/// Connections at a time; whoever comes later waits.
pub const CONNECTIONS_MAX: usize = 256;
/// Milliseconds until the header of a request is complete, and that a connection may wait for the next request.
pub const HEADER_MS_MAX: u64 = 10_000;
/// Milliseconds of one connection in all: a client that takes its answer byte by byte ends here.
pub const CONNECTION_MS_MAX: u64 = 600_000;
/// Milliseconds until a request is answered, its body included.
pub const REQUEST_MS_MAX: u64 = 60_000;
/// Milliseconds that open requests get when the server ends.
pub const STOP_MS_MAX: u64 = 5_000;
/// Milliseconds until connections are accepted again after the system refused one.
pub const ACCEPT_REST_MS: u64 = 200;
/// Bytes of the header of a request. A ticket has at most 1,800.
pub const HEADER_BYTES_MAX: usize = 16 << 10;
/// Fields of the header of a request.
pub const FIELDS_MAX: usize = 64;
/// Bytes of the body of a request: forms and small JSON; a lockdown may name a thousand records.
pub const BODY_BYTES_MAX: usize = 256 << 10;
/// Requests that a client may make at once; the rate limit's bucket.
pub const BURST_MAX: u32 = 1_000;
/// Requests that a client may make a second in the long run.
pub const RATE: u32 = 20;
/// What a link of a mail or a page without login costs of that.
pub const PUBLIC_COST: u32 = 5;
/// What a wrong token, a forged link or a wrong form costs of that.
pub const WRONG_COST: u32 = 50;
/// Clients whose rate is known; beyond, the ones that have been quiet longest are forgotten.
pub const CLIENTS_MAX: usize = 10_000;
/// Milliseconds that whoever comes without a valid token waits.
pub const REFUSED_MS: u64 = 300;
/// Seconds of a session of the pages.
pub const SESSION_S: i64 = 8 * 3_600;
/// Bytes of a token or a cookie that is looked at.
pub const SECRET_BYTES_MAX: usize = 1_024;
/// Held messages of one page of the API, and by default.
pub const PAGE_MAX: usize = 200;
/// Held messages of one page for people.
pub const PAGE: usize = 50;
/// Held messages whose bytes are in memory at the same time, for previews and downloads.
pub const OPEN_MAX: usize = 4;
/// Bytes of the text of a preview; what is more is cut, which the preview says.
pub const PREVIEW_TEXT_BYTES_MAX: usize = 64 << 10;
/// Links of a preview.
pub const PREVIEW_LINKS_MAX: usize = 100;
/// Files of a preview.
pub const PREVIEW_FILES_MAX: usize = 100;
/// Recipients of a preview's To and Cc.
pub const PREVIEW_PEOPLE_MAX: usize = 50;
/// Bytes of one line of a preview: a subject, a name, a link.
pub const PREVIEW_LINE_BYTES_MAX: usize = 1_000;
/// Seconds around the time in a record's id in which its kept message is looked for.
pub const KEPT_AROUND_S: i64 = 120;
/// Kept messages that are opened to find the one of a record.
pub const KEPT_LOOKED_AT: usize = 64;
/// Recipients that one call of the API may name.
pub const RECIPIENTS_MAX: usize = 1_000;
/// Words of a person, in bytes, as forms and the API take them.
pub const WORDS_BYTES_MAX: usize = 2_000;
/// Hours of a lockdown that is ordered with its length.
pub const LOCKDOWN_HOURS_MAX: u32 = 24 * 366;
