//! Estimates from probabilities alone, before anybody has answered.

use super::blocking_recall::BlockingRecall;
use super::chance::Draws;
use super::logistic::{log_odds, logistic};
use super::pairs::{Link, Population};
use super::recalibration::Recalibration;
use super::{Estimates, estimate_of};

pub(super) const DRAWS: usize = 2_000;

/// Pairs that were left apart may match far less often than they state, and hardly more often: all that both groups tell, households and
/// registers with it, has mostly spoken against them. By so much, in nats, where it is less.
const APART_DEVIATION: f64 = 3.0;

/// Expected precision and recall. If the probabilities were calibrated, precision would be their mean over linked pairs, each by the strongest way between its ends. They
/// are not quite, ever: the interval is of lines that true log odds may follow (see [`Recalibration::identity`]),
/// which is a judgement and no measurement, and of how many matches there may be where so many are expected. It is wide; answers make it narrow.
///
/// Without `blocking`, recall is of the pairs that were compared or linked, and of those that are listed where the population does not
/// tell of others.
pub fn expected(population: &Population, blocking: Option<&BlockingRecall>, seed: u64) -> Estimates {
    let spread = Spread::of(population);
    let linked = spread.pairs[0] + spread.pairs[1];
    let believed = Recalibration::identity();
    let mut draws = Draws::new(seed);
    let mut results = Results::default();
    for _ in 0..DRAWS {
        let line = believed.draw(&mut draws);
        let of_apart = Recalibration { shift: line.shift - APART_DEVIATION * draws.normal().max(0.0), ..line };
        let found = spread.draw(&line, &of_apart, &mut draws);
        results.add(found, linked, blocking.map(|blocking| blocking.draw(&mut draws)));
    }
    results.estimates(blocking, 0)
}

/// Matches by what became of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) direct: f64,
    pub(super) transitive: f64,
    pub(super) apart: f64,
    pub(super) unlisted: f64,
}

/// Drawn precisions and recalls.
#[derive(Debug, Default)]
pub(super) struct Results {
    precisions: Vec<f64>,
    recalls: Vec<f64>,
}

impl Results {
    /// Adds one draw. Transitive pairs are those that blocking did not let through, or the weights did not show: what blocking
    /// missed is at least what of them matches.
    pub(super) fn add(&mut self, found: Found, linked: f64, blocking_recall: Option<f64>) {
        let right = found.direct + found.transitive;
        let compared = found.direct + found.apart + found.unlisted;
        let wanted = (compared / blocking_recall.unwrap_or(1.0)).max(compared + found.transitive);
        self.precisions.push(if linked > 0.0 { (right / linked).min(1.0) } else { 1.0 });
        self.recalls.push(if wanted > 0.0 { right / wanted } else { 1.0 });
    }

    pub(super) fn estimates(mut self, blocking: Option<&BlockingRecall>, answers: u64) -> Estimates {
        Estimates {
            precision: estimate_of(&mut self.precisions),
            recall: estimate_of(&mut self.recalls),
            blocking_recall: blocking.map(|blocking| blocking.recall),
            answers,
        }
    }
}

/// Pairs by fate and log odds, in steps of a tenth.
struct Spread {
    /// Log odds, and pairs that are direct, transitive, apart, unlisted.
    steps: Vec<(f64, [f64; 4])>,
    /// Of all log odds together.
    pairs: [f64; 4],
}

impl Spread {
    fn of(population: &Population) -> Self {
        let mut steps: std::collections::BTreeMap<i64, [f64; 4]> = std::collections::BTreeMap::new();
        let step = |probability: f64| (log_odds(probability) * 10.0).round() as i64;
        for pair in &population.pairs {
            let fate = match pair.link {
                Link::Direct => 0,
                Link::Transitive => 1,
                Link::Apart => 2,
            };
            steps.entry(step(pair.through)).or_default()[fate] += 1.0;
        }
        for unlisted in &population.unlisted {
            steps.entry(step(unlisted.probability)).or_default()[3] += unlisted.pairs as f64;
        }
        let mut pairs = [0.0; 4];
        for counts in steps.values() {
            pairs.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        }
        Self { steps: steps.into_iter().map(|(step, counts)| (step as f64 / 10.0, counts)).collect(), pairs }
    }

    /// Matches as there may be, where so many are expected.
    fn draw(&self, of_linked: &Recalibration, of_apart: &Recalibration, draws: &mut Draws) -> Found {
        let (linked, apart) = (self.matches(of_linked), self.matches(of_apart));
        let mut realized = |expected: f64, of: f64| if of > 0.0 { draws.binomial(of, expected / of) } else { 0.0 };
        let [direct, transitive, left_apart, unlisted] = self.pairs;
        Found {
            direct: realized(linked[0], direct),
            transitive: realized(linked[1], transitive),
            apart: realized(apart[2], left_apart),
            unlisted: realized(apart[3], unlisted),
        }
    }

    fn matches(&self, line: &Recalibration) -> [f64; 4] {
        let mut sums = [0.0; 4];
        for (log_odds, counts) in &self.steps {
            let probability = logistic(line.shift + line.slope * log_odds);
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += probability * count;
            }
        }
        sums
    }
}

/// Matches among unlisted pairs under a line.
pub(super) fn unlisted_matches(population: &Population, line: &Recalibration) -> f64 {
    population.unlisted.iter().map(|unlisted| unlisted.pairs as f64 * line.probability(unlisted.probability)).sum()
}

#[cfg(test)]
mod tests {
    use kanak_model::id::SourceRecordId;

    use super::super::pairs::ScoredPair;
    use super::*;

    fn pair(at: i64, probability: f64, link: Link) -> ScoredPair {
        ScoredPair {
            left: SourceRecordId(2 * at),
            right: SourceRecordId(2 * at + 1),
            probability,
            through: probability,
            link,
        }
    }

    #[test]
    fn the_middle_is_what_the_probabilities_say() {
        let mut pairs: Vec<ScoredPair> = (0..900).map(|at| pair(at, 0.99, Link::Direct)).collect();
        pairs.extend((900..1100).map(|at| pair(at, 0.5, Link::Apart)));
        let found = expected(&Population { pairs, unlisted: Vec::new() }, None, 1);
        assert!((found.precision.value - 0.99).abs() < 0.005, "{found:?}");
        // Pairs left apart are doubted in one direction.
        assert!((-0.01..0.04).contains(&(found.recall.value - 891.0 / 991.0)), "{found:?}");
        assert!(found.precision.interval.covers(0.98) && found.recall.interval.covers(0.87));
        assert_eq!(found.blocking_recall, None);
    }

    #[test]
    fn a_run_without_an_error_and_nobody_left_apart_who_matches_is_never_ruled_out() {
        let mut pairs: Vec<ScoredPair> = (0..200).map(|at| pair(at, 0.998, Link::Direct)).collect();
        pairs.extend((200..400).map(|at| pair(at, 0.1, Link::Apart)));
        let found = expected(&Population { pairs, unlisted: Vec::new() }, None, 1);
        assert!(found.precision.interval.covers(1.0) && found.precision.interval.low < 0.995, "{found:?}");
        assert!(found.recall.interval.high > 0.99 && found.recall.interval.low < 0.85, "{found:?}");
    }

    #[test]
    fn a_population_without_pairs_is_right() {
        let found = expected(&Population::default(), None, 1);
        assert!((found.precision.value - 1.0).abs() < 1e-12 && (found.recall.value - 1.0).abs() < 1e-12);
    }
}
