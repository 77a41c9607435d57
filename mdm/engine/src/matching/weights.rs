//! From the bits of single comparisons to the weight of a pair: groups, relatives, prior.

use super::levels::{Judged, NONE};
use super::moved::Moving;
use super::rule_set::{ComparisonWeights, RuleSet};

/// Of the weaker evidence in a group of correlated comparisons, this share counts.
pub(crate) const GROUP_SHARE: f64 = 0.25;

/// Which comparisons stand in one group. A comparison without a group is alone in its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    members: Vec<Vec<usize>>,
    /// The groups before this one are not of a home, the others are.
    first_of_home: usize,
}

impl Groups {
    /// The groups of comparisons, given by the group's name and whether the attribute tells of a home.
    pub(crate) fn of<'a>(comparisons: impl Iterator<Item = (Option<&'a str>, bool)>) -> Self {
        let mut named: Vec<(Option<&str>, bool, Vec<usize>)> = Vec::new();
        for (place, (group, is_home)) in comparisons.enumerate() {
            match named.iter_mut().find(|(name, ..)| group.is_some() && *name == group) {
                Some((_, of_home, members)) => {
                    *of_home &= is_home;
                    members.push(place);
                }
                None => named.push((group, is_home, vec![place])),
            }
        }
        named.sort_by_key(|(_, is_home, _)| *is_home);
        let first_of_home = named.partition_point(|(_, is_home, _)| !is_home);
        Self { members: named.into_iter().map(|(.., members)| members).collect(), first_of_home }
    }

    /// Whether some comparison tells of a home.
    pub(crate) fn has_home(&self) -> bool {
        self.first_of_home < self.members.len()
    }

    /// Whether a comparison tells of a home.
    pub(crate) fn is_of_home(&self, comparison: usize) -> bool {
        self.members[self.first_of_home..].iter().any(|members| members.contains(&comparison))
    }

    /// What [`Self::count_once`] left of the comparisons that tell of a home.
    pub(crate) fn of_home(&self, bits: &[f64]) -> f64 {
        self.members[self.first_of_home..].iter().flatten().map(|at| bits[*at]).sum()
    }

    /// The sums that [`Self::count_once`] would leave, of a home and of the rest. They never fall when one of the bits rises.
    pub(crate) fn sums(&self, bits: &[f64]) -> (f64, f64) {
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
        let (rest, home) = self.members.split_at(self.first_of_home);
        (rest.iter().map(of_group).sum(), home.iter().map(of_group).sum())
    }

    /// Makes correlated evidence count once: of each group the strongest for and the strongest against count in full, of the
    /// others a share. Returns the sum of what counts, which it leaves in `bits`.
    pub(crate) fn count_once(&self, bits: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for members in &self.members {
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
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelBits([OfLevel; 16]);

#[derive(Debug, Clone, Copy, Default)]
struct OfLevel {
    matched: f64,
    related: f64,
    unrelated: f64,
    /// How much more it weighs for one who moved.
    moved: f64,
    rare: bool,
}

/// What a level weighs, in bits against unrelated ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bits {
    pub(crate) matched: f64,
    pub(crate) related: f64,
    /// How much more it weighs for one who moved than `matched`.
    pub(crate) moved: f64,
}

impl LevelBits {
    pub(crate) fn of(weights: &ComparisonWeights) -> Self {
        let mut bits = Self::default();
        for (level, slot) in weights.levels.iter().zip(&mut bits.0) {
            *slot = OfLevel {
                matched: level.m.log2(),
                related: level.related.0.log2(),
                unrelated: level.u.log2(),
                moved: level.moved.map_or(0.0, |moved| (moved / level.m).log2()),
                rare: level.rare,
            };
        }
        bits
    }

    /// Weight against unrelated ones, of a match and of relatives. An agreement on a rare value weighs by its rarity, and one
    /// on a very common value nothing; it never weighs against.
    pub(crate) fn of_judged(&self, judged: Judged) -> Bits {
        if judged.level == NONE {
            return Bits::default();
        }
        let level = self.0[judged.level as usize];
        if level.rare && !judged.rarity_bits.is_nan() {
            let rarity = f64::from(judged.rarity_bits);
            let (matched, related) = ((level.matched + rarity).max(0.0), level.related + rarity);
            Bits { matched, related, moved: level.moved }
        } else {
            let (matched, related) = (level.matched - level.unrelated, level.related - level.unrelated);
            Bits { matched, related, moved: level.moved }
        }
    }

    /// How much more a level weighs for one who moved, at most.
    pub(crate) fn moved_most(&self) -> f64 {
        self.0.iter().map(|level| level.moved).fold(0.0, f64::max)
    }

    /// How much more a level weighs for one who moved.
    pub(crate) fn moved(&self, level: u8) -> f64 {
        if level == NONE { 0.0 } else { self.0[level as usize].moved }
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
    moving: Option<Moving>,
}

/// The weight of a pair, with what is not of any one comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) weight_bits: f64,
    /// What the chance of having moved adds.
    pub(crate) moved: f64,
    /// What the chance of being relatives takes off.
    pub(crate) relatives: f64,
}

impl Sums {
    pub(crate) fn of(rule_set: &RuleSet) -> Self {
        Self {
            count: rule_set.comparisons.len(),
            groups: Groups::of(rule_set.comparisons.iter().map(|weights| {
                let is_home = rule_set.moved.as_ref().is_some_and(|moved| moved.home.contains(&weights.attribute));
                (weights.group.as_deref(), is_home)
            })),
            prior_bits: rule_set.prior.bits(),
            related: RelativesOdds::of(rule_set.prior.related_odds()),
            moving: rule_set.moved.as_ref().map(|moved| Moving::of(moved.share)),
        }
    }

    /// The sum of what counts, in the order of the comparisons, and what relatives take off.
    pub(crate) fn sum(&self, matched: &mut [f64], related: &mut [f64], moved: &[f64]) -> Sum {
        self.sum_beside(matched, related, moved, (0.0, 0.0))
    }

    /// The same with what is known beside the comparisons: its weight for a match and for relatives.
    pub(crate) fn sum_beside(
        &self,
        matched: &mut [f64],
        related: &mut [f64],
        moved: &[f64],
        beside: (f64, f64),
    ) -> Sum {
        let count = self.count;
        self.groups.count_once(&mut matched[..count]);
        let of_relatives = self.groups.count_once(&mut related[..count]) + beside.1;
        let relatives = self.related.bits(of_relatives);
        let of_moved = |moving: Moving| moving.bits(self.groups.of_home(matched), moved[..count].iter().sum());
        let moved = self.moving.map_or(0.0, of_moved);
        let weight_bits = matched[..count].iter().sum::<f64>() + moved + beside.0 + relatives;
        Sum { weight_bits, moved, relatives }
    }

    /// Whether a pair may weigh so much, before relatives take off: once it may not, it may not either when some of the bits
    /// fall.
    pub(crate) fn may_reach(&self, floor: f64, matched: &[f64], moved: &[f64]) -> bool {
        let (rest, home) = self.groups.sums(matched);
        match self.moving {
            Some(moving) => moving.may_reach(floor, rest, home, moved.iter().sum()),
            None => rest + home >= floor,
        }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_group_the_strongest_counts_in_full_and_the_others_in_part() {
        let groups =
            Groups::of([Some("home"), None, Some("home"), Some("home")].into_iter().map(|group| (group, false)));
        let mut bits = [4.0, 1.0, 8.0, -2.0];
        let sum = groups.count_once(&mut bits);
        assert_eq!(bits.map(f64::to_bits), [1.0_f64, 1.0, 8.0, -2.0].map(f64::to_bits));
        assert!((sum - 8.0).abs() < 1e-12);
    }

    #[test]
    fn equal_evidence_in_a_group_counts_once() {
        let groups = Groups::of([Some("home"), Some("home")].into_iter().map(|group| (group, false)));
        let mut bits = [4.0, 4.0];
        groups.count_once(&mut bits);
        assert_eq!(bits.map(f64::to_bits), [4.0_f64, 1.0].map(f64::to_bits));
    }

    #[test]
    fn the_sums_are_those_that_counting_once_leaves() {
        let groups = [(None, false), (Some("home"), true), (Some("tax"), false), (Some("home"), true), (None, true)];
        let groups = Groups::of(groups.into_iter());
        let bits = [3.0, -4.0, 0.5, -2.0, 7.0];
        let mut counted = bits;
        let sum = groups.count_once(&mut counted);
        let (rest, home) = groups.sums(&bits);
        assert!((rest - 3.5).abs() < 1e-12 && (home - (7.0 - 4.0 - 0.5)).abs() < 1e-12, "{rest} {home}");
        assert!((groups.of_home(&counted) - home).abs() < 1e-12 && (rest + home - sum).abs() < 1e-12);
    }

    #[test]
    fn a_group_of_which_one_member_is_no_home_is_none() {
        let groups = Groups::of([(Some("contact"), true), (Some("contact"), false)].into_iter());
        assert!(!groups.has_home() && groups.of_home(&[1.0, 1.0]).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn whoever_weighs_enough_may_reach_the_floor_while_some_bits_are_only_bounded(
            matched in proptest::collection::vec(-12.0..20.0_f64, 6),
            related in proptest::collection::vec(-12.0..20.0_f64, 6),
            moved in proptest::collection::vec(-6.0..6.0_f64, 6),
            slack in proptest::collection::vec(0.0..10.0_f64, 6),
            share in 0.001..0.2_f64,
        ) {
            let home = Some("home");
            let groups = [(None, false), (home, true), (home, true), (None, true), (Some("tax"), false), (Some("tax"), false)];
            let sums = Sums {
                count: 6,
                groups: Groups::of(groups.into_iter()),
                prior_bits: -20.0,
                related: RelativesOdds::of(1e-5),
                moving: Some(Moving::of(share)),
            };
            let more = |bits: &[f64]| -> Vec<f64> { bits.iter().zip(&slack).map(|(bits, slack)| bits + slack).collect() };
            let (most, moved_most) = (more(&matched), more(&moved));
            let (mut counted, mut of_relatives) = (matched, related);
            let sum = sums.sum(&mut counted, &mut of_relatives, &moved);
            prop_assert!(sums.may_reach(sum.weight_bits - 1e-9, &most, &moved_most));
            let parts: f64 = counted.iter().sum();
            prop_assert!((parts + sum.moved + sum.relatives - sum.weight_bits).abs() < 1e-9);
            prop_assert!(sum.moved >= (1.0 - share).log2() - 1e-12);
        }
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
