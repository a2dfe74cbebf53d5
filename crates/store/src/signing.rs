//! Signatures of the console over what it hands out and gets back: sessions and forms. Their key is derived from the key
//! file, so every node takes what another one has signed.

use ring::hmac;

/// The key of the console. Cheap to clone.
#[derive(Clone)]
pub struct Signing(hmac::Key);

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signing(…)")
    }
}

impl Signing {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// HMAC-SHA256 over these bytes; they have to say themselves what they are for.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(tag.as_ref());
        out
    }

    /// Whether this key made that signature. Takes the same time for every wrong one.
    pub fn is(&self, bytes: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use crate::Key;

    #[test]
    fn a_signature_is_worth_something_for_its_bytes_and_its_key_only() {
        let (ours, theirs) = (Key::from_bytes(&[1; 32]).signing(), Key::from_bytes(&[2; 32]).signing());
        let tag = ours.sign(b"a");
        assert!(ours.is(b"a", &tag));
        assert!(!ours.is(b"b", &tag));
        assert!(!ours.is(b"a", tag.get(1..).unwrap()));
        assert!(!theirs.is(b"a", &tag));
    }
}
