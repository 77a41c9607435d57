//! How golden values are stored: one JSON object a version, each value a list with its provenance.

use std::collections::BTreeMap;

use kanak_model::SourceRecordId;
use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::golden_record::{GoldenValue, GoldenValues};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Golden values to be stored: `{"sex": ["F", 12, 1, "f", 2, 3]}`: value, source record, its version, strategy,
/// agreeing, stated.
pub(crate) struct Chosen<'a>(pub(crate) &'a GoldenValues);

impl Serialize for Chosen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| {
            let packed = (
                &value.value,
                value.source_record.0,
                value.source_version,
                letter(value.strategy),
                value.agreeing,
                value.stated,
            );
            (name, packed)
        }))
    }
}

/// Golden values read back.
#[derive(Clone, Debug)]
pub(crate) struct ChosenBack(pub(crate) GoldenValues);

impl<'de> Deserialize<'de> for ChosenBack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Packed = (String, i64, i32, char, u32, u32);
        let packed = BTreeMap::<String, Packed>::deserialize(deserializer)?;
        let mut values = GoldenValues::new();
        for (name, (value, source_record, source_version, strategy, agreeing, stated)) in packed {
            let strategy = find_strategy(strategy).ok_or_else(|| D::Error::custom("an unknown strategy"))?;
            let source_record = SourceRecordId(source_record);
            values.insert(name, GoldenValue { value, source_record, source_version, strategy, agreeing, stated });
        }
        Ok(Self(values))
    }
}

const STRATEGIES: [SurvivorshipStrategy; 7] = [
    SurvivorshipStrategy::MostTrusted,
    SurvivorshipStrategy::MostRecent,
    SurvivorshipStrategy::MostFrequent,
    SurvivorshipStrategy::Longest,
    SurvivorshipStrategy::MostComplete,
    SurvivorshipStrategy::ValidatedFirst,
    SurvivorshipStrategy::StewardOverride,
];

/// The stored letter of a strategy. Letters are never given another meaning.
fn letter(strategy: SurvivorshipStrategy) -> char {
    match strategy {
        SurvivorshipStrategy::MostTrusted => 't',
        SurvivorshipStrategy::MostRecent => 'r',
        SurvivorshipStrategy::MostFrequent => 'f',
        SurvivorshipStrategy::Longest => 'l',
        SurvivorshipStrategy::MostComplete => 'c',
        SurvivorshipStrategy::ValidatedFirst => 'v',
        SurvivorshipStrategy::StewardOverride => 'o',
    }
}

fn find_strategy(wanted: char) -> Option<SurvivorshipStrategy> {
    STRATEGIES.into_iter().find(|strategy| letter(*strategy) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_read_back_with_every_strategy() {
        let values: GoldenValues = STRATEGIES
            .into_iter()
            .map(|strategy| {
                let value = GoldenValue {
                    value: "ਗੁਰਪ੍ਰੀਤ \"G\"".to_owned(),
                    source_record: SourceRecordId(7),
                    source_version: 2,
                    strategy,
                    agreeing: 1,
                    stated: 3,
                };
                (strategy.word().to_owned(), value)
            })
            .collect();
        let text = serde_json::to_string(&Chosen(&values)).unwrap();
        assert_eq!(serde_json::from_str::<ChosenBack>(&text).unwrap().0, values);
    }
}
