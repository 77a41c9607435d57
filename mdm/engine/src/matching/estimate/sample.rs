//! The pairs that a steward is asked about: a random sample in strata, each as large as what is in doubt there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chance::Draws;
use super::pairs::{Link, Population, ScoredPair};
use super::recalibration::band_of;

/// What a steward says of a sampled pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Both speak of the same one.
    Same,
    /// They do not.
    Different,
}

/// A stratum and how much of it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct StratumShare {
    /// What became of its pairs.
    pub link: Link,
    /// Its place among those of the same fate, by probability ascending.
    pub band: usize,
    /// Its pairs.
    pub pairs: u64,
    /// Their mean probability.
    pub probability: f64,
    /// How many of them are asked about.
    pub asked: u64,
}

/// The stratum of a pair. Linked pairs are cut where the share of errors changes by an order of magnitude; few strata, because
/// each one without an error leaves doubt.
pub(super) fn stratum_of(pair: &ScoredPair) -> (Link, usize) {
    let band = band_of(pair.probability);
    let band = match pair.link {
        Link::Direct => band.clamp(7, 10) - 7,
        Link::Transitive => band.clamp(6, 7) - 6,
        Link::Apart => band.clamp(1, 7) - 1,
    };
    (pair.link, band)
}

/// At least so many of a stratum are asked about, where it has them and the budget allows.
const ASKED_MIN: u64 = 4;
/// So many of linked pairs may be wrong though their probability says otherwise.
const DOUBT: f64 = 0.01;

/// The strata of a population, and how many of a budget of answers fall to each: in proportion to pairs and the deviation
/// expected among them.
///
/// Source: Neyman, "On the Two Different Aspects of the Representative Method", Journal of the Royal Statistical Society 97 (1934).
fn strata(population: &Population, budget: u64) -> Vec<StratumShare> {
    let mut sums: BTreeMap<(Link, usize), (u64, f64)> = BTreeMap::new();
    for pair in &population.pairs {
        let (pairs, sum) = sums.entry(stratum_of(pair)).or_default();
        *pairs += 1;
        *sum += pair.probability;
    }
    let mut shares: Vec<StratumShare> = sums
        .into_iter()
        .map(|((link, band), (pairs, sum))| StratumShare {
            link,
            band,
            pairs,
            probability: sum / pairs as f64,
            asked: 0,
        })
        .collect();
    allocate(&mut shares, budget);
    shares
}

/// Gives out the budget one answer at a time, each to where it takes off most: the greedy form of Neyman's allocation, which
/// keeps to whole numbers and to what a stratum has.
fn allocate(shares: &mut [StratumShare], budget: u64) {
    let doubt = |share: &StratumShare| {
        let p = share.probability.clamp(0.0, 1.0);
        // A probability may be off: errors are held to be no rarer than this among linked pairs, matches among others.
        let p = if share.link.is_linked() { p.clamp(0.5, 1.0 - DOUBT) } else { p.clamp(DOUBT, 0.5) };
        share.pairs as f64 * (p * (1.0 - p)).sqrt()
    };
    let doubts: Vec<f64> = shares.iter().map(doubt).collect();
    for _ in 0..budget {
        let gain = |at: usize| {
            let asked = shares[at].asked;
            let first = if asked < ASKED_MIN { 1e12 } else { 1.0 };
            first * doubts[at] * doubts[at] / (asked * (asked + 1)).max(1) as f64
        };
        let open = (0..shares.len()).filter(|at| shares[*at].asked < shares[*at].pairs);
        let Some(at) = open.max_by(|a, b| gain(*a).total_cmp(&gain(*b))) else { break };
        shares[at].asked += 1;
    }
}

/// Draws the pairs to ask about: at random within each stratum, the same for the same seed. They come in random order, so that a
/// steward who stops half-way has seen something of each.
pub fn draw_sample(population: &Population, budget: u64, seed: u64) -> Vec<ScoredPair> {
    let mut members: BTreeMap<(Link, usize), Vec<ScoredPair>> = BTreeMap::new();
    for pair in &population.pairs {
        members.entry(stratum_of(pair)).or_default().push(*pair);
    }
    let mut draws = Draws::new(seed);
    let mut drawn = Vec::new();
    for share in strata(population, budget) {
        let Some(members) = members.get_mut(&(share.link, share.band)) else { continue };
        shuffle(members, share.asked as usize, &mut draws);
        drawn.extend_from_slice(&members[..share.asked as usize]);
    }
    let count = drawn.len();
    shuffle(&mut drawn, count, &mut draws);
    drawn
}

/// Puts a random choice in random order to the front.
fn shuffle<T>(all: &mut [T], front: usize, draws: &mut Draws) {
    for at in 0..front {
        let other = at + draws.below(all.len() - at);
        all.swap(at, other);
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::id::SourceRecordId;

    use super::*;

    fn population(of: &[(Link, f64, i64)]) -> Population {
        let mut pairs = Vec::new();
        for (link, probability, count) in of {
            for _ in 0..*count {
                let at = 2 * pairs.len() as i64;
                let (left, right) = (SourceRecordId(at), SourceRecordId(at + 1));
                pairs.push(ScoredPair { left, right, probability: *probability, through: *probability, link: *link });
            }
        }
        Population { pairs, unlisted: Vec::new() }
    }

    #[test]
    fn what_is_in_doubt_is_asked_about_more_often() {
        let all = population(&[(Link::Direct, 0.99995, 1000), (Link::Apart, 0.6, 1000), (Link::Apart, 0.1, 3)]);
        let shares = strata(&all, 100);
        let asked: Vec<u64> = shares.iter().map(|share| share.asked).collect();
        assert_eq!(asked.iter().sum::<u64>(), 100);
        assert_eq!(asked[1], 3, "all of a stratum of three");
        assert!(asked[2] > 3 * asked[0] && asked[0] >= ASKED_MIN, "{shares:?}");
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_and_has_no_pair_twice() {
        let all = population(&[(Link::Direct, 0.95, 300), (Link::Transitive, 0.7, 40), (Link::Apart, 0.3, 200)]);
        let drawn = draw_sample(&all, 60, 9);
        assert_eq!(drawn, draw_sample(&all, 60, 9));
        assert_ne!(drawn, draw_sample(&all, 60, 10));
        let mut lefts: Vec<SourceRecordId> = drawn.iter().map(|pair| pair.left).collect();
        lefts.sort_unstable();
        lefts.dedup();
        assert_eq!(lefts.len(), 60);
    }

    #[test]
    fn a_budget_above_all_pairs_asks_about_each_once() {
        let all = population(&[(Link::Direct, 0.95, 3), (Link::Apart, 0.3, 2)]);
        assert_eq!(draw_sample(&all, 100, 1).len(), 5);
        assert!(draw_sample(&Population::default(), 100, 1).is_empty());
    }
}
