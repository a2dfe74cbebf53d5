//! Every bound of this crate, beside the reason for it.

use std::time::Duration;

/// How long one message waits for DNS before the verdict is made without it. Postfix gives a milter 300 s for the
/// end of a message; DNS may not use more than a small part of that.
pub const DNS_DEADLINE: Duration = Duration::from_secs(5);
/// How long one message waits for history before the verdict is made without it. One recall takes some milliseconds.
pub const HISTORY_DEADLINE: Duration = Duration::from_millis(500);
/// Time after which a history that could not be reached at the start is tried again.
pub const HISTORY_RETRY: Duration = Duration::from_secs(1);
/// Lessons that are learnt in one go: what several threads bring at the same time.
pub const LESSONS_MAX: usize = 500;
/// One query's answer is waited for this long, then it is sent once more.
pub const DNS_QUERY: Duration = Duration::from_secs(2);
/// How long a name server may take for what it always knows, when another answer takes long: beyond, it is silent.
pub const DNS_PROBE: Duration = Duration::from_secs(1);
/// While name servers are silent, they are tried again after this long, and nobody waits for them in between.
pub const DNS_SILENCE: Duration = Duration::from_secs(2);
/// DNS answers that are remembered: a busy gateway sees some thousand sending domains an hour.
pub const DNS_CACHE: u64 = 32_768;
/// Aliases (`CNAME`) that are followed in a zone file.
pub const ALIASES_MAX: usize = 8;
/// Bytes of a zone file.
pub const ZONE_BYTES_MAX: usize = 16 << 20;
/// DKIM signatures that are verified. RFC 6376 §6.1 lets a verifier limit them.
pub const SIGNATURES_MAX: usize = 10;
/// ARC seals whose keys are asked for; `mail-auth` refuses longer chains.
pub const SEALS_MAX: usize = 50;
/// Bytes of which a seal is made: a chain of fifty sets, or the fields that a seal covers.
pub const SIGNED_BYTES_MAX: usize = 256 << 10;
/// Signatures that a worker may ask for while it judges one message: a set has two.
pub const SEALS_ASKED_MAX: usize = 2;
/// Names that are looked up in one round of questions: ten signatures whose domains each need a DMARC walk of eight,
/// and keys.
pub const LOOKUPS_MAX: usize = 128;
/// Rounds of questions for one message: keys and the author's policy, then alignment, then whether a name exists.
pub const ROUNDS_MAX: usize = 5;
/// How long a worker may work on one message. Less than any server waits for an answer: Postfix
/// 300 s as a milter (`milter_content_timeout`), 100 s as a proxy.
pub const WORKER_DEADLINE: Duration = Duration::from_secs(20);
/// How long a worker may take to read rules and lists and to lock itself in.
pub const WORKER_START: Duration = Duration::from_secs(120);
/// Processor seconds of a worker for one message. It has one thread, so this only matters when nobody watches the clock.
pub const WORKER_CPU_SECONDS: u64 = 30;
/// Memory that a worker may take beyond what it holds when it is ready: 8 × the largest message, and as much again.
pub const WORKER_MEMORY: u64 = 1 << 30;
/// Bytes of one frame to a worker: a message and its envelope.
pub const FRAME_TO_WORKER_MAX: usize = sekisho_mail::limits::MESSAGE_BYTES_MAX + (16 << 20);
/// Bytes of one frame from a worker: a verdict, and the evidence where it was asked for.
pub const FRAME_FROM_WORKER_MAX: usize = 64 << 20;
/// Bytes of what a worker wrote to its standard error that are kept.
pub const WORKER_STDERR_KEPT: usize = 4 << 10;
/// Bytes of one frame with a task for a worker: a file that a person names.
pub const FRAME_OF_TASK_MAX: usize = (256 << 20) + (1 << 20);
/// Pieces of the result of one task: the files of one archive.
pub const PIECES_MAX: usize = 4096;
/// Bytes of a frame buffer that are kept for the next message.
pub const BUFFER_KEPT: usize = 1 << 20;
/// Bytes of the head of a kept message: envelope, questions and answers. A message with more is not kept, and that is
/// told.
pub const KEPT_HEAD_MAX: usize = 16 << 20;
/// Bytes of messages that are kept in one object. A larger message is one of its own.
pub const BUNDLE_BYTES_MAX: usize = 512 << 10;
/// Calls of one sweep of what is remembered; each is bounded by the store, what is left is for the next sweep.
pub const SWEEP_CALLS_MAX: usize = 20;
/// Bytes of the messages that are judged or wait for it at the same time; beyond, intakes wait.
pub const FLIGHT_BYTES_MAX: usize = 512 << 20;
/// How long putting on a banner may take a worker that does nothing else.
pub const DRESS_DEADLINE: Duration = Duration::from_secs(2);
/// How long a message that could not be judged waits for its banner, the start of a worker included. It may come on top
/// of the deadline of the message, and Postfix gives a milter 30 s.
pub const DRESS_PATIENCE: Duration = Duration::from_secs(3);
/// Banners that are put on messages that could not be judged at the same time; others go without: where many cannot be
/// judged, the machine has too much to do already.
pub const DRESSED_AT_ONCE: usize = 2;
/// How long holding a message may take when its deadline has passed meanwhile: refusing it then would bring it again.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(5);
/// Messages that wait to be remembered behind their answer; beyond, the answer waits.
pub const BEHIND_MAX: usize = 512;
/// How long it waits then. A history that stands still (its disk is full, its server is away) must not hold up the mail:
/// the lesson is lost instead, and counted.
pub const BEHIND_PATIENCE: Duration = Duration::from_secs(1);
/// Of them, those that are written together.
pub const BEHIND_BATCH: usize = 128;
/// Their bytes: one message may be larger.
pub const BEHIND_BATCH_BYTES: usize = 8 << 20;
/// How long they gather, unless somebody waits for them: a transaction costs as much as several lessons. Who is killed
/// loses the lessons of so long, and what a stranger sends meanwhile does not count yet.
pub const BEHIND_GATHER: Duration = Duration::from_millis(200);
/// How often a delivered message that nobody could judge is asked for again where nothing would be kept of it. A mailbox
/// begins again after 1 s, 2 s, 4 s; a mail server with journal reports after minutes.
pub const AGAIN_TIMES_MAX: u32 = 3;
/// Such messages that are counted at the same time; others are taken as they are.
pub const AGAIN_MESSAGES_MAX: usize = 1_000;
/// How long one is counted after it came last: mail servers try for two days.
pub const AGAIN_REMEMBERED: Duration = Duration::from_secs(2 * 86_400);
