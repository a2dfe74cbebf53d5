//! What is shared by all connections: room for messages and places for peers.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
}
