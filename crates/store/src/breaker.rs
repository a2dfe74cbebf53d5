//! Remembers for a moment that the database was gone, so that verdicts do not wait for it one after another.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::limits;

/// A moment that is remembered.
#[derive(Debug, Default)]
struct Moment(Mutex<Option<Instant>>);

impl Moment {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn within(&self, time: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < time)
    }
}

/// No connection could be had a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Moment);

impl Breaker {
    pub(crate) fn note(&self) {
        self.0.note();
    }

    /// Whether to fail at once.
    pub(crate) fn open(&self) -> bool {
        self.0.within(Duration::from_millis(limits::GONE_MS))
    }
}

/// A connection broke a moment ago; others of the pool may be broken, too.
#[derive(Debug, Default)]
pub(crate) struct Doubt(Moment);

impl Doubt {
    pub(crate) fn note(&self) {
        self.0.note();
    }

    pub(crate) fn doubted(&self) -> bool {
        self.0.within(Duration::from_millis(limits::DOUBT_MS))
    }
}
