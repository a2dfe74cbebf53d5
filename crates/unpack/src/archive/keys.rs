//! What a password of an archive costs to try. The archive itself says how often its key is hashed, up to 2^24 times,
//! and may say it anew for each of its files, so that a few hundred bytes could ask for hours. Read from what stands in
//! plain, or behind the password that is tried, before any work is done.

use rars::crypto::rar50::{Rar50Cipher, Rar50Keys};

/// Rounds of a 7z key in a step; 2^19 are usual.
const SEVEN_ROUNDS_PER_STEP: u64 = 17;
/// Beyond, the reader refuses by itself.
const POWER_MAX: u8 = 24;
/// Rounds of a RAR5 key in a step; 2^15 are usual.
const RAR5_ROUNDS_PER_STEP: u64 = 2;
/// Steps of a RAR3 key, whose rounds are always the same.
const RAR3_STEPS: u64 = 10_000;
/// Bytes of a RAR5 header at most.
const HEADER_BYTES_MAX: u64 = 2 << 20;

/// The coder that encrypts, as it stands in a 7z header.
const AES: [u8; 4] = [0x06, 0xF1, 0x07, 0x01];

/// Steps of the key whose rounds are this power of two.
fn steps(power: u8, rounds_per_step: u64) -> u64 {
    if power > POWER_MAX { 0 } else { (1 << power) / rounds_per_step }
}

/// Steps of the keys that the properties of these coders ask for. Only the last key is kept, so that each change counts.
fn of_coders<'p>(properties: impl Iterator<Item = &'p [u8]>) -> u64 {
    let mut last: Option<(u8, &[u8])> = None;
    let mut sum = 0_u64;
    for properties in properties {
        let [first, rest @ ..] = properties else { continue };
        let second = rest.first().copied().unwrap_or(0);
        let salt = usize::from(first >> 7) + usize::from(second >> 4);
        let key = (first & 0x3F, rest.get(1..1 + salt).unwrap_or(rest));
        if last != Some(key) {
            sum = sum.saturating_add(steps(key.0, SEVEN_ROUNDS_PER_STEP));
            last = Some(key);
        }
    }
    sum
}

/// Steps of the keys of a 7z archive whose header can be read.
pub(super) fn of_seven(archive: &sevenz_rust2::Archive) -> u64 {
    let coders = archive.blocks.iter().flat_map(|block| &block.coders);
    of_coders(coders.filter(|coder| coder.encoder_method_id() == AES).map(sevenz_rust2::Coder::properties))
}

/// Steps of the keys of a 7z archive's header, as far as they stand in plain.
pub(super) fn of_seven_header(bytes: &[u8]) -> u64 {
    let coders = memchr::memmem::find_iter(bytes, &AES).filter_map(|at| {
        let size = usize::from(*bytes.get(at + AES.len())?);
        bytes.get(at + AES.len() + 1..)?.get(..size)
    });
    of_coders(coders)
}

/// Steps of the key of each member of a RAR archive, in order.
pub(super) fn of_rar(archive: &rars::Archive) -> Vec<u64> {
    if let rars::Archive::Rar50Plus(archive) = archive {
        let power = |file: &rars::rar50::FileHeader| file.encryption.as_ref().map_or(0, |e| e.kdf_count);
        return archive
            .files()
            .map(|f| if f.encryption.is_some() { steps(power(f), RAR5_ROUNDS_PER_STEP) } else { 0 })
            .collect();
    }
    archive.members().map(|m| if m.meta.is_encrypted { RAR3_STEPS } else { 0 }).collect()
}

/// The key of a RAR5 archive's headers.
pub(super) struct Lock {
    power: u8,
    salt: [u8; 16],
    /// Where what it locks begins.
    end: usize,
}

impl Lock {
    /// Reads it from the first block; `None` where that is another one.
    pub(super) fn read(bytes: &[u8]) -> Option<Lock> {
        let mut at = Reader { rest: bytes.strip_prefix(b"Rar!\x1A\x07\x01\x00")?.get(4..)? };
        let size = usize::try_from(at.number()?).ok()?;
        let end = bytes.len() - at.rest.len() + size;
        if at.number()? != 4 {
            return None;
        }
        let flags = at.number()?;
        // Sizes of what a block may have behind it.
        for _ in 0..(flags & 1) + (flags >> 1 & 1) {
            at.number()?;
        }
        let (_version, _flags) = (at.number()?, at.number()?);
        let power = at.byte()?;
        Some(Lock { power, salt: *at.rest.first_chunk()?, end })
    }

    /// Steps of its own key.
    pub(super) fn steps(&self) -> u64 {
        steps(self.power, RAR5_ROUNDS_PER_STEP)
    }

    /// Steps of the keys of all files behind it, which are made when the archive is opened; `None` when the password
    /// does not fit.
    pub(super) fn inside(&self, bytes: &[u8], password: &[u8], headers_max: usize) -> Option<u64> {
        let keys = Rar50Keys::derive(password, self.salt, self.power).ok()?;
        let (mut at, mut sum) = (self.end, 0_u64);
        for count in 0..headers_max {
            let Some((next, steps)) = header(bytes, at, keys.key) else { return (count > 0).then_some(sum) };
            sum = sum.saturating_add(steps);
            at = next;
        }
        Some(sum)
    }
}

/// An encrypted header: where the next one is, and the steps of the key that it names.
fn header(bytes: &[u8], at: usize, key: [u8; 32]) -> Option<(usize, u64)> {
    let rest = bytes.get(at..)?;
    let (iv, rest) = rest.split_first_chunk::<16>()?;
    let mut first = *rest.first_chunk::<16>()?;
    Rar50Cipher::new(key, *iv).decrypt_in_place(&mut first).ok()?;
    let mut start = Reader { rest: first.get(4..)? };
    let size = start.number().filter(|size| *size <= HEADER_BYTES_MAX)?;
    let end = first.len() - start.rest.len() + usize::try_from(size).ok()?;
    let mut plain = rest.get(..end.next_multiple_of(16))?.to_vec();
    Rar50Cipher::new(key, *iv).decrypt_in_place(&mut plain).ok()?;
    let (sum, body) = plain.get(..end)?.split_first_chunk::<4>()?;
    let mut crc = flate2::Crc::new();
    crc.update(body);
    if crc.sum() != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut fields = Reader { rest: body };
    let (_size, kind, flags) = (fields.number()?, fields.number()?, fields.number()?);
    let extra = if flags & 1 != 0 { fields.number()? } else { 0 };
    let data = if flags & 2 != 0 { fields.number()? } else { 0 };
    let extra = body.len().checked_sub(usize::try_from(extra).ok()?)?;
    let power = body.get(extra..).filter(|_| matches!(kind, 2 | 3)).and_then(power);
    let next = at.checked_add(16 + plain.len())?.checked_add(usize::try_from(data).ok()?)?;
    Some((next, power.map_or(0, |power| steps(power, RAR5_ROUNDS_PER_STEP))))
}

/// The power in the record of a header's extra area that says how the file is encrypted.
fn power(extra: &[u8]) -> Option<u8> {
    let mut at = Reader { rest: extra };
    loop {
        let size = usize::try_from(at.number()?).ok()?;
        let (record, rest) = at.rest.split_at_checked(size)?;
        at.rest = rest;
        let mut record = Reader { rest: record };
        if record.number()? == 1 {
            let (_version, _flags) = (record.number()?, record.number()?);
            return record.byte();
        }
    }
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut out = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            out |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidate, Hints, Input, Origin, Secret, unpack};

    const USUAL: u64 = (1 << 19) / SEVEN_ROUNDS_PER_STEP;

    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/../../fixtures/archives/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap()
    }

    fn crc(bytes: &[u8]) -> [u8; 4] {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    }

    /// Paths and findings.
    fn opened(name: &str, bytes: Vec<u8>, password: &str) -> String {
        let candidate = Candidate { password: Secret::new(password), origin: Origin::Body };
        let hints = Hints { passwords: vec![candidate], ..Hints::default() };
        let tree = unpack("", vec![Input { name: name.into(), declared: None, bytes: bytes.into() }], &hints);
        let words = tree.files.iter().flat_map(|f| {
            std::iter::once(f.path.clone()).chain(f.findings.iter().map(|f| f.id.name().to_owned()))
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// A 7z archive whose encrypted header asks for two to this power of rounds.
    fn seven(power: u8) -> Vec<u8> {
        let mut bytes = fixture("headers-encrypted.7z");
        let at = memchr::memmem::find(&bytes, &AES).unwrap() + AES.len() + 1;
        bytes[at] = bytes[at] & 0xC0 | power;
        let [offset, size] =
            [12, 20].map(|at| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize);
        let sum = crc(&bytes[32 + offset..32 + offset + size]);
        bytes[28..32].copy_from_slice(&sum);
        let sum = crc(&bytes[12..32]);
        bytes[8..12].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn seven_zip_says_what_its_keys_cost() {
        assert_eq!(of_seven_header(&seven(19)), USUAL);
        assert_eq!(of_seven_header(&seven(24)), (1 << 24) / SEVEN_ROUNDS_PER_STEP);
        assert_eq!(of_seven_header(&seven(25)), 0, "the reader refuses it");
        assert_eq!(of_seven_header(&fixture("plain.7z")), 0);
        let other = [0x93, 0x00, 1, 2];
        assert_eq!(of_coders([&[0x13][..], &[0x13], &other, &[0x13]].into_iter()), 3 * USUAL);
        assert_eq!(opened("a.7z", seven(24), "U4613"), "a.7z ARC-ENCRYPTED SCAN-INCOMPLETE");
        assert!(opened("a.7z", fixture("headers-encrypted.7z"), "U4613").contains("hello.txt"));
    }

    /// A RAR5 archive with encrypted headers that ask for two to this power of rounds.
    fn rar(power: u8) -> Vec<u8> {
        let mut bytes = fixture("rar5-headers-encrypted.rar");
        let size = usize::from(bytes[12]);
        bytes[17] = power;
        let sum = crc(&bytes[12..13 + size]);
        bytes[8..12].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn rar_says_what_its_keys_cost() {
        let usual = (1 << 15) / RAR5_ROUNDS_PER_STEP;
        let bytes = rar(15);
        let lock = Lock::read(&bytes).unwrap();
        assert_eq!(lock.steps(), usual);
        assert_eq!(lock.inside(&bytes, b"password", 100), Some(usual));
        assert_eq!(lock.inside(&bytes, b"passwort", 100), None);
        for cut in 0..bytes.len() {
            let cut = &bytes[..cut];
            let _ = Lock::read(cut).map(|lock| header(cut, lock.end, [0; 32]));
        }
        assert!(opened("a.rar", bytes, "password").contains("hello.txt"));
        assert_eq!(opened("a.rar", rar(24), "password"), "a.rar ARC-ENCRYPTED SCAN-INCOMPLETE");
        let plain = fixture("rar5-encrypted.rar");
        let archive = rars::ArchiveReader::read(&plain).unwrap();
        assert_eq!(of_rar(&archive), [usual]);
        assert!(Lock::read(&plain).is_none());
    }
}
