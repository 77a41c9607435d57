//! Who moved house: of the pairs of the same one, a few differ in all that tells of a home, and for one reason.
//!
//! Places, household numbers and, of a woman who married, the relative whom she states change together. Held against a match one
//! by one, as if each had changed by itself, they weigh far too much. So the same one is either settled, and all comparisons
//! weigh as ever, or has moved: then the homes of both source records are like those of any two people, and a woman
//! likely states her husband where she stated her father. With the share s of those who moved,
//!
//! ```text
//! P(levels | same) = (1 - s) P(levels | settled) + s P(levels | moved)
//! ```
//!
//! so that the weight never falls below what it is without, but for log2(1 - s) bits, and never gets better by a difference.

use kanak_model::kind::Kind;
use serde::{Deserialize, Serialize};

use super::rules::MatchRules;

/// Those who moved house.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Their share of the pairs of the same one, 0..=1.
    pub share: f64,
    /// The attributes that tell of a home: whole groups of comparisons.
    pub home: Vec<String>,
}

/// Believed before any training, and as how many pairs that counts.
pub(crate) const BELIEVED: f64 = 0.03;
pub(crate) const BELIEVED_PAIRS: f64 = 20.0;
/// So many times more often than believed the same one may have moved.
const TIMES_MAX: f64 = 4.0;
/// So many of those who moved are women who state another relative than before: they married.
pub(crate) const OTHER_RELATIVE: f64 = 0.5;

/// A share that training found, kept within what can be believed.
pub(crate) fn believable(share: f64) -> f64 {
    share.clamp(BELIEVED / TIMES_MAX, BELIEVED * TIMES_MAX)
}

/// The attributes that tell of a home: those of groups in which a place is compared. None where fewer than two are compared, or no
/// relative who may be another one after a marriage: differences within one group count once already.
pub(crate) fn home(rules: &MatchRules) -> Vec<String> {
    if !rules.comparisons.iter().any(|comparison| rules.is_of_changing_relative(comparison)) {
        return Vec::new();
    }
    let kind_of = |attribute: &str| rules.fields.iter().find(|field| field.name == attribute).map(|field| field.kind);
    let is_place = |attribute: &str| {
        let places = [Kind::PlaceName, Kind::SubDistrict, Kind::District, Kind::Pin, Kind::Address];
        kind_of(attribute).is_some_and(|kind| places.contains(&kind))
    };
    let places: Vec<Option<&str>> = rules
        .comparisons
        .iter()
        .filter(|comparison| is_place(&comparison.attribute))
        .map(|comparison| comparison.group.as_deref())
        .collect();
    let is_home = |group: Option<&str>| group.is_some() && places.contains(&group);
    let home: Vec<String> = rules
        .comparisons
        .iter()
        .filter(|comparison| is_place(&comparison.attribute) || is_home(comparison.group.as_deref()))
        .map(|comparison| comparison.attribute.clone())
        .collect();
    if home.len() < 2 { Vec::new() } else { home }
}

/// The share of those who moved, with what is computed from it once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moving {
    settled: f64,
    moved: f64,
    moved_log2: f64,
}

impl Moving {
    pub(crate) fn of(share: f64) -> Self {
        Self { settled: 1.0 - share, moved: share, moved_log2: share.log2() }
    }

    /// What counting those who moved adds to the weight of a match: `home_bits` is what the home says, `otherwise_bits` how much
    /// more the rest weighs for one who moved than for one who did not.
    pub(crate) fn bits(self, home_bits: f64, otherwise_bits: f64) -> f64 {
        (self.settled + self.moved * (otherwise_bits - home_bits).exp2()).log2()
    }

    /// Of the same one, the probability of having moved.
    pub(crate) fn probability(self, home_bits: f64, otherwise_bits: f64) -> f64 {
        let moved = self.moved * (otherwise_bits - home_bits).exp2();
        moved / (self.settled + moved)
    }

    /// Whether the weight may reach a floor: `rest_bits` is what all but the home weighs at most, `home_bits` what the home does.
    pub(crate) fn may_reach(self, floor: f64, rest_bits: f64, home_bits: f64, otherwise_bits: f64) -> bool {
        let settled = rest_bits + home_bits;
        // The sum of two is at least the larger, and at most twice that.
        settled >= floor
            || settled.max(rest_bits + otherwise_bits + self.moved_log2) + 1.0 >= floor
                && settled + self.bits(home_bits, otherwise_bits) >= floor
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::entity_model::EntityModel;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_home_that_differs_in_all_weighs_hardly_more_than_the_share_that_moved() {
        let moving = Moving::of(1.0 / 32.0);
        assert!((-20.0 + moving.bits(-20.0, 0.0) + 5.0).abs() < 0.001);
        assert!((moving.bits(20.0, 0.0) - (31.0_f64 / 32.0).log2()).abs() < 1e-5, "who did not move did not");
        assert!(moving.bits(0.0, 0.0).abs() < 1e-12, "nothing stated, nothing known");
        assert!(moving.bits(-6.0, 4.0) > moving.bits(-6.0, 0.0) + 3.0, "another relative besides is of one cause");
        assert!((moving.probability(-5.0, 0.0) - 1.0 / (1.0 + 31.0 / 32.0)).abs() < 1e-12);
    }

    #[test]
    fn the_home_is_whole_groups_and_at_least_two_comparisons() {
        let (file, text) = ENTITY_MODELS.iter().find(|(file, _)| file.contains("citizen")).unwrap();
        let model = EntityModel::parse(file, text).unwrap();
        let mut rules = MatchRules::compile(&model).unwrap();
        assert_eq!(home(&rules), ["mobile", "ration_card", "marriage_no", "village", "district", "pin"]);
        let mut without_relatives = rules.clone();
        without_relatives.comparisons.retain(|one| one.crosswise.is_none());
        assert!(home(&without_relatives).is_empty(), "differences in one group count once already");
        rules.comparisons.retain(|one| one.group.as_deref() != Some("household") || one.attribute == "district");
        assert!(home(&rules).is_empty(), "how often the district alone differs is its own share");
    }

    proptest! {
        #[test]
        fn counting_those_who_moved_takes_off_next_to_nothing_and_rewards_no_difference(
            share in 0.001..0.2_f64, home in -60.0..60.0_f64, more in 0.0..20.0_f64, otherwise in -8.0..8.0_f64,
        ) {
            let moving = Moving::of(share);
            let bits = moving.bits(home, otherwise);
            prop_assert!(bits >= (1.0 - share).log2() - 1e-12);
            prop_assert!(home + more + moving.bits(home + more, otherwise) >= home + bits - 1e-9);
        }

        #[test]
        fn what_reaches_a_floor_is_never_passed_over(
            share in 0.001..0.2_f64, rest in -60.0..60.0_f64, home in -60.0..60.0_f64, otherwise in -8.0..8.0_f64,
            slack in 0.0..10.0_f64,
        ) {
            let moving = Moving::of(share);
            let weight = rest + home + moving.bits(home, otherwise);
            prop_assert!(moving.may_reach(weight - 1e-9, rest + slack, home, otherwise));
            prop_assert!(moving.may_reach(weight - 1e-9, rest, home + slack, otherwise + slack));
        }
    }
}
