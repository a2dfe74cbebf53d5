//! Click-tracking links as Mailgun writes them: `/c/` and base64url of a zlib stream of a query.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The usual trade between size and time.
const LEVEL: u8 = 6;

/// What one tracked message has in common.
#[derive(Debug, Clone)]
pub struct Tracker {
    /// Tracking host, a CNAME of the customer's.
    pub host: String,
    /// Message-ID without brackets.
    pub message_id: String,
    /// Recipient.
    pub recipient: String,
    /// Key of the sending domain's account.
    pub account: String,
    /// Eight hex digits.
    pub hash: String,
}

impl Tracker {
    /// A clicked link.
    #[must_use]
    pub fn click(&self, target: &str) -> String {
        self.wrap('c', target)
    }

    /// An unsubscribe link.
    #[must_use]
    pub fn unsubscribe(&self) -> String {
        self.wrap('u', "")
    }

    /// The pixel that reports an opened message.
    #[must_use]
    pub fn pixel(&self) -> String {
        self.wrap('o', "")
    }

    fn wrap(&self, kind: char, target: &str) -> String {
        let mut query = String::new();
        let mut pairs = vec![
            ("h", self.hash.as_str()),
            ("i", &self.message_id),
            ("r", &self.recipient),
            ("d", &self.account),
        ];
        if !target.is_empty() {
            pairs.insert(0, ("l", target));
        }
        for (key, value) in pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&format!("{key}={}", percent(value)));
        }
        // Not flate2: its back end, and with it the bytes, depends on what else is built and on the processor.
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(query.as_bytes(), LEVEL);
        format!("https://{}/{kind}/{}", self.host, URL_SAFE_NO_PAD.encode(packed))
    }
}

/// Percent-encodes everything but unreserved characters.
#[must_use]
pub fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
