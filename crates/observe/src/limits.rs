//! Every bound of this crate, beside the reason for it.

/// DKIM signatures whose results are kept; senders write one or two, an attacker any number.
pub const SIGNATURES_MAX: usize = 20;
/// Characters of a display name that are read; longer ones are sentences.
pub const DISPLAY_CHARS_MAX: usize = 200;
/// Characters of a subject in which brands are looked for.
pub const SUBJECT_CHARS_MAX: usize = 300;
/// Bytes at the start of the newest message in which brands are looked for: its heading and its first screens.
pub const BODY_HEAD_BYTES: usize = 4_096;
/// Bytes at its end: sign-off and copyright line.
pub const BODY_TAIL_BYTES: usize = 1_536;
/// Visible lines at the top that may be a wordmark.
pub const HEADING_LINES: usize = 7;
/// Brand names looked at in one text; more is a list.
pub const HITS_MAX: usize = 64;
/// Links and images whose texts are looked at for brands.
pub const CLAIM_LINKS_MAX: usize = 60;
/// Recipients that are compared with the author.
pub const RECIPIENTS_COMPARED_MAX: usize = 50;
/// Distinct link hosts that are compared with brands; a message with more is a list of links.
pub const LOOKALIKE_HOSTS_MAX: usize = 200;
/// How many wrappers are undone around one link target.
pub const LAYERS_MAX: usize = 8;
/// Bytes of a URL that wrappers are looked for in; longer ones stay as they are.
pub const URL_BYTES_MAX: usize = 16 << 10;
/// Bytes that a compressed token of a URL may grow to; real ones hold one URL and an address.
pub const INFLATE_BYTES_MAX: usize = 64 << 10;
/// How deep a JSON token of a URL is searched.
pub const JSON_DEPTH_MAX: u8 = 4;
/// Path segments of one URL that are tried as tokens.
pub const SEGMENTS_MAX: usize = 32;
/// Characters kept of what a link shows.
pub const LINK_DISPLAY_CHARS_MAX: usize = 200;
/// Recipients that are looked for in URLs; mail to more people does not address one of them in a link.
pub const RECIPIENTS_MAX: usize = 8;
/// Bytes of a header value in which a bulk mailer's account is looked for.
pub const VALUE_BYTES_MAX: usize = 4 << 10;
/// Characters of an account id; longer is no id.
pub const ID_CHARS_MAX: usize = 128;
/// Recipients of one message that history is asked about and learns; a message to more is a mailing.
pub const HISTORY_RECIPIENTS_MAX: usize = 24;
/// Pairs of mailbox and correspondent of one message.
pub const HISTORY_PAIRS_MAX: usize = 16;
/// Registrable domains of one message's links that history is asked about and learns; more is a newsletter.
pub const HISTORY_LINKS_MAX: usize = 16;
/// Links in files that are looked at for their registrable domains.
pub const HISTORY_FILE_URLS_MAX: usize = 64;
/// Kinds of files of one message.
pub const HISTORY_KINDS_MAX: usize = 8;
/// Files of one message that are counted across accounts.
pub const HISTORY_FILES_MAX: usize = 4;
/// Link skeletons of one message that are counted across accounts.
pub const HISTORY_SKELETONS_MAX: usize = 3;
/// Message ids that one message refers to.
pub const HISTORY_PARENTS_MAX: usize = 32;
/// Hashes of one message's own text that are learnt, the smallest of all: each is a row for as long as the message.
pub const HISTORY_SHINGLES_MAX: usize = 16;
/// Hashes of each quoted message that are asked for: more than are learnt, since a quotation may have other text in it.
pub const HISTORY_ASKED_SHINGLES_MAX: usize = 24;
/// Quoted messages that are looked for; with their hashes within what one recall takes.
pub const HISTORY_QUOTED_MAX: usize = 10;
/// Bytes of one text that history reads.
pub const HISTORY_TEXT_BYTES_MAX: usize = 32 << 10;
/// Telling words of one message that its thread learns.
pub const HISTORY_WORDS_MAX: usize = 24;
/// Bytes of a line of words, names or looks: the store keeps a value of so many bytes as it is.
pub const HISTORY_LINE_BYTES_MAX: usize = 240;
/// Characters of a value that history learns; longer ones say no more.
pub const HISTORY_VALUE_CHARS_MAX: usize = 80;
/// Most frequent values asked of each aspect of a subject.
pub const HISTORY_VALUES_MAX: u16 = 8;
/// Most frequent values asked of each aspect of a thread.
pub const HISTORY_THREAD_VALUES_MAX: u16 = 64;
/// Threads told; a message fits one, the others are stored copies and branches.
pub const HISTORY_THREADS_MAX: u16 = 3;
/// Addresses, domains and deviations told in one list.
pub const HISTORY_LIST_MAX: usize = 32;
