//! Golden records: the hub's best version of a cluster of source records, with the origin of every value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entity_model::SurvivorshipStrategy;
use crate::id::{GoldenId, OverrideId, RuleSetVersion, SourceRecordId};

/// The status of a golden record that no source record is linked to any more, whatever it was before: no register states it. Its id, its
/// versions and its crosswalk's past stay, and it comes back with its source records.
pub const EMPTIED: &str = "emptied";

/// Why a golden record is [`EMPTIED`].
pub const EMPTIED_REASON: &str = "no source record of it is left: its registers dropped it, or it was erased";

/// One version of a golden record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenRecord {
    /// Its lasting id.
    pub id: GoldenId,
    /// `citizen`, `business` ...
    pub entity: String,
    /// From 1; counts its changes.
    pub version: i32,
    /// `active`, `deceased` ...: see the entity model. [`EMPTIED`] where the golden record is told as it is after its last source record left.
    pub status: String,
    /// The chosen values.
    pub values: GoldenValues,
    /// When the hub came to hold this version.
    pub recorded_from: Timestamp,
    /// When the next version replaced it, or the last source record left; `None` on the current one.
    pub recorded_to: Option<Timestamp>,
    /// The rules under which it was resolved.
    pub rule_set: RuleSetVersion,
    /// What is withheld from who reads it.
    pub withheld: WithheldCounts,
}

impl GoldenRecord {
    /// When its last source record left, where it is told as it is after that.
    pub fn emptied(&self) -> Option<Timestamp> {
        self.recorded_to.filter(|_| self.status == EMPTIED)
    }

    /// The same golden record with the status that it has now: [`EMPTIED`] where its last version has ended.
    #[must_use]
    pub fn with_end(mut self) -> Self {
        if self.recorded_to.is_some() {
            EMPTIED.clone_into(&mut self.status);
        }
        self
    }
}

/// How much of a golden record is withheld from a reader, beside what the classes of its attributes leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WithheldCounts {
    /// Values of registers that no agreement gives to the reader.
    pub by_agreement: u32,
    /// Values that no receipt of consent covers.
    pub by_consent: u32,
    /// Source records of registers of which the reader is given nothing.
    pub source_records: u32,
}

/// Attribute name to chosen value, in name order.
pub type GoldenValues = BTreeMap<String, GoldenValue>;

/// A chosen value and why it was chosen. The losers are the other linked source records' values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenValue {
    /// The value in the standard form of its kind.
    #[serde(rename = "v")]
    pub value: String,
    /// The source record that states it; of a steward's override, the one whose golden record takes it.
    #[serde(rename = "s")]
    pub source_record: SourceRecordId,
    /// That source record's version.
    #[serde(rename = "n")]
    pub source_version: i32,
    /// The strategy that chose it.
    #[serde(rename = "r")]
    pub strategy: SurvivorshipStrategy,
    /// How many linked source records state this value.
    #[serde(rename = "a")]
    pub agreeing: u32,
    /// How many linked source records state any value for this attribute.
    #[serde(rename = "t")]
    pub stated: u32,
}

/// A value that a steward stated for an attribute, and that holds: it wins over every strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueOverride {
    /// Of two for one attribute the larger id, which was stated later, wins.
    pub id: OverrideId,
    /// The golden record that holds this source record takes the value, whatever it is merged with or split from.
    pub subject: SourceRecordId,
    /// The attribute.
    pub attribute: String,
    /// The value in the standard form of its kind.
    pub value: String,
}

/// What survivorship makes of one cluster: a golden record without id, version and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survived {
    /// The status by the entity model's rules.
    pub status: String,
    /// The chosen values.
    pub values: GoldenValues,
}

/// Which golden record a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// It keeps this id.
    Keeps(GoldenId),
    /// It is new: the hub gives it the next id.
    New,
}

/// One change that a resolution makes to the hub: after it, `identity` holds exactly `members`. One without its values,
/// `GoldenChange<()>`, has them chosen when they are written, so that those of a whole hub are never held at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenChange<S = Survived> {
    /// The golden record.
    pub identity: Identity,
    /// All source records linked to it afterwards, ascending.
    pub members: Vec<SourceRecordId>,
    /// Golden records that end in it, ascending: each answers with a redirect from now on.
    pub absorbed: Vec<GoldenId>,
    /// The golden record whose members it was split from, when it is new and they were linked before.
    pub split_from: Option<GoldenId>,
    /// Its status and values.
    pub survived: S,
}

impl<S> GoldenChange<S> {
    /// The same change with other values, and its own.
    pub fn with<T>(self, survived: T) -> (GoldenChange<T>, S) {
        let Self { identity, members, absorbed, split_from, survived: own } = self;
        (GoldenChange { identity, members, absorbed, split_from, survived }, own)
    }
}
