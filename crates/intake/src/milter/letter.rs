//! A message on its way in: envelope and bytes, put together from frames as the mail server has them, within limits.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use crate::limits;

/// Bytes of all messages that are held at one time, of all connections.
#[derive(Debug)]
pub struct Flight {
    held: AtomicUsize,
    max: usize,
}

impl Flight {
    /// At most this many bytes.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), max })
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Why a message is not held whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Too many recipients, or their addresses are too long together.
    Recipients,
    /// Bytes over the limit of a message: what is held is its beginning.
    Bytes,
    /// Header fields over the limit: what is held are the first of them.
    Fields,
    /// Other messages take all the room there is.
    Room,
}

impl Excess {
    /// For the log.
    pub fn says(self) -> &'static str {
        match self {
            Self::Recipients => "too many recipients",
            Self::Bytes => "too many bytes",
            Self::Fields => "too many header fields",
            Self::Room => "no room beside the other messages",
        }
    }

    /// What is held is the beginning of the message, and worth a look.
    pub fn cut(self) -> bool {
        matches!(self, Self::Bytes | Self::Fields)
    }
}

/// A message.
#[derive(Debug)]
pub struct Letter {
    /// Reverse path without angle brackets.
    pub from: String,
    /// The client said `SMTPUTF8`.
    pub utf8: bool,
    /// Recipients without angle brackets.
    pub to: Vec<String>,
    /// Recipients as the mail server named them, for taking them away.
    pub named: Vec<Bytes>,
    /// Where the body begins, once the header is complete.
    pub body_at: Option<usize>,
    /// Why it is not whole.
    pub excess: Option<Excess>,
    raw: Vec<u8>,
    sealed: Arc<[u8]>,
    fields: usize,
    envelope_bytes: usize,
    bytes_max: usize,
    flight: Arc<Flight>,
    taken: usize,
}

impl Letter {
    /// Begins one with the data of `MAIL`: the path, then parameters, each ended by NUL.
    pub fn begin(data: &[u8], bytes_max: usize, flight: Arc<Flight>) -> Self {
        let mut parts = data.split(|byte| *byte == 0);
        let from = address(parts.next().unwrap_or_default());
        Self {
            from,
            utf8: parts.any(|part| part.eq_ignore_ascii_case(b"SMTPUTF8")),
            to: Vec::new(),
            named: Vec::new(),
            body_at: None,
            excess: None,
            raw: Vec::new(),
            sealed: Arc::from([]),
            fields: 0,
            envelope_bytes: data.len(),
            bytes_max,
            flight,
            taken: 0,
        }
    }

    /// A recipient: the path as it was named, without parameters.
    pub fn recipient(&mut self, path: Bytes) {
        let bytes = self.envelope_bytes.saturating_add(path.len());
        let many = self.to.len() >= limits::MILTER_RECIPIENTS_MAX;
        if many || bytes > limits::MILTER_ENVELOPE_BYTES_MAX {
            self.excess = Some(Excess::Recipients);
            return;
        }
        self.envelope_bytes = bytes;
        self.to.push(address(&path));
        self.named.push(path);
    }

    /// A header field. Lines of a value are divided by LF, or by CRLF. `blank`: the mail server took one leading blank
    /// away, which most mail has.
    pub fn field(&mut self, name: &[u8], value: &[u8], blank: bool) {
        if self.fields >= limits::MILTER_FIELDS_MAX {
            self.excess.get_or_insert(Excess::Fields);
        }
        let folds = value.iter().filter(|byte| **byte == b'\n').count();
        if !self.room(name.len() + value.len() + folds + 4) {
            return;
        }
        self.fields += 1;
        self.raw.extend_from_slice(name);
        self.raw.extend_from_slice(if blank { b": " } else { b":" });
        for (at, line) in value.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 && self.raw.last() != Some(&b'\r') {
                self.raw.push(b'\r');
            }
            if at > 0 {
                self.raw.push(b'\n');
            }
            self.raw.extend_from_slice(line);
        }
        self.raw.extend_from_slice(b"\r\n");
    }

    /// The header is complete.
    pub fn header_end(&mut self) {
        if self.body_at.is_none() {
            self.raw.extend_from_slice(b"\r\n");
            self.body_at = Some(self.raw.len());
        }
    }

    /// A piece of the body. What is over the limit is not kept. Whether more of it would be.
    pub fn body(&mut self, piece: &[u8]) -> bool {
        self.header_end();
        let fits = self.bytes_max.saturating_sub(self.raw.len()).min(piece.len());
        let kept = piece.get(..fits).unwrap_or_default();
        if self.room(kept.len()) {
            self.raw.extend_from_slice(kept);
        }
        if fits < piece.len() {
            self.excess.get_or_insert(Excess::Bytes);
        }
        self.excess.is_none()
    }

    /// Whether there is room for bytes more, which are then taken.
    fn room(&mut self, bytes: usize) -> bool {
        if self.raw.len().saturating_add(bytes) > self.bytes_max {
            self.excess.get_or_insert(Excess::Bytes);
        }
        // Twice: as it is put together, and as it is handed on.
        if self.excess.is_none() && !self.flight.take(2 * bytes) {
            self.excess = Some(Excess::Room);
        }
        if self.excess.is_some() {
            return false;
        }
        self.taken += 2 * bytes;
        true
    }

    /// The message, complete. Nothing is added to it afterwards.
    pub fn seal(&mut self) -> Arc<[u8]> {
        self.header_end();
        self.sealed = std::mem::take(&mut self.raw).into();
        Arc::clone(&self.sealed)
    }

    /// The bytes of the body, once it is sealed.
    pub fn sealed_body(&self) -> &[u8] {
        self.sealed.get(self.body_at.unwrap_or_default()..).unwrap_or_default()
    }

    /// What is held is only its beginning.
    pub fn cut(&self) -> bool {
        self.excess.is_some_and(Excess::cut)
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.flight.give(self.taken);
    }
}

/// A path without its angle brackets.
fn address(path: &[u8]) -> String {
    let path = path.trim_ascii();
    let inner = path.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")).unwrap_or(path);
    String::from_utf8_lossy(inner).into_owned()
}

/// The address of a client, of the data of `CONNECT`: the name, NUL, the family, a port and an address.
pub fn client(data: &[u8]) -> Option<IpAddr> {
    let (_, rest) = super::codec::text(data);
    let (family, rest) = rest.split_first()?;
    if !matches!(family, b'4' | b'6') {
        return None;
    }
    ip(super::codec::text(rest.get(2..)?).0)
}

/// An address as mail servers write it, also with `IPv6:` before it, in brackets, or as an IPv4 address within IPv6.
pub fn ip(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim().trim_start_matches('[').trim_end_matches(']');
    let plain = match text.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("IPv6:") => rest,
        _ => text,
    };
    plain.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(bytes_max: usize, room: usize) -> Letter {
        Letter::begin(b"<a@b.example>\0SIZE=3\0", bytes_max, Flight::new(room))
    }

    #[test]
    fn the_message_is_put_together_byte_for_byte() {
        let mut letter = letter(1_000, 10_000);
        letter.field(b"Subject", b"  two", false);
        letter.field(b"X-Folded", b" a\n\t b\r\n c", false);
        letter.field(b"X-Empty", b"", false);
        letter.field(b"X-Old", b"value", true);
        letter.header_end();
        letter.body(b"one\r\n");
        letter.body(b"two\r\n");
        let raw = letter.seal();
        assert_eq!(
            raw.escape_ascii().to_string(),
            "Subject:  two\\r\\nX-Folded: a\\r\\n\\t b\\r\\n c\\r\\nX-Empty:\\r\\nX-Old: value\\r\\n\\r\\none\\r\\ntwo\\r\\n"
        );
        assert_eq!(letter.sealed_body(), b"one\r\ntwo\r\n");
        assert_eq!(letter.excess, None);
    }

    #[test]
    fn what_is_over_the_limit_is_not_kept_and_the_rest_is_whole() {
        let mut letter = letter(20, 10_000);
        letter.field(b"A", b" b", false);
        letter.header_end();
        assert!(letter.body(b"0123"));
        assert!(!letter.body(b"45678901234"));
        assert!(!letter.body(b"x"));
        assert_eq!(&*letter.seal(), b"A: b\r\n\r\n012345678901");
        assert_eq!((letter.excess, letter.cut()), (Some(Excess::Bytes), true));
    }

    #[test]
    fn many_fields_and_recipients_are_named() {
        let mut letter = letter(1 << 20, 4 << 20);
        for _ in 0..=limits::MILTER_FIELDS_MAX {
            letter.field(b"A", b"b", false);
        }
        assert_eq!(letter.seal().len(), limits::MILTER_FIELDS_MAX * 5 + 2);
        assert_eq!(letter.excess, Some(Excess::Fields));
        for _ in 0..=limits::MILTER_RECIPIENTS_MAX {
            letter.recipient(Bytes::from_static(b"<a@b.example>"));
        }
        assert_eq!(letter.to.len(), limits::MILTER_RECIPIENTS_MAX);
        assert_eq!((letter.excess, letter.cut()), (Some(Excess::Recipients), false));
    }

    #[test]
    fn room_is_shared_and_given_back() {
        let flight = Flight::new(40);
        let mut first = Letter::begin(b"<>", 1_000, Arc::clone(&flight));
        first.body(b"0123456789");
        let mut second = Letter::begin(b"<>", 1_000, Arc::clone(&flight));
        assert!(!second.body(b"0123456789a"));
        assert_eq!((second.excess, flight.held()), (Some(Excess::Room), 20));
        drop(first);
        drop(second);
        assert_eq!(flight.held(), 0);
    }

    #[test]
    fn paths_lose_their_brackets_and_nothing_else() {
        let cases: [(&[u8], &str); 6] = [
            (b"<a@b.example>", "a@b.example"),
            (b"<>", ""),
            (b"a@b.example", "a@b.example"),
            (b"<\"a b>\"@b.example>", "\"a b>\"@b.example"),
            ("<花@例え.example>".as_bytes(), "花@例え.example"),
            (b"<a\xff@b.example>", "a\u{fffd}@b.example"),
        ];
        for (path, want) in cases {
            assert_eq!(address(path), want);
        }
        assert!(!letter(9, 9).utf8);
        assert!(Letter::begin(b"<a@b>\0BODY=8BITMIME\0smtputf8\0", 9, Flight::new(9)).utf8);
    }

    #[test]
    fn clients_have_an_address_if_they_came_over_the_net() {
        let cases: [(&[u8], &str); 8] = [
            (b"mail.example\x004\x30\x39192.0.2.1\0", "192.0.2.1"),
            (b"mail.example\x006\x30\x392001:db8::1\0", "2001:db8::1"),
            (b"mail.example\x006\x30\x39IPv6:2001:db8::1\0", "2001:db8::1"),
            (b"mail.example\x006\x30\x39::ffff:192.0.2.1\0", "192.0.2.1"),
            (b"localhost\0L\0\0/run/socket\0", "-"),
            (b"unknown\0U", "-"),
            (b"unknown\x004\0", "-"),
            (b"", "-"),
        ];
        for (data, want) in cases {
            assert_eq!(client(data).map_or("-".to_owned(), |ip| ip.to_string()), want);
        }
    }
}
