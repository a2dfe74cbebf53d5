//! A connection: TCP or Unix socket, whose first bytes may be looked at, and which ends when its peer takes nothing.

use std::io::{self, ErrorKind, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::Sleep;

use super::sniff::{Spoken, spoken};

/// Where clients are waited for.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket; whoever may open it counts as this machine.
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let ip = address.ip().to_canonical();
                Ok((Socket::Tcp(stream), Peer { ip: Some(ip), local: ip.is_loopback() }))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), Peer { ip: None, local: true }))
            }
        }
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Address; none of a Unix socket.
    pub(super) ip: Option<IpAddr>,
    /// This machine.
    pub(super) local: bool,
}

/// An accepted connection.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection with the bytes that were read ahead.
#[derive(Debug)]
pub(super) struct Stream {
    socket: Socket,
    ahead: Vec<u8>,
    idle: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    /// `idle` is how long the peer may take nothing of what is written.
    pub(super) fn new(socket: Socket, idle: Duration) -> Self {
        Self { socket, ahead: Vec::new(), idle, stalled: None }
    }

    /// Reads ahead until it is clear what the client speaks. `None` when it went away before.
    pub(super) async fn sniff(&mut self) -> Option<Spoken> {
        let mut first = Vec::new();
        loop {
            match spoken(&first) {
                Spoken::Unclear => {}
                known => {
                    self.ahead = first;
                    return Some(known);
                }
            }
            let mut some = [0; 512];
            let count = self.read(&mut some).await.ok().filter(|count| *count > 0)?;
            first.extend_from_slice(some.get(..count)?);
        }
    }

    fn socket(&mut self) -> Pin<&mut (dyn Both + Unpin)> {
        match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream),
            Socket::Unix(stream) => Pin::new(stream),
        }
    }

    /// Passes on what a write came to, or ends it when it has waited too long.
    fn watched<T>(&mut self, to: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let idle = self.idle;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        ready!(stalled.as_mut().poll(to));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

trait Both: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Both for T {}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, to: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            return this.socket().poll_read(to, buf);
        }
        let count = this.ahead.len().min(buf.remaining());
        buf.put_slice(this.ahead.get(..count).unwrap_or_default());
        this.ahead.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, to: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = this.socket().poll_write(to, bytes);
        this.watched(to, poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        to: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = this.socket().poll_write_vectored(to, bytes);
        this.watched(to, poll)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, to: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = this.socket().poll_flush(to);
        this.watched(to, poll)
    }

    fn poll_shutdown(self: Pin<&mut Self>, to: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = this.socket().poll_shutdown(to);
        this.watched(to, poll)
    }
}
