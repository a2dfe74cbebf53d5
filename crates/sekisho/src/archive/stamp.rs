//! When a message of an archive arrived, and which record it is, from as few of its bytes as will do.

use sekisho_mail::{date, received};
use sha2::{Digest as _, Sha256};

/// Bytes of a header that are looked at.
const HEADER_BYTES_MAX: usize = 256 << 10;
/// No mail is older: 1 January 1980. Clocks that were never set write such times.
const FIRST: i64 = 315_532_800;
/// Seconds that a stamp may be ahead of the clock.
const AHEAD_MAX: i64 = 86_400;

/// When a message arrived, as its topmost server wrote, else its author; seconds since 1970. Times that cannot be are
/// left out.
pub(crate) fn arrival(raw: &[u8], now: i64) -> Option<i64> {
    let header = raw.get(..HEADER_BYTES_MAX).unwrap_or(raw);
    let mut written = None;
    for (name, value) in fields(header) {
        if name.eq_ignore_ascii_case("received") {
            if let Some(at) = received::parse(&value).time.filter(|at| is_possible(*at, now)) {
                return Some(at);
            }
        } else if name.eq_ignore_ascii_case("date") && written.is_none() {
            written = date::parse(&value).map(|date| date.seconds).filter(|at| is_possible(*at, now));
        }
    }
    written
}

/// A time at which a message may have arrived.
pub(crate) fn is_possible(at: i64, now: i64) -> bool {
    at >= FIRST && at <= now.saturating_add(AHEAD_MAX)
}

/// The fields of a header, unfolded, until it ends.
fn fields(header: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    let mut lines = header
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty())
        .peekable();
    std::iter::from_fn(move || {
        loop {
            let mut field = lines.next()?.to_vec();
            while let Some(more) = lines.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t")) {
                field.extend_from_slice(more);
            }
            let field = String::from_utf8_lossy(&field);
            if let Some((name, value)) = field.split_once(':') {
                return Some((name.trim_end().to_owned(), value.to_owned()));
            }
        }
    })
}

/// The record of a message without an envelope: named by a hash of its bytes. Line ends and what archives add at the
/// end do not count, so a message has the same id in an mbox and in a Maildir.
pub(crate) fn record(raw: &[u8]) -> Record {
    let mut hash = Sha256::new();
    for piece in raw.trim_ascii_end().split(|byte| *byte == b'\r') {
        hash.update(piece);
    }
    let digest: [u8; 32] = hash.finalize().into();
    Record(digest.first_chunk().copied().unwrap_or_default())
}

/// See [`record`]. Its text is 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Record([u8; 16]);

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn the_topmost_server_tells_the_arrival_and_the_author_only_without_one() {
        let received = "Received: from a\r\n by b;\r\n\tMon, 1 Jan 2024 01:00:00 +0100\r\n";
        let older = "Received: from c by a; Sun, 31 Dec 2023 00:00:00 +0000\r\n";
        let date = "Date: Sat, 30 Dec 2023 00:00:00 +0000\r\n";
        for (head, at) in [
            (format!("{received}{older}{date}"), Some(1_704_067_200)),
            (format!("{date}{older}"), Some(1_703_980_800)),
            (date.to_owned(), Some(1_703_894_400)),
            (format!("Received: by x\r\n{date}"), Some(1_703_894_400)),
            ("Date: Thu, 1 Jan 2099 00:00:00 +0000\r\n".to_owned(), None),
            ("Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n".to_owned(), None),
            ("Date: soon\r\n".to_owned(), None),
            (format!("Subject: x\r\n\r\n{date}"), None),
        ] {
            assert_eq!(arrival(head.as_bytes(), NOW), at, "{head}");
        }
    }

    #[test]
    fn a_record_is_its_bytes_whatever_the_archive_did_to_line_ends() {
        assert_eq!(record(b"a: b\r\n\r\nx\r\n"), record(b"a: b\n\nx\n\n"));
        assert_ne!(record(b"a: b\n\nx"), record(b"a: b\n\ny"));
        assert_eq!(record(b"").to_string().len(), 32);
    }
}
