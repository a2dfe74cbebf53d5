//! Every bound of this crate, beside the reason for it. Over a limit the rest is dropped and a [`Defect`] says so.
//!
//! [`Defect`]: crate::Defect

/// Message bytes that are looked at; the rest is ignored.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// Header fields that are kept.
pub const FIELDS_MAX: usize = 4_096;
/// MIME parts that are kept, over all nesting levels.
pub const PARTS_MAX: usize = 2_048;
/// How deep multiparts and enclosed messages may nest.
pub const DEPTH_MAX: usize = 32;
/// Mailboxes kept of one address field.
pub const MAILBOXES_MAX: usize = 2_000;
/// `Received` hops kept.
pub const HOPS_MAX: usize = 200;
/// Decoded text bytes of one body part that are looked at.
pub const TEXT_BYTES_MAX: usize = 8 << 20;
/// HTML bytes that are built into a tree.
pub const HTML_BYTES_MAX: usize = 2 << 20;
/// Nodes of one HTML tree.
pub const HTML_NODES_MAX: usize = 200_000;
/// How deep the HTML tree may nest; deeper elements become children of the deepest allowed one.
pub const HTML_DEPTH_MAX: usize = 512;
/// Attributes kept of one element.
pub const HTML_ATTRIBUTES_MAX: usize = 64;
/// Bytes of style sheets that are looked at.
pub const CSS_BYTES_MAX: usize = 128 << 10;
/// Rules kept of all style sheets.
pub const CSS_RULES_MAX: usize = 1_024;
/// Images kept of one HTML body.
pub const IMAGES_MAX: usize = 1_000;
/// Lines of an HTML body whose look is kept: the first ones, and headings.
pub const LINES_MAX: usize = 48;
/// Marks of quoted text kept of one HTML body.
pub const QUOTES_MAX: usize = 500;
/// Steps of one XPath evaluation.
pub const XPATH_STEPS_MAX: usize = 2_000_000;
/// Nodes that one XPath evaluation gives.
pub const XPATH_NODES_MAX: usize = 10_000;
/// Bytes of one node's outer HTML.
pub const OUTER_HTML_BYTES_MAX: usize = 1 << 20;
/// Links kept of one message.
pub const LINKS_MAX: usize = 2_000;
/// Bytes of one host name that are looked at: DNS allows 253, IDN input may be longer before it is mapped.
pub const DOMAIN_BYTES_MAX: usize = 1_024;
/// Bytes of one URL.
pub const URL_BYTES_MAX: usize = 16 << 10;
/// Bytes kept of a URL that has its content inside (`data:`, `javascript:`).
pub const INLINE_URL_BYTES_MAX: usize = 1 << 10;
/// Query parameters of one URL that are decoded.
pub const QUERY_PARAMS_MAX: usize = 256;
/// Quoted messages that are split off.
pub const THREADS_MAX: usize = 100;
/// Defects noted of one message.
pub const DEFECTS_MAX: usize = 200;
/// `Authentication-Results` fields read, and verdicts read of one of them.
pub const AUTH_RESULTS_MAX: usize = 100;
/// Recipients kept of one journal report: as many as a mail server expands a list to.
pub const JOURNAL_RECIPIENTS_MAX: usize = 10_000;
/// Bytes of one address in a journal report.
pub const JOURNAL_ADDRESS_BYTES_MAX: usize = 1_024;
/// Bytes of the text of a journal report that are looked at: every recipient with an address as long as is usual.
pub const JOURNAL_TEXT_BYTES_MAX: usize = 4 << 20;
/// Message ids kept of `References`.
pub const REFERENCES_MAX: usize = 1_000;
/// Bytes read of one `Thread-Index`: some six hundred replies.
pub const THREAD_INDEX_BYTES_MAX: usize = 4 << 10;
/// Bytes of one header value that are read as addresses, ids, dates or encoded words.
pub const VALUE_BYTES_MAX: usize = 256 << 10;
/// Prefixes and tags taken off one subject.
pub const SUBJECT_PREFIXES_MAX: usize = 32;
/// Parameters read of one `Content-Type` or `Content-Disposition`.
pub const PARAMETERS_MAX: usize = 64;
/// Bytes read of one `Received`, `Authentication-Results` or signature field.
pub const RECEIVED_BYTES_MAX: usize = 16 << 10;
/// Domains and addresses kept of all `Received` fields.
pub const RECEIVED_HOSTS_MAX: usize = 1_000;
