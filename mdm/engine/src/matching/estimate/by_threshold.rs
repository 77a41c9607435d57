//! Precision and recall of single pairs at each match weight: where a threshold might stand.

use serde::{Deserialize, Serialize};

use super::super::weights::probability;
use super::Chance;

/// What would be linked from one match weight on, were each pair decided by itself: no cluster joins or parts anything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPoint {
    /// Pairs of this weight and more, prior included, in bits.
    pub total_bits: f64,
    /// The match probability that this means.
    pub probability: f64,
    /// How many pairs there are.
    pub pairs: u64,
    /// The share of them that belong together; `None` where there are none.
    pub precision: Option<f64>,
    /// Of all pairs that belong together, the share that is among them.
    pub recall: f64,
}

/// The whole bits at which the points stand: from a probability of a thousandth to one of a millionth less than certain.
const BITS: std::ops::RangeInclusive<i32> = -10..=20;

/// One point a whole bit, ascending. `missed` is how many pairs that belong together are not among `chances`.
pub fn by_threshold(chances: &[Chance], missed: f64) -> Vec<ThresholdPoint> {
    let (low, high) = (*BITS.start(), *BITS.end());
    let mut bins = vec![(0_u64, 0.0); (high - low + 1) as usize];
    let mut below = 0.0;
    for chance in chances {
        let total_bits = (chance.probability / (1.0 - chance.probability)).log2();
        // A hair of rounding must not move a pair below the threshold that it reaches.
        let whole = (total_bits + 1e-9).floor();
        if whole < f64::from(low) {
            below += chance.matched;
            continue;
        }
        let (pairs, matches) = &mut bins[(whole.min(f64::from(high)) as i32 - low) as usize];
        *pairs += 1;
        *matches += chance.matched;
    }
    let wanted = bins.iter().map(|(_, matches)| matches).sum::<f64>() + below + missed;
    let (mut pairs, mut matches) = (0, 0.0);
    let point = |(at, bin): (usize, &(u64, f64))| {
        pairs += bin.0;
        matches += bin.1;
        let total_bits = f64::from(low) + at as f64;
        ThresholdPoint {
            total_bits,
            probability: probability(total_bits),
            pairs,
            precision: (pairs > 0).then(|| matches / pairs as f64),
            recall: if wanted > 0.0 { matches / wanted } else { 1.0 },
        }
    };
    let mut points: Vec<ThresholdPoint> = bins.iter().enumerate().rev().map(point).collect();
    points.reverse();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_threshold_links_fewer_pairs_and_more_precisely() {
        let pair = |probability: f64, matched: f64| Chance { probability, matched };
        let points = by_threshold(&[pair(0.5, 0.0), pair(0.8, 1.0), pair(1.0, 1.0)], 2.0);
        let at = |bits: f64| *points.iter().find(|point| (point.total_bits - bits).abs() < 1e-9).unwrap();
        assert_eq!((at(0.0).pairs, at(0.0).precision), (3, Some(2.0 / 3.0)));
        assert_eq!((at(1.0).pairs, at(2.0).pairs, at(3.0).pairs), (2, 2, 1));
        assert!((at(2.0).recall - 0.5).abs() < 1e-12 && (at(20.0).recall - 0.25).abs() < 1e-12);
        assert!(points.windows(2).all(|two| two[0].recall >= two[1].recall));
    }

    #[test]
    fn without_pairs_there_is_no_precision() {
        assert!(by_threshold(&[], 0.0).iter().all(|point| point.precision.is_none() && point.pairs == 0));
    }
}
