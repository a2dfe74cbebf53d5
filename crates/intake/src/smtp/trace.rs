//! Trace fields (RFC 5321 4.4): ours is written, and those that are there are counted, for mail that goes in circles.

use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// What our field says.
pub(crate) struct Stamp<'a> {
    /// What the peer called itself.
    pub(crate) helo: &'a str,
    /// Its address.
    pub(crate) peer: std::net::IpAddr,
    /// Who we are.
    pub(crate) by: &'a str,
    /// `ESMTP`, `ESMTPS`, …
    pub(crate) with: &'a str,
    /// What we call the message.
    pub(crate) id: &'a str,
    /// When it came.
    pub(crate) at: i64,
}

impl Stamp<'_> {
    /// The value, folded, with its leading blank.
    pub(crate) fn value(&self) -> String {
        let plain = |text: &str| -> String {
            let fine = |char: &char| char.is_alphanumeric() || ".-_:[]".contains(*char);
            text.chars().filter(fine).take(255).collect()
        };
        let helo = Some(plain(self.helo)).filter(|helo| !helo.is_empty()).unwrap_or_else(|| "unknown".into());
        let literal = match self.peer.to_canonical() {
            std::net::IpAddr::V4(addr) => format!("[{addr}]"),
            std::net::IpAddr::V6(addr) => format!("[IPv6:{addr}]"),
        };
        let at = OffsetDateTime::from_unix_timestamp(self.at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let date = at.format(&Rfc2822).unwrap_or_default();
        let id = Some(plain(self.id))
            .filter(|id| !id.is_empty())
            .map(|id| format!(" id {id}"))
            .unwrap_or_default();
        format!(" from {helo} ({literal})\r\n\tby {} (Sekisho) with {}{id};\r\n\t{date}", self.by, self.with)
    }
}

/// The header, line by line; the end of each line is with it.
fn header(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split_inclusive(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"\r\n" | b"\n"))
}

fn is_received(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < line.len() && name.trim_ascii_end().eq_ignore_ascii_case(b"Received")
}

/// How many servers it passed.
pub(crate) fn hops(raw: &[u8]) -> usize {
    header(raw).filter(|line| is_received(line)).count()
}

/// The message without its trace fields, in pieces.
pub(crate) fn without_received(raw: &[u8], mut piece: impl FnMut(&[u8])) {
    let (mut inside, mut done) = (false, 0);
    for line in header(raw) {
        inside = if line.starts_with(b" ") || line.starts_with(b"\t") { inside } else { is_received(line) };
        if !inside {
            piece(line);
        }
        done += line.len();
    }
    piece(raw.get(done..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_field() {
        let stamp = |helo: &str, peer: &str, id: &str| {
            let peer = peer.parse().unwrap();
            Stamp { helo, peer, by: "mx.example", with: "ESMTPS", id, at: 1_795_000_000 }.value()
        };
        insta::assert_snapshot!(stamp("a.example", "::ffff:192.0.2.1", "r1").replace('\r', ""), @r"
         from a.example ([192.0.2.1])
        	by mx.example (Sekisho) with ESMTPS id r1;
        	Wed, 18 Nov 2026 11:06:40 +0000
        ");
        insta::assert_snapshot!(stamp("(x) by y;", "2001:db8::1", "").replace('\r', ""), @r"
         from xbyy ([IPv6:2001:db8::1])
        	by mx.example (Sekisho) with ESMTPS;
        	Wed, 18 Nov 2026 11:06:40 +0000
        ");
    }

    #[test]
    fn hops_are_counted_in_the_header_only() {
        assert_eq!(
            hops(b"Received: a\r\nreceived : b\r\nReceived-SPF: x\r\n Received: y\r\n\r\nReceived: c\r\n"),
            2
        );
        assert_eq!(hops(b"Received"), 0);
    }
}
