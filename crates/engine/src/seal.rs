//! Seals (ARC, RFC 8617) below messages whose body we changed: whoever sees that no signature of the author holds any
//! more can read here, in our name, what held when the message came.
//!
//! **Where the key is.** Whoever changes a message, a worker, reads hostile bytes and may one day be taken over; what it
//! returns is put into mail, also into an attacker's. So it never has the key: it computes what is to be signed and asks
//! its parent to sign ([`Sealer::sign`]), and the parent signs nothing but the two fields of a set. DKIM uses the same
//! kind of key under the same kind of name: without that look a worker could ask for a signature below any message of
//! ours, and with it the worst that it can do is to seal lies while it runs.
//!
//! **What is said.** `cv=` is what we found of the chain before us, and the results are those of our own
//! `Authentication-Results`. A chain that did not hold gets one last set with `cv=fail`, which signs itself only
//! (§5.1.2); behind such a set there is none. Where we could not check (no DNS, papers that somebody else verified), where
//! no set can have a number of its own, and where fifty stand already, nothing is sealed.
//!
//! **What was.** Our field `Sekisho-Banner` keeps the hash of the message as it came (`h=`). Everything that we add stands
//! above the message's own header, the set on top, and goes when the banner is removed.
//!
//! `mail-auth` makes the set. It takes the time of the signature from the clock, the one exception from our rule that time
//! is a parameter.

use std::{cell::RefCell, fmt, sync::Arc};

use mail_auth::{
    ArcOutput, AuthenticatedMessage, AuthenticationResults, DkimResult, Error as AuthError,
    arc::{ArcError, ArcSealer, ChainValidation, Set},
    common::{
        crypto::{Algorithm, CryptoError, DkimKey, Ed25519Key, RsaKey, Sha256, SigningKey},
        headers::{Header, HeaderWriter as _, Writable},
    },
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use sekisho_policy::{Policy, SealAlgorithm, Sealing, Secret, Wish, apply, fields::results};
use sekisho_record::{Change, Evidence, FieldChange};

use crate::{Error, limits, verify::trimmed_copy};

/// Fields that a seal covers where a message has them. Not those that servers change, and none of ours: they may go.
const SEALED: [&str; 17] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Sender",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "DKIM-Signature",
];

/// How the canonical form of what is signed begins in its last line (RFC 8617 §4.1.2, §4.1.3): of the message, and of the
/// chain.
const MESSAGE: &[u8] = b"arc-message-signature:i=";
const CHAIN: &[u8] = b"arc-seal:i=";

/// A key that seals, and in whose name.
pub struct Sealer {
    sealing: Sealing,
    key: DkimKey,
    public: Vec<u8>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("sealing", &self.sealing).finish_non_exhaustive()
    }
}

impl Sealer {
    /// With a private key as PEM: RSA in PKCS#1 or PKCS#8, Ed25519 in PKCS#8.
    ///
    /// # Errors
    /// When it is none of these, or domain or selector are no names.
    pub fn new(domain: &str, selector: &str, pem: &[u8]) -> Result<Self, Error> {
        for (what, name) in [("domain", domain), ("selector", selector)] {
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            if name.is_empty() || !plain {
                return Err(Error::Seal(format!("the {what} `{name}` is no name")));
            }
        }
        let wrong = || Error::Seal("the key is no private key of RSA or Ed25519 as PEM".to_owned());
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| wrong())?;
        let ed25519 = match &der {
            PrivateKeyDer::Pkcs8(der) => Ed25519Key::from_pkcs8_der(der.secret_pkcs8_der()).ok(),
            _ => None,
        };
        let (key, public, algorithm) = match ed25519 {
            Some(key) => {
                let public = key.public_key();
                (DkimKey::Ed25519(key), public, SealAlgorithm::Ed25519)
            }
            None => {
                let key = RsaKey::<Sha256>::from_key_der(der).map_err(|_| wrong())?;
                let public = key.public_key();
                (DkimKey::Rsa(key), public, SealAlgorithm::Rsa)
            }
        };
        let sealing = Sealing { domain: domain.to_lowercase(), selector: selector.to_owned(), algorithm };
        Ok(Self { sealing, key, public })
    }

    /// In whose name it seals.
    pub fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    /// The name at which the public key is published.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}.", self.sealing.selector, self.sealing.domain)
    }

    /// The public key as a record says it, in the tag `p=`: an `RSAPublicKey` or the 32 bytes. Records of RSA keys have
    /// an identifier before it.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Signs the canonical form of an ARC-Message-Signature or an ARC-Seal in our name. `None`: it is neither, or too
    /// long.
    pub fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let last = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let ours = [("s", &self.sealing.selector), ("d", &self.sealing.domain)];
        let named = |(tag, value): &(&str, &String)| {
            let value = format!("{tag}={value}");
            last.split(|byte| *byte == b';').any(|part| part.trim_ascii() == value.as_bytes())
        };
        let fits = bytes.len() <= limits::SIGNED_BYTES_MAX
            && (last.starts_with(MESSAGE) || last.starts_with(CHAIN))
            && ours.iter().all(named);
        if !fits {
            return None;
        }
        self.key.sign(bytes).ok()
    }
}

/// What a parent adds to every wish: by what banners of the installation are known, and whose seal goes below them.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// The secret of banners; workers get it with each message, since only with it they can tell our banners from
    /// imitations. It opens nothing else.
    pub banner_key: Secret,
    /// The key of seals; it stays here.
    pub sealer: Option<Arc<Sealer>>,
}

impl Marks {
    /// The wish with them.
    pub fn wish(&self, wish: &Wish) -> Wish {
        let seal = self.sealer.as_ref().map(|sealer| sealer.sealing().clone());
        Wish { banner_key: self.banner_key.clone(), seal, ..wish.clone() }
    }

    /// See [`Sealer::sign`].
    pub fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.sealer.as_ref()?.sign(bytes)
    }
}

/// Whoever signs: the parent's [`Sealer::sign`], or a question to it.
pub type Signs<'a> = &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>;

/// Puts a set on top of a changed message: `raw` with `change`. False: nothing was sealed, see the manual.
pub fn seal(
    raw: &[u8],
    change: &mut Change,
    evidence: &Evidence,
    policy: &Policy,
    sealing: &Sealing,
    signs: Signs<'_>,
) -> bool {
    let fields = set(&apply(raw, change), evidence, policy, sealing, signs);
    let sealed = fields.is_some();
    change.fields.splice(0..0, fields.into_iter().flatten());
    sealed
}

fn set(
    changed: &[u8],
    evidence: &Evidence,
    policy: &Policy,
    sealing: &Sealing,
    signs: Signs<'_>,
) -> Option<Vec<FieldChange>> {
    let message = AuthenticatedMessage::parse(changed)?;
    let trimmed = trimmed_copy(&message);
    let message = match &trimmed {
        Some(trimmed) => AuthenticatedMessage::parse(trimmed)?,
        None => message,
    };
    let chain = chain(&message, evidence.authentication.arc.as_deref())?;
    let failed = !matches!(chain.result(), DkimResult::Pass | DkimResult::None);
    let name = policy.authserv_id.as_deref().unwrap_or(&sealing.domain);
    // As one line: the canonical form is made of it as it is. A reader folds and unfolds as it likes.
    let said = results(name, evidence)?.join("; ");
    let results = AuthenticationResults::new(&said);
    let key = Remote { algorithm: sealing.algorithm, failed, signs: RefCell::new(signs) };
    let present =
        |name: &&str| message.headers.iter().any(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
    let set = ArcSealer::from_key(key)
        .domain(sealing.domain.as_str())
        .selector(sealing.selector.as_str())
        .headers(SEALED.into_iter().filter(present))
        .seal(&message, &results, &chain)
        .ok()?;
    Some(fields(&set.to_header()))
}

/// The chain that a message has, with what we found of it; `None` where no set may follow.
fn chain<'a>(message: &'a AuthenticatedMessage<'a>, found: Option<&str>) -> Option<ArcOutput<'a>> {
    let AuthenticatedMessage { as_headers, ams_headers, aar_headers, .. } = message;
    let count = as_headers.len();
    if message.has_arc_errors || [ams_headers.len(), aar_headers.len()] != [count; 2] {
        return None;
    }
    let result = match found {
        _ if count == 0 => DkimResult::None,
        Some("pass") => DkimResult::Pass,
        Some("fail") => DkimResult::Fail(AuthError::Arc(ArcError::BrokenChain)),
        _ => return None,
    };
    let mut chain = ArcOutput::default().with_result(result);
    for (number, ((seal, signature), results)) in
        (1..).zip(as_headers.iter().zip(ams_headers).zip(aar_headers))
    {
        let numbered = [seal.header.i, signature.header.i, results.header.i] == [number; 3];
        if !numbered || number >= limits::SEALS_MAX as u32 || seal.header.cv == ChainValidation::Fail {
            return None;
        }
        chain = chain.with_set(Set {
            signature: Header::new(signature.name, signature.value, &signature.header),
            seal: Header::new(seal.name, seal.value, &seal.header),
            results: Header::new(results.name, results.value, &results.header),
        });
    }
    Some(chain)
}

/// The fields of a set as they are inserted; the results in a line each.
fn fields(header: &str) -> Vec<FieldChange> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in header.split_terminator("\r\n") {
        match (line.starts_with(['\t', ' ']), out.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push_str("\r\n");
                value.push_str(line);
            }
            (_, _, Some((name, value))) => out.push((name.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    let folded = |(name, value): (String, String)| {
        let results = name == "ARC-Authentication-Results";
        let value = if results { value.replacen("; ", ";\r\n\t", usize::MAX) } else { value };
        FieldChange::Insert { name, value }
    };
    out.into_iter().map(folded).collect()
}

/// A key that is elsewhere.
struct Remote<'a> {
    algorithm: SealAlgorithm,
    /// The chain before did not hold: the new set signs itself only.
    failed: bool,
    signs: RefCell<Signs<'a>>,
}

impl SigningKey for Remote<'_> {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        input.write(&mut bytes);
        if self.failed
            && let Some(from) = last_set(&bytes)
        {
            bytes.drain(..from);
        }
        let refused = || AuthError::Crypto(CryptoError::Library("nobody signs it".to_owned()));
        let mut signs = self.signs.borrow_mut();
        (*signs)(&bytes).ok_or_else(refused)
    }

    fn algorithm(&self) -> Algorithm {
        match self.algorithm {
            SealAlgorithm::Rsa => Algorithm::RsaSha256,
            SealAlgorithm::Ed25519 => Algorithm::Ed25519Sha256,
        }
    }
}

/// Where the last three lines of the canonical form of a chain begin; of anything else, `None`.
fn last_set(bytes: &[u8]) -> Option<usize> {
    let mut ends = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let last = ends.next()?;
    bytes.get(last..)?.starts_with(CHAIN).then(|| ends.nth(1).unwrap_or(0))
}
