//! Source records: one row as one source system states it. A change is a new version.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

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
///
/// A hub holds millions of them with the same few names, so that these are kept once ([`shared`]).
// Ascending by name, each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(Vec<(Name, Stated)>);

type Name = Cow<'static, str>;

/// Names of attributes are words of models: a deployment has hundreds. More than this many are kept with each value.
const NAMES_MAX: usize = 4_096;

/// The name, kept once in the process; what the models name stays until its end.
fn shared(name: &str) -> Name {
    static ALL: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    thread_local!(static SEEN: RefCell<HashSet<&'static str>> = RefCell::default());
    SEEN.with_borrow_mut(|seen| {
        if let Some(known) = seen.get(name) {
            return Cow::Borrowed(*known);
        }
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.get_or_insert_default();
        let known = match all.get(name) {
            Some(known) => *known,
            None if all.len() >= NAMES_MAX => return Cow::Owned(name.to_owned()),
            None => {
                let kept: &'static str = Box::leak(name.into());
                all.insert(kept);
                kept
            }
        };
        seen.insert(known);
        Cow::Borrowed(known)
    })
}

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
    pub fn insert(&mut self, attribute: impl AsRef<str>, stated: Stated) {
        let attribute = attribute.as_ref();
        match self.place(attribute) {
            Ok(place) => self.0[place].1 = stated,
            Err(place) => self.0.insert(place, (shared(attribute), stated)),
        }
    }

    /// Where the attribute stands, or would.
    fn place(&self, attribute: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_ref().cmp(attribute))
    }

    /// Takes a value out.
    pub fn remove(&mut self, attribute: &str) -> Option<Stated> {
        self.place(attribute).ok().map(|place| self.0.remove(place).1)
    }

    /// The standard form of an attribute's value.
    pub fn find(&self, attribute: &str) -> Option<&str> {
        self.find_stated(attribute).map(|stated| stated.standard.as_str())
    }

    /// An attribute's value with the source's words.
    pub fn find_stated(&self, attribute: &str) -> Option<&Stated> {
        self.place(attribute).ok().map(|place| &self.0[place].1)
    }

    /// All values in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Stated)> {
        self.0.iter().map(|(name, stated)| (name.as_ref(), stated))
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
        let mut values = Self::new();
        for (name, stated) in iter {
            values.insert(name, stated);
        }
        values
    }
}

/// Stored as an object.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> serde::de::Visitor<'de> for Object {
            type Value = Values;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of values by attribute")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Values(Vec::with_capacity(12));
                while let Some(SharedName(name)) = map.next_key()? {
                    let stated = map.next_value()?;
                    // The hub writes them in order.
                    match values.0.last() {
                        Some((last, _)) if *last >= name => values.insert(name, stated),
                        _ => values.0.push((name, stated)),
                    }
                }
                values.0.shrink_to_fit();
                Ok(values)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

struct SharedName(Name);

impl<'de> Deserialize<'de> for SharedName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = SharedName;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an attribute")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<SharedName, E> {
                Ok(SharedName(shared(name)))
            }
        }
        deserializer.deserialize_str(Text)
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

    #[test]
    fn values_stand_in_name_order_and_the_last_of_one_name_counts() {
        let text = r#"{"sex":"M","full_name":"Asha","sex":"F","epic":"X"}"#;
        let values: Values = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&values).unwrap(), r#"{"epic":"X","full_name":"Asha","sex":"F"}"#);
        assert_eq!((values.find("sex"), values.find("pan"), values.len()), (Some("F"), None, 3));
        let gathered: Values = values.iter().map(|(name, stated)| (name.to_owned(), stated.clone())).collect();
        assert_eq!(gathered, values);
    }
}
