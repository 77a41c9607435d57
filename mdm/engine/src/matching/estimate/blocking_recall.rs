//! Blocking recall: how many of the true matches some blocking rule lets through, without a label.
//!
//! Several rules find the same match on different keys, as several traps catch the same animal: how often they agree tells how
//! many matches all of them miss. Rules that share a key (given name and year, given name and village) are no independent traps,
//! so keys are counted and not rules. Within a class of matches keys agree independently of each other; several classes stand for
//! what makes matches unlike: a careful and a careless office, a person who moved, a register that has no telephone numbers. The
//! mixture is fitted to the matches that at least one rule lets through, given that it does.
//!
//! Assumptions: the weights say which pairs match; given its class, a match agrees on one key no more often because it agrees
//! on another. Which mixture made the missed matches cannot be told from the others for certain (Link 2003), so the interval
//! is never narrower than a factor of about two in missed matches, and wider where one class more changes the answer.
//!
//! Sources: Dasylva and Goussanou, "Estimating the False Negatives Due to Blocking in Record Linkage", Survey Methodology 47
//! (2021), for the problem; Pledger, "Unified Maximum Likelihood Estimates for Closed Capture-Recapture Models Using Mixtures",
//! Biometrics 56 (2000), for the mixture; Link, "Nonidentifiability of Population Size from Capture-Recapture Data with
//! Heterogeneous Detection Probabilities", Biometrics 59 (2003), for its limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chance::Draws;
use super::latent::{Cell, KEYS_MAX, Mixture, redrawn};
use super::logistic::{Factors, dot, log_odds, logistic};
use super::recalibration::{SHIFT_DEVIATION, SLOPE_DEVIATION};
use super::sample::Answer;
use super::{Estimate, Interval, Z};

/// On which keys one pair agrees, with a bit for each distinct key of all rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyAgreement {
    /// Keys that both source records have and that are equal.
    pub agreed: u64,
    /// Match probability of the pair, 0..=1, as the rules give it.
    pub probability: f64,
    /// What was answered, where it was sampled.
    pub answer: Option<Answer>,
}

/// The estimate, and what is believed around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlockingRecall {
    /// Of all pairs that belong together, the share that some rule lets through.
    pub recall: Estimate,
    /// Log odds of being missed, in nats.
    log_odds_missed: f64,
    /// Their deviation.
    deviation: f64,
}

const CLASSES_MAX: usize = 3;
const REDRAWS: usize = 12;
/// The deviation of the log odds of being missed when there is no end of matches: what the form of the model leaves open.
const DEVIATION_MIN: f64 = 0.4;
/// However much one class more or less changes the answer, the form leaves open no more than this.
const FORM_MAX: f64 = 0.7;
/// Keys on which a match agrees, more or less: where the number of keys says nothing.
const KEYS_USUAL: f64 = 4.0;
/// Pairs below this are left out: how much of a match they are is known too badly, and they are many.
const PROBABILITY_MIN: f64 = 0.02;
/// Fewer matches than this tell nothing.
const MATCHES_MIN: f64 = 20.0;

impl BlockingRecall {
    /// A blocking recall from what is believed of it.
    pub(super) fn draw(&self, draws: &mut Draws) -> f64 {
        1.0 / (1.0 + (self.log_odds_missed + self.deviation * draws.normal()).exp())
    }
}

/// Estimates the blocking recall. Each of `rules` has the bits of the keys that it needs, all of them; `seen` has the listed
/// pairs, linked or not. Pairs that satisfy no rule (linked through others) are left out.
///
/// False pairs agree on few keys: they look like matches that were nearly missed, and make believe that many were missed
/// altogether. So a pair counts only as so much of a match as its probability says, mended by the answers there are:
/// on log odds, for all pairs, for those that a single rule lets through, and for each key more. How unsure that is widens the
/// interval; without answers it is very unsure, and the estimate mostly too low.
///
/// `None` where nothing can be told: with fewer than two keys, with a key that all rules need, or with hardly a match.
pub fn blocking_recall(rules: &[u64], seen: &[KeyAgreement]) -> Option<BlockingRecall> {
    let (rules, seen) = simplified(rules, seen)?;
    let keys = (u64::BITS - rules.iter().fold(0, |all, rule| all | rule).leading_zeros()) as usize;
    let shared = rules.iter().fold(u64::MAX, |shared, rule| shared & rule);
    if keys < 2 || shared != 0 {
        return None;
    }
    let passes = |agreed: u64| rules.iter().any(|rule| agreed & rule == *rule);
    let passed: Vec<Passed> = seen
        .iter()
        .filter(|pair| pair.probability >= PROBABILITY_MIN && passes(pair.agreed))
        .map(|pair| Passed::of(&rules, pair))
        .collect();
    let answers: Vec<([f64; 4], f64, f64)> =
        passed.iter().filter_map(|pair| Some((pair.features, pair.answer?, 1.0))).collect();
    let believed =
        Factors::believed([0.0, 1.0, 0.0, 0.0], [SHIFT_DEVIATION, SLOPE_DEVIATION, 1.0, 0.3]).after(&answers);
    let cells = cells(&passed, &believed.mean);
    let total: f64 = cells.iter().map(|cell| cell.matches).sum();
    if total < MATCHES_MIN {
        return None;
    }
    let missed: Vec<usize> = (0..1 << keys).filter(|agreed| !passes(*agreed as u64)).collect();
    let fits: Vec<Mixture> = (1..=CLASSES_MAX)
        .map(|classes| Mixture::start(&cells, keys, classes).fit(&cells, &missed, usize::MAX))
        .collect();
    let best = (0..fits.len())
        .min_by(|a, b| fits[*a].criterion(total).total_cmp(&fits[*b].criterion(total)))
        .unwrap_or_default();
    let middle = fits[best].log_odds_missed();
    let mut draws = Draws::new(passed.len() as u64);
    let again = |_| {
        let factors = believed.draw(&mut draws);
        let cells = redrawn(&self::cells(&passed, &factors), &mut draws);
        (fits[best].clone().fit(&cells, &missed, 40).log_odds_missed() - middle).powi(2)
    };
    let sampling = (0..REDRAWS).map(again).sum::<f64>() / REDRAWS as f64;
    let one_off = [best.checked_sub(1), Some(best + 1)].into_iter().flatten().filter_map(|at| fits.get(at));
    let form = one_off.map(|other| (other.log_odds_missed() - middle).abs() / 2.0).fold(DEVIATION_MIN, f64::max);
    let deviation = sampling.sqrt().hypot(form.min(FORM_MAX));
    let at = |deviations: f64| 1.0 / (1.0 + (middle + deviations * deviation).exp());
    let recall = Estimate { value: at(0.0), interval: Interval { low: at(Z), high: at(-Z) } };
    Some(BlockingRecall { recall, log_odds_missed: middle, deviation })
}

/// A pair that some rule lets through.
struct Passed {
    agreed: usize,
    /// What multiplies the factors of its log odds.
    features: [f64; 4],
    answer: Option<f64>,
}

impl Passed {
    fn of(rules: &[u64], pair: &KeyAgreement) -> Self {
        let is_single = rules.iter().filter(|rule| pair.agreed & **rule == **rule).count() == 1;
        let more = f64::from(pair.agreed.count_ones()) - KEYS_USUAL;
        Self {
            agreed: pair.agreed as usize,
            features: [1.0, log_odds(pair.probability), f64::from(u8::from(is_single)), more],
            answer: pair.answer.map(|answer| if answer == Answer::Same { 1.0 } else { 0.0 }),
        }
    }
}

/// Matches by the keys they agree on.
fn cells(passed: &[Passed], factors: &[f64; 4]) -> Vec<Cell> {
    let mut matches: BTreeMap<usize, f64> = BTreeMap::new();
    for pair in passed {
        *matches.entry(pair.agreed).or_default() +=
            pair.answer.unwrap_or_else(|| logistic(dot(factors, &pair.features)));
    }
    matches.into_iter().map(|(agreed, matches)| Cell { agreed, matches }).collect()
}

/// Keys renumbered without gaps. Where there are too many keys to tell apart, each rule counts as a key.
fn simplified(rules: &[u64], seen: &[KeyAgreement]) -> Option<(Vec<u64>, Vec<KeyAgreement>)> {
    let used = rules.iter().fold(0, |all, rule| all | rule);
    let renumbered: Vec<u64> = if used.count_ones() as usize <= KEYS_MAX {
        (0..u64::from(u64::BITS)).map(|bit| 1 << bit).filter(|bit| used & bit != 0).collect()
    } else if rules.len() <= KEYS_MAX {
        rules.to_vec()
    } else {
        return None;
    };
    let renumber = |agreed: u64| {
        let places = renumbered.iter().enumerate().filter(|(_, needs)| agreed & **needs == **needs);
        places.fold(0, |all, (place, _)| all | 1 << place)
    };
    let is_by_key = renumbered.iter().all(|key| key.is_power_of_two());
    let new_rules = rules.iter().enumerate().map(|(place, rule)| if is_by_key { renumber(*rule) } else { 1 << place });
    let pairs = seen.iter().map(|pair| KeyAgreement { agreed: renumber(pair.agreed), ..*pair });
    Some((new_rules.collect(), pairs.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Matches that agree on each key with these probabilities, of several classes in turn; and the true blocking recall.
    fn drawn(classes: &[&[f64]], rules: &[u64], count: usize) -> (Vec<KeyAgreement>, f64) {
        let mut draws = Draws::new(5);
        let mut seen = Vec::new();
        for at in 0..count {
            let class = classes[at % classes.len()];
            let agreed = class.iter().enumerate().map(|(key, share)| u64::from(draws.uniform() < *share) << key).sum();
            if rules.iter().any(|rule| agreed & rule == *rule) {
                seen.push(KeyAgreement { agreed, probability: 1.0, answer: None });
            }
        }
        let recall = seen.len() as f64 / count as f64;
        (seen, recall)
    }

    const RULES: [u64; 4] = [0b00001, 0b00110, 0b01010, 0b10100];

    #[test]
    fn independent_keys_tell_what_all_of_them_miss() {
        let (seen, truth) = drawn(&[&[0.4, 0.9, 0.8, 0.7, 0.6]], &RULES, 5_000);
        let recall = blocking_recall(&RULES, &seen).unwrap().recall;
        assert!(truth < 0.97 && (recall.value - truth).abs() < 0.01, "{recall:?} for {truth}");
        assert!(recall.interval.covers(truth));
    }

    #[test]
    fn careless_offices_are_a_class_of_their_own() {
        let (seen, truth) = drawn(&[&[0.5, 0.97, 0.9, 0.9, 0.8], &[0.1, 0.6, 0.5, 0.5, 0.4]], &RULES, 8_000);
        let recall = blocking_recall(&RULES, &seen).unwrap().recall;
        assert!(recall.interval.covers(truth), "{recall:?} for {truth}");
    }

    #[test]
    fn one_rule_alone_tells_nothing_of_what_it_misses() {
        let (seen, _) = drawn(&[&[0.5, 0.9, 0.9]], &[0b011], 1_000);
        assert!(blocking_recall(&[0b011], &seen).is_none());
        assert!(blocking_recall(&[0b011, 0b101], &seen).is_none(), "all rules need the first key");
        assert!(blocking_recall(&RULES, &[]).is_none());
    }

    #[test]
    fn many_keys_are_counted_by_rule() {
        let rules: Vec<u64> = (0..5).map(|rule| 0b1111 << (4 * rule)).collect();
        let (seen, truth) = drawn(&[&[0.9; 20]], &rules, 5_000);
        let recall = blocking_recall(&rules, &seen).unwrap().recall;
        assert!(recall.interval.covers(truth), "{recall:?} for {truth}");
    }

    #[test]
    fn sixteen_keys_are_told_apart() {
        // Four keys of their own, and twelve in pairs with a name.
        let rules: Vec<u64> = (0..4).map(|key| 1 << key).chain((5..16).map(|key| 1 << 4 | 1 << key)).collect();
        let shares: [f64; 16] = std::array::from_fn(|key| if key == 4 { 0.85 } else { 0.2 + 0.02 * key as f64 });
        let (seen, truth) = drawn(&[&shares], &rules, 20_000);
        let recall = blocking_recall(&rules, &seen).unwrap().recall;
        assert!(recall.interval.covers(truth), "{recall:?} for {truth}");
    }
}
