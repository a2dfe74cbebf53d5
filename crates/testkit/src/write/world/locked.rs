//! A ZIP whose member is encrypted the traditional way (APPNOTE 6.1), as people lock files that they mail.

/// One stored member, locked with the password.
pub(super) fn zip(member: &str, content: &[u8], password: &str) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let sum = crc.sum();
    let mut keys = Keys::new(password.as_bytes());
    let head = [7, 61, 12, 90, 33, 148, 201, 18, 5, 77, 140];
    let check = (sum >> 24) as u8;
    let locked: Vec<u8> = head.iter().chain([&check]).chain(content).map(|byte| keys.lock(*byte)).collect();
    // Encrypted, and with a name in UTF-8.
    crate::files::stored([1, 8], member, content, &locked)
}

struct Keys([u32; 3]);

impl Keys {
    fn new(password: &[u8]) -> Self {
        let mut keys = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        for byte in password {
            keys.update(*byte);
        }
        keys
    }

    fn update(&mut self, byte: u8) {
        let [a, b, c] = &mut self.0;
        *a = step(*a, byte);
        *b = b.wrapping_add(*a & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *c = step(*c, (*b >> 24) as u8);
    }

    fn lock(&mut self, byte: u8) -> u8 {
        let t = (self.0[2] & 0xffff) | 2;
        let out = byte ^ (t.wrapping_mul(t ^ 1) >> 8) as u8;
        self.update(byte);
        out
    }
}

/// One step of CRC-32 without its inversions.
fn step(crc: u32, byte: u8) -> u32 {
    let mut c = crc ^ u32::from(byte);
    for _ in 0..8 {
        c = if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 };
    }
    c
}
