//! Estimates from probabilities alone, before anybody has answered.

use super::blocking_recall::BlockingRecall;
use super::chance::Draws;
use super::logistic::{log_odds, logistic};
use super::pairs::{Link, Population};
use super::recalibration::Recalibration;
use super::{Estimates, estimate_of};

pub(super) const DRAWS: usize = 2_000;

/// Expected precision and recall. If the probabilities were calibrated, precision would be their mean over linked pairs, each by the strongest way between its ends. They
/// are not quite, ever: the interval is of lines that true log odds may follow (see [`Recalibration::identity`]),
/// which is a judgement and no measurement. It is wide; answers make it narrow.
///
/// Without `blocking`, recall is of the pairs that were compared or linked, and of those that are listed where the population does not
/// tell of others.
pub fn expected(population: &Population, blocking: Option<&BlockingRecall>, seed: u64) -> Estimates {
    let spread = Spread::of(population);
    let believed = Recalibration::identity();
    let mut draws = Draws::new(seed);
    let mut results = Results::default();
    for _ in 0..DRAWS {
        let line = believed.draw(&mut draws);
        let [direct, transitive, apart, unlisted] = spread.matches(&line);
        let found = Found { direct, transitive, apart, unlisted };
        results.add(found, spread.linked, blocking.map(|blocking| blocking.draw(&mut draws)));
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
    linked: f64,
}

impl Spread {
    fn of(population: &Population) -> Self {
        let mut steps: std::collections::BTreeMap<i64, [f64; 4]> = std::collections::BTreeMap::new();
        let mut linked = 0.0;
        let step = |probability: f64| (log_odds(probability) * 10.0).round() as i64;
        for pair in &population.pairs {
            let fate = match pair.link {
                Link::Direct => 0,
                Link::Transitive => 1,
                Link::Apart => 2,
            };
            steps.entry(step(pair.through)).or_default()[fate] += 1.0;
            linked += f64::from(u8::from(pair.link.is_linked()));
        }
        for unlisted in &population.unlisted {
            steps.entry(step(unlisted.probability)).or_default()[3] += unlisted.pairs as f64;
        }
        Self { steps: steps.into_iter().map(|(step, counts)| (step as f64 / 10.0, counts)).collect(), linked }
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

    #[test]
    fn the_middle_is_what_the_probabilities_say() {
        let pair = |at: i64, probability, link| ScoredPair {
            left: SourceRecordId(2 * at),
            right: SourceRecordId(2 * at + 1),
            probability,
            through: probability,
            link,
        };
        let mut pairs: Vec<ScoredPair> = (0..900).map(|at| pair(at, 0.99, Link::Direct)).collect();
        pairs.extend((900..1100).map(|at| pair(at, 0.5, Link::Apart)));
        let found = expected(&Population { pairs, unlisted: Vec::new() }, None, 1);
        assert!((found.precision.value - 0.99).abs() < 0.005, "{found:?}");
        assert!((found.recall.value - 891.0 / 991.0).abs() < 0.02, "{found:?}");
        assert!(found.precision.interval.covers(0.98) && found.recall.interval.covers(0.87));
        assert_eq!(found.blocking_recall, None);
    }

    #[test]
    fn a_population_without_pairs_is_right() {
        let found = expected(&Population::default(), None, 1);
        assert!((found.precision.value - 1.0).abs() < 1e-12 && (found.recall.value - 1.0).abs() < 1e-12);
    }
}
