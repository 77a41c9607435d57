//! Source records: one row as one source system states it. A change is a new version.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::id::{IngestRunId, SourceRecordId, SourceSystemId};

/// One version of one row of one source system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRecord {
    /// The row, over all its versions.
    pub id: SourceRecordId,
    /// Whose row it is.
    pub source_system: SourceSystemId,
    /// The department's own key.
    pub key: String,
    /// From 1; counts the changes that arrived.
    pub version: i32,
    /// What it states.
    pub values: Values,
    /// When the department last changed it, where it says so.
    pub updated: Option<Timestamp>,
    /// When the hub learned this version.
    pub recorded_from: Timestamp,
    /// The run that brought it.
    pub ingest_run: IngestRunId,
}

/// A checked row on its way into the hub: not yet numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSourceRecord {
    /// The department's own key.
    pub key: String,
    /// What it states. Aadhaar numbers are references already.
    pub values: Values,
    /// When the department last changed it, where it says so.
    pub updated: Option<Timestamp>,
}

/// What a source record states: attribute name to value, in name order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Stated>);

/// One stated value: the standard form, and the source's own words where they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The standard form of the attribute's kind.
    pub standard: String,
    /// The source's own words, where they differ. Never an Aadhaar number.
    pub raw: Option<String>,
}

impl Stated {
    /// A value with the words it came from; equal words are kept once.
    pub fn new(standard: impl Into<String>, raw: &str) -> Self {
        let standard = standard.into();
        let raw = (standard != raw).then(|| raw.to_owned());
        Self { standard, raw }
    }

    /// The source's own words.
    pub fn words(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.standard)
    }
}

/// Stored as `"standard"` or `["standard", "raw"]`.
impl Serialize for Stated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.raw {
            None => self.standard.serialize(serializer),
            Some(raw) => (&self.standard, raw).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Stated;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a pair of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Stated, E> {
                Ok(Stated { standard: text.to_owned(), raw: None })
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut pair: A) -> Result<Stated, A::Error> {
                let standard = pair.next_element()?.ok_or_else(|| A::Error::custom("an empty pair"))?;
                Ok(Stated { standard, raw: pair.next_element()? })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value in, replacing what stood there.
    pub fn insert(&mut self, attribute: impl Into<String>, stated: Stated) {
        self.0.insert(attribute.into(), stated);
    }

    /// Takes a value out.
    pub fn remove(&mut self, attribute: &str) -> Option<Stated> {
        self.0.remove(attribute)
    }

    /// The standard form of an attribute's value.
    pub fn find(&self, attribute: &str) -> Option<&str> {
        self.0.get(attribute).map(|stated| stated.standard.as_str())
    }

    /// An attribute's value with the source's words.
    pub fn find_stated(&self, attribute: &str) -> Option<&Stated> {
        self.0.get(attribute)
    }

    /// All values in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Stated)> {
        self.0.iter().map(|(name, stated)| (name.as_str(), stated))
    }

    /// How many attributes have a value.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Stated)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Stated)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_they_were_stored_and_equal_words_are_kept_once() {
        let values: Values = [
            ("full_name".to_owned(), Stated::new("Gurpreet Singh", "GURPREET SINGH")),
            ("sex".to_owned(), Stated::new("M", "M")),
        ]
        .into_iter()
        .collect();
        let text = serde_json::to_string(&values).unwrap();
        assert_eq!(text, r#"{"full_name":["Gurpreet Singh","GURPREET SINGH"],"sex":"M"}"#);
        assert_eq!(serde_json::from_str::<Values>(&text).unwrap(), values);
    }
}
