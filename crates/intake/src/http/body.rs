//! The message of a request: read within its limits of bytes and time, and inflated within the same limit.
//!
//! All messages that are held together share one budget of bytes. Whoever comes when it is used up is told to come again,
//! instead of being made to wait: two half-read messages could wait for each other.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::refused::Refused;
use super::settings::Settings;
use crate::limits::ZSTD_WINDOW_BYTES_MAX;

/// The budget counts in KiB.
const UNIT: usize = 1 << 10;

/// Bytes that are held, with their share of the budget.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    budget: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    max: usize,
}

/// A budget of so many bytes.
pub(super) fn budget(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS)))
}

impl Held {
    pub(super) fn new(budget: Arc<Semaphore>, max: usize) -> Self {
        Self { bytes: Vec::new(), budget, permit: None, max }
    }

    /// Adds bytes, if there is room for them.
    pub(super) fn add(&mut self, more: &[u8]) -> Result<(), Refused> {
        let length = self.bytes.len().saturating_add(more.len());
        if length > self.max {
            return Err(Refused::TooLong);
        }
        let has = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let lacks = length.div_ceil(UNIT).saturating_sub(has);
        if lacks > 0 {
            let lacks = u32::try_from(lacks).map_err(|_| Refused::TooLong)?;
            let more = self.budget.clone().try_acquire_many_owned(lacks).map_err(|_| Refused::Busy)?;
            match &mut self.permit {
                Some(permit) => permit.merge(more),
                None => self.permit = Some(more),
            }
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    /// Keeps only these bytes; their share of the budget stays as it was.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        self.bytes.truncate(range.end);
        self.bytes.drain(..range.start.min(range.end).min(self.bytes.len()));
    }

    /// The bytes as they are handed on, and what has to be kept as long as they are held.
    pub(super) fn share(self) -> (Arc<[u8]>, Option<OwnedSemaphorePermit>) {
        (self.bytes.into(), self.permit)
    }

    /// Reads an HTTP body.
    pub(super) async fn read(mut self, mut body: Body, settings: &Settings) -> Result<Self, Refused> {
        use axum::body::HttpBody as _;
        if body.size_hint().lower() > self.max as u64 {
            return Err(Refused::TooLong);
        }
        let end = Instant::now() + settings.body_time();
        let idle = settings.idle_time();
        while let Some(frame) = waited(end, idle, body.frame()).await? {
            let frame = frame.map_err(|_| Refused::Incomplete)?;
            if let Some(data) = frame.data_ref() {
                self.add(data)?;
            }
        }
        Ok(self)
    }

    /// The same, inflated. Done beside the threads that serve others.
    pub(super) async fn inflated(self) -> Result<Self, Refused> {
        if self.bytes.is_empty() {
            return Ok(self);
        }
        let done = tokio::task::spawn_blocking(move || {
            let mut out = Self::new(self.budget.clone(), self.max);
            inflate(&self.bytes, |some| out.add(some))?;
            Ok(out)
        });
        done.await.unwrap_or(Err(Refused::Compressed))
    }
}

/// Waits for the next piece, as long as both limits allow.
async fn waited<F: Future>(end: Instant, idle: Duration, piece: F) -> Result<F::Output, Refused> {
    let within = timeout(idle, piece);
    timeout_at(end, within).await.ok().and_then(Result::ok).ok_or(Refused::Slow)
}

/// Inflates all frames one after the other.
fn inflate(mut data: &[u8], mut take: impl FnMut(&[u8]) -> Result<(), Refused>) -> Result<(), Refused> {
    let mut buffer = vec![0; 32 << 10];
    while !data.is_empty() {
        let mut decoder = StreamingDecoder::new_with_max_window_size(&mut data, ZSTD_WINDOW_BYTES_MAX)
            .map_err(|_| Refused::Compressed)?;
        loop {
            let count = decoder.read(&mut buffer).map_err(|_| Refused::Compressed)?;
            if count == 0 {
                break;
            }
            take(buffer.get(..count).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Deflates a reply.
pub(super) async fn deflated(bytes: Vec<u8>) -> Vec<u8> {
    let small = bytes.len() <= 256 << 10;
    let deflate = move || compress_to_vec(bytes.as_slice(), CompressionLevel::Fastest);
    if small {
        return deflate();
    }
    tokio::task::spawn_blocking(deflate).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(max: usize, all: usize) -> Held {
        Held::new(budget(all), max)
    }

    #[tokio::test]
    async fn what_was_deflated_is_inflated() {
        let text = b"Subject: x\r\n\r\n".repeat(5_000);
        let mut small = held(100_000, 200_000);
        small.add(&deflated(text.clone()).await).unwrap();
        let twice = small.bytes.repeat(2);
        assert!(small.bytes.len() < 5_000);
        assert_eq!(small.inflated().await.unwrap().bytes, text);

        let mut frames = held(200_000, 400_000);
        frames.add(&twice).unwrap();
        assert_eq!(frames.inflated().await.unwrap().bytes.len(), 2 * text.len(), "two frames");
    }

    #[tokio::test]
    async fn nothing_is_held_beyond_the_limits() {
        let bomb = deflated(vec![0; 10 << 20]).await;
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let mut message = held(1 << 20, 100 << 20);
        message.add(&bomb).unwrap();
        assert_eq!(message.inflated().await.unwrap_err(), Refused::TooLong);

        let mut message = held(100 << 20, 1 << 20);
        message.add(&bomb).unwrap();
        assert_eq!(message.inflated().await.unwrap_err(), Refused::Busy);

        let mut message = held(100, 1 << 20);
        assert_eq!(message.add(&[0; 101]), Err(Refused::TooLong));
        assert_eq!(message.add(&[0; 100]), Ok(()));
    }

    #[tokio::test]
    async fn what_is_no_zstd_is_refused() {
        for bytes in [&b"Subject: x"[..], b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\0\0\0\0\0\0"] {
            let mut message = held(1_000, 10_000);
            message.add(bytes).unwrap();
            assert_eq!(message.inflated().await.unwrap_err(), Refused::Compressed, "{bytes:?}");
        }
    }

    #[test]
    fn the_budget_is_given_back() {
        let all = budget(4 << 10);
        let mut one = Held::new(all.clone(), 1 << 20);
        one.add(&[0; 3_000]).unwrap();
        one.add(&[0; 1_000]).unwrap();
        let mut two = Held::new(all.clone(), 1 << 20);
        assert_eq!(two.add(&[0; 1]), Err(Refused::Busy));
        let (_, permit) = one.share();
        assert_eq!(two.add(&[0; 1]), Err(Refused::Busy), "as long as it is held");
        drop(permit);
        assert_eq!(two.add(&[0; 1]), Ok(()));
        assert_eq!(all.available_permits(), 3);
    }
}
