//! Unlinkable source records: those that state so little that even a second one with all the same values would be no match.
//!
//! Source of the idea: the unlinkables chart of Splink (UK Ministry of Justice).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::bound::Bound;
use super::super::columns::Columns;
use super::super::rule_set::RuleSet;
use super::super::rules::SAME_REGISTER;
use super::super::weights::probability;

/// How many of the weighed source records cannot be linked, at the thresholds and at any other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Unlinkable {
    /// Source records that were weighed: all, or of very many every so many-th in the order of names and places.
    pub weighed: u64,
    /// No match even with an equal one.
    pub source_records: u64,
    /// Not even doubtful with an equal one.
    pub below_review: u64,
    /// By whole bits, ascending: how many weigh less than that with an equal one, prior included.
    pub below: Vec<BelowBits>,
}

/// How many source records a threshold would leave unlinkable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BelowBits {
    /// A match weight with the prior in, in bits.
    pub total_bits: f64,
    /// The match probability that this means.
    pub probability: f64,
    /// Source records that weigh less with an equal one.
    pub source_records: u64,
}

/// The whole bits at which source records are counted.
const BITS: std::ops::RangeInclusive<i32> = -10..=30;

/// Weighs source records with themselves: the weight of a second one with all the same values.
pub fn unlinkable(rule_set: &RuleSet, columns: &Columns) -> Unlinkable {
    let bound = Bound::of(rule_set, columns);
    let thresholds = rule_set.rules.thresholds;
    let (matched, review) = (bound.weight_at(thresholds.matched), bound.weight_at(thresholds.review));
    let prior_bits = rule_set.prior.bits();
    let bins = BITS.count() + 1;
    let rows: Vec<u32> = (0..columns.len() as u32).step_by(columns.len().div_ceil(WEIGHED_MAX).max(1)).collect();
    let register = rule_set.comparisons.iter().position(|comparison| comparison.attribute == SAME_REGISTER);
    let count = |rows: &[u32]| {
        let weigher = bound.weigher();
        let mut counts = Counts { source_records: 0, below_review: 0, bins: vec![0; bins] };
        for row in rows {
            // Its partner may stand in any register.
            let weighed = weigher.weigh_in_parts(*row, *row);
            let weight_bits = weighed.weight_bits - register.map_or(0.0, |at| weighed.parts[at].weight_bits);
            counts.source_records += u64::from(weight_bits < matched);
            counts.below_review += u64::from(weight_bits < review);
            counts.bins[bin_of(weight_bits + prior_bits)] += 1;
        }
        counts
    };
    let empty = || Counts { source_records: 0, below_review: 0, bins: vec![0; bins] };
    let all = rows.par_chunks(1 << 14).map(count).reduce(empty, Counts::add);
    let mut source_records = 0;
    let below = BITS.zip(&all.bins).map(|(total_bits, count)| {
        source_records += count;
        let total_bits = f64::from(total_bits);
        BelowBits { total_bits, probability: probability(total_bits), source_records }
    });
    let weighed = rows.len() as u64;
    Unlinkable { weighed, below: below.collect(), source_records: all.source_records, below_review: all.below_review }
}

/// So many source records are weighed: a share of one in a hundred is then known to a fiftieth of itself.
const WEIGHED_MAX: usize = 250_000;

/// The first of [`BITS`] above a weight; one past them where none is.
fn bin_of(total_bits: f64) -> usize {
    let above = (total_bits - f64::from(*BITS.start())).floor() + 1.0;
    above.clamp(0.0, BITS.count() as f64) as usize
}

struct Counts {
    source_records: u64,
    below_review: u64,
    bins: Vec<u64>,
}

impl Counts {
    fn add(mut self, other: Self) -> Self {
        self.source_records += other.source_records;
        self.below_review += other.below_review;
        for (bin, more) in self.bins.iter_mut().zip(other.bins) {
            *bin += more;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_below_the_next_whole_bit_and_not_below_its_own() {
        let first_above = |total_bits: f64| BITS.start() + bin_of(total_bits) as i32;
        assert_eq!(first_above(-99.0), -10);
        assert_eq!(first_above(1.5), 2);
        assert_eq!(first_above(2.0), 3);
        assert_eq!(bin_of(99.0), BITS.count());
    }
}
