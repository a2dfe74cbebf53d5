//! What is shared by all connections: room for messages, places for peers, and who already has a message that comes again.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::trace::without_received;
use crate::limits::{SMTP_HANDED_MAX, SMTP_HANDED_SECONDS_MAX};

/// Bytes that are given out at once.
const UNIT: usize = 1 << 10;
/// Bytes that a message gets at first.
const FIRST: usize = 64 << 10;

/// Room for messages in memory.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// Room that one message has; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Room,
    permit: Option<OwnedSemaphorePermit>,
    /// Bytes of the message for which there is room.
    pub(crate) bytes: usize,
    wait: Duration,
}

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// No room yet.
    pub(crate) fn place(&self, wait: Duration) -> Place {
        Place { room: self.clone(), permit: None, bytes: 0, wait }
    }
}

impl Place {
    /// Makes room for this many bytes of a message and as many again for the form in which it leaves. False: there was
    /// none for too long.
    pub(crate) async fn grow(&mut self, bytes: usize) -> bool {
        while self.bytes < bytes {
            // Twice as much each time, as the buffer grows.
            let more = self.bytes.max(FIRST);
            let units = u32::try_from(2 * more / UNIT).unwrap_or(u32::MAX);
            let wanted = Arc::clone(&self.room.0).acquire_many_owned(units);
            let Ok(Ok(permit)) = tokio::time::timeout(self.wait, wanted).await else { return false };
            match &mut self.permit {
                Some(held) => held.merge(permit),
                None => self.permit = Some(permit),
            }
            self.bytes += more;
        }
        true
    }
}

/// Connections of each peer.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// A connection of a peer; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    /// A place for one more connection of this peer, where it has fewer than `max`.
    pub(crate) fn seat(self: &Arc<Self>, peer: IpAddr, max: usize) -> Option<Seat> {
        let peer = network(peer);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.get(&peer).copied().unwrap_or(0);
        if count >= max {
            return None;
        }
        all.insert(peer, count + 1);
        Some(Seat { peers: Arc::clone(self), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(all.remove(&self.peer)),
        }
    }
}

/// Of an IPv6 address the first 64 bits: whoever has one has them all.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(addr) => IpAddr::V6((u128::from(addr) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// A message for a recipient: digest of its bytes without `Received`, of its sender and of the recipient.
type Key = [u8; 32];

/// Who has a message whose sender was told to send it again.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<VecDeque<(i64, Key)>>);

impl Handed {
    /// Nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Remembers.
    pub(crate) fn remember(&self, keys: impl IntoIterator<Item = Key>, now: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(keys.into_iter().map(|key| (now, key)));
        let surplus = all.len().saturating_sub(SMTP_HANDED_MAX);
        all.drain(..surplus);
    }

    /// Which of these have it.
    pub(crate) fn have(&self, keys: &[Key], now: i64) -> Vec<bool> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = now.saturating_sub(i64::try_from(SMTP_HANDED_SECONDS_MAX).unwrap_or(i64::MAX));
        while all.front().is_some_and(|(at, _)| *at < old) {
            all.pop_front();
        }
        let known: HashSet<&Key> = all.iter().map(|(_, key)| key).collect();
        keys.iter().map(|key| known.contains(key)).collect()
    }

    /// Forgets them: their sender was told that all is well.
    pub(crate) fn forget(&self, keys: &[Key]) {
        let keys: HashSet<&Key> = keys.iter().collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, key)| !keys.contains(key));
    }
}

/// The keys of a message for its recipients.
pub(crate) fn keys<'a>(raw: &[u8], from: &str, to: impl Iterator<Item = &'a str>) -> Vec<Key> {
    let mut message = Sha256::new();
    without_received(raw, |piece| message.update(piece));
    let message = message.finalize();
    to.map(|to| {
        let mut key = Sha256::new();
        key.update(message);
        key.update(from.len().to_le_bytes());
        key.update(from);
        key.update(to);
        key.finalize().into()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_waits_and_then_goes() {
        let room = Room::new(512 << 10);
        let mut first = room.place(Duration::from_secs(1));
        assert!(first.grow(1).await && first.grow(FIRST).await && first.bytes == FIRST);
        assert!(first.grow(2 * FIRST).await, "256 KiB of 512");
        let mut second = room.place(Duration::from_secs(1));
        assert!(second.grow(1).await && !second.grow(2 * FIRST + 1).await);
        drop(first);
        assert!(second.grow(2 * FIRST + 1).await);
    }

    #[test]
    fn peers_have_so_many_places() {
        let peers = Arc::new(Peers::default());
        let seat = |peer: &str| peers.seat(peer.parse().unwrap(), 2);
        let (one, two) = (seat("2001:db8::1"), seat("2001:db8::2"));
        assert!(one.is_some() && two.is_some() && seat("2001:db8::3").is_none());
        assert!(seat("2001:db8:0:1::1").is_some() && seat("192.0.2.1").is_some());
        drop(one);
        assert!(seat("2001:db8::3").is_some());
        drop(two);
        assert!(peers.0.lock().unwrap().is_empty());
    }

    #[test]
    fn the_same_message_is_known_again_by_another_way() {
        let handed = Handed::default();
        let keys = |raw: &str| keys(raw.as_bytes(), "a@b", ["c@d", "e@f"].into_iter());
        let first = keys("Received: one\r\n\tfolded\r\nFrom: a\r\n\r\nReceived: x\r\n");
        handed.remember([first[0]], 100);
        let again = keys("received: two\r\nReceived: one\r\nFrom: a\r\n\r\nReceived: x\r\n");
        assert_eq!(handed.have(&again, 200), [true, false]);
        assert_eq!(handed.have(&keys("From: a\r\n\r\nReceived: y\r\n"), 200), [false, false]);
        assert_eq!(handed.have(&again, 100 + 6 * 24 * 3600), [false, false]);
        assert!(handed.is_empty());
        handed.remember(first.clone(), 100);
        handed.forget(&first);
        assert!(handed.is_empty());
        handed.remember((0..SMTP_HANDED_MAX + 5).map(|_| first[0]), 1);
        assert_eq!(handed.0.lock().unwrap().len(), SMTP_HANDED_MAX);
    }
}
