//! From the bits of single comparisons to the weight of a pair: groups, relatives, prior.

use super::levels::{Judged, NONE};
use super::rule_set::{ComparisonWeights, RuleSet};

/// Of the weaker evidence in a group of correlated comparisons, this share counts.
pub(crate) const GROUP_SHARE: f64 = 0.25;

/// Which comparisons stand in one group. A comparison without a group is alone in its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups(Vec<Vec<usize>>);

impl Groups {
    pub(crate) fn of<'a>(groups: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut named: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
        for (place, group) in groups.enumerate() {
            match named.iter_mut().find(|(name, _)| group.is_some() && *name == group) {
                Some((_, members)) => members.push(place),
                None => named.push((group, vec![place])),
            }
        }
        Self(named.into_iter().map(|(_, members)| members).collect())
    }

    /// The sum that [`Self::count_once`] would leave. It never falls when one of the bits rises.
    pub(crate) fn sum(&self, bits: &[f64]) -> f64 {
        let of_group = |members: &Vec<usize>| {
            if let [alone] = members.as_slice() {
                return bits[*alone];
            }
            let (mut most, mut least, mut sum) = (0.0_f64, 0.0_f64, 0.0);
            for at in members {
                most = most.max(bits[*at]);
                least = least.min(bits[*at]);
                sum += bits[*at];
            }
            GROUP_SHARE * sum + (1.0 - GROUP_SHARE) * (most + least)
        };
        self.0.iter().map(of_group).sum()
    }

    /// Makes correlated evidence count once: of each group the strongest for and the strongest against count in full, of the
    /// others a share. Returns the sum of what counts, which it leaves in `bits`.
    pub(crate) fn count_once(&self, bits: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for members in &self.0 {
            if let [alone] = members.as_slice() {
                sum += bits[*alone];
                continue;
            }
            let first = |wins: fn(f64, f64) -> bool| {
                members.iter().copied().fold(None::<usize>, |best, at| match best {
                    Some(best) if !wins(bits[at], bits[best]) => Some(best),
                    _ => Some(at),
                })
            };
            let (strongest, weakest) = (first(|a, b| a > b), first(|a, b| a < b));
            for at in members {
                let counts = if bits[*at] >= 0.0 { strongest == Some(*at) } else { weakest == Some(*at) };
                if !counts {
                    bits[*at] *= GROUP_SHARE;
                }
                sum += bits[*at];
            }
        }
        sum
    }
}

/// log2 of the shares of each level of one comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct LevelBits([OfLevel; 16]);

#[derive(Debug, Clone, Copy, Default)]
struct OfLevel {
    matched: f64,
    related: f64,
    unrelated: f64,
    rare: bool,
}

impl LevelBits {
    pub(crate) fn of(weights: &ComparisonWeights) -> Self {
        let mut bits = Self::default();
        for (level, slot) in weights.levels.iter().zip(&mut bits.0) {
            *slot = OfLevel {
                matched: level.m.log2(),
                related: level.related.0.log2(),
                unrelated: level.u.log2(),
                rare: level.rare,
            };
        }
        bits
    }

    /// Weight against unrelated ones, of a match and of relatives. An agreement on a rare value weighs by its rarity, and one
    /// on a very common value nothing; it never weighs against.
    pub(crate) fn of_judged(&self, judged: Judged) -> (f64, f64) {
        if judged.level == NONE {
            return (0.0, 0.0);
        }
        let level = self.0[judged.level as usize];
        if level.rare && !judged.rarity_bits.is_nan() {
            let rarity = f64::from(judged.rarity_bits);
            ((level.matched + rarity).max(0.0), level.related + rarity)
        } else {
            (level.matched - level.unrelated, level.related - level.unrelated)
        }
    }

    /// What an agreement on a value so rare weighs at most.
    pub(crate) fn most(&self, rarity_bits: f32) -> f64 {
        let over = |level: &OfLevel| level.matched - level.unrelated;
        if rarity_bits.is_nan() {
            return self.0.iter().map(over).fold(0.0, f64::max);
        }
        let plain = self.0.iter().filter(|level| !level.rare).map(over).fold(0.0, f64::max);
        let rare = self.0.iter().filter(|level| level.rare).map(|level| level.matched).fold(-20.0, f64::max);
        plain.max(rare + f64::from(rarity_bits))
    }
}

/// From what single comparisons weigh to the weight of a pair and its probability.
#[derive(Debug)]
pub(crate) struct Sums {
    count: usize,
    groups: Groups,
    prior_bits: f64,
    related: RelativesOdds,
}

impl Sums {
    pub(crate) fn of(rule_set: &RuleSet) -> Self {
        Self {
            count: rule_set.comparisons.len(),
            groups: Groups::of(rule_set.comparisons.iter().map(|weights| weights.group.as_deref())),
            prior_bits: rule_set.prior.bits(),
            related: RelativesOdds::of(rule_set.prior.related_odds()),
        }
    }

    /// The sum of what counts, in the order of the comparisons, and what relatives take off.
    pub(crate) fn sum(&self, matched: &mut [f64], related: &mut [f64]) -> (f64, f64) {
        self.sum_beside(matched, related, (0.0, 0.0))
    }

    /// The same with what is known beside the comparisons: its weight for a match and for relatives.
    pub(crate) fn sum_beside(&self, matched: &mut [f64], related: &mut [f64], beside: (f64, f64)) -> (f64, f64) {
        let count = self.count;
        self.groups.count_once(&mut matched[..count]);
        let of_relatives = self.groups.count_once(&mut related[..count]) + beside.1;
        let relatives = self.related.bits(of_relatives);
        (matched[..count].iter().sum::<f64>() + beside.0 + relatives, relatives)
    }

    /// What a pair weighs before relatives take off; it never falls when one of the bits rises.
    pub(crate) fn at_most(&self, matched: &[f64]) -> f64 {
        self.groups.sum(matched)
    }

    /// Match probability at a weight.
    pub(crate) fn probability(&self, weight_bits: f64) -> f64 {
        probability(weight_bits + self.prior_bits)
    }

    /// The odds of a match at a weight.
    pub(crate) fn odds(&self, weight_bits: f64) -> f64 {
        (weight_bits + self.prior_bits).exp2()
    }

    /// The weight at which a probability is reached.
    pub(crate) fn weight_at(&self, probability: f64) -> f64 {
        (probability / (1.0 - probability)).log2() - self.prior_bits
    }
}

/// The prior odds of relatives against unrelated ones, with what is computed from them once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelativesOdds {
    log2: f64,
    ln_1p: f64,
}

impl RelativesOdds {
    pub(crate) fn of(odds: f64) -> Self {
        Self { log2: odds.log2(), ln_1p: odds.ln_1p() }
    }

    /// What the chance of being relatives takes off a match weight, 0 or less: `bits` is the weight of "relatives" against
    /// "unrelated".
    ///
    /// With three possibilities (the same one, relatives, unrelated) the Bayes factor of a match against the other two is
    /// P(same) (1 + odds) / (P(unrelated) + odds P(relatives)), so the weight against unrelated ones alone is too high by
    /// log2((1 + odds 2^bits) / (1 + odds)).
    pub(crate) fn bits(self, bits: f64) -> f64 {
        let over = (bits + self.log2).exp2().ln_1p() - self.ln_1p;
        (-over / std::f64::consts::LN_2).min(0.0)
    }
}

/// The probability that `bits` of evidence and prior together mean.
pub(crate) fn probability(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_group_the_strongest_counts_in_full_and_the_others_in_part() {
        let groups = Groups::of([Some("home"), None, Some("home"), Some("home")].into_iter());
        let mut bits = [4.0, 1.0, 8.0, -2.0];
        let sum = groups.count_once(&mut bits);
        assert_eq!(bits.map(f64::to_bits), [1.0_f64, 1.0, 8.0, -2.0].map(f64::to_bits));
        assert!((sum - 8.0).abs() < 1e-12);
    }

    #[test]
    fn equal_evidence_in_a_group_counts_once() {
        let groups = Groups::of([Some("home"), Some("home")].into_iter());
        let mut bits = [4.0, 4.0];
        groups.count_once(&mut bits);
        assert_eq!(bits.map(f64::to_bits), [4.0_f64, 1.0].map(f64::to_bits));
    }

    #[test]
    fn likely_relatives_take_off_and_unlikely_ones_do_not() {
        let relatives_bits = |bits: f64, odds: f64| RelativesOdds::of(odds).bits(bits);
        assert!(relatives_bits(-20.0, 1e-4).abs() < 1e-6);
        let taken = relatives_bits(30.0, 2.0_f64.powi(-10));
        assert!((taken + 20.0).abs() < 1e-2, "{taken}");
        assert!(relatives_bits(30.0, 0.0).abs() < f64::EPSILON);
        assert!(relatives_bits(0.0, 0.3).abs() < 1e-12, "no evidence takes nothing off");
    }
}
