//! The hexadecimal digits of an object as Word collects them, and how far they are disguised.
//!
//! Only digits count; blanks, unknown words and groups between them are passed over, `\bin` adds raw bytes, and `\'hh`
//! takes away a digit that has no partner yet, which is a fault of Word's reader that scanners are misled with.

use super::token::nibble;

/// Runs of digits that are as short as this are no lines.
const SHORT_RUN: u32 = 16;
/// Breaks between digits from which on their pattern says something.
const BREAKS_MIN: u32 = 8;

/// Digits that come in one after another.
#[derive(Debug, Default)]
pub(super) struct Digits {
    bytes: Vec<u8>,
    half: Option<u8>,
    /// Digits since the last blank.
    run: u32,
    /// Runs that ended, with all their digits.
    runs: u32,
    digits: u32,
    /// Length of the run before, and runs that differ from the one before them.
    last_run: u32,
    changes: u32,
    /// Words, symbols and groups between digits.
    pub(super) controls: u32,
    /// Bytes by `\bin`.
    pub(super) raw: u32,
}

impl Digits {
    /// A piece of text between controls.
    pub(super) fn text(&mut self, text: &[u8]) {
        for &byte in text {
            match nibble(byte) {
                Some(digit) => {
                    self.run = self.run.saturating_add(1);
                    match self.half.take() {
                        Some(high) => self.bytes.push(high << 4 | digit),
                        None => self.half = Some(digit),
                    }
                }
                None => self.pause(),
            }
        }
    }

    fn pause(&mut self) {
        if self.run == 0 {
            return;
        }
        self.changes = self.changes.saturating_add(u32::from(self.runs > 0 && self.run != self.last_run));
        self.last_run = self.run;
        self.runs = self.runs.saturating_add(1);
        self.digits = self.digits.saturating_add(self.run);
        self.run = 0;
    }

    /// `\'hh`: a digit without a partner is lost.
    pub(super) fn quote(&mut self) {
        self.half = None;
        self.control();
    }

    /// Anything else that a digit's place should not have.
    pub(super) fn control(&mut self) {
        self.controls = self.controls.saturating_add(u32::from(self.started()));
    }

    /// Raw bytes.
    pub(super) fn raw(&mut self, raw: &[u8]) {
        self.bytes.extend_from_slice(raw);
        self.raw = self.raw.saturating_add(u32::try_from(raw.len()).unwrap_or(u32::MAX));
    }

    /// Some digit or byte is there.
    pub(super) fn started(&self) -> bool {
        self.half.is_some() || !self.bytes.is_empty()
    }

    /// Digits stand there, not only raw bytes.
    pub(super) fn has_digits(&self) -> bool {
        self.bytes.len() as u64 > u64::from(self.raw)
    }

    /// The digits are broken up in a way that no writer does.
    pub(super) fn broken_up(&self) -> bool {
        let many = self.runs >= BREAKS_MIN;
        let short = self.digits / self.runs.max(1) < SHORT_RUN;
        let irregular = self.changes > 2 + self.runs / 2;
        many && (short || irregular)
    }

    /// The bytes; a digit without a partner is dropped.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
