//! Texts as they are stored: never too long, without the one character that PostgreSQL cannot hold, and their keys.

use ring::{digest, hmac};

use crate::limits::TEXT_BYTES_MAX;

/// The text without NUL; over the limit its beginning, and a hash of the whole in place of the rest.
pub(crate) fn clip(text: &str) -> String {
    let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() };
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut out = String::with_capacity(TEXT_BYTES_MAX);
    for c in text.chars() {
        if out.len() + c.len_utf8() > TEXT_BYTES_MAX - 17 {
            break;
        }
        out.push(c);
    }
    out.push('#');
    out.push_str(&hex(hash.as_ref().get(..8).unwrap_or_default()));
    out
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        out.extend(char::from_digit(u32::from(byte >> 4), 16));
        out.extend(char::from_digit(u32::from(byte & 15), 16));
        out
    })
}

/// The bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()
}

/// Makes keys of texts: 64 bits of a keyed hash, so that index entries are short, nobody outside can make two texts
/// collide, and two installations have nothing in common. By accident two of a billion subjects collide with a
/// probability of three percent; both would then share their counts.
#[derive(Debug, Clone)]
pub(crate) struct Salt(hmac::Key);

impl Salt {
    /// From the salt of the database.
    pub(crate) fn new(salt: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, salt))
    }

    /// Key of any text.
    pub(crate) fn key(&self, text: &str) -> i64 {
        let tag = hmac::sign(&self.0, text.as_bytes());
        let first = tag.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        i64::from_be_bytes(first)
    }

    /// Key of a subject; a thread's name carries its key.
    pub(crate) fn subject(&self, subject: &str) -> i64 {
        thread_from_name(subject).unwrap_or_else(|| self.key(subject))
    }

    /// Key of a kind of ticks: there may be one for each conversation. It only has to differ from those of the same
    /// subject, so 48 bits are plenty.
    pub(crate) fn kind(&self, kind: &str) -> i64 {
        self.key(kind) >> 16
    }

    /// Key of the thread that begins with this record.
    pub(crate) fn thread(&self, record: &str) -> i64 {
        self.key(&format!("thread of {record}"))
    }
}

/// The name by which a thread can be asked for.
pub(crate) fn thread_name(key: i64) -> String {
    format!("thread:{:016x}", key.cast_unsigned())
}

fn thread_from_name(name: &str) -> Option<i64> {
    let digits = name.strip_prefix("thread:").filter(|d| d.len() == 16)?;
    u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_short_and_different() {
        let (a, b) = ("あ".repeat(200), format!("{}x", "あ".repeat(199)));
        assert!(clip(&a).len() <= TEXT_BYTES_MAX && clip(&b).len() <= TEXT_BYTES_MAX);
        assert_ne!(clip(&a), clip(&b));
        assert_eq!(clip(&a), clip(&clip(&a)), "what is stored stays as it is");
        assert_eq!(clip("a\0b"), "a\u{fffd}b");
    }

    #[test]
    fn a_thread_is_asked_for_by_its_name() {
        let salt = Salt::new(b"salt");
        let key = salt.thread("r1");
        assert_eq!(salt.subject(&thread_name(key)), key);
        assert_ne!(salt.subject("thread:r1"), salt.subject("thread:r2"));
        assert_ne!(Salt::new(b"other").key("x"), salt.key("x"));
    }

    #[test]
    fn hexadecimal_there_and_back() {
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
    }
}
