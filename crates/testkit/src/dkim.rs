//! DKIM signatures (RFC 6376, relaxed/relaxed, RSA-SHA256) with fixed keys and a fixed time, so that a message that is
//! written again is the same byte for byte. (mail-auth's own signer takes the time from the clock.)

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_auth::common::crypto::{RsaKey, Sha256, SigningKey as _};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer};
use sha2::Digest as _;

/// Fields that are signed when the message has them.
const SIGNED: [&str; 10] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "list-unsubscribe",
];

/// A key of fixtures/keys: one signs for senders, the other for the companies that carry their mail.
pub struct Key {
    private: RsaKey<Sha256>,
    public: &'static str,
}

impl Key {
    /// The senders' key.
    #[must_use]
    pub fn sender() -> Option<Self> {
        Self::read(
            include_str!("../../../fixtures/keys/sender.pem"),
            include_str!("../../../fixtures/keys/sender.pub"),
        )
    }

    /// The carriers' key.
    #[must_use]
    pub fn carrier() -> Option<Self> {
        Self::read(
            include_str!("../../../fixtures/keys/carrier.pem"),
            include_str!("../../../fixtures/keys/carrier.pub"),
        )
    }

    fn read(pem: &str, public: &'static str) -> Option<Self> {
        let text: String = pem.lines().filter(|l| !l.starts_with("-----")).map(str::trim).collect();
        let der = PrivatePkcs1KeyDer::from(STANDARD.decode(text).ok()?);
        let private = RsaKey::from_key_der(PrivateKeyDer::Pkcs1(der)).ok()?;
        Some(Self { private, public: public.trim() })
    }

    /// The line of a zone file that publishes the key.
    #[must_use]
    pub fn record(&self, selector: &str, domain: &str) -> String {
        format!("{selector}._domainkey.{domain} TXT v=DKIM1; k=rsa; p={}", self.public)
    }

    /// Signs a message and puts the signature on top of it. Unsigned when the message has no header at all.
    #[must_use]
    pub fn sign(&self, raw: &[u8], domain: &str, selector: &str, time: i64) -> Vec<u8> {
        let (fields, body) = split(raw);
        let body_hash = STANDARD.encode(sha2::Sha256::digest(relaxed_body(body)));
        let mut names = Vec::new();
        let mut canonical = Vec::new();
        for name in SIGNED {
            let Some(field) = fields.iter().rfind(|f| field_name(f).eq_ignore_ascii_case(name)) else {
                continue;
            };
            names.push(name);
            canonical.extend_from_slice(relaxed_field(field).as_bytes());
            canonical.extend_from_slice(b"\r\n");
        }
        let start = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n t={time}; h={};\r\n bh={body_hash};\r\n b=",
            names.join(":")
        );
        canonical.extend_from_slice(relaxed_field(&start).as_bytes());
        let signature =
            self.private.sign(canonical.as_slice()).map(|s| STANDARD.encode(s)).unwrap_or_default();
        let mut out = start;
        for (at, c) in signature.chars().enumerate() {
            if at > 0 && at % 72 == 0 {
                out.push_str("\r\n  ");
            }
            out.push(c);
        }
        out.push_str("\r\n");
        [out.as_bytes(), raw].concat()
    }
}

/// Fields, still folded, and body.
fn split(raw: &[u8]) -> (Vec<String>, &[u8]) {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n").map_or(raw.len(), |at| at + 2);
    let head = String::from_utf8_lossy(raw.get(..end).unwrap_or_default()).into_owned();
    let mut fields: Vec<String> = Vec::new();
    for line in head.split("\r\n").filter(|l| !l.is_empty()) {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push_str("\r\n");
                last.push_str(line);
            }
            _ => fields.push(line.to_owned()),
        }
    }
    (fields, raw.get(end + 2..).unwrap_or_default())
}

fn field_name(field: &str) -> &str {
    field.split_once(':').map_or("", |(name, _)| name.trim_end())
}

/// RFC 6376 §3.4.2.
fn relaxed_field(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|w| !w.is_empty()).collect();
    format!("{}:{}", name.trim_end().to_ascii_lowercase(), words.join(" "))
}

/// RFC 6376 §3.4.4.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut lines: Vec<&[u8]> =
        body.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
    while lines.last().is_some_and(|l| l.iter().all(|b| matches!(b, b' ' | b'\t'))) {
        lines.pop();
    }
    for line in lines {
        let mut blank = false;
        for &byte in line {
            if matches!(byte, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                out.push(b' ');
            }
            out.push(byte);
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relaxed_forms_are_those_of_the_rfc() {
        // RFC 6376 §3.4.5.
        assert_eq!(relaxed_field("A: X"), "a:X");
        assert_eq!(relaxed_field("B : Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n"), b"");
    }
}
