//! Every limit of the crate, beside its reason. Lists over a limit are cut, and the answer names which.

/// Bytes of a text (subject, aspect, value, sender, participant, record). Longer ones keep their beginning and end with
/// a hash, so that different long texts stay different.
pub const TEXT_BYTES_MAX: usize = 240;
/// Traits of one lesson.
pub const TRAITS_MAX: usize = 256;
/// Ticks of one lesson.
pub const TICKS_MAX: usize = 128;
/// Text hashes of one lesson.
pub const SHINGLES_MAX: usize = 64;
/// Of them those by which a quotation finds the message, the smallest: each is a row and, in a large history, a page that
/// has to be read and written. A message that is found so is then compared by all of its hashes. Of one that is quoted
/// to a half, one of six is in the quotation 98 times of 100.
pub const INDEXED_SHINGLES: usize = 6;
/// Referenced message ids of one lesson, the nearest first.
pub const PARENTS_MAX: usize = 64;
/// Other names of one lesson's conversation, and of one recall: there is one mail program that writes such a name.
pub const ALIASES_MAX: usize = 4;
/// Participants of one lesson. A message to more is a mailing, its thread needs no full list.
pub const PARTICIPANTS_MAX: usize = 64;
/// Subjects of one lesson that an opinion is counted for.
pub const JUDGED_MAX: usize = 16;
/// Lessons of one batch; more are learnt in several, each whole.
pub const BATCH_MAX: usize = 2_000;
/// Lessons that wait for the writer; beyond, whoever brings more waits. Some seconds of a busy gateway, and few megabytes.
pub const WAITING_MAX: usize = 4_096;
/// Lessons that the writer learns together: more would gain little, and others wait for the lock of SQLite.
pub const GROUP_MAX: usize = 256;
/// Milliseconds that one lesson waits to be accepted by the writer; beyond, it is given back.
pub const ACCEPT_MS_MAX: u64 = 2_000;
/// Milliseconds until the writer tries again when the database is away or full, at first.
pub const RETRY_MS_MIN: u64 = 50;
/// The same in the end.
pub const RETRY_MS_MAX: u64 = 1_000;
/// Aspects of one database: the facets have some dozens of them. Traits with more are cut.
pub const WORDS_MAX: usize = 4_000;
/// Subjects of one recall.
pub const SUBJECTS_MAX: usize = 64;
/// Aspects told of one subject: those that this database met first.
pub const ASPECTS_MAX: usize = 96;
/// Most frequent values told of one aspect.
pub const VALUES_MAX: u16 = 64;
/// Exact traits of one recall.
pub const EXACT_MAX: usize = 512;
/// Windows of one recall.
pub const WINDOWS_MAX: usize = 64;
/// Ticks counted of one window, the newest. Beyond: `capped`.
pub const WINDOW_TICKS_MAX: usize = 2_000;
/// Message ids of one recall.
pub const MESSAGE_IDS_MAX: usize = 64;
/// Subject keys of one recall.
pub const SUBJECT_KEYS_MAX: usize = 4;
/// Text hashes of one recall.
pub const ASKED_SHINGLES_MAX: usize = 256;
/// Stored messages told of one message id (copies have the same), the newest.
pub const SAME_ID_MAX: usize = 4;
/// Stored messages told of one alias, and looked at for the thread of a new one, the newest: anybody can write the name
/// of somebody else's conversation into any number of messages.
pub const SAME_ALIAS_MAX: usize = 4;
/// Stored messages told of one subject key, the newest.
pub const SAME_SUBJECT_MAX: usize = 8;
/// Stored messages looked at of one text hash, the newest: a greeting or a disclaimer is in all of them.
pub const SAME_SHINGLE_MAX: usize = 32;
/// Stored messages told for all text hashes, those that share most.
pub const QUOTED_MAX: usize = 8;
/// Threads whose traits are told in one recall.
pub const THREADS_MAX: u16 = 8;
/// Bytes of one object of the object store before compression.
pub const OBJECT_BYTES_MAX: usize = 256 << 20;
/// How hard objects are compressed, of 22: processor time is dearer than disk.
pub const ZSTANDARD_LEVEL: i32 = 1;
/// Objects whose notes are written in one transaction: others wait for the lock of SQLite.
pub const KEEP_MAX: usize = 256;
/// Objects that are written at the same time: a remote store takes many, a disk gains from few.
pub const WRITES_MAX: usize = 16;
/// Objects named by one call; whoever wants more asks again from the last one on.
pub const OBJECTS_PAGE_MAX: usize = 1_000;
/// Milliseconds that one call may take with all tries; beyond, the database counts as gone.
pub const CALL_MS_MAX: u64 = 30_000;
/// Milliseconds that one recall may take; beyond, the database counts as gone and the verdict names a gap.
pub const RECALL_MS_MAX: u64 = 5_000;
/// Milliseconds to wait for a free connection, or for a new one.
pub const CONNECT_MS_MAX: u64 = 2_000;
/// Milliseconds after a failure to connect in which nobody tries again: verdicts name their gap at once.
pub const GONE_MS: u64 = 1_000;
/// Milliseconds after a broken connection in which every other is tried before it is used.
pub const DOUBT_MS: u64 = 10_000;
/// Milliseconds that SQLite waits for another writer.
pub const BUSY_MS_MAX: u64 = 10_000;
/// Milliseconds between two tries to begin a transaction on SQLite while another process writes, in the end.
pub const BUSY_PAUSE_MS_MAX: u64 = 32;
/// Tries of a call whose connection broke, or that a deadlock ended.
pub const TRIES_MAX: u32 = 4;
/// Connections of one process to PostgreSQL, and reading connections to SQLite.
pub const CONNECTIONS_MAX: u32 = 8;
/// Milliseconds after which an idle connection is tried before it is used.
pub const IDLE_MS_MAX: u64 = 5_000;
/// Rows looked at in one step of a sweep; each step is a transaction of its own, so that writers wait for one at most.
pub const SWEEP_ROWS: usize = 2_000;
/// Steps of one sweep for each kind of row; what is left is for the next call.
pub const SWEEP_STEPS: usize = 50;
/// Bytes of the name of an object class.
pub const CLASS_BYTES_MAX: usize = 40;
/// Bytes of an address of somebody for whom a message is held; RFC 5321 knows 256. It is never cut: mail goes there.
pub const ADDRESS_BYTES_MAX: usize = 1_000;
/// Recipients of one held message. Beyond, it is not held, and the intake's fail-safe clause applies.
pub const HELD_RECIPIENTS_MAX: usize = 20_000;
/// Groups of one recipient that are kept with a held message.
pub const GROUPS_MAX: usize = 64;
/// Rules that are kept with a held message.
pub const HELD_RULES_MAX: usize = 64;
/// Bytes of a subject, a summary, a reason or the words of a request; what is longer is cut.
pub const WORDS_BYTES_MAX: usize = 1_000;
/// Bytes of the text that a held message is found by: subject, addresses, names, summary.
pub const HELD_TEXT_BYTES_MAX: usize = 8_000;
/// Recipients told with a held message, and found by the words of a search: the first.
pub const RECIPIENTS_TOLD: usize = 50;
/// Days in which the same bytes with the same envelope are the same held message: no server tries for longer.
pub const HOLD_AGAIN_DAYS: u32 = 7;
/// Held messages of one page of a search.
pub const HELD_PAGE_MAX: usize = 200;
/// Held messages that one page of a search looks at, the newest; the next page goes on behind them.
pub const HELD_LOOKED_AT: usize = 20_000;
/// Words of one search.
pub const SEARCH_WORDS_MAX: usize = 8;
/// Requests, entries of the audit or lockdowns of one page.
pub const LIST_PAGE_MAX: usize = 500;
/// Lockdowns that hold at the same time: each release reads them all.
pub const LOCKDOWNS_MAX: usize = 200;
/// Records of one lockdown.
pub const LOCKED_RECORDS_MAX: usize = 1_000;
/// Milliseconds after which PostgreSQL ends a transaction about held mail whose node does nothing any more: others wait
/// for the rows that it has locked. Looking for an object in a remote store must fit in.
pub const HELD_IDLE_MS_MAX: u32 = 10_000;
/// Milliseconds that a release waits for a row that somebody else has locked, then it begins anew: whoever orders a
/// lockdown waits for it.
pub const PASS_WAIT_MS_MAX: u32 = 3_000;
/// Milliseconds after which PostgreSQL ends a transaction that asks for a release and then does nothing: whoever orders
/// a lockdown waits for those that are under way, and a frozen node must not keep it waiting.
pub const PASS_IDLE_MS_MAX: u32 = 4_000;
/// Bytes of the JSON of an entry of the audit: before and after. What is larger is left out.
pub const AUDIT_JSON_BYTES_MAX: usize = 4_000;
/// Bytes of the payload of an effect.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 10;
/// Bytes of the key of an effect.
pub const EFFECT_KEY_BYTES_MAX: usize = 2_000;
/// Effects given out in one call.
pub const EFFECTS_MAX: usize = 256;
/// Seconds that an effect belongs to the node that took it; then another one may take it.
pub const LEASE_S: i64 = 120;
/// Tries of an effect, with back-off between them, three days in all. Then it has failed, and the audit says so.
pub const EFFECT_TRIES_MAX: u32 = 80;
/// Seconds until an effect is tried again, at first; doubled each time.
pub const EFFECT_RETRY_S_MIN: i64 = 5;
/// The same in the end.
pub const EFFECT_RETRY_S_MAX: i64 = 3_600;
/// Seconds until a release that a lockdown keeps back is looked at again.
pub const KEPT_BACK_S: i64 = 30;
/// Held messages that somebody is told of at once; what is more waits for the next time.
pub const TOLD_MAX: usize = 1_000;
/// People who are told in one go; the rest follows.
pub const TOLD_PEOPLE_MAX: usize = 500;
/// Requests that somebody is told of at once; what is more waits for the next time.
pub const TOLD_REQUESTS_MAX: usize = 100;
/// Bytes of a token of a signed link.
pub const TOKEN_BYTES_MAX: usize = 1_800;
/// Records of one message that a person's opinion reaches: copies that came by several ways.
pub const COPIES_MAX: usize = 32;
