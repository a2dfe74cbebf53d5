//! The text of a message on its way (RFC 5321 4.5.2): dots taken out and put in, byte by byte exact.
//!
//! Only `CRLF . CRLF` ends a message. A bare LF or CR never begins or ends a line: servers that disagree on that let a
//! second message be smuggled inside a first. What is done with a message that has one is a setting
//! ([`BareEnds`]); the default refuses it.

/// What is done with a message that has a CR without LF or a LF without CR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BareEnds {
    /// It is read to its end and refused with 550 5.6.11.
    #[default]
    Refuse,
    /// Each becomes CRLF. Signatures over such a message break.
    Normalise,
}

/// What stands behind the bytes that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// A line begins.
    Begin,
    /// A line began with a dot, which is not yet in the message.
    Dot,
    /// The same, and a CR.
    DotCr,
    /// Inside a line.
    Inside,
    /// A CR, not yet in the message.
    Cr,
}

/// Takes the dots out.
#[derive(Debug)]
pub struct Unstuffer {
    at: At,
    normalise: bool,
    bare: bool,
}

impl Unstuffer {
    /// At the beginning of a message.
    pub fn new(ends: BareEnds) -> Self {
        Self { at: At::Begin, normalise: ends == BareEnds::Normalise, bare: false }
    }

    /// There was a bare LF or CR.
    pub fn bare(&self) -> bool {
        self.bare
    }

    /// Reads bytes of the wire into the message. `Some(n)`: the message ended behind `n` of them.
    pub fn read(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            if self.at == At::Inside {
                let plain = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                out.extend_from_slice(rest.get(..plain).unwrap_or_default());
                done += plain;
            }
            let Some(byte) = bytes.get(done) else { break };
            done += 1;
            if self.byte(*byte, out) {
                return Some(done);
            }
        }
        None
    }

    /// Reads one byte; true when the message has ended.
    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        self.at = match (self.at, byte) {
            (At::DotCr, b'\n') => return true,
            (At::Cr, b'\n') => {
                out.extend_from_slice(b"\r\n");
                At::Begin
            }
            (At::Cr, _) => {
                self.bare_end(b'\r', out);
                return self.again(byte, out);
            }
            // A line that began with a dot and goes on: that dot goes.
            (At::DotCr, _) => {
                self.bare_end(b'\r', out);
                return self.again(byte, out);
            }
            (At::Begin, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (_, b'\r') => At::Cr,
            (_, b'\n') => {
                self.bare_end(b'\n', out);
                At::Inside
            }
            (_, byte) => {
                out.push(byte);
                At::Inside
            }
        };
        false
    }

    fn again(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        self.at = At::Inside;
        self.byte(byte, out)
    }

    fn bare_end(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.bare = true;
        if self.normalise { out.extend_from_slice(b"\r\n") } else { out.push(byte) }
    }
}

/// Puts the dots in: bytes of a message become bytes of the wire. Bare ends of lines become CRLF: nothing else may be sent
/// (RFC 5321 2.3.8), and no next hop can then see an end of the message that is none.
#[derive(Debug)]
pub struct Stuffer {
    begin: bool,
    cr: bool,
}

impl Default for Stuffer {
    fn default() -> Self {
        Self { begin: true, cr: false }
    }
}

impl Stuffer {
    /// Writes bytes of the message.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            match first {
                b'\r' | b'\n' => {
                    self.end(*first, out);
                    rest = behind;
                }
                _ => {
                    self.bare_cr(out);
                    if self.begin && *first == b'.' {
                        out.push(b'.');
                    }
                    let line = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    let (line, behind) = rest.split_at(line);
                    out.extend_from_slice(line);
                    self.begin = false;
                    rest = behind;
                }
            }
        }
    }

    /// Ends the message: its last line gets an end where it has none.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.bare_cr(out);
        out.extend_from_slice(if self.begin { b".\r\n" } else { b"\r\n.\r\n" });
    }

    fn end(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == b'\n' {
            self.cr = false;
            out.extend_from_slice(b"\r\n");
            self.begin = true;
        } else {
            self.bare_cr(out);
            self.cr = true;
        }
    }

    fn bare_cr(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.cr) {
            out.extend_from_slice(b"\r\n");
            self.begin = true;
        }
    }
}

/// Line ends of a piece that came by BDAT, which has no dots and no end of its own.
#[derive(Debug, Default)]
pub struct Ends {
    cr: bool,
    bare: bool,
}

impl Ends {
    /// Reads a piece.
    pub fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bare |= self.cr != (*byte == b'\n');
            self.cr = *byte == b'\r';
        }
    }

    /// There was a bare LF or CR; asked at the end.
    pub fn bare(&self) -> bool {
        self.bare || self.cr
    }
}

/// The message with every bare LF and CR made a CRLF.
pub(crate) fn normalised(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 16);
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, behind) = rest.split_at(at);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        let end = if behind.starts_with(b"\r\n") { 2 } else { 1 };
        rest = behind.get(end..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, what stands behind it, and whether there was a bare end; read in pieces of any size.
    fn check(wire: &str, ends: BareEnds) -> String {
        let read = |size: usize| {
            let (mut unstuffer, mut out, mut used) = (Unstuffer::new(ends), Vec::new(), 0);
            for piece in wire.as_bytes().chunks(size) {
                if let Some(end) = unstuffer.read(piece, &mut out) {
                    let rest = String::from_utf8(wire.as_bytes()[used + end..].to_vec()).unwrap();
                    return (String::from_utf8(out).unwrap(), Some(rest), unstuffer.bare());
                }
                used += piece.len();
            }
            (String::from_utf8(out).unwrap(), None, unstuffer.bare())
        };
        let whole = read(wire.len().max(1));
        for size in 1..wire.len() {
            assert_eq!(read(size), whole, "in pieces of {size}");
        }
        format!("{:?} then {:?}{}", whole.0, whole.1, if whole.2 { ", bare" } else { "" })
    }

    #[test]
    fn dots_are_taken_out_and_the_end_is_found() {
        for (wire, want) in [
            (".\r\n", r#""" then Some("")"#),
            ("a\r\n.\r\nQUIT\r\n", r#""a\r\n" then Some("QUIT\r\n")"#),
            ("..\r\n...a\r\n.b\r\n.\r\n", r#"".\r\n..a\r\nb\r\n" then Some("")"#),
            ("a.\r\n\r\n.\r\n", r#""a.\r\n\r\n" then Some("")"#),
            ("a\r\n.", r#""a\r\n" then None"#),
        ] {
            assert_eq!(check(wire, BareEnds::Refuse), want);
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        for (wire, want) in [
            ("a\n.\nMAIL\r\n.\r\n", r#""a\n.\nMAIL\r\n" then Some(""), bare"#),
            ("a\n.\r\nMAIL\r\n.\r\n", r#""a\n.\r\nMAIL\r\n" then Some(""), bare"#),
            ("a\r.\r\nMAIL\r\n.\r\n", r#""a\r.\r\nMAIL\r\n" then Some(""), bare"#),
            ("a\r\n.\rMAIL\r\n.\r\n", r#""a\r\n\rMAIL\r\n" then Some(""), bare"#),
            ("a\r\n.\nMAIL\r\n.\r\n", r#""a\r\n\nMAIL\r\n" then Some(""), bare"#),
            ("a\r\n.\r\r\nMAIL\r\n.\r\n", r#""a\r\n\r\r\nMAIL\r\n" then Some(""), bare"#),
            ("a\r\r\n.\r\n", r#""a\r\r\n" then Some(""), bare"#),
        ] {
            assert_eq!(check(wire, BareEnds::Refuse), want);
        }
    }

    #[test]
    fn bare_ends_are_made_whole_where_that_is_wanted() {
        assert_eq!(
            check("a\n.\nb\rc\r\n.\rd\r\n.\r\n", BareEnds::Normalise),
            r#""a\r\n.\r\nb\r\nc\r\n\r\nd\r\n" then Some(""), bare"#
        );
    }

    fn stuffed(message: &[u8], size: usize) -> Vec<u8> {
        let (mut stuffer, mut out) = (Stuffer::default(), Vec::new());
        message.chunks(size).for_each(|piece| stuffer.write(piece, &mut out));
        stuffer.finish(&mut out);
        out
    }

    #[test]
    fn dots_are_put_in() {
        for (message, want) in [
            ("", ".\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\n..b", "a\r\n..\r\n...b\r\n.\r\n"),
            ("a\n.\nb\r.\rc\r\r\n", "a\r\n..\r\nb\r\n..\r\nc\r\n\r\n.\r\n"),
        ] {
            for size in 1..=message.len().max(1) {
                assert_eq!(
                    String::from_utf8(stuffed(message.as_bytes(), size)).unwrap(),
                    want,
                    "{message:?}"
                );
            }
        }
    }

    #[test]
    fn bare_ends_of_pieces_are_seen() {
        let bare = |pieces: &[&str]| {
            let mut ends = Ends::default();
            pieces.iter().for_each(|piece| ends.read(piece.as_bytes()));
            ends.bare()
        };
        assert!(!bare(&["a\r", "\nb\r\n", "c"]));
        for pieces in [&["a\n"][..], &["\n"], &["a\r"], &["a\r", "b\n"], &["a\r\r\n"]] {
            assert!(bare(pieces), "{pieces:?}");
        }
    }

    #[test]
    fn whole_messages_are_made_whole() {
        assert_eq!(normalised(b"a\r\nb\nc\r\r\nd\n\r"), b"a\r\nb\r\nc\r\n\r\nd\r\n\r\n");
        assert_eq!(normalised(b"a"), b"a");
    }

    proptest::proptest! {
        #[test]
        fn what_was_put_in_is_taken_out(
            lines in proptest::collection::vec("[.a\u{e9}\0]{0,4}", 0..8),
            size in 1_usize..9,
        ) {
            let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            let wire = stuffed(message.as_bytes(), size);
            let (mut unstuffer, mut out, mut end) = (Unstuffer::new(BareEnds::Refuse), Vec::new(), None);
            for piece in wire.chunks(size) {
                proptest::prop_assert_eq!(end, None);
                end = unstuffer.read(piece, &mut out);
            }
            proptest::prop_assert!(end.is_some() && !unstuffer.bare());
            proptest::prop_assert_eq!(out, message.as_bytes());
        }

        #[test]
        fn any_bytes_leave_as_one_message(
            message in proptest::collection::vec(proptest::sample::select(b"\r\n.a".to_vec()), 0..24),
        ) {
            let wire = stuffed(&message, 5);
            let (mut unstuffer, mut out) = (Unstuffer::new(BareEnds::Refuse), Vec::new());
            proptest::prop_assert_eq!(unstuffer.read(&wire, &mut out), Some(wire.len()));
            proptest::prop_assert!(!unstuffer.bare());
        }
    }
}
