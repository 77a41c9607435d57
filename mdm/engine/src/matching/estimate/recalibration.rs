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
    /// How many pairs it stands for.
    pub stands_for: f64,
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

/// The reliability table: bands with at least one pair, ascending. Of each band the pairs stand for all that there are; the interval is
/// of as many pairs as they are worth (Kish, "Survey Sampling", 1965).
pub fn reliability(seen: &[Seen]) -> Vec<Band> {
    let mut sums = [Sums::default(); BANDS.len()];
    for pair in seen {
        let sums = &mut sums[band_of(pair.probability)];
        sums.pairs += 1;
        sums.stand_for += pair.stands_for;
        sums.squares += pair.stands_for * pair.stands_for;
        sums.expected += pair.stands_for * pair.probability;
        sums.observed += pair.stands_for * pair.matched;
    }
    let row = |(at, sums): (usize, Sums)| {
        let observed = sums.observed / sums.stand_for;
        let worth = (sums.stand_for * sums.stand_for / sums.squares).round();
        Band {
            from: if at == 0 { 0.0 } else { BANDS[at - 1] },
            to: BANDS[at],
            pairs: sums.pairs,
            expected: sums.expected / sums.stand_for,
            observed,
            interval: Interval::wilson((observed * worth).round() as u64, worth as u64),
        }
    };
    sums.into_iter().enumerate().filter(|(_, sums)| sums.pairs > 0).map(row).collect()
}

/// What was seen in a band.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    pairs: u64,
    stand_for: f64,
    squares: f64,
    expected: f64,
    observed: f64,
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

/// Fits the line to answers, as many as they are. Pairs that were drawn more often than others count less for it.
pub fn recalibrate(seen: &[Seen]) -> Recalibration {
    let all: f64 = seen.iter().map(|pair| pair.stands_for).sum();
    let counts = |pair: &Seen| pair.stands_for * seen.len() as f64 / all;
    let seen: Vec<([f64; 2], f64, f64)> =
        seen.iter().map(|pair| ([1.0, log_odds(pair.probability)], pair.matched, counts(pair))).collect();
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
            Seen { probability, matched: f64::from(u8::from(draws.uniform() < truth(probability))), stands_for: 1.0 }
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
        let one = [Seen { probability: 0.9, matched: 0.0, stands_for: 1.0 }];
        let mended = recalibrate(&one).probability(0.9);
        assert!(mended < 0.9 && mended > 0.6, "{mended}");
    }

    #[test]
    fn pairs_that_were_drawn_more_often_do_not_bend_the_table_or_the_line() {
        let all = drawn(40_000, |stated| stated);
        // Of those that match one in ten is asked about, of the others each one: as where the linked are sampled sparsely.
        let asked = |(at, pair): (usize, Seen)| match pair.matched {
            1.0 => (at % 10 == 0).then_some(Seen { stands_for: 10.0, ..pair }),
            _ => Some(pair),
        };
        let asked: Vec<Seen> = all.into_iter().enumerate().filter_map(asked).collect();
        let table = reliability(&asked);
        let good = table.iter().filter(|band| band.interval.covers(band.expected)).count();
        assert!(good + 2 >= table.len(), "{table:?}");
        let line = recalibrate(&asked);
        assert!(line.shift.abs() < 0.15 && (line.slope - 1.0).abs() < 0.1, "{line:?}");
        let unweighted: Vec<Seen> = asked.into_iter().map(|pair| Seen { stands_for: 1.0, ..pair }).collect();
        assert!(recalibrate(&unweighted).shift < -1.5);
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
