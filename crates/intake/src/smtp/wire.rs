//! A connection as lines and bytes, with a limit and a time for each: the server and the client both speak through it.

use std::{
    future::Future,
    io,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Any stream: TCP, TLS over it, or one in memory.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// Bytes that are read at once.
const PIECE: usize = 32 << 10;
/// Pieces that are still read after a goodbye.
const LINGER: usize = 64;

/// Why nothing more comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The peer hung up, or the connection broke.
    Closed,
    /// The peer took too long.
    TimedOut,
}

/// A line, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Ended by CRLF; without it.
    Whole(BytesMut),
    /// Ended by a bare LF; without it.
    Bare(BytesMut),
    /// Longer than it may be; thrown away up to its end.
    TooLong,
}

/// The connection.
pub(crate) struct Wire {
    stream: Box<dyn Duplex>,
    input: BytesMut,
    /// What is to be sent before anything is waited for.
    pub(crate) output: Vec<u8>,
    write_time: Duration,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Duplex>, write_time: Duration) -> Self {
        Self { stream, input: BytesMut::new(), output: Vec::new(), write_time }
    }

    /// The stream, for TLS to begin on; what was read and not used is gone (RFC 3207 4.2).
    pub(crate) fn into_stream(self) -> Box<dyn Duplex> {
        self.stream
    }

    /// Something was read and not used.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// What was read and not used.
    pub(crate) fn input(&self) -> &[u8] {
        &self.input
    }

    /// Throws the first bytes of the input away.
    pub(crate) fn use_input(&mut self, bytes: usize) {
        self.input.advance(bytes.min(self.input.len()));
    }

    /// Sends what is to be sent.
    pub(crate) async fn flush(&mut self) -> Result<(), Broken> {
        let send = async {
            if !self.output.is_empty() {
                self.stream.write_all(&self.output).await?;
            }
            self.stream.flush().await
        };
        let sent = within(self.write_time, send).await;
        self.output.clear();
        sent
    }

    /// Waits for more input, after sending what is to be sent.
    pub(crate) async fn fill(&mut self, time: Duration) -> Result<(), Broken> {
        self.flush().await?;
        self.input.reserve(PIECE);
        match within(time, self.stream.read_buf(&mut self.input)).await? {
            0 => Err(Broken::Closed),
            _ => Ok(()),
        }
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self, max: usize, time: Duration) -> Result<Line, Broken> {
        let (mut seen, mut too_long) = (0, false);
        // One time for the whole line: a peer that sends a byte a minute is no faster.
        let deadline = tokio::time::Instant::now() + time;
        loop {
            let fresh = self.input.get(seen..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', fresh) {
                let line = self.input.split_to(seen + at + 1);
                return Ok(ended(line, max, too_long));
            }
            seen = self.input.len();
            if seen > max {
                // A CR stays, its LF may follow.
                too_long = true;
                self.input.advance(seen - 1);
                seen = 0;
            }
            self.fill(deadline.saturating_duration_since(tokio::time::Instant::now())).await?;
        }
    }

    /// The peer has hung up, as far as can be told without waiting. What it says meanwhile is kept.
    pub(crate) fn hung_up(&mut self) -> bool {
        if self.input.len() > PIECE {
            return false;
        }
        self.input.reserve(PIECE);
        let mut read = pin!(self.stream.read_buf(&mut self.input));
        let mut context = Context::from_waker(Waker::noop());
        matches!(read.as_mut().poll(&mut context), Poll::Ready(Ok(0) | Err(_)))
    }

    /// The same, after the runtime has asked the system for news.
    pub(crate) async fn has_hung_up(&mut self) -> bool {
        for _ in 0..2 {
            if self.hung_up() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        self.hung_up()
    }

    /// Ends the connection in good order, as far as the peer lets us: what it still says is read for a moment, since
    /// hanging up on it would keep it from reading what it was told last.
    pub(crate) async fn close(mut self) {
        let linger = async {
            let _ = self.flush().await;
            let _ = self.stream.shutdown().await;
            for _ in 0..LINGER {
                self.input.clear();
                self.input.reserve(PIECE);
                if !matches!(self.stream.read_buf(&mut self.input).await, Ok(1..)) {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), linger).await;
    }
}

fn ended(mut line: BytesMut, max: usize, too_long: bool) -> Line {
    if too_long || line.len() > max {
        return Line::TooLong;
    }
    line.truncate(line.len().saturating_sub(1));
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
        return Line::Whole(line);
    }
    Line::Bare(line)
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Broken> {
    match tokio::time::timeout(time, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Broken::Closed),
        Err(_) => Err(Broken::TimedOut),
    }
}

/// A stream that can be boxed.
pub(crate) fn boxed(stream: impl Duplex + 'static) -> Box<dyn Duplex> {
    Box::new(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(wire: &str, max: usize) -> String {
        let (ours, mut theirs) = tokio::io::duplex(3);
        let text = wire.to_owned();
        let writing = tokio::spawn(async move { theirs.write_all(text.as_bytes()).await });
        let mut wire = Wire::new(boxed(ours), Duration::from_secs(5));
        let mut out = Vec::new();
        let end = loop {
            match wire.line(max, Duration::from_secs(5)).await {
                Ok(line) => out.push(format!("{line:?}")),
                Err(broken) => break format!("{broken:?}"),
            }
        };
        writing.await.unwrap().unwrap();
        out.push(end);
        out.join(" ")
    }

    #[tokio::test]
    async fn lines() {
        assert_eq!(
            check("a\r\nb\nc\rd\r\n\r\ne", 20).await,
            r#"Whole(b"a") Bare(b"b") Whole(b"c\rd") Whole(b"") Closed"#
        );
    }

    #[tokio::test]
    async fn long_lines_are_thrown_away_to_their_end() {
        assert_eq!(
            check("1234567\r\nab\r\n12345678901234567890\r\nc\r\n", 6).await,
            r#"TooLong Whole(b"ab") TooLong Whole(b"c") Closed"#
        );
        assert_eq!(check("1234\r\n", 6).await, r#"Whole(b"1234") Closed"#);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stalls_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(3);
        let mut wire = Wire::new(boxed(ours), Duration::from_secs(5));
        assert_eq!(wire.line(10, Duration::from_secs(300)).await, Err(Broken::TimedOut));
        wire.output = b"more than fits".to_vec();
        assert_eq!(wire.flush().await, Err(Broken::TimedOut));
    }

    #[tokio::test]
    async fn who_hung_up_is_seen_and_who_speaks_is_heard() {
        let (ours, mut theirs) = tokio::io::duplex(30);
        let mut wire = Wire::new(boxed(ours), Duration::from_secs(5));
        assert!(!wire.hung_up());
        theirs.write_all(b"QUIT\r\n").await.unwrap();
        assert!(!wire.hung_up());
        assert_eq!(wire.line(10, Duration::from_secs(5)).await, Ok(Line::Whole(BytesMut::from("QUIT"))));
        drop(theirs);
        assert!(wire.hung_up());
    }
}
