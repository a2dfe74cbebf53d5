//! Signs test messages, and gives the zone lines that hold the public keys. The keys are worth nothing: each is
//! computed from its domain and selector, so that the same scenario always has the same zone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_auth::{
    ArcOutput, AuthenticatedMessage, AuthenticationResults, DmarcOutput, DmarcResult,
    arc::ArcSealer,
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::{Canonicalization, DkimSigner},
};

/// Fields that are signed.
const SIGNED: [&str; 6] = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To"];
/// What stands before the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410 §7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A domain that signs with one selector.
#[derive(Debug, Clone)]
pub struct Signer {
    domain: String,
    selector: String,
    simple: bool,
}

impl Signer {
    /// Signs as this domain with selector `s1`, both parts in relaxed form.
    pub fn new(domain: &str) -> Self {
        Self { domain: domain.into(), selector: "s1".into(), simple: false }
    }

    /// The same with another selector.
    #[must_use]
    pub fn selector(self, selector: &str) -> Self {
        Self { selector: selector.into(), ..self }
    }

    /// The same with the body in simple form.
    #[must_use]
    pub fn simple_body(self) -> Self {
        Self { simple: true, ..self }
    }

    /// The zone line with the public key; empty when no key can be made, which never happens.
    pub fn zone(&self) -> String {
        let Ok(key) = self.key() else { return String::new() };
        let public = STANDARD.encode(key.public_key());
        format!("{}._domainkey.{} TXT v=DKIM1; k=ed25519; p={public}\n", self.selector, self.domain)
    }

    /// The message with a `DKIM-Signature` on top.
    ///
    /// # Errors
    /// When the message has none of the fields that are signed.
    pub fn sign(&self, message: &[u8]) -> mail_auth::Result<Vec<u8>> {
        let body = if self.simple { Canonicalization::Simple } else { Canonicalization::Relaxed };
        let signature = DkimSigner::from_key(self.key()?)
            .domain(self.domain.as_str())
            .selector(self.selector.as_str())
            .headers(SIGNED)
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(body)
            .sign(message)?;
        Ok(on_top(&signature.to_header(), message))
    }

    /// The message with a first ARC set on top, which says that the author's DMARC passed.
    ///
    /// # Errors
    /// When the message cannot be parsed or has nothing to sign.
    pub fn seal(&self, message: &[u8], author: &str) -> mail_auth::Result<Vec<u8>> {
        let parsed = AuthenticatedMessage::parse(message).ok_or(mail_auth::Error::ParseError)?;
        let passed = DmarcOutput::new(author.into()).with_dkim_result(DmarcResult::Pass);
        let results = AuthenticationResults::new(&self.domain).with_dmarc_result(&passed);
        let set = ArcSealer::from_key(self.key()?)
            .domain(self.domain.as_str())
            .selector(self.selector.as_str())
            .headers(SIGNED)
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Relaxed)
            .seal(&parsed, &results, &ArcOutput::default())?;
        Ok(on_top(&set.to_header(), message))
    }

    fn key(&self) -> mail_auth::Result<Ed25519Key> {
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        let mut der = PKCS8.to_vec();
        let mut state: u64 = 0xcbf2_9ce4_8422_2325;
        for at in 0..32 {
            for byte in name.bytes().chain([at]) {
                state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            der.push((state >> 32) as u8);
        }
        Ed25519Key::from_pkcs8_der(&der)
    }
}

fn on_top(header: &str, message: &[u8]) -> Vec<u8> {
    [header.as_bytes(), message].concat()
}
