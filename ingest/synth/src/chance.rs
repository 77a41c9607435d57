//! Chance: every draw follows from the seed, from what it is for and from an index, and from nothing else.
//!
//! A household, a business or an employee has its own stream, so that any of them can be made again by its index,
//! without keeping it.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::rates::Rate;

/// A stream of draws.
pub(crate) struct Chance(ChaCha8Rng);

/// What a stream is for; each has streams of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Places = 1,
    Household,
    Registers,
    Employee,
    Business,
    Receipts,
    Schemes,
    Targets,
    Offices,
    Events,
    Faults,
    Marriages,
    PublicBodies,
    Assets,
    PolicyRules,
}

impl Chance {
    /// The stream of one thing.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = purpose as u8;
        key[16..24].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// At least 0 and below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something that happens this often happens.
    pub(crate) fn share(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Whether an error of this rate happens.
    pub(crate) fn hits(&mut self, rate: Rate) -> bool {
        self.unit() < rate.rate
    }

    /// From 0 to `count` - 1, each as likely.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// One of some things, each as likely. There must be one.
    pub(crate) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// Around 0, mostly within 1 (the sum of three even draws, with standard deviation 1/2).
    pub(crate) fn around_zero(&mut self) -> f64 {
        self.unit() + self.unit() + self.unit() - 1.5
    }
}

/// Things with weights, drawn in proportion.
#[derive(Debug, Clone)]
pub(crate) struct Weighted<T> {
    things: Vec<T>,
    sums: Vec<f64>,
}

impl<T> Weighted<T> {
    /// Weights must not be negative; those of 0 are never drawn.
    pub(crate) fn new(things: impl IntoIterator<Item = (T, f64)>) -> Self {
        let mut sum = 0.0;
        let (things, sums) = things
            .into_iter()
            .map(|(thing, weight)| {
                sum += weight;
                (thing, sum)
            })
            .unzip();
        Self { things, sums }
    }

    /// One of them. There must be one.
    pub(crate) fn draw(&self, chance: &mut Chance) -> &T {
        let point = chance.unit() * self.sums.last().copied().unwrap_or_default();
        let at = self.sums.partition_point(|sum| *sum <= point);
        &self.things[at.min(self.things.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_each_time_and_another_for_another_index() {
        let draw = |seed, index| Chance::new(seed, Purpose::Household, index).unit().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn weights_are_kept() {
        let weighted = Weighted::new([("never", 0.0), ("often", 3.0), ("seldom", 1.0)]);
        let mut chance = Chance::new(7, Purpose::Places, 0);
        let draws: Vec<&str> = (0..4000).map(|_| *weighted.draw(&mut chance)).collect();
        let often = draws.iter().filter(|word| **word == "often").count();
        assert!(!draws.contains(&"never"));
        assert!((2850..3150).contains(&often), "{often}");
    }
}
