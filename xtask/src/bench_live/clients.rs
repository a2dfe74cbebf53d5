//! The two sides that mail servers show us: a milter client and an HTTP client of plain sockets, blocking, one
//! connection each. What they send is put together before anything is measured.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

/// Until an answer that does not come ends the measurement.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who hands the mail in, for both protocols and both servers.
const CLIENT: &str = "198.51.100.7";
/// Its name.
const HELO: &str = "mx.sender.example";
/// The sender of the envelope.
const SENDER: &str = "sender@sender.example";

/// How a message is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Protocol {
    /// `POST /checkv2`.
    Http,
    /// The milter protocol, as Postfix speaks it.
    Milter,
}

impl Protocol {
    /// For the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Milter => "milter",
        }
    }
}

/// A message as it is sent: pieces with the letter of the milter command that they end, or the one request.
pub(super) struct Mail(Vec<(u8, Vec<u8>)>);

impl Mail {
    /// Puts a message together for a recipient of this domain.
    pub(super) fn new(protocol: Protocol, raw: &[u8], domain: &str) -> Self {
        match protocol {
            Protocol::Http => Self(vec![(0, request(raw, domain))]),
            Protocol::Milter => Self(frames(raw, domain)),
        }
    }
}

fn request(raw: &[u8], domain: &str) -> Vec<u8> {
    let mut out = format!(
        "POST /checkv2 HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\nIP: {CLIENT}\r\nHelo: {HELO}\r\n\
         From: {SENDER}\r\nRcpt: someone@{domain}\r\nContent-Length: {}\r\n\r\n",
        raw.len()
    )
    .into_bytes();
    out.extend_from_slice(raw);
    out
}

/// The commands of one message, those before it (connection, name) left out.
fn frames(raw: &[u8], domain: &str) -> Vec<(u8, Vec<u8>)> {
    let (header, body) = split(raw);
    let mut out = vec![
        (b'D', frame(b'D', b"Mi\x004TESTTEST\0{mail_addr}\0sender@sender.example\0")),
        (b'M', frame(b'M', format!("<{SENDER}>\0").as_bytes())),
        (b'R', frame(b'R', format!("<someone@{domain}>\0").as_bytes())),
        (b'T', frame(b'T', b"")),
    ];
    for (name, value) in header {
        out.push((b'L', frame(b'L', format!("{name}\0{value}\0").as_bytes())));
    }
    out.push((b'N', frame(b'N', b"")));
    out.extend(body.chunks(65_535).map(|piece| (b'B', frame(b'B', piece))));
    out.push((b'E', frame(b'E', b"")));
    out
}

/// Header fields without their leading blank, lines of a field ended by LF, as Postfix hands them over; the body with
/// CRLF. Bytes that are no UTF-8 are replaced: it is the same for both servers.
fn split(raw: &[u8]) -> (Vec<(String, String)>, Vec<u8>) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            break;
        }
        match (text.starts_with([' ', '\t']), fields.last_mut(), text.split_once(':')) {
            (true, Some((_, value)), _) => value.extend(["\n", text]),
            (false, _, Some((name, value))) => {
                fields.push((name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()));
            }
            // The first line of an mbox.
            _ => {}
        }
    }
    let mut body = Vec::with_capacity(rest.len() + rest.len() / 32);
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                body.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                body.extend_from_slice(b"\r\n");
            }
            None => body.extend_from_slice(line),
        }
    }
    (fields, body)
}

fn frame(letter: u8, data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(1 + data.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    out.push(letter);
    out.extend_from_slice(data);
    out
}

/// A connection, made when it is needed and again when the server closed it.
pub(super) struct Client {
    protocol: Protocol,
    to: SocketAddr,
    stream: Option<TcpStream>,
    /// Bits of the milter protocol that were agreed on.
    agreed: u32,
    /// What is sent at once.
    out: Vec<u8>,
    /// What was read and not used yet.
    read: Vec<u8>,
    /// Connections made.
    pub(super) connections: u64,
}

impl Client {
    /// Nothing is connected yet.
    pub(super) fn new(protocol: Protocol, to: SocketAddr) -> Self {
        Self { protocol, to, stream: None, agreed: 0, out: Vec::new(), read: Vec::new(), connections: 0 }
    }

    /// Hands a message over and waits for the answer, which is told in a word or two.
    ///
    /// # Errors
    /// When the server does not answer, or not what the protocol says.
    pub(super) fn send(&mut self, mail: &Mail) -> Result<String> {
        if self.stream.is_none() {
            self.connect()?;
        }
        match self.protocol {
            Protocol::Http => self.post(mail),
            Protocol::Milter => self.deliver(mail),
        }
    }

    fn connect(&mut self) -> Result<()> {
        let stream = TcpStream::connect_timeout(&self.to, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.stream = Some(stream);
        self.connections += 1;
        self.read.clear();
        if self.protocol == Protocol::Milter {
            self.greet()?;
        }
        Ok(())
    }

    /// Negotiates what Postfix offers (version 6, no leading blanks), and introduces a client.
    fn greet(&mut self) -> Result<()> {
        let offer = [6u32, 0x1FF, 0x0F_FFFF].map(u32::to_be_bytes).concat();
        self.out.extend_from_slice(&frame(b'O', &offer));
        let (letter, data) = self.reply()?;
        let bits = data.get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let (b'O', Some(bits)) = (letter, bits) else { bail!("the milter did not negotiate") };
        self.agreed = bits;
        let connect = [HELO.as_bytes(), b"\x004", &4711u16.to_be_bytes(), CLIENT.as_bytes(), b"\0"].concat();
        for (letter, data) in [(b'C', connect), (b'H', [HELO.as_bytes(), b"\0"].concat())] {
            self.out.extend_from_slice(&frame(letter, &data));
            if self.is_answered(letter) {
                self.reply()?;
            }
        }
        Ok(())
    }

    /// Whether a command gets a reply of its own, by the bits of the protocol.
    fn is_answered(&self, letter: u8) -> bool {
        let quiet = match letter {
            b'L' => 0x80,
            b'C' => 0x1000,
            b'H' => 0x2000,
            b'M' => 0x4000,
            b'R' => 0x8000,
            b'T' => 0x1_0000,
            b'N' => 0x4_0000,
            b'B' => 0x8_0000,
            _ => return letter == b'E',
        };
        self.agreed & quiet == 0
    }

    /// Sends a message; the last reply says what becomes of it. The connection stays for the next.
    fn deliver(&mut self, mail: &Mail) -> Result<String> {
        for (letter, bytes) in &mail.0 {
            self.out.extend_from_slice(bytes);
            if *letter == b'E' || !self.is_answered(*letter) {
                continue;
            }
            match self.reply()? {
                (b'c' | b's', _) => {}
                (other, _) => bail!("{} was answered with {}", char::from(*letter), char::from(other)),
            }
        }
        loop {
            match self.reply()? {
                (b'a' | b'c', _) => return Ok("accept".to_owned()),
                (b'd', _) => return Ok("discard".to_owned()),
                (b'r', _) => return Ok("reject".to_owned()),
                (b't', _) => return Ok("defer".to_owned()),
                (b'y', text) if text.first() == Some(&b'5') => return Ok("reject".to_owned()),
                (b'y', _) => return Ok("defer".to_owned()),
                // Changes, and signs that it still works.
                _ => {}
            }
        }
    }

    /// Sends what waits, and reads one frame.
    fn reply(&mut self) -> Result<(u8, Vec<u8>)> {
        self.flush()?;
        self.fill(4)?;
        let length = self.read.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes)) as usize;
        self.fill(4 + length)?;
        let frame: Vec<u8> = self.read.drain(..4 + length).skip(4).collect();
        let (letter, data) = frame.split_first().context("an empty frame")?;
        Ok((*letter, data.to_vec()))
    }

    fn post(&mut self, mail: &Mail) -> Result<String> {
        for (_, bytes) in &mail.0 {
            self.out.extend_from_slice(bytes);
        }
        self.flush()?;
        let mut have = 0;
        let end = loop {
            have += 1;
            self.fill(have)?;
            have = self.read.len();
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(self.read.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = field("content-length:").context("a reply without a length")?.parse()?;
        let closes = field("connection:") == Some("close");
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.fill(end + length)?;
        let body: Vec<u8> = self.read.drain(..end + length).skip(end).collect();
        if closes {
            self.stream = None;
        }
        if status != "200" {
            return Ok(format!("status {status}"));
        }
        let text = String::from_utf8_lossy(&body);
        let (_, action) = text.split_once("\"action\":").context("a reply without an action")?;
        Ok(action.trim_start().trim_start_matches('"').chars().take_while(|c| *c != '"').collect())
    }

    fn flush(&mut self) -> Result<()> {
        let stream = self.stream.as_mut().context("not connected")?;
        stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Reads until so many bytes are there.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        let mut chunk = [0; 16 << 10];
        while self.read.len() < wanted {
            match self.stream.as_mut().context("not connected")?.read(&mut chunk)? {
                0 => bail!("{} connection: the server hung up", self.protocol.name()),
                count => self.read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            }
        }
        Ok(())
    }
}
