//! Every limit of the crate, beside its reason. Beyond one, what was asked for is unknown, never absent.

use std::time::Duration;

/// Bytes of a file that YARA rules look at; of a larger one nothing is said.
pub const YARA_FILE_BYTES_MAX: usize = 32 << 20;
/// Bytes of all files of one message that YARA rules look at.
pub const YARA_MESSAGE_BYTES_MAX: usize = 128 << 20;
/// Bytes of one file that YARA rules go over: once for all strings together, and once more for each string in which no
/// bytes are fixed. What the matcher does with a file is bounded by this and [`YARA_PLACES_MAX`], and so the same
/// whenever and wherever it is done.
pub const YARA_STEPS_MAX: u64 = 128 << 20;
/// Time that YARA rules may take for one file: a last resort, many times what the other limits leave, for conditions that
/// loop in loops and expressions that go back again and again. After it no more files of the message are looked at.
pub const YARA_TIME_MAX: Duration = Duration::from_secs(5);
/// Places of one string of a YARA rule that are counted; as many as YARA's own limit is for a slow string.
pub const YARA_PLACES_MAX: u32 = 10_000;
/// YARA rules that are told of one file.
pub const YARA_MATCHES_MAX: usize = 256;
/// Bytes of one file of YARA rules.
pub const YARA_RULE_BYTES_MAX: u64 = 16 << 20;
