//! Listens: each connection becomes a session, within the limits; told to stop, it lets messages under way end.

use std::{future::Future, io::Write as _, net::IpAddr, sync::Arc, time::Duration};

use sekisho_engine::Gatekeeper;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::{
    Settings,
    client::Client,
    flight::{Peers, Room},
    handed::Handed,
    reply::Reply,
    session::Session,
    wire::{Duplex, Wire, boxed},
};
use crate::Error;

/// What all sessions share.
pub(crate) struct Shared {
    pub(crate) gate: Arc<dyn Gatekeeper>,
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) room: Room,
    pub(crate) handed: Handed,
}

impl Shared {
    pub(crate) fn new(gate: Arc<dyn Gatekeeper>, settings: Settings) -> Self {
        let client = Client::new(settings.next.clone());
        let room = Room::new(settings.flight_bytes_max);
        let handed = settings.journal.as_deref().map(Handed::open).unwrap_or_else(|| Ok(Handed::default()));
        let handed = handed.unwrap_or_else(|error| {
            tracing::error!(%error, "smtp: no journal of who has a message; after a crash some mail may come twice");
            Handed::default()
        });
        Self { gate, client, room, handed, settings }
    }
}

/// Takes connections until `stop` is ready. Then who is between two messages hears 421, and who is in one has
/// [`Waits::stop`](super::Waits::stop) for it; a message that is cut off then was not acknowledged.
///
/// # Errors
/// The settings cannot be used ([`Settings::check`]). A peer never causes one.
pub async fn serve(
    listener: TcpListener,
    gatekeeper: Arc<dyn Gatekeeper>,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    settings.check()?;
    let shared = Arc::new(Shared::new(gatekeeper, settings));
    let (stopping, stopped) = watch::channel(false);
    let mut sessions = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let mut door = Door {
        seats: Arc::new(Semaphore::new(shared.settings.connections_max)),
        peers: Arc::default(),
        shared: Arc::clone(&shared),
        stopped,
    };
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(ended) = sessions.join_next() => {
                if let Err(error) = ended {
                    // Its connection has ended with it: nothing was acknowledged.
                    tracing::error!(%error, "smtp: a session failed");
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => door.enter(stream, peer.ip(), &mut sessions),
            // No more file descriptors, or the peer is gone already.
            Err(error) => {
                tracing::warn!(%error, "smtp: no connection taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let all = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(shared.settings.waits.stop, all).await.is_err() {
        tracing::warn!("smtp: messages under way were cut off");
    }
    shared.client.close().await;
    Ok(())
}

/// Who may come in.
struct Door {
    seats: Arc<Semaphore>,
    peers: Arc<Peers>,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

impl Door {
    fn enter(&mut self, stream: TcpStream, peer: IpAddr, sessions: &mut JoinSet<()>) {
        let _ = stream.set_nodelay(true);
        let settings = &self.shared.settings;
        if !settings.may_talk(peer) {
            return turn_away(stream, Reply::new(554, "5.7.1 No mail from you"));
        }
        let max = if settings.is_trusted(peer) { usize::MAX } else { settings.peer_connections_max };
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok().zip(self.peers.seat(peer, max));
        let Some(seat) = seat else {
            tracing::warn!(%peer, "smtp: too many connections");
            return turn_away(stream, Reply::new(421, "4.7.0 Too many connections, come again"));
        };
        let session = open(Arc::clone(&self.shared), boxed(stream), peer, self.stopped.clone());
        sessions.spawn(async move {
            session.await;
            drop(seat);
        });
    }
}

/// Serves one connection.
pub(crate) async fn open(
    shared: Arc<Shared>,
    stream: Box<dyn Duplex>,
    peer: IpAddr,
    stopped: watch::Receiver<bool>,
) {
    Session::new(shared, stream, peer, stopped).run().await;
}

/// Says why, where that can be said without waiting, and hangs up.
fn turn_away(stream: TcpStream, reply: Reply) {
    let mut text = Vec::new();
    reply.write(&mut text);
    // The runtime does not know yet that it can be written to; the system does.
    if let Ok(stream) = stream.into_std() {
        let _ = (&stream).write(&text);
    }
}

/// A wire for a connection.
pub(crate) fn wire(stream: Box<dyn Duplex>, settings: &Settings) -> Wire {
    Wire::new(stream, settings.waits.write)
}
