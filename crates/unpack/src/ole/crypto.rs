//! Encrypted documents: opened with the password that Office tries by itself, or with one that came with the message.
//!
//! The decrypted document becomes a file of its own inside this one and is read like any other. When nothing opens it,
//! the driver comes back once other files were read (`scan.locked`).

use bytes::Bytes;
use msoffice_crypto as crypto;

use super::cfb::{Cfb, u16_at, u32_at};
use crate::{
    Derived, Id, Kind, Origin, Relation, Secret, Severity,
    limits::{MEMBER_BYTES_MAX, OFFICE_PASSWORDS_MAX},
    scan::{Child, Scan},
};

mod book;

/// Office opens workbooks with this one without asking; attackers use it to hide from scanners.
const DEFAULT: &str = "VelvetSweatshop";
/// And presentations with this one.
const DEFAULT_SLIDES: &str = "/01Hannes Ruescher/01";
/// Bytes of the document that a try copies in a step.
const BYTES_PER_STEP: u64 = 400;
/// Rounds of the key derivation that are believed; Office writes a tenth of it.
const ROUNDS_MAX: u32 = 1_000_000;
/// Rounds that count a step.
const ROUNDS_PER_STEP: u32 = 4;

/// How a document is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// A package in the stream `EncryptedPackage`.
    Package,
    /// The streams of an old document.
    Streams,
    /// The records of an Excel 5 or 95 workbook.
    OldBook,
}

/// Whether and how it is encrypted.
pub(super) fn lock(cfb: &Cfb, kind: Kind) -> Option<Lock> {
    match kind {
        Kind::OleEncrypted => Some(Lock::Package),
        Kind::Excel => {
            let stream = cfb.find_stream("Workbook").or_else(|| cfb.find_stream("Book"))?;
            let old = cfb.find("Workbook").is_none();
            book::filepass(&stream).map(|_| if old { Lock::OldBook } else { Lock::Streams })
        }
        Kind::Word => {
            let document = cfb.find_stream("WordDocument")?;
            (u16_at(&document, 0x0A)? & 0x0100 != 0).then_some(Lock::Streams)
        }
        Kind::PowerPoint => {
            let user = cfb.find_stream("Current User")?;
            let edit = u32_at(&user, 16)? as usize;
            // A header that says "encrypted", or the sixth reference of the last edit.
            let document = cfb.find_stream("PowerPoint Document")?;
            let long = u32_at(&document, edit.checked_add(4)?).is_some_and(|size| size == 0x20);
            (u32_at(&user, 12) == Some(0xF3D1_C4DF) || long).then_some(Lock::Streams)
        }
        _ => None,
    }
}

/// Opens an encrypted document.
pub(super) fn analyse(cfb: &Cfb, lock: Lock, scan: &mut Scan<'_>) {
    scan.facts.office.get_or_insert_default().encrypted = true;
    let bytes = cfb.bytes().clone();
    let too_large = bytes.len() as u64 > MEMBER_BYTES_MAX.min(scan.budget.out_bytes_left());
    let Some(rounds) = rounds(&bytes, lock).filter(|_| !too_large) else {
        scan.find(Id::OleEncrypted, "", "encrypted in a way that is not opened");
        if too_large {
            scan.left_out("an encrypted document that is too large to be opened");
        }
        return;
    };
    for default in [DEFAULT, DEFAULT_SLIDES] {
        if let Some(plain) = attempt(cfb, &bytes, lock, default, rounds, scan) {
            scan.find(Id::OleEncryptedDefault, "", "opened with the password that Office tries by itself");
            hand_over(plain, default, lock, scan);
            return;
        }
    }
    // That none of them opens it is a finding, however many there are.
    let given = scan.hints.passwords.iter();
    let candidates: Vec<_> =
        scan.budget.gaps.most(given, OFFICE_PASSWORDS_MAX, "passwords that a message gives");
    for candidate in candidates {
        let password = candidate.password.reveal();
        if let Some(plain) = attempt(cfb, &bytes, lock, password, rounds, scan) {
            opened(candidate.origin, scan);
            hand_over(plain, password, lock, scan);
            return;
        }
    }
    scan.find(Id::OleEncrypted, "", "no known password opens it");
    scan.locked = true;
}

fn opened(origin: Origin, scan: &mut Scan<'_>) {
    let evidence = format!("opened with a password from: {}", origin.name());
    let given = origin != Origin::Common;
    let severity = if given { Severity::Medium } else { Id::OleEncrypted.severity() };
    scan.find_as(Id::OleEncrypted, severity, Derived::Static, "", &evidence);
    if given {
        // Firms send both together, too: what was inside decides.
        scan.find_as(Id::ArcPwInBody, Severity::Low, Derived::Static, "", evidence);
    }
}

/// Rounds of the key derivation; `None` when they are beyond reason or the scheme is not known.
fn rounds(bytes: &[u8], lock: Lock) -> Option<u32> {
    if lock != Lock::Package {
        return Some(0);
    }
    let found = crypto::classify(bytes);
    let rounds = found.password_key.and_then(|key| key.spin_count).unwrap_or(50_000);
    (found.is_supported() && rounds <= ROUNDS_MAX).then_some(rounds)
}

fn attempt(
    cfb: &Cfb,
    bytes: &Bytes,
    lock: Lock,
    password: &str,
    rounds: u32,
    scan: &mut Scan<'_>,
) -> Option<Vec<u8>> {
    if password.is_empty()
        || !scan.budget.spend(100 + u64::from(rounds / ROUNDS_PER_STEP) + bytes.len() as u64 / BYTES_PER_STEP)
    {
        return None;
    }
    match lock {
        Lock::Package => crypto::decrypt_ooxml_with_policy(bytes, password, crypto::IntegrityPolicy::Skip)
            .ok()
            .map(|opened| opened.package),
        Lock::Streams => crypto::decrypt_binary_office(bytes, password).ok(),
        Lock::OldBook => book::decrypt(&cfb.find_stream("Book")?, password),
    }
}

fn hand_over(plain: Vec<u8>, password: &str, lock: Lock, scan: &mut Scan<'_>) {
    scan.budget.spend_bytes(plain.len() as u64);
    scan.facts.password = Some(Secret::new(password));
    let name = if lock == Lock::OldBook { "Book" } else { scan.about.name.as_str() };
    let name = name.to_owned();
    scan.child(Child {
        name,
        bytes: Bytes::from(plain),
        relation: Relation::Part,
        same_depth: true,
        ..Child::default()
    });
}
