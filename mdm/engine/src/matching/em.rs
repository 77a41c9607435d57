//! Expectation and maximisation over agreement patterns, without labels or with a few.
//!
//! Three classes: the same one, relatives, unrelated. What relatives have in common is believed beforehand and not trained:
//! blocking lets through only those that look most like one person. All pairs take part: the candidates by their patterns, the others,
//! which no blocking rule lets through, by a random sample that is held to be unrelated. So neither u nor the prior is
//! biased by blocking. What little data says is held by what is believed beforehand, as if that had been seen in a few pairs.
//!
//! Where stewards have decided pairs, these are what was decided instead of what is expected of their patterns. Each counts as the one
//! pair that it is: people are asked about doubtful pairs, and more weight for those would make them the picture of all.
//!
//! Source: Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969); Winkler, "Using the EM Algorithm for Weight
//! Computation in the Fellegi-Sunter Model of Record Linkage" (1988); labels among unlabelled ones as in Nigam, McCallum, Thrun and
//! Mitchell, "Text Classification from Labeled and Unlabeled Documents using EM", Machine Learning 39 (2000); the third class is ours.

use super::levels::{Level, NONE, Side};
use super::moved::{self, Moving};
use super::patterns::{Patterns, level_of};
use super::rule_set::Prior;
use super::weights::{self, Groups, RelativesOdds};

/// The shares of one comparison's levels in the three classes.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    pub(crate) levels: &'static [Level],
    pub(crate) m: Vec<f64>,
    pub(crate) u: Vec<f64>,
    pub(crate) related: Vec<f64>,
    /// Among the same one who moved house, where that is another than `m`.
    pub(crate) moved: Option<MovedShares>,
    /// No share of unrelated pairs is held to be smaller.
    pub(crate) u_min: f64,
    /// Relatives are like any others in this.
    pub(crate) related_as_unrelated: bool,
}

/// What a woman states who moved: often another relative, since she married.
#[derive(Debug, Clone)]
pub(crate) struct MovedShares {
    /// The level of two relatives that differ for that reason.
    pub(crate) changed: usize,
    pub(crate) shares: Vec<f64>,
}

impl MovedShares {
    /// Shares where so many are at the level that changes, and the others as those who did not move.
    pub(crate) fn of(changed: usize, share: f64, m: &[f64]) -> Self {
        let stretch = (1.0 - share) / (1.0 - m[changed]);
        let mut shares: Vec<f64> = m.iter().map(|m| m * stretch).collect();
        shares[changed] = share;
        Self { changed, shares }
    }
}

const ROUNDS_MAX: usize = 40;
const SETTLED: f64 = 1e-5;
/// What is believed beforehand counts as so many pairs.
const M_PAIRS: f64 = 20.0;
const U_PAIRS: f64 = 2.0;

/// A pair that a steward decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    /// Its levels.
    pub(crate) pattern: u128,
    /// They are the same one.
    pub(crate) is_same: bool,
}

/// What takes part in training.
pub(crate) struct Seen<'s> {
    /// Pairs that blocking lets through.
    pub(crate) candidates: &'s Patterns,
    /// A sample of the others.
    pub(crate) others: &'s Patterns,
    /// Pairs that there are.
    pub(crate) possible: f64,
    /// What stewards decided.
    pub(crate) answers: &'s [Answer],
}

/// Pairs by class, as one round expects them.
struct Expected {
    matched: Vec<[f64; 16]>,
    unrelated: Vec<[f64; 16]>,
    moved: Vec<[f64; 16]>,
    sum_matched: f64,
    sum_related: f64,
    sum_moved: f64,
}

impl Expected {
    fn none(comparisons: usize) -> Self {
        let zero = || vec![[0.0; 16]; comparisons];
        let (sum_matched, sum_related, sum_moved) = (0.0, 0.0, 0.0);
        Self { matched: zero(), unrelated: zero(), moved: zero(), sum_matched, sum_related, sum_moved }
    }

    /// Counts pairs of a pattern into the classes, by the probabilities that one is the same, is of relatives, and, if the same,
    /// has moved.
    fn count(&mut self, splits: &[bool], pattern: u128, weight: f64, (same, relatives, of_same): (f64, f64, f64)) {
        let settled = same * (1.0 - of_same);
        self.sum_matched += weight * same;
        self.sum_related += weight * relatives;
        self.sum_moved += weight * same * of_same;
        for (at, splits) in splits.iter().enumerate() {
            let level = level_of(pattern, at);
            if level != NONE {
                self.matched[at][level as usize] += weight * if *splits { settled } else { same };
                self.moved[at][level as usize] += weight * same * of_same;
                self.unrelated[at][level as usize] += weight * (1.0 - same - relatives);
            }
        }
    }

    /// Puts what was decided in the place of what was expected.
    fn answer(&mut self, splits: &[bool], answer: Answer, expected: (f64, f64, f64)) {
        let (same, relatives, of_same) = expected;
        let decided = if answer.is_same {
            (1.0, 0.0, of_same)
        } else {
            (0.0, relatives / (1.0 - same).max(f64::MIN_POSITIVE), 0.0)
        };
        self.count(splits, answer.pattern, -1.0, expected);
        self.count(splits, answer.pattern, 1.0, decided);
    }

    /// Answers about pairs that no candidate stands for leave nothing below nothing.
    fn settle(&mut self) {
        for row in [&mut self.matched, &mut self.unrelated, &mut self.moved].into_iter().flatten() {
            *row = row.map(|pairs| pairs.max(0.0));
        }
        for sum in [&mut self.sum_matched, &mut self.sum_related, &mut self.sum_moved] {
            *sum = sum.max(0.0);
        }
    }
}

/// Trains the shares and the prior, and the share of the same ones who moved house.
pub(crate) fn train(shares: &mut [Shares], groups: &Groups, of: &Seen<'_>, relatives_per_match: f64) -> (Prior, f64) {
    let Seen { candidates, others, possible: pairs_possible, answers } = *of;
    let believed: Vec<Shares> = shares.to_vec();
    let outside = marginals(shares.len(), others);
    let seen: f64 = candidates.counts.iter().map(|(_, count)| *count as f64 * candidates.scale).sum();
    let mut prior = prior_of(0.3 * seen, 0.1 * seen, pairs_possible, relatives_per_match);
    maximise_u(shares, &believed, &outside, &vec![[0.0; 16]; shares.len()]);
    let mut moved_share = if groups.has_home() { moved::BELIEVED } else { 0.0 };
    for _ in 0..ROUNDS_MAX {
        let before = prior;
        let bits = Bits::of(shares, groups, prior, moved_share);
        let mut expected = Expected::none(shares.len());
        for (pattern, count) in &candidates.counts {
            let weight = *count as f64 * candidates.scale;
            expected.count(&bits.splits, *pattern, weight, bits.expect(groups, *pattern));
        }
        for answer in answers {
            expected.answer(&bits.splits, *answer, bits.expect(groups, answer.pattern));
        }
        expected.settle();
        let Expected { matched, unrelated, moved, sum_matched, sum_related, sum_moved } = expected;
        for (at, share) in shares.iter_mut().enumerate() {
            smooth(&mut share.m, &matched[at], &believed[at].m, M_PAIRS);
            if let Some(MovedShares { changed, .. }) = share.moved {
                let all: f64 = moved[at].iter().sum::<f64>() + moved::BELIEVED_PAIRS;
                let seen = (moved[at][changed] + moved::OTHER_RELATIVE * moved::BELIEVED_PAIRS) / all;
                share.moved = Some(MovedShares::of(changed, seen, &share.m));
            }
        }
        maximise_u(shares, &believed, &outside, &unrelated);
        for (share, believed) in shares.iter_mut().zip(&believed) {
            keep_sides(share, believed);
        }
        if groups.has_home() {
            let believed = moved::BELIEVED * moved::BELIEVED_PAIRS;
            moved_share = moved::believable((sum_moved + believed) / (sum_matched + moved::BELIEVED_PAIRS));
        }
        prior = prior_of(sum_matched, sum_related, pairs_possible, relatives_per_match);
        if (prior.matched / before.matched - 1.0).abs() < SETTLED {
            break;
        }
    }
    (prior, moved_share)
}

/// Shares of all pairs; a handful of pairs says little about them. Most relatives are never candidates, so what is seen of
/// them is only a lower bound.
fn prior_of(matched: f64, related: f64, possible: f64, relatives_per_match: f64) -> Prior {
    let all = possible + 10.0;
    let matched = ((matched + 0.5) / all).min(0.5);
    let related = (related / all).min(matched * 4.0).max(matched * relatives_per_match);
    Prior { matched, related: related.min(0.25) }
}

/// The weights of all levels, against unrelated pairs.
struct Bits {
    matched: Vec<[f64; 16]>,
    related: Vec<[f64; 16]>,
    /// How much more each level weighs for one who moved.
    moved: Vec<[f64; 16]>,
    /// By comparison: whether those who moved have other shares of its levels.
    splits: Vec<bool>,
    moving: Option<Moving>,
    prior: f64,
    related_odds: f64,
    relatives: RelativesOdds,
}

impl Bits {
    fn of(shares: &[Shares], groups: &Groups, prior: Prior, moved_share: f64) -> Self {
        let bits = |of: fn(&Shares) -> &[f64]| -> Vec<[f64; 16]> {
            let row = |share: &Shares| {
                let mut row = [0.0; 16];
                for ((slot, over), under) in row.iter_mut().zip(of(share)).zip(&share.u) {
                    *slot = (over / under).log2();
                }
                row
            };
            shares.iter().map(row).collect()
        };
        Self {
            matched: bits(|share| &share.m),
            related: bits(|share| &share.related),
            moved: shares.iter().map(moved_bits).collect(),
            splits: (0..shares.len()).map(|at| shares[at].moved.is_some() || groups.is_of_home(at)).collect(),
            moving: groups.has_home().then(|| Moving::of(moved_share)),
            prior: prior.bits(),
            related_odds: prior.related_odds(),
            relatives: RelativesOdds::of(prior.related_odds()),
        }
    }

    /// The probabilities that a pair of this pattern is the same one, and relatives, and that the same one has moved. A missing
    /// value has no level and weighs 0.
    fn expect(&self, groups: &Groups, pattern: u128) -> (f64, f64, f64) {
        let count = self.matched.len();
        let mut matched = [0.0; 32];
        let mut related = [0.0; 32];
        let mut moved = 0.0;
        for at in 0..count {
            let level = level_of(pattern, at) as usize;
            matched[at] = self.matched[at][level];
            related[at] = self.related[at][level];
            moved += self.moved[at][level];
        }
        groups.count_once(&mut matched[..count]);
        groups.count_once(&mut related[..count]);
        let against = self.relatives.bits(related[..count].iter().sum());
        let home = groups.of_home(&matched);
        let (relief, of_same) =
            self.moving.map_or((0.0, 0.0), |moving| (moving.bits(home, moved), moving.probability(home, moved)));
        let same = weights::probability(matched[..count].iter().sum::<f64>() + relief + against + self.prior);
        // Of what is not the same one, the share of relatives.
        let odds = self.related_odds * related[..count].iter().sum::<f64>().exp2();
        (same, (1.0 - same) * (odds / (1.0 + odds)).min(1.0), of_same)
    }
}

/// How much more each level weighs for one who moved.
fn moved_bits(share: &Shares) -> [f64; 16] {
    let mut row = [0.0; 16];
    if let Some(moved) = &share.moved {
        for ((slot, moved), m) in row.iter_mut().zip(&moved.shares).zip(&share.m) {
            *slot = (moved / m).log2();
        }
    }
    row
}

/// Pairs by comparison and level.
fn marginals(comparisons: usize, patterns: &Patterns) -> Vec<[f64; 16]> {
    let mut sums = vec![[0.0; 16]; comparisons];
    for (pattern, count) in &patterns.counts {
        for (at, sum) in sums.iter_mut().enumerate() {
            sum[level_of(*pattern, at) as usize] += *count as f64;
        }
    }
    for sum in &mut sums {
        sum[NONE as usize] = patterns.scale;
    }
    sums
}

fn smooth(share: &mut [f64], seen: &[f64; 16], believed: &[f64], pairs: f64) {
    let all: f64 = seen[..share.len()].iter().sum::<f64>() + pairs;
    for (at, share) in share.iter_mut().enumerate() {
        *share = (seen[at] + pairs * believed[at]) / all;
    }
}

/// Unrelated pairs: those among the candidates, and the sampled others for all that they stand for.
fn maximise_u(shares: &mut [Shares], believed: &[Shares], outside: &[[f64; 16]], inside: &[[f64; 16]]) {
    for (at, share) in shares.iter_mut().enumerate() {
        let scale = outside[at][NONE as usize];
        let levels = share.u.len();
        let drawn: f64 = outside[at][..levels].iter().sum();
        let mut mass = [0.0; 16];
        for (level, mass) in mass.iter_mut().enumerate().take(levels) {
            let part = (outside[at][level] + U_PAIRS * believed[at].u[level]) / (drawn + U_PAIRS);
            *mass = inside[at][level] + part * (drawn + U_PAIRS) * scale;
        }
        let all: f64 = mass[..levels].iter().sum();
        let u_min = share.u_min;
        for (u, mass) in share.u.iter_mut().zip(&mass[..levels]) {
            *u = (mass / all).max(u_min);
        }
        if share.related_as_unrelated {
            share.related.clone_from(&share.u);
        }
    }
}

/// How many times more often than believed the same one may differ.
const DIFFERS_MAX: f64 = 4.0;
/// Nor in more of its pairs than this, whatever is believed.
const DIFFERS_SHARE_MAX: f64 = 0.4;

/// An agreement never becomes evidence against, nor a difference evidence for. Nor does a difference become common among pairs
/// of the same one: what looks so is another class (shops of one trade in one village) that the training ran into.
fn keep_sides(share: &mut Shares, believed: &Shares) {
    for (at, level) in share.levels.iter().enumerate() {
        match level.side {
            Side::For => share.m[at] = share.m[at].max(share.u[at]),
            Side::Against => {
                let most = (DIFFERS_MAX * believed.m[at]).min(DIFFERS_SHARE_MAX).max(believed.m[at]);
                share.m[at] = share.m[at].min(share.u[at]).min(most);
            }
            Side::Either => {}
        }
    }
    // What a difference lost goes to the others, as they were: the shares are of all pairs.
    let is_against = |at: &usize| share.levels[*at].side == Side::Against;
    let (against, rest): (Vec<usize>, Vec<usize>) = (0..share.m.len()).partition(is_against);
    let sum = |of: &[usize]| of.iter().map(|at| share.m[*at]).sum::<f64>();
    let stretch = (1.0 - sum(&against)) / sum(&rest).max(f64::MIN_POSITIVE);
    for at in rest {
        share.m[at] *= stretch.max(1.0);
    }
    for at in 0..share.m.len() {
        share.m[at] = share.m[at].max(1e-5);
        share.related[at] = share.related[at].max(1e-5);
    }
}
