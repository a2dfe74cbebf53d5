//! Every limit of the crate, beside its reason.

/// Milter: bytes of a frame with its letter. Mail servers send pieces of 65,535 bytes, and can be made to send larger ones
/// (256 KiB, 1 MiB).
pub const MILTER_FRAME_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Milter: bytes of a piece of a new body; mail servers refuse larger ones.
pub const MILTER_PIECE_BYTES_MAX: usize = 65_535;
/// Milter: bytes of a message that are kept and judged, where the settings say nothing else.
pub const MILTER_MESSAGE_BYTES_MAX: usize = 100 << 20;
/// Milter: bytes of all messages that are held in memory at one time. A message counts twice: as it is put together and as
/// it is judged.
pub const MILTER_FLIGHT_BYTES_MAX: usize = 400 << 20;
/// Milter: header fields of a message; bulk mail has a hundred.
pub const MILTER_FIELDS_MAX: usize = 10_000;
/// Milter: recipients of one message.
pub const MILTER_RECIPIENTS_MAX: usize = 10_000;
/// Milter: bytes of the addresses of one message.
pub const MILTER_ENVELOPE_BYTES_MAX: usize = 4 << 20;
/// Milter: bytes of an address that mail is redirected to. RFC 5321 4.5.3.1.3 says 256.
pub const MILTER_ADDRESS_BYTES_MAX: usize = 1_024;
/// Milter: bytes that are kept of a peer's name, a login and a queue id.
pub const MILTER_VALUE_BYTES_MAX: usize = 1_024;
/// Milter: bytes of the public text of a reply: with the code it is one line of SMTP (RFC 5321 4.5.3.1.5).
pub const MILTER_TEXT_BYTES_MAX: usize = 400;
/// Milter: connections at one time; each of Postfix's SMTP servers (100 unless told) holds one.
pub const MILTER_CONNECTIONS_MAX: usize = 500;
/// Milter: seconds without a frame. Clients of the mail server may be silent for 300, and send a message for long; other
/// milters wait 7,210.
pub const MILTER_IDLE_SECONDS_MAX: u64 = 7_210;
/// Milter: seconds for the rest of a frame that was begun, and to read what we say.
pub const MILTER_PIECE_SECONDS_MAX: u64 = 120;
/// Milter: seconds of one message, from its first command to its end.
pub const MILTER_MESSAGE_SECONDS_MAX: u64 = 14_400;
/// Milter: seconds between two signs that we still work; mail servers wait 300 for an answer, some only 10.
pub const MILTER_PROGRESS_SECONDS: u64 = 4;
/// Milter: seconds that the gate may take for a message, whatever it promises; then it is refused for now.
pub const MILTER_GATE_SECONDS_MAX: u64 = 600;
/// Milter: seconds that messages under way have after the service was told to stop.
pub const MILTER_STOP_SECONDS_MAX: u64 = 60;
/// Milter: milliseconds of rest when the system gives no connection (too many open files).
pub const MILTER_ACCEPT_REST_MS: u64 = 100;
/// Milter: bytes that are read at once, at least.
pub const MILTER_READ_BYTES_MIN: usize = 4 << 10;
/// Milter: bytes that are read or written at once, at most; what a peer sends while it should wait for us is read no
/// further.
pub const MILTER_READ_BYTES_MAX: usize = 64 << 10;
/// SMTP: bytes of a command line with its line end: 512 of RFC 5321 4.5.3.1.4, and what SIZE, 8BITMIME, SMTPUTF8, DSN and
/// XFORWARD add. A longer line is read to its end, thrown away and refused.
pub const SMTP_COMMAND_BYTES_MAX: usize = 2_048;
/// SMTP: bytes of an address. RFC 5321 4.5.3.1.3 says 256; addresses that lists and forwarders write are longer.
pub const SMTP_ADDRESS_BYTES_MAX: usize = 1_024;
/// SMTP: parameters of MAIL, RCPT, XCLIENT or XFORWARD.
pub const SMTP_PARAMETERS_MAX: usize = 16;
/// SMTP: recipients of one message.
pub const SMTP_RECIPIENTS_MAX: usize = 10_000;
/// SMTP: bytes of the addresses of one message, and of their parameters.
pub const SMTP_RECIPIENT_BYTES_MAX: usize = 4 << 20;
/// SMTP: recipients that the next hop is asked about at once.
pub const SMTP_RECIPIENT_BATCH_MAX: usize = 100;
/// SMTP: bytes of a message, where the settings say nothing else.
pub const SMTP_MESSAGE_BYTES_MAX: usize = 100 << 20;
/// SMTP: bytes of all messages that are held in memory at one time. A message counts twice: as it came and as it leaves.
pub const SMTP_FLIGHT_BYTES_MAX: usize = 400 << 20;
/// SMTP: milliseconds that a message waits until there is room for it; then it is refused for now.
pub const SMTP_FLIGHT_WAIT_MS_MAX: u64 = 30_000;
/// SMTP: connections at one time.
pub const SMTP_CONNECTIONS_MAX: usize = 500;
/// SMTP: connections of one address at one time. Peers that are trusted have no such limit.
pub const SMTP_PEER_CONNECTIONS_MAX: usize = 50;
/// SMTP: commands of one connection that were refused for what they are; then it is ended.
pub const SMTP_ERRORS_MAX: u32 = 20;
/// SMTP: senders and recipients that are refused for good from one message to the next; then the connection is ended. As
/// many as a message has recipients: one whose recipients are all gone must not come again for ever. The next hop may be
/// less patient.
pub const SMTP_REFUSALS_MAX: u32 = 10_000;
/// SMTP: commands of one connection that move no mail (NOOP, RSET, VRFY, HELP, EHLO, …) since the last message.
pub const SMTP_IDLE_COMMANDS_MAX: u32 = 200;
/// SMTP: fields `Received` of a message; more are a loop (RFC 5321 6.3).
pub const SMTP_HOPS_MAX: usize = 100;
/// SMTP: bytes of one line of a reply of the next hop. RFC 5321 4.5.3.1.5 says 512.
pub const SMTP_REPLY_LINE_BYTES_MAX: usize = 2_048;
/// SMTP: lines of one reply of the next hop; more are no SMTP.
pub const SMTP_REPLY_LINES_MAX: usize = 128;
/// SMTP: bytes of a reply that wait to be sent to a peer that goes on asking.
pub const SMTP_OUTPUT_BYTES_MAX: usize = 16 << 10;
/// SMTP: seconds for a greeting, and for the next command (RFC 5321 4.5.3.2.7).
pub const SMTP_COMMAND_SECONDS_MAX: u64 = 300;
/// SMTP: seconds for the next piece of a message.
pub const SMTP_PIECE_SECONDS_MAX: u64 = 180;
/// SMTP: seconds for a whole message, from DATA to its end: a peer that sends a byte a minute ends, too.
pub const SMTP_MESSAGE_SECONDS_MAX: u64 = 3_600;
/// SMTP: seconds that a peer may take to read what it is told.
pub const SMTP_WRITE_SECONDS_MAX: u64 = 180;
/// SMTP: seconds for TLS to begin.
pub const SMTP_TLS_SECONDS_MAX: u64 = 60;
/// SMTP: seconds that the gate may take for a message, whatever it promises; then it is refused for now.
pub const SMTP_GATE_SECONDS_MAX: u64 = 600;
/// SMTP: seconds that messages under way have after the service was told to stop.
pub const SMTP_STOP_SECONDS_MAX: u64 = 60;
/// SMTP: recipients that are remembered as having a message whose sender comes again with it.
pub const SMTP_HANDED_MAX: usize = 20_000;
/// SMTP: entries of the journal that remembers them over the end of the process (41 bytes each), then it is written anew.
pub const SMTP_JOURNAL_ENTRIES_MAX: usize = 100_000;
/// SMTP: seconds that they are remembered: so long may senders try (RFC 5321 4.5.4.1).
pub const SMTP_HANDED_SECONDS_MAX: u64 = 5 * 24 * 3_600;
/// SMTP: seconds to connect to the next hop; each of its addresses gets so long.
pub const SMTP_CONNECT_SECONDS_MAX: u64 = 30;
/// SMTP: seconds that a proxy before the queue waits for the answer to a message: Postfix waits 100 s for us.
pub const SMTP_PROXY_SECONDS_MAX: u64 = 80;
/// SMTP: seconds for the next hop to forget a message that is not handed on; then its connection is given up.
pub const SMTP_RESET_SECONDS_MAX: u64 = 5;
/// SMTP: addresses of the next hop's name that are tried.
pub const SMTP_HOP_ADDRESSES_MAX: usize = 8;
/// SMTP: connections to the next hop that are kept open for the next message.
pub const SMTP_IDLE_CONNECTIONS_MAX: usize = 20;
/// SMTP: seconds that such a connection is kept; servers hang up after 300.
pub const SMTP_IDLE_SECONDS_MAX: u64 = 60;
/// SMTP: messages over one connection to the next hop.
pub const SMTP_CONNECTION_USES_MAX: u32 = 100;
/// HTTP: bytes of a message by default; longer ones are refused before they are read. Mail servers end at 50 MiB or so.
pub const HTTP_BODY_BYTES_MAX: usize = 100 << 20;
/// HTTP: bytes of all messages that are held at a time for HTTP clients, by default; who comes beyond is told to come again.
/// A message counts once, and is there twice for the moment in which it is handed on or given back with a new body.
pub const HTTP_BODIES_BYTES_MAX: usize = 1 << 30;
/// HTTP: connections at a time, by default; further ones wait in the system's queue.
pub const HTTP_CONNECTIONS_MAX: usize = 1_024;
/// HTTP: bytes of a request's header, of HTTP and of the line protocol: all recipients in a field each fit.
pub const HTTP_HEADER_BYTES_MAX: usize = 1 << 20;
/// HTTP: fields of a request's header: rspamd's clients send one for each recipient.
pub const HTTP_FIELDS_MAX: usize = HTTP_RECIPIENTS_MAX + 100;
/// HTTP: recipients of one request; a request with more is refused, because nobody's decision may be lost.
pub const HTTP_RECIPIENTS_MAX: usize = 10_000;
/// HTTP: characters that are kept of a mail server's name for a message.
pub const HTTP_QUEUE_ID_CHARS_MAX: usize = 128;
/// HTTP: milliseconds, by default, until a request's header is complete. A connection that is kept alive waits as long for the
/// next one.
pub const HTTP_HEADER_MS_MAX: u64 = 30_000;
/// HTTP: milliseconds, by default, that a client may neither send nor take a byte.
pub const HTTP_IDLE_MS_MAX: u64 = 30_000;
/// HTTP: milliseconds, by default, until a message is complete, however busily it trickles.
pub const HTTP_BODY_MS_MAX: u64 = 300_000;
/// HTTP: milliseconds that open requests get to come to their end when the server stops.
pub const HTTP_STOP_MS_MAX: u64 = 10_000;
/// HTTP: milliseconds that whoever gave a wrong password or token waits for the answer.
pub const HTTP_REFUSED_MS: u64 = 500;
/// HTTP: milliseconds that the server rests when the system gives it no connection (too many open files).
pub const HTTP_ACCEPT_REST_MS: u64 = 100;
/// HTTP: bytes of the window of compressed messages. Compressors use 8 MiB at most unless they are told otherwise.
pub const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;
/// HTTP: parts of a multipart request: the envelope and the message are two.
pub const HTTP_PARTS_MAX: usize = 16;
/// HTTP: bytes of an envelope in JSON.
pub const HTTP_ENVELOPE_BYTES_MAX: usize = 1 << 20;
/// HTTP: symbols of one rspamd reply; the most severe come first.
pub const SYMBOLS_MAX: usize = 256;
/// HTTP: options of one symbol.
pub const OPTIONS_MAX: usize = 8;
/// HTTP: characters of an option.
pub const OPTION_CHARS_MAX: usize = 120;
/// HTTP: messages that `/history` tells of.
pub const HISTORY_MAX: usize = 200;
/// HTTP: recipients that `/history` names of a message.
pub const HISTORY_RECIPIENTS_MAX: usize = 20;
/// HTTP: symbols that `/counters` counts; further ones are not counted.
pub const COUNTERS_MAX: usize = 4_096;
/// HTTP: scan times that `/stat` tells: rspamd tells as many.
pub const SCAN_TIMES_MAX: usize = 31;
/// IMAP: bytes of a message that is judged; the parser looks at no more than 64 MiB.
pub const IMAP_MESSAGE_BYTES_MAX: u32 = 100 << 20;
/// IMAP: messages that are looked for in one go.
pub const IMAP_BATCH_MAX: usize = 500;
/// IMAP: seconds until TCP and TLS stand.
pub const IMAP_CONNECT_SECONDS_MAX: u64 = 30;
/// IMAP: seconds for the answer to a command.
pub const IMAP_COMMAND_SECONDS_MAX: u64 = 60;
/// IMAP: seconds for the bytes of a message.
pub const IMAP_MESSAGE_SECONDS_MAX: u64 = 600;
/// IMAP: seconds for the goodbye.
pub const IMAP_GOODBYE_SECONDS_MAX: u64 = 2;
/// IMAP: seconds for a message under way when the service ends.
pub const IMAP_STOP_SECONDS_MAX: u64 = 60;
/// IMAP: seconds between two looks at a server that cannot say when something comes.
pub const IMAP_POLL_SECONDS: u64 = 60;
/// IMAP: seconds of one IDLE. RFC 2177 allows 29 minutes; routers forget quiet connections sooner.
pub const IMAP_IDLE_SECONDS: u64 = 300;
/// IMAP: seconds until a connection that ended begins again, at first.
pub const IMAP_PAUSE_SECONDS_MIN: u64 = 1;
/// IMAP: the same after many times.
pub const IMAP_PAUSE_SECONDS_MAX: u64 = 300;
/// Folders: bytes of a file that is judged.
pub const FOLDER_FILE_BYTES_MAX: u64 = 100 << 20;
/// Folders: messages of a Maildir; one with more is not watched, and the log says so.
pub const FOLDER_FILES_MAX: usize = 1_000_000;
/// Folders: dropped files that are taken in one look.
pub const FOLDER_BATCH_MAX: usize = 1_000;
/// Folders: names that are remembered before those are forgotten that are gone.
pub const FOLDER_FORGET_MIN: usize = 1_000;
/// Folders: files of the same name that are put away side by side.
pub const FOLDER_SAME_NAME_MAX: usize = 10_000;
/// Folders: seconds between two looks.
pub const FOLDER_POLL_SECONDS: u64 = 2;
/// Folders: seconds for which a dropped file must not have changed.
pub const FOLDER_SETTLE_SECONDS: u64 = 3;
