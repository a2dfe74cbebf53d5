//! A raw SMTP client: every command is a line that the test writes, every reply is read whole.

use std::{
    fmt,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use super::PATIENCE;

/// Bytes of a reply's line; a test reads replies of servers of its own.
const LINE_BYTES_MAX: u64 = 8_192;
/// Recipients that are sent before their replies are read.
const BATCH: usize = 100;

/// A reply of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The code of its last line.
    pub code: u16,
    /// The lines without code.
    pub lines: Vec<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.code, self.lines.join(" / "))
    }
}

/// A connection to an SMTP or LMTP server.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    pipelining: bool,
    /// The greeting.
    pub greeting: Reply,
}

impl Client {
    /// Connects and reads the greeting.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut client =
            Self { stream: BufReader::new(stream), pipelining: false, greeting: Reply::default() };
        client.greeting = client.reply()?;
        Ok(client)
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads one reply.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut reply = Reply::default();
        loop {
            let mut line = Vec::new();
            (&mut self.stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (code, rest) = line.split_at_checked(3).ok_or_else(|| {
                io::Error::new(io::ErrorKind::UnexpectedEof, format!("no reply but {line:?} after {reply}"))
            })?;
            reply.code = code.parse().map_err(|_| io::Error::other(format!("no code: {line:?}")))?;
            reply.lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                return Ok(reply);
            }
        }
    }

    /// Sends a line and reads its reply.
    pub fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Says `EHLO`.
    pub fn hello(&mut self, name: &str) -> io::Result<Reply> {
        let reply = self.command(&format!("EHLO {name}"))?;
        self.pipelining = reply.lines.iter().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(reply)
    }

    /// Sends a message. The reply is that to the message, or the first that refuses before it; then the transaction is
    /// taken back.
    pub fn send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> io::Result<Reply> {
        let begun = self.command(&format!("MAIL FROM:<{from}>"))?;
        let refused = if begun.code >= 400 { Some(begun) } else { self.recipients(to)? };
        match refused {
            Some(reply) => self.command("RSET").map(|_| reply),
            None => self.data(raw),
        }
    }

    /// Names the recipients; the first reply that refuses one.
    fn recipients(&mut self, to: &[&str]) -> io::Result<Option<Reply>> {
        let mut refused = None;
        for some in to.chunks(if self.pipelining { BATCH } else { 1 }) {
            let lines: String = some.iter().map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
            self.write(lines.as_bytes())?;
            for _ in some {
                let reply = self.reply()?;
                if reply.code >= 400 {
                    refused = refused.or(Some(reply));
                }
            }
        }
        Ok(refused)
    }

    /// Sends `DATA` and the message, its dots doubled; an LMTP server sends one more reply for each further recipient.
    pub fn data(&mut self, raw: &[u8]) -> io::Result<Reply> {
        let begun = self.command("DATA")?;
        if begun.code != 354 {
            return Ok(begun);
        }
        self.write(&stuffed(raw))?;
        self.reply()
    }
}

/// A message as it goes over the wire: dots at the beginning of lines doubled, the end marked.
#[must_use]
pub fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 64 + 8);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
