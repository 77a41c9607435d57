//! A hash that is the same on every machine and in every version: it stands in rule sets that are kept for years.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Mixes the bits of a number (the finalizer of SplitMix64).
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Hash of a text: FNV-1a, mixed. Never 0, which stands for "no key".
pub(crate) fn of_text(text: &str) -> u64 {
    let raw = text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    mix(raw) | 1
}

/// Joins a hash to what stood before it; the order matters.
pub(crate) fn join(before: u64, next: u64) -> u64 {
    mix(before.rotate_left(17) ^ next.wrapping_mul(PRIME)) | 1
}

/// Numbers that look random and are the same for the same seed on every machine (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Sequence(u64);

impl Sequence {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`, which is at least 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_same_in_every_version() {
        assert_eq!(of_text("gurpreet"), of_text("gurpreet"));
        assert_eq!(of_text(""), mix(OFFSET) | 1);
        assert_ne!(of_text("gurpreet"), of_text("gurprit"));
        assert_ne!(join(of_text("a"), of_text("b")), join(of_text("b"), of_text("a")));
    }

    #[test]
    fn a_sequence_stays_below_its_limit_and_reaches_both_ends() {
        let mut sequence = Sequence::new(7);
        let drawn: Vec<u64> = (0..200).map(|_| sequence.below(5)).collect();
        assert_eq!(drawn.iter().max(), Some(&4));
        assert_eq!(drawn.iter().min(), Some(&0));
    }
}
