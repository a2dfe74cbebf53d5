//! Whether name servers answer at all. While they do not, nobody waits for them: each message would wait for all of its
//! patience, and those behind it would find no worker.
//!
//! One look-up that takes long says nothing, since anybody can name a domain whose servers are silent. Then a question is
//! asked that every name server answers; when that, too, gets no answer, all look-ups are given up at once for a moment,
//! until the same question is answered.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
};

use tokio::time::{Instant, timeout};

use crate::{limits, resolver::Answer};

/// What is known of the name servers.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<Instant>>);

impl Silence {
    /// Looks something up, unless the name servers are silent: then `None`. `probe` asks what they always answer, and is
    /// done when they have, in whatever words.
    pub(super) async fn watch<'a, T>(
        &self,
        look: impl Future<Output = T>,
        probe: impl Fn() -> Answer<'a, ()>,
    ) -> Option<T> {
        if self.is_due()? && timeout(limits::DNS_PROBE, probe()).await.is_err() {
            return None;
        }
        self.ended();
        let mut look = pin!(look);
        if let Ok(found) = timeout(limits::DNS_QUERY, &mut look).await {
            return Some(found);
        }
        if timeout(limits::DNS_PROBE, probe()).await.is_ok() {
            return Some(look.await);
        }
        self.begun();
        None
    }

    /// They are silent, as far as is known.
    pub(super) fn lasts(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// `None`: they are silent. True: they were, and it is time to try again; whoever is told so does it for all.
    fn is_due(&self) -> Option<bool> {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *until {
            None => Some(false),
            Some(at) if Instant::now() < at => None,
            Some(_) => {
                *until = Some(Instant::now() + limits::DNS_SILENCE);
                Some(true)
            }
        }
    }

    fn ended(&self) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!("name servers answer again");
        }
    }

    fn begun(&self) {
        let until = Instant::now() + limits::DNS_SILENCE;
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(until).is_none() {
            tracing::error!("no name server answers: messages are judged without DNS until one does");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    /// Name servers that answer what they always answer (or not), and a domain whose servers take this long.
    async fn looked(
        silence: &Silence,
        up: &AtomicBool,
        probes: &AtomicUsize,
        takes: Duration,
    ) -> (Option<u8>, u128) {
        let begin = Instant::now();
        let look = async {
            tokio::time::sleep(takes).await;
            7
        };
        let probe = || -> Answer<'_, ()> {
            probes.fetch_add(1, Ordering::Relaxed);
            if up.load(Ordering::Relaxed) {
                Box::pin(std::future::ready(()))
            } else {
                Box::pin(std::future::pending())
            }
        };
        let found = silence.watch(look, probe).await;
        (found, begin.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_domain_is_waited_for_and_silent_servers_are_not() {
        let (silence, probes) = (Silence::default(), AtomicUsize::new(0));
        let (up, down) = (AtomicBool::new(true), AtomicBool::new(false));
        let [quick, slow] = [Duration::from_millis(10), Duration::from_secs(4)];
        assert_eq!(looked(&silence, &up, &probes, quick).await, (Some(7), 10));
        assert_eq!(probes.load(Ordering::Relaxed), 0);
        assert_eq!(looked(&silence, &up, &probes, slow).await, (Some(7), 4_000));
        assert_eq!(probes.load(Ordering::Relaxed), 1);
        assert_eq!(looked(&silence, &down, &probes, slow).await, (None, 3_000));
        assert_eq!(looked(&silence, &down, &probes, slow).await, (None, 0), "nobody waits any more");
        assert_eq!(probes.load(Ordering::Relaxed), 2);
        tokio::time::sleep(limits::DNS_SILENCE).await;
        assert_eq!(looked(&silence, &down, &probes, slow).await, (None, 1_000), "one tries for all");
        assert_eq!(looked(&silence, &up, &probes, quick).await, (None, 0));
        tokio::time::sleep(limits::DNS_SILENCE).await;
        assert_eq!(looked(&silence, &up, &probes, quick).await, (Some(7), 10));
        assert_eq!(looked(&silence, &up, &probes, quick).await, (Some(7), 10));
        assert_eq!(probes.load(Ordering::Relaxed), 4);
    }
}
