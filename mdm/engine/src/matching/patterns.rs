//! Agreement patterns: how many pairs got which levels. Training works on these, not on pairs.

use rustc_hash::FxHashMap;

use super::blocking::Candidates;
use super::bound::Bound;
use super::hash::{self, Sequence};
use super::levels::NONE;
use super::progress::Silent;

/// Pairs by pattern, four bits a comparison, in ascending order of patterns.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) counts: Vec<(u128, u64)>,
    /// How many pairs each counted one stands for.
    pub(crate) scale: f64,
}

/// So many candidate pairs are graded in training; of more, a sample.
const CANDIDATES_MAX: u64 = 1_000_000;
/// So many random pairs are graded.
const RANDOM_MAX: u64 = 100_000;

/// The level of one comparison in a pattern.
pub(crate) fn level_of(pattern: u128, comparison: usize) -> u8 {
    (pattern >> (4 * comparison)) as u8 & NONE
}

impl Patterns {
    fn of(counts: Vec<FxHashMap<u128, u64>>, scale: f64) -> Self {
        let mut all: FxHashMap<u128, u64> = FxHashMap::default();
        for (pattern, count) in counts.into_iter().flatten() {
            *all.entry(pattern).or_default() += count;
        }
        let mut counts: Vec<(u128, u64)> = all.into_iter().collect();
        counts.sort_unstable();
        Self { counts, scale }
    }

    /// The patterns of the candidate pairs, of all rows or of a sample, and how many pairs there are of all.
    pub(crate) fn of_candidates(candidates: &Candidates, bound: &Bound<'_>, seed: u64) -> (Self, f64) {
        let one_in = candidates.pairs_max().div_ceil(CANDIDATES_MAX).max(1);
        let start = || (FxHashMap::<u128, u64>::default(), 0_u64, bound.weigher());
        let is_drawn = |row: u32| hash::mix(seed ^ u64::from(row)).is_multiple_of(one_in);
        let (counted, _) = candidates.visit(&Silent, start, is_drawn, |(counts, drawn, weigher), left, partners| {
            *drawn += partners.len() as u64;
            for right in partners {
                *counts.entry(weigher.pattern(left, *right)).or_default() += 1;
            }
        });
        let drawn: u64 = counted.iter().map(|(_, drawn, _)| drawn).sum();
        let patterns = Self::of(counted.into_iter().map(|(counts, ..)| counts).collect(), one_in as f64);
        (patterns, drawn as f64 * one_in as f64)
    }

    /// The patterns of random pairs that no rule lets through: all of them where there are few.
    pub(crate) fn of_others(
        candidates: &Candidates,
        bound: &Bound<'_>,
        rows: u64,
        pairs_others: f64,
        seed: u64,
    ) -> Self {
        use rayon::prelude::*;
        let possible = rows * rows.saturating_sub(1) / 2;
        let pairs: Vec<(u32, u32)> = if possible <= RANDOM_MAX {
            (0..rows as u32).flat_map(|left| (left + 1..rows as u32).map(move |right| (left, right))).collect()
        } else {
            let mut sequence = Sequence::new(seed);
            let mut pair = || {
                let left = sequence.below(rows) as u32;
                let right = sequence.below(rows - 1) as u32;
                let right = if right >= left { right + 1 } else { right };
                (left.min(right), left.max(right))
            };
            (0..RANDOM_MAX).map(|_| pair()).collect()
        };
        let counted: Vec<FxHashMap<u128, u64>> = pairs
            .par_chunks(4096)
            .map(|chunk| {
                let mut counts = FxHashMap::default();
                let weigher = bound.weigher();
                for (left, right) in chunk.iter().filter(|(left, right)| !candidates.covers(*left, *right)) {
                    *counts.entry(weigher.pattern(*left, *right)).or_default() += 1;
                }
                counts
            })
            .collect();
        let mut patterns = Self::of(counted, 1.0);
        let drawn: u64 = patterns.counts.iter().map(|(_, count)| count).sum();
        patterns.scale = if drawn == 0 { 1.0 } else { pairs_others / drawn as f64 };
        patterns
    }
}
