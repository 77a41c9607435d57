//! The estimates of one run of matching, before and after somebody has answered.

use kanak_model::match_pair::MatchPair;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::super::batch::Matched;
use super::super::columns::Columns;
use super::super::hash;
use super::super::keys::AllKeys;
use super::super::rule_set::RuleSet;
use super::sample::stratum_of;
use super::{
    Answers, Band, Chance, CurvePoint, Estimates, KeyAgreement, Link, PRECISION, Population, Recalibration, ScoredPair,
    Seen, ThresholdPoint, answered, blocking_recall, by_threshold, curve, draw_sample, expected, label_of, recalibrate,
    reliability, scored_pairs,
};

/// What a run is believed to have got right, and what a person's time would add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEstimates {
    /// Precision, recall and blocking recall of its clusters.
    pub estimates: Estimates,
    /// Recall against review load, when what is linked without a person has the precision [`PRECISION`].
    pub curve: Vec<CurvePoint>,
    /// Precision and recall of single pairs by match weight.
    #[serde(default)]
    pub by_threshold: Vec<ThresholdPoint>,
    /// Of the answered pairs, what was expected and what was seen, by bands of probability; empty without answers.
    #[serde(default)]
    pub reliability: Vec<Band>,
}

/// Steward tasks for 1,000 source records at which the curve is told.
const LOADS: [f64; 7] = [0.0, 2.0, 5.0, 10.0, 15.0, 25.0, 50.0];
/// Of so many pairs the keys on which they agree are looked at; of more, a sample.
const AGREEMENTS_MAX: u64 = 100_000;

/// The pairs of a run, of which `count` answers say most; by (left, right).
pub fn sample_of_run(rule_set: &RuleSet, found: &Matched, count: u64, seed: u64) -> Vec<ScoredPair> {
    let mut sample = draw_sample(&population(rule_set, found), count, seed);
    sample.sort_unstable_by_key(|pair| (pair.left, pair.right));
    sample
}

fn population(rule_set: &RuleSet, found: &Matched) -> Population {
    let pairs = scored_pairs(&found.clusters, &found.listed, rule_set.rules.thresholds.matched);
    Population { pairs, unlisted: Vec::new() }
}

/// The answers about pairs that were weighed, each for its share of its stratum.
fn labels(population: &Population, answers: &Answers) -> Vec<Seen> {
    let mut strata: FxHashMap<(Link, usize), (u64, u64)> = FxHashMap::default();
    for pair in &population.pairs {
        let (pairs, asked) = strata.entry(stratum_of(pair)).or_default();
        *pairs += 1;
        *asked += u64::from(answers.contains_key(&(pair.left, pair.right)));
    }
    let label = |pair: &ScoredPair| {
        let (pairs, asked) = strata[&stratum_of(pair)];
        let stands_for = pairs as f64 / asked as f64;
        label_of(pair, answers).map(|seen| Seen { stands_for, ..seen })
    };
    population.pairs.iter().filter_map(label).collect()
}

/// Estimates a run: from its own probabilities where there are no answers, else from answers to pairs that [`sample_of_run`]
/// drew.
///
/// Pairs that weigh too little to be listed are held to be no match; those that no blocking rule lets through are counted by
/// how often several keys find the same match.
pub fn of_run(rule_set: &RuleSet, columns: &Columns, found: &Matched, answers: &Answers, seed: u64) -> RunEstimates {
    let population = population(rule_set, found);
    let keys = AllKeys::of(&rule_set.rules, columns);
    let agreements = keys.agreements(&rule_set.rules);
    let one_in = (found.listed.len() as u64).div_ceil(AGREEMENTS_MAX).max(1);
    let is_drawn = |pair: &&MatchPair| {
        answers.contains_key(&(pair.left, pair.right))
            || hash::mix(seed ^ (pair.left.0 as u64) << 32 ^ pair.right.0 as u64).is_multiple_of(one_in)
    };
    let agreement = |pair: &MatchPair| {
        let rows = columns.row(pair.left).zip(columns.row(pair.right));
        let agreed = rows.map_or(0, |(left, right)| agreements.of(left, right));
        let answer = answers.get(&(pair.left, pair.right)).copied();
        KeyAgreement { agreed, probability: pair.probability, answer }
    };
    let seen: Vec<KeyAgreement> = found.listed.par_iter().filter(is_drawn).map(agreement).collect();
    let blocking = blocking_recall(&agreements.rules, &seen);
    let estimates = if answers.is_empty() {
        expected(&population, blocking.as_ref(), seed)
    } else {
        answered(&population, answers, blocking.as_ref(), seed)
    };
    let labels = labels(&population, answers);
    let line = if labels.is_empty() { Recalibration::identity() } else { recalibrate(&labels) };
    let chance =
        |pair: &MatchPair| Chance { probability: pair.probability, matched: line.probability(pair.probability) };
    let chances: Vec<Chance> = found.listed.iter().map(chance).collect();
    let matches: f64 = chances.iter().map(|chance| chance.matched).sum();
    let reached = estimates.blocking_recall.map_or(1.0, |recall| recall.value.max(f64::MIN_POSITIVE));
    let missed = matches * (1.0 / reached - 1.0);
    RunEstimates {
        estimates,
        curve: curve(&chances, missed, found.stats.rows, PRECISION, &LOADS),
        by_threshold: by_threshold(&chances, missed),
        reliability: reliability(&labels),
    }
}
