//! Calibration: whether of the pairs with probability 0.9 nine in ten match, and a curve that mends it.

use serde::{Deserialize, Serialize};

use super::Interval;
use super::chance::Draws;
use super::logistic::{Factors, log_odds, logistic};

/// Probability and outcome of one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// What the rules said, 0..=1.
    pub probability: f64,
    /// 1 for a pair that belongs together, 0 for one that does not.
    pub matched: f64,
}

/// Pairs of about one probability: what was expected and what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The smallest probability of the band.
    pub from: f64,
    /// The largest; the next band begins there.
    pub to: f64,
    /// Pairs seen.
    pub pairs: u64,
    /// Their mean probability.
    pub expected: f64,
    /// The share that belong together.
    pub observed: f64,
    /// Where that share lies with 95 % (Wilson).
    pub interval: Interval,
}

/// Where bands end. They are narrow at both ends, where errors are rare and matter most.
pub(super) const BANDS: [f64; 12] = [0.001, 0.005, 0.02, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999, 0.9999, 1.0];

/// The band of a probability.
pub(super) fn band_of(probability: f64) -> usize {
    BANDS.iter().position(|end| probability < *end).unwrap_or(BANDS.len() - 1)
}

/// The reliability table: bands with at least one pair, ascending. The pairs are a random sample within each band, or all of it.
pub fn reliability(seen: &[Seen]) -> Vec<Band> {
    let mut sums = [(0_u64, 0.0, 0.0); BANDS.len()];
    for pair in seen {
        let (pairs, expected, observed) = &mut sums[band_of(pair.probability)];
        *pairs += 1;
        *expected += pair.probability;
        *observed += pair.matched;
    }
    let row = |(at, (pairs, expected, observed)): (usize, (u64, f64, f64))| Band {
        from: if at == 0 { 0.0 } else { BANDS[at - 1] },
        to: BANDS[at],
        pairs,
        expected: expected / pairs as f64,
        observed: observed / pairs as f64,
        interval: Interval::wilson(observed as u64, pairs),
    };
    sums.into_iter().enumerate().filter(|(_, (pairs, ..))| *pairs > 0).map(row).collect()
}

/// A straight line on log odds, from stated to true ones, with how sure it is.
///
/// Source: Platt, "Probabilistic Outputs for Support Vector Machines" (1999), with a prior at the identity: the line that
/// changes nothing is believed until answers speak against it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Recalibration {
    /// What is added to the log odds, in nats.
    pub shift: f64,
    /// What stated log odds are multiplied by.
    pub slope: f64,
    /// Variance of the shift, covariance, variance of the slope.
    pub variance: [f64; 3],
}

/// Without answers, true log odds are believed to be off by this much (one deviation), in nats: a factor of four and a half on the odds. It was chosen so that intervals
/// without answers hold the truth in made-up sets (see the tests), and is not tuned to any register.
pub(super) const SHIFT_DEVIATION: f64 = 1.5;
/// And stretched by this much.
pub(super) const SLOPE_DEVIATION: f64 = 0.3;
/// Higher probabilities never mean lower ones.
const SLOPE_MIN: f64 = 0.05;

impl Recalibration {
    /// Changes nothing, and is only as sure as one can be before any answer.
    pub fn identity() -> Self {
        let variance = [SHIFT_DEVIATION * SHIFT_DEVIATION, 0.0, SLOPE_DEVIATION * SLOPE_DEVIATION];
        Self { shift: 0.0, slope: 1.0, variance }
    }

    /// The probability that a stated one means.
    pub fn probability(&self, stated: f64) -> f64 {
        logistic(self.shift + self.slope * log_odds(stated))
    }

    /// A line from what is believed of it.
    pub(super) fn draw(&self, draws: &mut Draws) -> Self {
        let [shift, both, slope] = self.variance;
        let believed = Factors { mean: [self.shift, self.slope], variance: [[shift, both], [both, slope]] };
        let [shift, slope] = believed.draw(draws);
        Self { shift, slope: slope.max(SLOPE_MIN), variance: self.variance }
    }
}

/// Fits the line to answers. The pairs may be drawn more often from one band than from another.
pub fn recalibrate(seen: &[Seen]) -> Recalibration {
    let seen: Vec<([f64; 2], f64)> =
        seen.iter().map(|pair| ([1.0, log_odds(pair.probability)], pair.matched)).collect();
    let Factors { mean: [shift, slope], variance: [[a, b], [_, c]] } =
        Factors::believed([0.0, 1.0], [SHIFT_DEVIATION, SLOPE_DEVIATION]).after(&seen);
    Recalibration { shift, slope: slope.max(SLOPE_MIN), variance: [a, b, c] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(count: usize, truth: impl Fn(f64) -> f64) -> Vec<Seen> {
        let mut draws = Draws::new(11);
        let one = |draws: &mut Draws| {
            let probability = logistic(3.0 * draws.normal());
            Seen { probability, matched: f64::from(u8::from(draws.uniform() < truth(probability))) }
        };
        (0..count).map(|_| one(&mut draws)).collect()
    }

    #[test]
    fn without_answers_nothing_changes() {
        let line = recalibrate(&[]);
        assert!((line.probability(0.3) - 0.3).abs() < 1e-9);
        assert!((line.probability(1.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn many_answers_find_the_line_that_made_them() {
        let line = recalibrate(&drawn(20_000, |stated| logistic(-1.0 + 0.7 * log_odds(stated))));
        assert!((line.shift + 1.0).abs() < 0.1 && (line.slope - 0.7).abs() < 0.05, "{line:?}");
    }

    #[test]
    fn a_handful_of_answers_moves_the_line_a_little() {
        let one = [Seen { probability: 0.9, matched: 0.0 }];
        let mended = recalibrate(&one).probability(0.9);
        assert!(mended < 0.9 && mended > 0.6, "{mended}");
    }

    #[test]
    fn bands_of_calibrated_pairs_hold_what_they_promise() {
        let table = reliability(&drawn(20_000, |stated| stated));
        assert!(table.len() > 8);
        assert!(table.iter().all(|band| band.from <= band.expected && band.expected <= band.to));
        let good = table.iter().filter(|band| band.interval.covers(band.expected)).count();
        assert!(good + 2 >= table.len(), "{table:?}");
    }
}
