//! Estimates from a steward's answers to the sampled pairs.
//!
//! In each stratum the answers are a random sample, so the share of matches follows a beta law of what was answered and of a
//! little that is believed beforehand: as much as one answer, which says what the mended probabilities say, and half an answer on
//! the side that nobody expects, spread over all strata of the same fate. So a sample without an error does not prove that there
//! are none, and a hundred strata without an error do not make a hundred errors. What was answered is known; only the rest of
//! a stratum is drawn.
//!
//! Source: Cochran, "Sampling Techniques" (1977), chapter 5, for stratified shares; Brown, Cai and DasGupta, "Interval Estimation
//! for a Binomial Proportion", Statistical Science 16 (2001), for the half.

use std::collections::{BTreeMap, HashMap};

use kanak_model::id::SourceRecordId;

use super::Estimates;
use super::blocking_recall::BlockingRecall;
use super::chance::Draws;
use super::expected::{DRAWS, Found, Results, unlisted_matches};
use super::pairs::{Link, Population, ScoredPair};
use super::recalibration::{Seen, recalibrate};
use super::sample::{Answer, stratum_of};

/// The pairs of a sample, and what was answered.
pub type Answers = HashMap<(SourceRecordId, SourceRecordId), Answer>;

/// The curve below the listed pairs goes on as it runs below this probability.
const LOW: f64 = 0.5;

/// Of the half answer that nobody expects, so much counts among pairs that are not linked: there are many of them, and matches among
/// them are expected anyhow.
const HALF_APART: f64 = 0.2;

/// Precision and recall from answers to pairs that [`super::draw_sample`] drew; `answers` is by (left, right). Pairs without an
/// answer are held to be like those with one. Answers that were given for another reason (a task of the queue) must not be
/// among them: those pairs were not drawn at random.
pub fn answered(population: &Population, answers: &Answers, blocking: Option<&BlockingRecall>, seed: u64) -> Estimates {
    let seen = seen(population, answers);
    let line = recalibrate(&seen);
    // A line over all pairs is bent to where most answers are; below the listed pairs only those next to them count.
    let low: Vec<Seen> = seen.into_iter().filter(|pair| pair.probability < LOW).collect();
    let line_of_low = recalibrate(&low);
    let strata = count(population, answers, &|probability| {
        if probability < LOW { line_of_low.probability(probability) } else { line.probability(probability) }
    });
    let mut draws = Draws::new(seed);
    let mut results = Results::default();
    let linked = population.pairs.iter().filter(|pair| pair.link.is_linked()).count() as f64;
    for _ in 0..2 * DRAWS {
        let mut found = Found { direct: 0.0, transitive: 0.0, apart: 0.0, unlisted: 0.0 };
        for ((link, _), stratum) in &strata {
            let matches = stratum.draw(&mut draws);
            match link {
                Link::Direct => found.direct += matches,
                Link::Transitive => found.transitive += matches,
                Link::Apart => found.apart += matches,
            }
        }
        found.unlisted = unlisted_matches(population, &line_of_low.draw(&mut draws));
        results.add(found, linked, blocking.map(|blocking| blocking.draw(&mut draws)));
    }
    results.estimates(blocking, strata.values().map(|stratum| stratum.answers() as u64).sum())
}

/// Probability and outcome of the answered pairs that were weighed, for [`super::recalibrate`] and [`super::reliability`].
pub fn label_of(pair: &ScoredPair, answers: &Answers) -> Option<Seen> {
    let answer = answers.get(&(pair.left, pair.right))?;
    let matched = if *answer == Answer::Same { 1.0 } else { 0.0 };
    (pair.link != Link::Transitive).then_some(Seen { probability: pair.probability, matched, stands_for: 1.0 })
}

fn seen(population: &Population, answers: &Answers) -> Vec<Seen> {
    population.pairs.iter().filter_map(|pair| label_of(pair, answers)).collect()
}

/// One stratum: its pairs, what was answered, what is believed beforehand.
#[derive(Debug, Default)]
struct Stratum {
    pairs: f64,
    same: f64,
    different: f64,
    /// Sum of the mended probabilities.
    expected: f64,
    believed_same: f64,
    believed_different: f64,
}

impl Stratum {
    fn answers(&self) -> f64 {
        self.same + self.different
    }

    /// Its matches: those known, and of the rest a number that what is known makes likely.
    fn draw(&self, draws: &mut Draws) -> f64 {
        let rest = self.pairs - self.answers();
        let share = draws.beta(self.same + self.believed_same, self.different + self.believed_different);
        self.same + draws.binomial(rest, share)
    }
}

fn count(population: &Population, answers: &Answers, mended: &dyn Fn(f64) -> f64) -> BTreeMap<(Link, usize), Stratum> {
    let mut strata: BTreeMap<(Link, usize), Stratum> = BTreeMap::new();
    let mut all = [0.0; 2];
    for pair in &population.pairs {
        let stratum = strata.entry(stratum_of(pair)).or_default();
        stratum.pairs += 1.0;
        stratum.expected += mended(pair.probability);
        all[usize::from(pair.link.is_linked())] += 1.0;
        match answers.get(&(pair.left, pair.right)) {
            Some(Answer::Same) => stratum.same += 1.0,
            Some(Answer::Different) => stratum.different += 1.0,
            None => {}
        }
    }
    for ((link, _), stratum) in &mut strata {
        let expected = (stratum.expected / stratum.pairs).clamp(1e-6, 1.0 - 1e-6);
        let half = 0.5 * stratum.pairs / all[usize::from(link.is_linked())];
        let (same, different) = if link.is_linked() { (0.0, half) } else { (HALF_APART * half, 0.0) };
        stratum.believed_same = expected + same;
        stratum.believed_different = 1.0 - expected + different;
    }
    strata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population() -> Population {
        let fates = [(Link::Direct, 0.999_95, 800), (Link::Direct, 0.97, 100), (Link::Apart, 0.6, 100)];
        let mut pairs = Vec::new();
        for (link, probability, count) in fates {
            for _ in 0..count {
                let at = 2 * pairs.len() as i64;
                pairs.push(ScoredPair {
                    left: SourceRecordId(at),
                    right: SourceRecordId(at + 1),
                    probability,
                    through: probability,
                    link,
                });
            }
        }
        Population { pairs, unlisted: Vec::new() }
    }

    /// Every tenth of the second stratum is wrong, every fourth of the third a match.
    fn truth(at: usize) -> Answer {
        let is_same = at < 800 || at < 900 && !at.is_multiple_of(10) || at >= 900 && at.is_multiple_of(4);
        if is_same { Answer::Same } else { Answer::Different }
    }

    #[test]
    fn when_all_is_answered_nothing_is_left_to_chance() {
        let all = population();
        let answers: Answers =
            all.pairs.iter().enumerate().map(|(at, pair)| ((pair.left, pair.right), truth(at))).collect();
        let found = answered(&all, &answers, None, 1);
        assert_eq!(found.answers, 1000);
        assert!((found.precision.value - 890.0 / 900.0).abs() < 1e-12 && found.precision.interval.width() < 1e-12);
        assert!((found.recall.value - 890.0 / 915.0).abs() < 1e-12 && found.recall.interval.width() < 1e-12);
    }

    #[test]
    fn a_sample_finds_the_truth_within_its_interval() {
        let all = population();
        let sample = super::super::draw_sample(&all, 150, 5);
        let answers: Answers =
            sample.iter().map(|pair| ((pair.left, pair.right), truth(pair.left.0 as usize / 2))).collect();
        let found = answered(&all, &answers, None, 1);
        assert!(found.precision.interval.covers(890.0 / 900.0), "{found:?}");
        assert!(found.recall.interval.covers(890.0 / 915.0), "{found:?}");
        assert!(found.precision.interval.width() < 0.06 && found.recall.interval.width() < 0.06, "{found:?}");
    }

    #[test]
    fn without_an_error_the_interval_still_allows_some() {
        let mut all = population();
        all.pairs.truncate(800);
        let answers: Answers = all.pairs[..100].iter().map(|pair| ((pair.left, pair.right), Answer::Same)).collect();
        let found = answered(&all, &answers, None, 1);
        assert!(found.precision.interval.low < 0.985 && found.precision.interval.covers(1.0), "{found:?}");
    }
}
