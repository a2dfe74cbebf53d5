//! Connections: accepted, bounded in number and time, and handed to the routes.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Extension, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{Console, api, error::Error, limits, links, pages};

/// Where clients are waited for.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket, for a proxy.
    Unix(UnixListener),
}

/// Who asks, as far as the connection tells.
#[derive(Debug, Clone, Copy)]
struct Peer(Option<IpAddr>);

/// The address that a client's rate is counted by; none of a Unix socket without a proxy's word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) Option<IpAddr>);

/// Serves until `stop` is ready; then open requests get some seconds to come to their end.
pub async fn serve(listener: Listener, console: Console, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let router = router(console);
    let (ends, end) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (accept(&listener).await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                let service = router.clone().layer(Extension(peer));
                let end = end.clone();
                connections.spawn(async move {
                    attend(socket, service, end).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the console could not accept a connection");
                tokio::time::sleep(Duration::from_millis(limits::ACCEPT_REST_MS)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    ends.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(Duration::from_millis(limits::STOP_MS_MAX), all).await.is_err() {
        tracing::debug!("connections of the console were cut off at the end");
    }
    connections.shutdown().await;
}

/// Either kind of connection.
trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

async fn accept(listener: &Listener) -> io::Result<(Box<dyn Socket>, Peer)> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, address) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream), Peer(Some(address.ip().to_canonical()))))
        }
        Listener::Unix(listener) => Ok((Box::new(listener.accept().await?.0), Peer(None))),
    }
}

async fn attend(socket: Box<dyn Socket>, router: Router, mut end: watch::Receiver<bool>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits::HEADER_MS_MAX))
        .max_buf_size(limits::HEADER_BYTES_MAX)
        .max_headers(limits::FIELDS_MAX)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let whole = async {
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = ended(&mut end) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Ok(Err(error)) = timeout(Duration::from_millis(limits::CONNECTION_MS_MAX), whole).await {
        tracing::debug!(%error, "a connection of the console ended");
    }
}

/// Waits until the server stops.
async fn ended(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|end| *end).await;
}

/// All routes.
fn router(console: Console) -> Router {
    Router::new()
        .nest("/api/v1", api::router())
        .merge(links::router())
        .merge(pages::router())
        .route("/style.css", get(style))
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::Method)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(console.clone(), around))
        .with_state(console)
}

async fn style() -> Response {
    const STYLE: &str = include_str!("../templates/style.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// Before and behind every request: rate, time, and what a browser may do with the answer.
async fn around(
    axum::extract::State(console): axum::extract::State<Console>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = client(peer, &request);
    request.extensions_mut().insert(client);
    let answer = async {
        console.charge(client.0, 1)?;
        let time = Duration::from_millis(limits::REQUEST_MS_MAX);
        timeout(time, next.run(request)).await.map_err(|_| Error::TimedOut)
    };
    let mut response = answer.await.unwrap_or_else(|error: Error| error.into_response());
    for (name, value) in GUARDS {
        let name = HeaderName::from_static(name);
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What every answer tells a browser.
const GUARDS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// Who a request is from: the connection's peer, or whom a proxy on this machine names last.
fn client(Peer(ip): Peer, request: &Request) -> Client {
    if ip.is_some_and(|ip| !ip.is_loopback()) {
        return Client(ip);
    }
    let fields = request.headers().get_all("x-forwarded-for").iter();
    let named = fields.filter_map(|value| value.to_str().ok()).next_back();
    let last = named.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
    Client(last.or(ip))
}
