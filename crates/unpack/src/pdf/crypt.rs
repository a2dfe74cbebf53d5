//! The standard security handler with the empty user password: what anybody can open, a scanner must open too.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use md5::{Digest, Md5};

use super::{
    file::Pdf,
    object::{Dict, Obj},
};

/// What passwords are filled up with (ISO 32000-1, 7.6.3.3).
const PAD: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E,
    0x2E, 0x00, 0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    None,
    Rc4,
    Aes128,
    Aes256,
}

#[derive(Debug)]
pub(super) struct Crypt {
    key: Vec<u8>,
    strings: Method,
    streams: Method,
}

fn text<'a>(pdf: &'a Pdf, dict: &'a Dict, key: &str) -> &'a [u8] {
    match pdf.get(dict, key) {
        Obj::Str(bytes) => bytes,
        _ => &[],
    }
}

impl Crypt {
    /// The key that the empty password gives; `None` when it is not the right one.
    pub(super) fn open(pdf: &Pdf) -> Option<Crypt> {
        let dict = pdf.dict(&pdf.trailer, "Encrypt")?;
        if !matches!(dict.name("Filter"), "Standard" | "") {
            return None;
        }
        let number = |key: &str| pdf.get(dict, key).number().unwrap_or(0.0) as i64;
        let (version, revision) = (number("V"), number("R"));
        let (strings, streams) = match version {
            1..=3 => (Method::Rc4, Method::Rc4),
            4 | 5 => (method(pdf, dict, "StrF"), method(pdf, dict, "StmF")),
            _ => return None,
        };
        let key =
            if version == 5 { new_key(pdf, dict, revision)? } else { old_key(pdf, dict, version, revision)? };
        Some(Crypt { key, strings, streams })
    }

    pub(super) fn strings(&self, object: &mut Obj, number: u32, generation: u16) {
        match object {
            Obj::Str(bytes) => *bytes = self.apply(self.strings, bytes, number, generation),
            Obj::Array(items) => items.iter_mut().for_each(|i| self.strings(i, number, generation)),
            Obj::Dict(dict) => dict.0.iter_mut().for_each(|(_, v)| self.strings(v, number, generation)),
            _ => {}
        }
    }

    pub(super) fn stream(&self, data: &[u8], number: u32, generation: u16) -> Vec<u8> {
        self.apply(self.streams, data, number, generation)
    }

    fn apply(&self, method: Method, data: &[u8], number: u32, generation: u16) -> Vec<u8> {
        if method == Method::None {
            return data.to_vec();
        }
        if method == Method::Aes256 {
            return cbc(&self.key, data).unwrap_or_default();
        }
        let mut hash = Md5::new();
        hash.update(&self.key);
        hash.update(number.to_le_bytes().get(..3).unwrap_or_default());
        hash.update(generation.to_le_bytes());
        if method == Method::Aes128 {
            hash.update(b"sAlT");
        }
        let digest = hash.finalize();
        let key = digest.get(..(self.key.len() + 5).min(16)).unwrap_or_default();
        if method == Method::Rc4 { rc4(key, data) } else { cbc(key, data).unwrap_or_default() }
    }
}

fn method(pdf: &Pdf, dict: &Dict, which: &str) -> Method {
    let name = dict.name(which);
    let filter = pdf.dict(dict, "CF").and_then(|cf| pdf.dict(cf, name));
    match filter.map(|f| f.name("CFM")) {
        Some("V2") => Method::Rc4,
        Some("AESV2") => Method::Aes128,
        Some("AESV3") => Method::Aes256,
        _ => Method::None,
    }
}

/// Algorithm 2 of ISO 32000-1, checked by algorithms 4 and 5.
fn old_key(pdf: &Pdf, dict: &Dict, version: i64, revision: i64) -> Option<Vec<u8>> {
    let bits = pdf.get(dict, "Length").number().unwrap_or(40.0);
    let length = if version == 1 {
        5
    } else if version == 4 {
        16
    } else {
        ((bits / 8.0) as usize).clamp(5, 16)
    };
    let id = match pdf.get(&pdf.trailer, "ID") {
        Obj::Array(items) => match items.first().map(|i| pdf.resolve(i)) {
            Some(Obj::Str(id)) => id.as_slice(),
            _ => &[],
        },
        _ => &[],
    };
    let permissions = pdf.get(dict, "P").number().unwrap_or(0.0) as i64 as i32;
    let mut hash = Md5::new();
    hash.update(PAD);
    hash.update(text(pdf, dict, "O").get(..32)?);
    hash.update(permissions.to_le_bytes());
    hash.update(id);
    if revision >= 4 && *pdf.get(dict, "EncryptMetadata") == Obj::Bool(false) {
        hash.update([0xff; 4]);
    }
    let mut digest = hash.finalize().to_vec();
    if revision >= 3 {
        for _ in 0..50 {
            digest = Md5::digest(digest.get(..length)?).to_vec();
        }
    }
    let key = digest.get(..length)?.to_vec();
    let user = text(pdf, dict, "U");
    let right = if revision >= 3 {
        let mut hash = Md5::new();
        hash.update(PAD);
        hash.update(id);
        let mut check = rc4(&key, &hash.finalize());
        for round in 1..20u8 {
            let turned: Vec<u8> = key.iter().map(|b| b ^ round).collect();
            check = rc4(&turned, &check);
        }
        user.get(..16)? == check
    } else {
        user == rc4(&key, &PAD)
    };
    right.then_some(key)
}

/// Algorithms 2.A and 2.B of ISO 32000-2.
fn new_key(pdf: &Pdf, dict: &Dict, revision: i64) -> Option<Vec<u8>> {
    let user = text(pdf, dict, "U");
    let (check, salt, key_salt) = (user.get(..32)?, user.get(32..40)?, user.get(40..48)?);
    if hash(salt, revision) != check {
        return None;
    }
    let key = hash(key_salt, revision);
    let mut sealed = vec![0; 16];
    sealed.extend_from_slice(text(pdf, dict, "UE").get(..32)?);
    // The file's key has no padding: the blocks are opened one by one.
    Some(blocks(&key, &sealed)?.get(..32)?.to_vec())
}

fn hash(salt: &[u8], revision: i64) -> Vec<u8> {
    use sha2::{Sha256, Sha384, Sha512};
    let mut key = Sha256::digest(salt).to_vec();
    if revision < 6 {
        return key;
    }
    for round in 0..200u32 {
        let data = key.repeat(64);
        let Some(sealed) =
            seal(key.get(..16).unwrap_or_default(), key.get(16..32).unwrap_or_default(), &data)
        else {
            break;
        };
        let sum: u32 = sealed.iter().take(16).map(|b| u32::from(*b)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&sealed).to_vec(),
            1 => Sha384::digest(&sealed).to_vec(),
            _ => Sha512::digest(&sealed).to_vec(),
        };
        let last = u32::from(sealed.last().copied().unwrap_or(0));
        if round >= 63 && last <= round + 1 - 32 {
            break;
        }
    }
    key.truncate(32);
    key
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    if key.is_empty() {
        return data.to_vec();
    }
    let mut state: [u8; 256] = std::array::from_fn(|n| n as u8);
    let at = |state: &[u8; 256], n: u8| state.get(usize::from(n)).copied().unwrap_or(0);
    let mut j = 0u8;
    for (i, k) in (0..=255u8).zip(key.iter().cycle()) {
        j = j.wrapping_add(at(&state, i)).wrapping_add(*k);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    data.iter()
        .map(|byte| {
            i = i.wrapping_add(1);
            j = j.wrapping_add(at(&state, i));
            state.swap(usize::from(i), usize::from(j));
            byte ^ at(&state, at(&state, i).wrapping_add(at(&state, j)))
        })
        .collect()
}

/// AES in CBC mode; the first block is the vector, the last bytes are padding.
fn cbc(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = blocks(key, data)?;
    let pad = usize::from(out.last().copied().unwrap_or(0));
    if (1..=16).contains(&pad) && pad <= out.len() {
        out.truncate(out.len() - pad);
    }
    Some(out)
}

fn blocks(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    enum Cipher {
        Small(Box<aes::Aes128>),
        Large(Box<aes::Aes256>),
    }
    let cipher = match key.len() {
        16 => Cipher::Small(Box::new(aes::Aes128::new_from_slice(key).ok()?)),
        32 => Cipher::Large(Box::new(aes::Aes256::new_from_slice(key).ok()?)),
        _ => return None,
    };
    let mut before = data.get(..16)?;
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.get(16..)?.chunks_exact(16) {
        let mut block = Array::try_from(chunk).ok()?;
        match &cipher {
            Cipher::Small(c) => c.decrypt_block(&mut block),
            Cipher::Large(c) => c.decrypt_block(&mut block),
        }
        out.extend(block.iter().zip(before).map(|(a, b)| a ^ b));
        before = chunk;
    }
    Some(out)
}

fn seal(key: &[u8], vector: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = aes::Aes128::new_from_slice(key).ok()?;
    let mut before = vector.to_vec();
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.chunks_exact(16) {
        let mixed: Vec<u8> = chunk.iter().zip(&before).map(|(a, b)| a ^ b).collect();
        let mut block = Array::try_from(mixed.as_slice()).ok()?;
        cipher.encrypt_block(&mut block);
        before = block.to_vec();
        out.extend_from_slice(&before);
    }
    Some(out)
}
