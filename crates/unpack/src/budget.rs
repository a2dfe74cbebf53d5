//! What one message may cost: bytes, files, depth, steps. One budget for all its files, checked wherever work is done.

use crate::{
    gaps::Gaps,
    limits::{
        EMULATION_STEPS_MAX, EMULATION_STEPS_TOTAL_MAX, HELD_BYTES_BASE, HELD_RATIO, MEMBER_BYTES_BASE,
        MEMBER_BYTES_MAX, MEMBER_RATIO, OUT_BYTES_BASE, OUT_BYTES_MAX, OUT_RATIO, PICTURE_STEPS_MAX,
        STEPS_MAX,
    },
};

/// What is left. Work that is not allowed any more is left out and named by a finding; nothing here panics.
#[derive(Debug, Clone)]
pub struct Budget {
    input_bytes: u64,
    out_bytes_left: u64,
    out_bytes: u64,
    held_left: u64,
    steps_left: u64,
    emulation_left: u64,
    pictures_left: u64,
    /// Something was left out for want of budget.
    pub(crate) exhausted: bool,
    /// What was left out of the file that is being read.
    pub(crate) gaps: Gaps,
}

impl Budget {
    /// For a message whose files are this large together.
    #[must_use]
    pub fn new(input_bytes: u64) -> Budget {
        let by_ratio = OUT_BYTES_BASE.saturating_add(input_bytes.saturating_mul(OUT_RATIO));
        Budget {
            input_bytes,
            out_bytes_left: OUT_BYTES_MAX.min(by_ratio),
            out_bytes: 0,
            held_left: HELD_BYTES_BASE.saturating_add(input_bytes.saturating_mul(HELD_RATIO)),
            steps_left: STEPS_MAX,
            emulation_left: EMULATION_STEPS_TOTAL_MAX,
            pictures_left: PICTURE_STEPS_MAX,
            exhausted: false,
            gaps: Gaps::default(),
        }
    }

    /// Bytes that may be unpacked now, at one time.
    pub(crate) fn out_bytes_left(&self) -> u64 {
        let member = MEMBER_BYTES_BASE.saturating_add(self.input_bytes.saturating_mul(MEMBER_RATIO));
        self.out_bytes_left.min(member).min(MEMBER_BYTES_MAX)
    }

    /// Bytes that files of the tree may still have together.
    pub(crate) fn held_left(&self) -> u64 {
        self.held_left.min(self.out_bytes_left)
    }

    /// Books bytes that stay in memory, as a file of the tree.
    pub(crate) fn hold(&mut self, bytes: u64) {
        self.held_left = self.held_left.saturating_sub(bytes);
        self.exhausted |= self.held_left == 0;
    }

    /// Books unpacked bytes.
    pub(crate) fn spend_bytes(&mut self, bytes: u64) {
        self.out_bytes += bytes;
        self.out_bytes_left = self.out_bytes_left.saturating_sub(bytes);
        self.exhausted |= self.out_bytes_left == 0;
    }

    /// Bytes unpacked so far and the bytes they came from.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.out_bytes, self.input_bytes)
    }

    /// Books work, about a microsecond a step; `false` when there is none left: stop and keep what there is.
    #[must_use]
    pub(crate) fn spend(&mut self, steps: u64) -> bool {
        self.steps_left = self.steps_left.saturating_sub(steps);
        self.exhausted |= self.steps_left == 0;
        self.steps_left > 0
    }

    /// Steps that are left.
    pub(crate) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    /// Books what a copy of this budget spent since it was made with so many steps, and what it left out.
    pub(crate) fn spend_as(&mut self, copy: &Budget, steps: u64) {
        let _ = self.spend(steps.saturating_sub(copy.steps_left));
        self.exhausted |= copy.exhausted;
        self.gaps.extend(&copy.gaps);
    }

    /// Books work on a picture; `false` when it is more than is left: pictures must not leave nothing for what acts.
    #[must_use]
    pub(crate) fn spend_on_picture(&mut self, steps: u64) -> bool {
        let left = self.pictures_left.min(self.steps_left.saturating_sub(1));
        if steps > left {
            return false;
        }
        self.pictures_left -= steps;
        self.spend(steps)
    }

    /// Takes the steps that one file's emulation may use; give back what is left with [`Budget::return_emulation`].
    pub(crate) fn take_emulation(&mut self) -> u64 {
        let taken = self.emulation_left.min(EMULATION_STEPS_MAX);
        self.emulation_left -= taken;
        taken
    }

    /// See [`Budget::take_emulation`].
    pub(crate) fn return_emulation(&mut self, steps: u64) {
        self.emulation_left = self.emulation_left.saturating_add(steps);
    }
}
