//! The record of one submission: what was known about it and what was concluded.

use serde::{Deserialize, Serialize};

use crate::{Envelope, Evidence, Verdict, history::Lesson};

/// Everything kept of one submission. Records are only ever added, never changed.
#[derive(Debug, Default, Serialize)]
pub struct Record {
    /// The envelope it came with.
    pub envelope: Option<Envelope>,
    /// What was observed.
    pub evidence: Evidence,
    /// What was concluded.
    pub verdict: Verdict,
    /// What it cost.
    pub cost: Cost,
    /// Its id, as the submission gave it; empty when it gave none.
    pub id: String,
    /// What history is to learn from it; `None` when history is off or the submission has no id.
    #[serde(skip)]
    pub lesson: Option<Lesson>,
}

/// Milliseconds that each stage took on its one thread; `wait` is time spent on answers, not on the processor.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Bytes to message.
    pub parse_ms: f64,
    /// Message to evidence, without the wait.
    pub observe_ms: f64,
    /// Evidence to verdict.
    pub judge_ms: f64,
    /// Waiting for answers, and verifying signatures with them.
    pub wait_ms: f64,
}

impl Cost {
    /// Milliseconds of processor time: all stages without the wait.
    pub fn cpu_ms(&self) -> f64 {
        self.parse_ms + self.observe_ms + self.judge_ms
    }
}
