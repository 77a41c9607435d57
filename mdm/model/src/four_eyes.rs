//! What a deployment wants a second steward to agree to before it is in force.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::match_pair::Decision;

/// `[stewardship.four_eyes]` of the settings: what one steward proposes and a second one approves. Empty, nothing needs a second.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FourEyes {
    /// A match of two golden records that stewards confirmed, or of at least this many of the two.
    pub match_of_confirmed: Option<u8>,
    /// A match of a pair whose match probability is below this, 0 to 1.
    pub match_below: Option<f64>,
    /// A no match of a pair whose match probability is above this, 0 to 1.
    pub no_match_above: Option<f64>,
    /// Stated values of these attributes, each as `entity.attribute`.
    pub overrides: BTreeSet<String>,
}

impl FourEyes {
    /// Why a decision about a pair needs a second steward; `None` when it does not. `confirmed` is how many of the two golden records
    /// stewards confirmed.
    pub fn find_reason(&self, decision: Decision, probability: f64, confirmed: u32) -> Option<String> {
        match decision {
            Decision::Match => {
                if let Some(least) = self.match_of_confirmed.filter(|least| confirmed >= u32::from(*least)) {
                    return Some(format!("a match of golden records of which stewards confirmed {least} or more"));
                }
                let below = self.match_below.filter(|below| probability < *below)?;
                Some(format!("a match of a probability below {below}"))
            }
            Decision::NoMatch => {
                let above = self.no_match_above.filter(|above| probability > *above)?;
                Some(format!("a no match of a probability above {above}"))
            }
            Decision::Review => None,
        }
    }

    /// Why taking back what a steward confirmed needs a second steward; `None` when it does not. Where matches of confirmed golden records
    /// do, one steward alone could withdraw the confirmation first.
    pub fn find_reason_to_keep_confirmed(&self) -> Option<String> {
        let least = self.match_of_confirmed?;
        Some(format!(
            "the withdrawal of a confirmation, where a match of golden records of which stewards confirmed {least} or more needs two"
        ))
    }

    /// Whether a stated value of an attribute, or its withdrawal, needs a second steward.
    pub fn needs_override(&self, entity: &str, attribute: &str) -> bool {
        self.overrides.contains(&format!("{entity}.{attribute}"))
    }

    /// What is wrong with it, and what to write instead. `known` are all attributes, each as `entity.attribute`.
    pub fn find_mistake(&self, known: &BTreeSet<String>) -> Option<String> {
        for (name, share) in [("match_below", self.match_below), ("no_match_above", self.no_match_above)] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return Some(format!("stewardship.four_eyes.{name} = {share} is not between 0 and 1"));
            }
        }
        if let Some(least) = self.match_of_confirmed.filter(|least| !(1..=2).contains(least)) {
            return Some(format!("stewardship.four_eyes.match_of_confirmed = {least} is neither 1 nor 2"));
        }
        let unknown = self.overrides.iter().find(|named| !known.contains(*named))?;
        Some(format!(
            "stewardship.four_eyes.overrides names `{unknown}`, which no entity model has; write it as `entity.attribute`, such as `{}`",
            known.first().map_or("citizen.full_name", String::as_str)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> FourEyes {
        FourEyes {
            match_of_confirmed: Some(2),
            match_below: Some(0.3),
            no_match_above: Some(0.9),
            overrides: BTreeSet::from(["citizen.full_name".to_owned()]),
        }
    }

    #[track_caller]
    fn check(decision: Decision, probability: f64, confirmed: u32, expected: Option<&str>) {
        let found = policy().find_reason(decision, probability, confirmed);
        match expected {
            Some(says) => assert!(found.as_deref().is_some_and(|found| found.contains(says)), "{found:?}"),
            None => assert_eq!(found, None),
        }
        assert_eq!(FourEyes::default().find_reason(decision, probability, confirmed), None);
    }

    #[test]
    fn a_policy_names_the_decisions_that_need_a_second_steward() {
        check(Decision::Match, 0.5, 2, Some("confirmed 2"));
        check(Decision::Match, 0.5, 1, None);
        check(Decision::Match, 0.29, 0, Some("below 0.3"));
        check(Decision::Match, 0.3, 0, None);
        check(Decision::NoMatch, 0.91, 0, Some("above 0.9"));
        check(Decision::NoMatch, 0.9, 2, None);
        assert!(policy().needs_override("citizen", "full_name") && !policy().needs_override("citizen", "mobile"));
        assert!(!FourEyes::default().needs_override("citizen", "full_name"));
        assert!(policy().find_reason_to_keep_confirmed().is_some_and(|reason| reason.contains("confirmed 2")));
        assert_eq!(FourEyes { match_of_confirmed: None, ..policy() }.find_reason_to_keep_confirmed(), None);
    }

    #[test]
    fn a_mistake_in_the_policy_is_named_with_what_may_stand_there() {
        let known = BTreeSet::from(["citizen.full_name".to_owned()]);
        assert_eq!(policy().find_mistake(&known), None);
        for (wrong, says) in [
            (FourEyes { match_below: Some(1.5), ..policy() }, "match_below = 1.5"),
            (FourEyes { no_match_above: Some(f64::NAN), ..policy() }, "no_match_above"),
            (FourEyes { match_of_confirmed: Some(3), ..policy() }, "neither 1 nor 2"),
            (FourEyes { overrides: BTreeSet::from(["citizen.name".to_owned()]), ..policy() }, "citizen.full_name"),
        ] {
            let mistake = wrong.find_mistake(&known).unwrap();
            assert!(mistake.contains(says), "{mistake}");
        }
    }
}
