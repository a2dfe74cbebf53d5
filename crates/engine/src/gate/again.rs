//! Messages that nobody could judge and of which nothing would be left: whoever brought them is asked to come again.
//!
//! A worker that cannot start is there again in a minute, so such a message must not be acknowledged at first. One that
//! ends every worker must not stand before all others for ever: it is asked for a few times, then it is taken. That is
//! counted in memory, for whoever starts again has a reason to try again.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, PoisonError},
};

use tokio::time::Instant;

use crate::limits;

/// Counts how often which message was asked for again.
#[derive(Default)]
pub(super) struct Again {
    hasher: RandomState,
    /// By the hash of the bytes: when it came last, and how often it came.
    seen: Mutex<HashMap<u64, (Instant, u32)>>,
}

impl Again {
    /// Whether the message is to come again. Where too many are counted already it is not, nor when it came too often.
    pub(super) fn wants(&self, raw: &[u8]) -> bool {
        let key = self.hasher.hash_one(raw);
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (last, _)| now.duration_since(*last) < limits::AGAIN_REMEMBERED);
        if seen.len() >= limits::AGAIN_MESSAGES_MAX && !seen.contains_key(&key) {
            return false;
        }
        let (last, times) = seen.entry(key).or_insert((now, 0));
        *last = now;
        *times = times.saturating_add(1);
        *times <= limits::AGAIN_TIMES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_message_comes_again_a_few_times_and_no_more() {
        let again = Again::default();
        let times = |raw: &[u8]| (0..10).filter(|_| again.wants(raw)).count();
        assert_eq!((times(b"one"), times(b"one"), times(b"other")), (3, 0, 3));
        tokio::time::advance(limits::AGAIN_REMEMBERED).await;
        assert_eq!(times(b"one"), 3, "days later it is another matter");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_counted_does_not_come_again() {
        let again = Again::default();
        for number in 0..limits::AGAIN_MESSAGES_MAX {
            assert!(again.wants(&number.to_le_bytes()));
        }
        assert!(!again.wants(b"one more"));
        assert!(again.wants(&1_usize.to_le_bytes()), "who is counted still comes");
        tokio::time::advance(limits::AGAIN_REMEMBERED).await;
        assert!(again.wants(b"one more"));
    }
}
