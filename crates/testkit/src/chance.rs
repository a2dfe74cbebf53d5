//! A small deterministic generator (SplitMix64): the same seed gives the same mail on every machine.

/// The generator.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Starts from a seed and a label, so that two uses of one seed differ.
    #[must_use]
    pub fn new(label: &str, seed: u64) -> Self {
        // FNV-1a over the label.
        let start = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut chance = Self(start ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high.saturating_sub(low) + 1)
    }

    /// One of the items; the default when there is none.
    pub fn pick<T: Clone + Default>(&mut self, items: &[T]) -> T {
        let at = self.between(0, (items.len() as u64).saturating_sub(1));
        items.get(usize::try_from(at).unwrap_or(0)).cloned().unwrap_or_default()
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit((self.next() % 16) as u32, 16).unwrap_or('0')).collect()
    }

    /// Letters and digits, as in queue ids.
    pub fn token(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..length).map(|_| char::from(ALPHABET[(self.next() % 32) as usize])).collect()
    }

    /// Decimal digits, the first not zero.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|i| char::from(b'0' + self.between(u64::from(i == 0), 9) as u8)).collect()
    }
}
