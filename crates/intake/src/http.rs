//! Mail over HTTP: the protocol of rspamd, and our own API, on one port or Unix socket.
//!
//! * [rspamd's protocol](rspamd) lets everything that talks to rspamd talk to us unchanged: mail servers, filters, `rspamc`;
//!   `spamc` too, because the [line protocol](lines) is told from HTTP by its first bytes.
//! * [Our own API](api) tells verdict, decisions and evidence as they are, under `/api/v1`, with a description that is
//!   generated from its types.
//!
//! Whoever asks over HTTP usually decides itself, so an arrival is an inquiry: nothing is held and nothing learnt. One setting
//! ([`Settings::holds`]) makes milter clients' messages real arrivals.
//!
//! **Hostile clients.** Header, message, inflated message, the sum of all messages and connections have limits; so have the
//! times until a header and a message are there and how long a client may neither send nor take anything. None of the limits
//! needs a client's help. A client reads fixed texts, never what the log says.
//!
//! **Who may what** is in [`guard`].

mod api;
mod ask;
mod body;
mod counts;
mod guard;
mod lines;
mod list;
mod refused;
mod rspamd;
mod settings;
mod sniff;
mod state;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sekisho_engine::gate::Gatekeeper;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use api::description;
pub use settings::{
    Hooks, Learned, Learner, Live, Metrics, Ready, Reloaded, Reloader, Secret, Settings, Token,
};
pub use stream::Listener;

use crate::limits;
use sniff::Spoken;
use state::Shared;
use stream::{Peer, Socket, Stream};

/// Serves until `stop` is ready, by settings that may change meanwhile ([`Live`]); then open requests get some seconds to
/// come to their end.
pub async fn serve(
    listener: impl Into<Listener>,
    gatekeeper: Arc<dyn Gatekeeper>,
    settings: impl Into<Live>,
    hooks: Hooks,
    stop: impl Future<Output = ()>,
) {
    let listener = listener.into();
    let settings = settings.into();
    let places = Arc::new(Semaphore::new(settings.now().connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let server = Server::new(Arc::new(Shared::new(gatekeeper, settings, hooks)));
    let (ends, end) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                let (server, end) = (server.clone(), end.clone());
                connections.spawn(async move {
                    server.attend(socket, peer, end).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(Duration::from_millis(limits::HTTP_ACCEPT_REST_MS)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    ends.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(Duration::from_millis(limits::HTTP_STOP_MS_MAX), all).await.is_err() {
        tracing::warn!("connections were cut off at the end");
    }
    connections.shutdown().await;
}

/// What every connection is served with.
#[derive(Clone)]
struct Server {
    shared: Arc<Shared>,
    router: Router,
}

impl Server {
    fn new(shared: Arc<Shared>) -> Self {
        let router = api::router().fallback(rspamd::answer).with_state(shared.clone());
        Self { shared, router }
    }

    async fn attend(self, socket: Socket, peer: Peer, mut end: watch::Receiver<bool>) {
        self.shared.counts.connected();
        let mut stream = Stream::new(socket, self.shared.settings().idle_time());
        let sniffed = tokio::select! {
            sniffed = timeout(self.shared.settings().header_time(), stream.sniff()) => sniffed,
            () = ended(&mut end) => return,
        };
        match sniffed {
            Ok(Some(Spoken::Lines)) => lines::attend(stream, &self.shared).await,
            Ok(Some(_)) => self.http(stream, peer, end).await,
            Ok(None) | Err(_) => {}
        }
    }

    async fn http(self, stream: Stream, peer: Peer, mut end: watch::Receiver<bool>) {
        let service = TowerToHyperService::new(self.router.layer(Extension(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.settings().header_time())
            .max_buf_size(limits::HTTP_HEADER_BYTES_MAX)
            .max_headers(limits::HTTP_FIELDS_MAX)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = ended(&mut end) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// Waits until the server stops.
async fn ended(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|end| *end).await;
}
