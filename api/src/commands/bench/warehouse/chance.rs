//! Chance that is the same in every run.

/// Numbers from a seed (splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) struct Chance(u64);

impl Chance {
    /// The numbers of a seed; each `stream` of one has its own.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut chance = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        chance.number();
        chance
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// From 0 up to and without 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something happens that does so often of one.
    pub(super) fn happens(&mut self, often: f64) -> bool {
        self.share() < often
    }

    /// One of several, each as likely; `None` of none.
    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        if choices.is_empty() { None } else { choices.get(self.below(choices.len())) }
    }
}

/// Things of which some are met more often than others: the n-th, counted from 1, as often as 1 / n^0.8.
pub(super) struct Skewed {
    up_to: Vec<f64>,
}

impl Skewed {
    /// So many things.
    pub(super) fn new(count: usize) -> Self {
        let up_to = (1..=count).scan(0.0, |sum, nth| {
            *sum += (nth as f64).powf(-0.8);
            Some(*sum)
        });
        Self { up_to: up_to.collect() }
    }

    /// The place of one of them, from 0.
    pub(super) fn pick(&self, chance: &mut Chance) -> usize {
        let at = chance.share() * self.up_to.last().copied().unwrap_or_default();
        self.up_to.partition_point(|up_to| *up_to <= at).min(self.up_to.len().saturating_sub(1))
    }
}
