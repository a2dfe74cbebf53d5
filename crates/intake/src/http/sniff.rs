//! What a client speaks, told by the first bytes: HTTP, or the line protocol of spamc and of rspamd's older clients.
//!
//! Both are a word, a blank and something: `POST /checkv2 HTTP/1.1` or `CHECK SPAMC/1.5`. What stands behind the first
//! blank decides, so at most some twenty bytes are looked at. Whatever is not clearly the line protocol is HTTP, whose
//! parser says what is wrong with it.

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP, or something that its parser refuses.
    Http,
    /// The line protocol.
    Lines,
    /// It cannot be told yet.
    Unclear,
}

/// The longest word that the line protocol begins with is `REPORT_IFSPAM`.
const WORD_MAX: usize = 16;
const NAMES: [&[u8]; 2] = [b"SPAMC/", b"RSPAMC/"];

/// Looks at the first bytes of a connection.
pub(super) fn spoken(bytes: &[u8]) -> Spoken {
    let word = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
    let Some(rest) = bytes.get(word..) else { return Spoken::Http };
    match rest.split_first() {
        _ if word > WORD_MAX => Spoken::Http,
        None => Spoken::Unclear,
        Some((b' ', rest)) if word > 0 => named(rest),
        Some(_) => Spoken::Http,
    }
}

fn named(rest: &[u8]) -> Spoken {
    let fits = |name: &&[u8]| rest.iter().zip(name.iter()).all(|(a, b)| a.eq_ignore_ascii_case(b));
    match NAMES.iter().find(|name| fits(name)) {
        Some(name) if rest.len() >= name.len() => Spoken::Lines,
        Some(_) => Spoken::Unclear,
        None => Spoken::Http,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_protocol_is_told_apart() {
        for text in
            ["CHECK SPAMC/1.5\r\n", "SYMBOLS RSPAMC/1.3\r\n", "REPORT_IFSPAM SPAMC/1.2", "PING spamc/"]
        {
            assert_eq!(spoken(text.as_bytes()), Spoken::Lines, "{text}");
        }
        for text in [
            "POST /checkv2 HTTP/1.1",
            "CHECK /SPAMC/",
            "CHECK\tSPAMC/1.5",
            "\r\n",
            "get /",
            " SPAMC/",
            "CHECK SPAMD/",
        ] {
            assert_eq!(spoken(text.as_bytes()), Spoken::Http, "{text}");
        }
        for text in ["", "POST", "CHECK ", "CHECK SPAM", "CHECK RSPAMC"] {
            assert_eq!(spoken(text.as_bytes()), Spoken::Unclear, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_something(bytes in proptest::collection::vec(proptest::sample::select(b"CHE SPAMC/R_\r\n\0\xff".to_vec()), 0..64)) {
            let all = spoken(&bytes);
            if all == Spoken::Unclear {
                proptest::prop_assert!(bytes.len() < 32, "bounded");
            }
            for end in 0..bytes.len() {
                let part = spoken(&bytes[..end]);
                proptest::prop_assert!(part == Spoken::Unclear || part == all, "more bytes change no answer");
            }
        }
    }
}
