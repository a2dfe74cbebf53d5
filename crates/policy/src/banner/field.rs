//! The header field that tells how a banner is removed, and the ruler that both sides measure with.
//!
//! `Sekisho-Banner: v=1; m=MARK; h=HASH; p=AT+LENGTH AT+LENGTH:BYTES …; f=NAME NTH BYTES …; i=NAME …; k=MAC`
//!
//! `p` are the places of our bytes in the body as it was sent on, with the bytes that stood there before in base64; `f`
//! are header fields that were replaced, with all bytes that they had; `i` names those that were added for the banner
//! (not this one). Lengths and bytes are those of the message with bare line feeds, so that a change of line ends on the
//! way does no harm. `k`, where there is a key, is an HMAC-SHA-256 over all before it without blanks: anybody can write
//! such a field, and only one of our own may change a message on its way ([`Removal::is_by`]). `h` is the SHA-256 of the original's body and header in this form ([`digest`]).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::limits::{BANNER_FIELD_BYTES_MAX, BANNER_PARTS_MAX};

/// The field's name.
pub const FIELD: &str = "Sekisho-Banner";
/// Bytes of one line of the field.
const LINE: usize = 74;

/// Bytes of ours in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Where they begin.
    pub(super) at: usize,
    /// How many there are.
    pub(super) length: usize,
    /// What stood there before.
    pub(super) replaced: Vec<u8>,
}

/// A header field that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Former {
    pub(super) name: String,
    /// Which of that name, from 1, in the message before the change.
    pub(super) nth: u32,
    /// The whole field as it was, with its line end.
    pub(super) bytes: Vec<u8>,
}

/// What the field says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Removal {
    pub(super) mark: String,
    pub(super) hash: [u8; 32],
    pub(super) places: Vec<Place>,
    pub(super) former: Vec<Former>,
    pub(super) inserted: Vec<String>,
}

impl Removal {
    /// The field's value with its leading blank, folded; `None` when it would be longer than the limit. With an empty key
    /// it has no `k`.
    pub(super) fn write(&self, key: &[u8]) -> Option<String> {
        let mut out = Folded { text: String::new(), line: FIELD.len() + 1 };
        out.word("v=1;");
        out.word(&format!("m={};", self.mark));
        out.word(&format!("h={};", STANDARD.encode(self.hash)));
        for (n, place) in self.places.iter().enumerate() {
            let before = if n == 0 { "p=" } else { "" };
            let mut word = format!("{before}{}+{}", place.at, place.length);
            if !place.replaced.is_empty() {
                word.push(':');
                word.push_str(&STANDARD.encode(&place.replaced));
            }
            out.word(&word);
        }
        for former in &self.former {
            out.word(&format!("; f={} {}", former.name, former.nth));
            for chunk in STANDARD.encode(&former.bytes).as_bytes().chunks(60) {
                out.word(&String::from_utf8_lossy(chunk));
            }
        }
        for (n, name) in self.inserted.iter().enumerate() {
            out.word(&format!("{}{name}", if n == 0 { "; i=" } else { "" }));
        }
        if !key.is_empty() {
            let mac = STANDARD.encode(mac(key, &dense(&out.text)));
            out.word(&format!("; k={mac}"));
        }
        (out.text.len() <= BANNER_FIELD_BYTES_MAX).then_some(out.text)
    }

    /// The value was written with this key, which is not empty.
    pub(super) fn is_by(key: &[u8], value: &[u8]) -> bool {
        let text = dense(&String::from_utf8_lossy(value));
        let Some((said, found)) = text.rsplit_once(";k=") else { return false };
        let want = mac(key, said);
        let found = STANDARD.decode(found).unwrap_or_default();
        // Without a way to guess byte by byte.
        !key.is_empty()
            && found.len() == want.len()
            && want.iter().zip(&found).fold(0, |bits, (a, b)| bits | (a ^ b)) == 0
    }

    /// Reads a value; `None` when it is none of ours.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let value = std::str::from_utf8(value.get(..BANNER_FIELD_BYTES_MAX).unwrap_or(value)).ok()?;
        let mut out = Self::default();
        let mut version = false;
        for tag in value.split(';') {
            let (name, value) = tag.split_once('=')?;
            let mut words = value.split_ascii_whitespace();
            match name.trim() {
                "v" => version = words.next()? == "1",
                "m" => out.mark = words.next()?.to_owned(),
                "h" => out.hash = STANDARD.decode(words.next()?).ok()?.try_into().ok()?,
                "p" => out.places = words.take(BANNER_PARTS_MAX * 4).map(place).collect::<Option<_>>()?,
                "f" => {
                    let (name, nth) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
                    let bytes = STANDARD.decode(words.collect::<String>()).ok()?;
                    out.former.push(Former { name, nth, bytes });
                }
                "i" => out.inserted = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        version.then_some(out)
    }
}

fn place(word: &str) -> Option<Place> {
    let (numbers, replaced) = word.split_once(':').unwrap_or((word, ""));
    let (at, length) = numbers.split_once('+')?;
    Some(Place {
        at: at.parse().ok()?,
        length: length.parse().ok()?,
        replaced: STANDARD.decode(replaced).ok()?,
    })
}

/// A value under construction: words with blanks before them, in short lines.
struct Folded {
    text: String,
    line: usize,
}

impl Folded {
    fn word(&mut self, word: &str) {
        if self.line + 1 + word.len() > LINE {
            self.text.push_str("\r\n");
            self.line = 0;
        }
        self.text.push(' ');
        self.text.push_str(word);
        self.line += 1 + word.len();
    }
}

/// Without blanks and line ends.
fn dense(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

/// HMAC-SHA-256 (RFC 2104).
fn mac(key: &[u8], text: &str) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let short: [u8; 32] = Sha256::digest(key).into();
    let key = if key.len() > block.len() { &short[..] } else { key };
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// The bytes with bare line feeds.
pub(super) fn unix(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let (text, end) = line_parts(line);
        out.extend_from_slice(text);
        out.extend_from_slice(end);
    }
    out
}

/// A line without its line end, and the line feed if it has one. Any number of CR belongs to the line end.
fn line_parts(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(text) = line.strip_suffix(b"\n") else { return (line, b"") };
    let cr = text.iter().rev().take_while(|byte| **byte == b'\r').count();
    (text.get(..text.len() - cr).unwrap_or(text), b"\n")
}

/// Translates between places in bytes and places in their form with bare line feeds; places must be asked for in
/// ascending order.
pub(super) struct Ruler<'a> {
    bytes: &'a [u8],
    /// Where the line begins, in both.
    raw: usize,
    unix: usize,
}

impl<'a> Ruler<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, raw: 0, unix: 0 }
    }

    /// The line at hand: its length, and the length without its line end.
    fn line(&self) -> Option<(usize, usize)> {
        let rest = self.bytes.get(self.raw..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        Some((length, line_parts(rest.get(..length)?).0.len()))
    }

    fn next(&mut self, length: usize, text: usize) {
        let feed = usize::from(self.bytes.get(self.raw + length - 1) == Some(&b'\n'));
        self.raw += length;
        self.unix += text + feed;
    }

    /// From a place in the bytes.
    pub(super) fn unix_of(&mut self, at: usize) -> usize {
        while let Some((length, text)) = self.line() {
            if at < self.raw + length {
                return self.unix + (at - self.raw).min(text);
            }
            self.next(length, text);
        }
        self.unix
    }

    /// To a place in the bytes; `None` beyond their end.
    pub(super) fn raw_of(&mut self, at: usize) -> Option<usize> {
        while let Some((length, text)) = self.line() {
            if at <= self.unix + text {
                return Some(self.raw + at.checked_sub(self.unix)?);
            }
            self.next(length, text);
        }
        (at == self.unix).then_some(self.raw)
    }
}

/// SHA-256 over the length of the body (eight bytes, big-endian), the body and the header, both with bare line feeds.
/// The body comes first, so that several headers can be tried.
#[derive(Clone)]
pub(super) struct BodyDigest(Sha256);

impl BodyDigest {
    /// Of a body in the form of [`unix`].
    pub(super) fn new(body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((body.len() as u64).to_be_bytes());
        hash.update(body);
        Self(hash)
    }

    /// With a header in the form of [`unix`].
    pub(super) fn with(&self, header: &[u8]) -> [u8; 32] {
        let mut hash = self.0.clone();
        hash.update(header);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_read_as_it_was_written() {
        let removal = Removal {
            mark: "4f9c2".into(),
            hash: [7; 32],
            places: (0..20).map(|n| Place { at: n * 1000, length: n, replaced: vec![b'x'; n % 3] }).collect(),
            former: vec![Former {
                name: "Content-Type".into(),
                nth: 1,
                bytes: b"Content-Type: a/b\n".repeat(9),
            }],
            inserted: vec!["MIME-Version".into(), "Content-Transfer-Encoding".into()],
        };
        let value = removal.write(b"").unwrap();
        assert!(value.split("\r\n").all(|line| line.starts_with(' ') && line.len() < 90), "{value}");
        assert_eq!(Removal::read(value.replace("\r\n", "\n").as_bytes()), Some(removal.clone()));
        assert_eq!(Removal::read(value.as_bytes()), Some(removal));
        assert_eq!(Removal::read(b" yes"), None);
    }

    #[test]
    fn only_the_key_makes_a_field_ours() {
        let removal = Removal {
            mark: "x".into(),
            places: vec![Place { at: 1, length: 2, replaced: Vec::new() }],
            ..Removal::default()
        };
        let value = removal.write(b"secret").unwrap();
        assert_eq!(Removal::read(value.as_bytes()), Some(removal.clone()));
        assert!(Removal::is_by(b"secret", value.replace("\r\n", "\n").as_bytes()));
        assert!(!Removal::is_by(b"other", value.as_bytes()));
        assert!(!Removal::is_by(b"secret", value.replace("1+2", "1+3").as_bytes()));
        assert!(!Removal::is_by(b"", removal.write(b"").unwrap().as_bytes()));
        // RFC 4231, case 2.
        let known = mac(b"Jefe", "what do ya want for nothing?");
        assert_eq!(known[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    #[test]
    fn the_ruler_counts_line_ends_once() {
        let bytes = b"ab\r\nc\n\r\r\nd\re";
        assert_eq!(unix(bytes), b"ab\nc\n\nd\re");
        let mut ruler = Ruler::new(bytes);
        let unix: Vec<_> = [0, 2, 4, 5, 6, 9, 10, 12].map(|at| ruler.unix_of(at)).into();
        assert_eq!(unix, [0, 2, 3, 4, 5, 6, 7, 9]);
        let mut ruler = Ruler::new(bytes);
        let raw: Vec<_> = unix.iter().map(|at| ruler.raw_of(*at).unwrap()).collect();
        assert_eq!(raw, [0, 2, 4, 5, 6, 9, 10, 12]);
        assert_eq!(ruler.raw_of(10), None);
    }
}
