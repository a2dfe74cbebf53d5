//! Every limit of the crate, beside its reason. What happens at each is a finding.

/// Containers inside containers; an Office document counts one. Beyond: `ARC-DEPTH`, names only.
pub const DEPTH_MAX: u32 = 5;
/// Files listed of one message.
pub const FILES_LISTED_MAX: usize = 2_000;
/// Files analysed of one message. Beyond: `SCAN-INCOMPLETE`.
pub const FILES_ANALYSED_MAX: usize = 400;
/// Unpacked bytes of one message: this, or [`OUT_BYTES_BASE`] and forty times the input, if that is less.
pub const OUT_BYTES_MAX: u64 = 200 << 20;
/// See [`OUT_BYTES_MAX`].
pub const OUT_BYTES_BASE: u64 = 64 << 20;
/// See [`OUT_BYTES_MAX`].
pub const OUT_RATIO: u64 = 40;
/// Unpacked bytes of one member: this, or [`MEMBER_BYTES_BASE`] and four times the input, if that is less. What is being
/// unpacked lies in memory twice while it grows.
pub const MEMBER_BYTES_MAX: u64 = 64 << 20;
/// See [`MEMBER_BYTES_MAX`].
pub const MEMBER_BYTES_BASE: u64 = 24 << 20;
/// See [`MEMBER_BYTES_MAX`].
pub const MEMBER_RATIO: u64 = 4;
/// Bytes of unpacked files that are in memory at once: this and [`HELD_RATIO`] times the input. With it the peak stays
/// below 64 MiB and eight times the input.
pub const HELD_BYTES_BASE: u64 = 32 << 20;
/// See [`HELD_BYTES_BASE`].
pub const HELD_RATIO: u64 = 4;
/// Memory that a decoder of 7z may ask for: its dictionary, or the model of PPMd. Packers never take more than the data
/// has, and more than this is not unpacked anyway. Beyond: `SCAN-INCOMPLETE`, names only.
pub const SEVEN_MEMORY_MAX: u64 = 64 << 20;
/// A member is a bomb when it is this many times its packed size and at least [`BOMB_MEMBER_BYTES`].
pub const BOMB_MEMBER_RATIO: u64 = 100;
/// See [`BOMB_MEMBER_RATIO`].
pub const BOMB_MEMBER_BYTES: u64 = 16 << 20;
/// All that is unpacked is a bomb when it is this many times the input and at least [`BOMB_TOTAL_BYTES`].
pub const BOMB_TOTAL_RATIO: u64 = 40;
/// See [`BOMB_TOTAL_RATIO`].
pub const BOMB_TOTAL_BYTES: u64 = 64 << 20;
/// Cells of one sheet.
pub const CELLS_MAX: usize = 1_000_000;
/// Cells read of one sheet of a workbook without macro sheets: enough for what it shows. Beyond: `SCAN-INCOMPLETE`,
/// of no weight.
pub const PLAIN_CELLS_MAX: usize = 200_000;
/// Groups, objects or elements inside one another.
pub const NESTING_MAX: usize = 64;
/// Steps of work for one message; a step is about a microsecond. Beyond: `SCAN-INCOMPLETE`, static facts only.
pub const STEPS_MAX: u64 = 700_000;
/// Of these, steps for decoding pictures and looking for codes in them. Beyond: `SCAN-INCOMPLETE`, only their size is
/// known.
pub const PICTURE_STEPS_MAX: u64 = 600_000;
/// Steps of work for one file's emulation.
pub const EMULATION_STEPS_MAX: u64 = 250_000;
/// Steps of emulation for one message.
pub const EMULATION_STEPS_TOTAL_MAX: u64 = 600_000;
/// Passwords tried on one message's files.
pub const PASSWORDS_MAX: usize = 200;
/// Passwords tried on a file whose key derivation is slow (7z, RAR5).
pub const SLOW_PASSWORDS_MAX: usize = 12;
/// Steps of one password's keys for an archive (7z: 2^21 rounds, RAR5: 2^18). Beyond: `SCAN-INCOMPLETE`, it stays closed.
pub const KEY_STEPS_MAX: u64 = 132_000;
/// Passwords tried on an encrypted Office document.
pub const OFFICE_PASSWORDS_MAX: usize = 24;
/// Findings kept of one file; the most severe of each kind come first.
pub const FINDINGS_MAX: usize = 256;
/// Indicators kept of one file.
pub const INDICATORS_MAX: usize = 512;
/// Texts of one file that are searched for indicators, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 << 20;
/// Characters of a finding's evidence.
pub const EVIDENCE_CHARS_MAX: usize = 200;
/// Characters of an indicator.
pub const INDICATOR_CHARS_MAX: usize = 2_048;
