//! Frames of the milter protocol: a length, a letter, data. Bytes in, frames out, and replies built of parts.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::limits;

/// Bytes of the length and the letter.
const HEAD: usize = 5;

/// What a mail server sends.
pub mod command {
    /// Abilities.
    pub const NEGOTIATE: u8 = b'O';
    /// A client connected.
    pub const CONNECT: u8 = b'C';
    /// Values of macros for the command that follows.
    pub const MACROS: u8 = b'D';
    /// `HELO` or `EHLO`.
    pub const HELO: u8 = b'H';
    /// `MAIL FROM`.
    pub const MAIL: u8 = b'M';
    /// `RCPT TO`.
    pub const RCPT: u8 = b'R';
    /// `DATA`.
    pub const DATA: u8 = b'T';
    /// One header field.
    pub const HEADER: u8 = b'L';
    /// The header is complete.
    pub const HEADER_END: u8 = b'N';
    /// A piece of the body.
    pub const BODY: u8 = b'B';
    /// The message is complete.
    pub const END: u8 = b'E';
    /// The message is not going to be completed.
    pub const ABORT: u8 = b'A';
    /// The connection ends.
    pub const QUIT: u8 = b'Q';
    /// The client's connection ends, ours goes on with another client.
    pub const QUIT_NEW: u8 = b'K';
    /// A command that the mail server does not know.
    pub const UNKNOWN: u8 = b'U';
}

/// What we send.
pub mod reply {
    /// Our abilities.
    pub const NEGOTIATE: u8 = b'O';
    /// Go on.
    pub const CONTINUE: u8 = b'c';
    /// Accept the message with the changes before.
    pub const ACCEPT: u8 = b'a';
    /// Accept the message and throw it away.
    pub const DISCARD: u8 = b'd';
    /// Refuse with this code and text.
    pub const CODE: u8 = b'y';
    /// No more of the body is wanted.
    pub const SKIP: u8 = b's';
    /// Still working.
    pub const PROGRESS: u8 = b'p';
    /// A recipient more.
    pub const ADD_RCPT: u8 = b'+';
    /// A recipient less.
    pub const DELETE_RCPT: u8 = b'-';
    /// A new header field at a place.
    pub const INSERT_HEADER: u8 = b'i';
    /// A header field changes, or goes if its value is empty.
    pub const CHANGE_HEADER: u8 = b'm';
    /// A piece of the new body.
    pub const BODY: u8 = b'b';
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its letter.
    pub command: u8,
    /// Its data.
    pub data: Bytes,
}

/// Why a connection is given up. The peer is told nothing, it only sees the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A frame without a letter.
    Empty,
    /// A frame longer than allowed.
    TooLong,
    /// A letter that the protocol does not have.
    Unknown,
    /// Data that is not what the letter wants.
    Malformed,
    /// A command that does not belong here.
    Order,
    /// A version of the protocol that nobody speaks.
    Version,
}

impl Fault {
    /// For the log.
    pub fn says(self) -> &'static str {
        match self {
            Self::Empty => "a frame without a command",
            Self::TooLong => "a frame over the limit",
            Self::Unknown => "a command that the protocol does not have",
            Self::Malformed => "a command whose data is malformed",
            Self::Order => "a command out of order",
            Self::Version => "a version of the protocol before 2",
        }
    }
}

/// Takes the first frame out of what was read; `None` if it is not complete yet.
pub fn take(read: &mut BytesMut) -> Result<Option<Frame>, Fault> {
    let Some(length) = length(read)? else { return Ok(None) };
    if read.len() < 4 + length {
        return Ok(None);
    }
    read.advance(4);
    let mut data = read.split_to(length).freeze();
    let command = data.first().copied().ok_or(Fault::Empty)?;
    data.advance(1);
    Ok(Some(Frame { command, data }))
}

/// The letter of the first frame, as soon as it is there.
pub fn peek(read: &[u8]) -> Option<u8> {
    read.get(HEAD - 1).copied()
}

/// Bytes that the first frame still misses; those of a length, when not even that is known.
pub fn missing(read: &[u8]) -> usize {
    match length(read) {
        Ok(Some(length)) => (4 + length).saturating_sub(read.len()),
        _ => HEAD.saturating_sub(read.len()),
    }
}

/// Length of the first frame without the length itself, checked.
fn length(read: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(bytes) = read.first_chunk::<4>() else { return Ok(None) };
    match usize::try_from(u32::from_be_bytes(*bytes)) {
        Ok(0) => Err(Fault::Empty),
        Ok(length) if length <= limits::MILTER_FRAME_BYTES_MAX => Ok(Some(length)),
        _ => Err(Fault::TooLong),
    }
}

/// Appends a frame of these parts.
pub fn put(out: &mut Vec<u8>, letter: u8, parts: &[&[u8]]) {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.push(letter);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// One frame of these parts.
pub fn frame(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + parts.iter().map(|part| part.len()).sum::<usize>());
    put(&mut out, letter, parts);
    out
}

/// The text before the first NUL, and what is behind it.
pub fn text(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == 0) {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + 1..).unwrap_or_default()),
        None => (data, &[]),
    }
}

/// A number of four bytes, and what is behind it.
pub fn number(data: &[u8]) -> Result<(u32, &[u8]), Fault> {
    let (bytes, rest) = data.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    Ok((u32::from_be_bytes(*bytes), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> String {
        let mut read = BytesMut::from(bytes);
        let mut out = Vec::new();
        loop {
            match take(&mut read) {
                Ok(Some(frame)) => {
                    out.push(format!("{}{}", char::from(frame.command), frame.data.escape_ascii()));
                }
                Ok(None) => break out.push(format!("{} left, {} missing", read.len(), missing(&read))),
                Err(fault) => break out.push(fault.says().to_owned()),
            }
        }
        out.join(" | ")
    }

    #[test]
    fn frames_are_taken_when_they_are_complete() {
        assert_eq!(check(b""), "0 left, 5 missing");
        assert_eq!(check(b"\0\0\0\x01A\0\0\0\x03Hab\0\0"), "A | Hab | 2 left, 3 missing");
        assert_eq!(check(b"\0\0\0\x03H"), "5 left, 2 missing");
    }

    #[test]
    fn frames_without_letter_and_over_the_limit_are_faults() {
        assert_eq!(check(b"\0\0\0\0"), "a frame without a command");
        assert_eq!(check(b"\xff\xff\xff\xffB"), "a frame over the limit");
        let long = u32::try_from(limits::MILTER_FRAME_BYTES_MAX).unwrap();
        assert_eq!(check(&long.to_be_bytes()), format!("4 left, {long} missing"));
        assert_eq!(check(&(long + 1).to_be_bytes()), "a frame over the limit");
    }

    #[test]
    fn what_is_put_is_what_is_taken() {
        let mut bytes = frame(reply::CODE, &[b"550 ", b"no", b"\0"]);
        put(&mut bytes, reply::PROGRESS, &[]);
        assert_eq!(check(&bytes), "y550 no\\x00 | p | 0 left, 5 missing");
        assert_eq!(peek(&bytes), Some(b'y'));
        assert_eq!(text(b"a\0b\0"), (&b"a"[..], &b"b\0"[..]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_frames_or_a_fault(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            check(&bytes);
        }
    }
}
