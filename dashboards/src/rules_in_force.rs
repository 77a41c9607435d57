//! The rules that decide now: the latest rule set of an entity type, as the hub keeps it. The model's own file may have
//! moved on since it was published.

use kanak_model::entity_model::Thresholds;
use kanak_model::{RuleSetVersion, Timestamp};
use kanak_store::{RuleSet, Store};
use serde_json::Value;

use crate::error::PageError;

/// What pages say of a rule set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RulesInForce {
    pub(crate) version: RuleSetVersion,
    /// When it was published.
    pub(crate) created: Timestamp,
    /// Where `Match` and `Review` begin; none where the body does not say so in the way known here.
    pub(crate) thresholds: Option<Thresholds>,
    /// The attributes that are compared.
    pub(crate) compared: Vec<String>,
}

impl RulesInForce {
    /// The rules in force for an entity type; `None` before its first resolution.
    pub(crate) async fn find(store: &Store, entity: &str) -> Result<Option<Self>, PageError> {
        let stored = store.find_rule_set(entity).await.map_err(PageError::inside)?;
        Ok(stored.map(Self::from))
    }
}

impl From<RuleSet> for RulesInForce {
    /// Reads of the body what is there, and misses nothing else: the engine may write more than pages know.
    fn from(stored: RuleSet) -> Self {
        let rules = &stored.body["rules"];
        let probability = |name: &str| rules["thresholds"][name].as_f64();
        let compared = rules["comparisons"].as_array().into_iter().flatten();
        Self {
            version: stored.version,
            created: stored.created,
            thresholds: probability("match")
                .zip(probability("review"))
                .map(|(matched, review)| Thresholds { matched, review }),
            compared: compared.filter_map(|one| one["attribute"].as_str()).map(str::to_owned).collect(),
        }
    }
}

/// A rule set's body with these thresholds: for samples and tests.
pub(crate) fn sample_body(matched: f64, review: f64) -> Value {
    serde_json::json!({ "rules": {
        "thresholds": { "match": matched, "review": review },
        "comparisons": [{ "attribute": "full_name" }, { "attribute": "date_of_birth" }],
    } })
}

/// Rules in force for samples.
pub(crate) fn sample(matched: f64, review: f64) -> RulesInForce {
    let body = sample_body(matched, review);
    RuleSet { version: RuleSetVersion(3), body, created: Timestamp(1_795_000_000_000_000) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_from_the_stored_rules_and_an_unknown_body_says_nothing() {
        let known = sample(0.97, 0.6);
        assert_eq!(known.thresholds, Some(Thresholds { matched: 0.97, review: 0.6 }));
        assert_eq!(known.compared, ["full_name", "date_of_birth"]);
        let body = serde_json::json!({ "rules": { "thresholds": { "match": "high" } } });
        let unknown: RulesInForce = RuleSet { version: RuleSetVersion(1), body, created: Timestamp(0) }.into();
        assert_eq!((unknown.thresholds, unknown.compared.len()), (None, 0));
    }
}
