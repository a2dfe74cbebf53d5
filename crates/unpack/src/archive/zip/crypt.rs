//! The two ways in which zip members are encrypted: PKWARE's old stream cipher, and WinZip's AES.
//!
//! A password is refused by the cheap check (one byte, two for AES) in most cases; what passes is confirmed by the
//! member's CRC or authentication code, for one wrong password in 256 passes the old check.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use sha1::{Digest, Sha1};

/// Bytes before the data of the old cipher.
const HEADER: usize = 12;
/// Bytes of AES' authentication code behind the data.
const CODE: usize = 10;
/// Rounds of AES' key derivation.
const ROUNDS: u32 = 1_000;

/// How a member is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    /// The old cipher; the byte that its header must end with.
    Old(u8),
    /// AES of 128, 192 or 256 bits; `crc`: the CRC is stored too.
    Aes {
        key: usize,
        crc: bool,
    },
    /// PKWARE's strong encryption, which is not read.
    Strong,
}

/// The member's packed bytes, when the password may be right.
pub(crate) fn decrypt(encryption: Encryption, data: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    match encryption {
        Encryption::None => Some(data.to_vec()),
        Encryption::Old(check) => {
            let (head, body) = data.split_at_checked(HEADER)?;
            let mut keys = Keys::new(password);
            let last = head.iter().fold(0, |_, byte| keys.decrypt(*byte));
            (last == check).then(|| body.iter().map(|byte| keys.decrypt(*byte)).collect())
        }
        Encryption::Aes { key, .. } => aes(key, data, password),
        Encryption::Strong => None,
    }
}

/// State of the old cipher.
struct Keys(u32, u32, u32);

impl Keys {
    fn new(password: &[u8]) -> Keys {
        let mut keys = Keys(0x1234_5678, 0x2345_6789, 0x3456_7890);
        password.iter().for_each(|byte| keys.update(*byte));
        keys
    }

    fn update(&mut self, byte: u8) {
        self.0 = crc32(self.0, byte);
        self.1 = self.1.wrapping_add(self.0 & 0xFF).wrapping_mul(134_775_813).wrapping_add(1);
        self.2 = crc32(self.2, (self.1 >> 24) as u8);
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let t = (self.2 & 0xFFFF) | 2;
        let plain = byte ^ (t.wrapping_mul(t ^ 1) >> 8) as u8;
        self.update(plain);
        plain
    }
}

fn crc32(crc: u32, byte: u8) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut value = i as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    (crc >> 8) ^ TABLE.get(usize::from(crc as u8 ^ byte)).copied().unwrap_or_default()
}

/// Salt, two bytes of check, data, code. Key, key of the code and check come from the password in that order.
fn aes(key: usize, data: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = data.split_at_checked(key / 2)?;
    let (check, rest) = rest.split_at_checked(2)?;
    let (body, code) = rest.split_at_checked(rest.len().checked_sub(CODE)?)?;
    let mac = Mac::new(password);
    // The check lies in the last block of the derivation: a wrong password costs that block alone.
    let last = (key * 2) / 20;
    let block = derived(&mac, salt, last);
    let at = (key * 2) % 20;
    if block.get(at..at + 2)? != check {
        return None;
    }
    let mut keys: Vec<u8> = (0..last).flat_map(|n| derived(&mac, salt, n)).collect();
    keys.extend(block);
    if Mac::new(keys.get(key..key * 2)?).of(&[body]).get(..CODE)? != code {
        return None;
    }
    counter_mode(keys.get(..key)?, body)
}

/// AES in counter mode, the counter from one, little end first.
fn counter_mode(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    enum Cipher {
        A(aes::Aes128),
        B(aes::Aes192),
        C(aes::Aes256),
    }
    let cipher = match key.len() {
        16 => Cipher::A(aes::Aes128::new_from_slice(key).ok()?),
        24 => Cipher::B(aes::Aes192::new_from_slice(key).ok()?),
        _ => Cipher::C(aes::Aes256::new_from_slice(key).ok()?),
    };
    let mut out = Vec::with_capacity(body.len());
    for (n, chunk) in (1_u128..).zip(body.chunks(16)) {
        let mut block = Array::from(n.to_le_bytes());
        match &cipher {
            Cipher::A(cipher) => cipher.encrypt_block(&mut block),
            Cipher::B(cipher) => cipher.encrypt_block(&mut block),
            Cipher::C(cipher) => cipher.encrypt_block(&mut block),
        }
        out.extend(chunk.iter().zip(block).map(|(a, b)| a ^ b));
    }
    Some(out)
}

/// HMAC-SHA1 whose two pads are hashed once.
struct Mac {
    inner: Sha1,
    outer: Sha1,
}

impl Mac {
    fn new(key: &[u8]) -> Mac {
        let mut block = [0; 64];
        if key.len() > block.len() {
            block.iter_mut().zip(Sha1::digest(key)).for_each(|(to, from)| *to = from);
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        Mac {
            inner: Sha1::new().chain_update(block.map(|b| b ^ 0x36)),
            outer: Sha1::new().chain_update(block.map(|b| b ^ 0x5C)),
        }
    }

    fn of(&self, parts: &[&[u8]]) -> [u8; 20] {
        let inner = parts.iter().fold(self.inner.clone(), |hash, part| hash.chain_update(part)).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

/// Block `n`, from zero, of PBKDF2.
fn derived(mac: &Mac, salt: &[u8], n: usize) -> [u8; 20] {
    let number = u32::try_from(n + 1).unwrap_or(1).to_be_bytes();
    let mut last = mac.of(&[salt, &number]);
    let mut out = last;
    for _ in 1..ROUNDS {
        last = mac.of(&[&last]);
        out.iter_mut().zip(last).for_each(|(to, from)| *to ^= from);
    }
    out
}
