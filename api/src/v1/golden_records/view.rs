//! Wire types of golden records.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kanak_engine::survivorship::recount;
use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::golden_record::{EMPTIED_REASON, GoldenValue, WithheldCounts};
use kanak_model::kind::Class;
use kanak_model::life_events::{StatusSince, status_history};
use kanak_model::source_record::Values;
use kanak_model::valid_time::KeyEpoch;
use kanak_model::{Access, EntityModel, GoldenRecord, Timestamp, UserId};
use kanak_store::{Golden, OverrideView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::as_of::AsOf;

/// One chosen value with its origin.
#[derive(Serialize, ToSchema)]
pub struct ValueView {
    /// The value in the standard form of its kind.
    value: String,
    /// The survivorship strategy that chose it.
    strategy: &'static str,
    /// How many linked source records that the caller may see state this value. Left out in lists for a caller from whom values of other
    /// registers are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreeing: Option<u32>,
    /// How many of them state any value; left out where `agreeing` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stated: Option<u32>,
    /// The source record it was taken from, as `source:key`, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Of a value that a steward stated: who, when and why, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    steward: Option<StewardView>,
}

/// Who stated a value.
#[derive(Serialize, ToSchema)]
pub struct StewardView {
    /// The steward.
    name: String,
    /// When.
    at: String,
    /// The steward's words.
    reason: String,
}

/// One source record linked to a golden record.
#[derive(Serialize, ToSchema)]
pub struct CrosswalkView {
    /// The source system.
    source: String,
    /// The department's own key.
    key: String,
    /// The source record's version.
    version: i32,
    /// When the department last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
}

/// A status and since when it holds.
#[derive(Serialize, ToSchema)]
pub struct StatusView {
    /// `active`, `deceased` ...
    status: String,
    /// The date of the event that brought it, as it is known: a day, a month or a year. Left out for the status before any event.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// The end of a golden record that no source record is linked to any more. Its values are those that it had last.
#[derive(Serialize, ToSchema)]
pub struct EmptiedView {
    /// When its last source record left.
    at: String,
    /// Why.
    reason: &'static str,
}

/// A period in which a department's key stood for one golden record.
#[derive(Serialize, ToSchema)]
pub struct KeyEpochView {
    /// Since when, by the department's word.
    from: String,
    /// When the register was found to have dropped the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// The golden record, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
}

/// A golden record.
#[derive(Serialize, ToSchema)]
pub struct GoldenRecordView {
    /// Its lasting id.
    golden_id: String,
    /// The id that was asked for, when that one was merged away.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirected_from: Option<String>,
    /// `citizen`, `business` ...
    entity: String,
    /// `active`, `deceased` ...; `emptied` where no source record of it is left: see `emptied`.
    status: String,
    /// Since when and why no source record of it is left. Left out while it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    emptied: Option<EmptiedView>,
    /// Counts its changes.
    version: i32,
    /// The rule set under which it was resolved.
    rule_set: i64,
    /// When the hub came to hold this version.
    recorded_from: String,
    /// When the next version replaced it, or its last source record left.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_to: Option<String>,
    /// The recorded time of which this is the answer: asked for again by it, the answer is the same, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_at: Option<String>,
    /// The day of which this is the answer, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    /// The statuses that its dated events tell of (a death, a closure, moving out), the first first; those whose dates the caller may see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_history: Vec<StatusView>,
    /// Of an answer by a department's key: the periods in which that key stood for a golden record. Departments recycle keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    key_epochs: Vec<KeyEpochView>,
    /// The chosen values that the caller may see.
    values: BTreeMap<String, ValueView>,
    /// What is withheld beside what the purpose does not show; left out where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<WithheldView>,
    /// The departments' own keys, where the caller's purpose shows personal data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crosswalks: Vec<CrosswalkView>,
}

/// How much of a golden record is withheld from the caller.
#[derive(Serialize, ToSchema)]
pub struct WithheldView {
    /// Values of other departments' registers that no agreement gives to the caller.
    by_agreement: u32,
    /// Values that no receipt of consent covers.
    by_consent: u32,
    /// Source records of registers of which the caller is given nothing.
    source_records: u32,
}

impl WithheldView {
    fn of(counts: WithheldCounts) -> Option<Self> {
        let WithheldCounts { by_agreement, by_consent, source_records } = counts;
        (counts != WithheldCounts::default()).then_some(Self { by_agreement, by_consent, source_records })
    }
}

impl GoldenRecordView {
    /// A record without its source records.
    pub fn of_record(record: &GoldenRecord, access: &Access) -> Self {
        let mut view = Self::new(record, &|_| None);
        if access.may_withhold() {
            // How many of those that are counted the caller may see is not known here.
            for value in view.values.values_mut() {
                (value.agreeing, value.stated) = (None, None);
            }
        }
        view
    }

    /// A record with its source records. A department's own key is personal: who may not see personal data is not told
    /// which registers know the person, nor under which key.
    pub fn of_golden(golden: &Golden, model: &EntityModel, access: &Access) -> Self {
        let members = if access.shows(Class::Personal) { golden.members.as_slice() } else { &[] };
        let source = |value: &GoldenValue| {
            if value.strategy == SurvivorshipStrategy::StewardOverride {
                return None;
            }
            let member = members.iter().find(|member| member.id == value.source_record)?;
            Some(format!("{}:{}", member.source, member.key))
        };
        let mut record = Cow::Borrowed(&golden.record);
        if access.may_withhold() {
            let seen: Vec<&Values> = golden.members.iter().map(|member| &member.values).collect();
            recount(model, &mut record.to_mut().values, &seen);
        }
        Self {
            redirected_from: golden.redirected_from.map(|id| id.to_string()),
            known_at: Some(golden.known_at.to_string()),
            crosswalks: members
                .iter()
                .map(|member| CrosswalkView {
                    source: member.source.clone(),
                    key: member.key.clone(),
                    version: member.version,
                    updated: member.updated.map(|at| at.to_string()),
                })
                .collect(),
            ..Self::new(&record, &source)
        }
    }

    /// The same with the statuses that its dated events tell of.
    #[must_use]
    pub fn with_life(mut self, model: &EntityModel, record: &GoldenRecord) -> Self {
        let view = |one: StatusSince| StatusView { status: one.status, since: one.since.map(|date| date.to_string()) };
        let history = status_history(model, &record.values);
        // What its dates say is told where it is what the status says: who may not see the dates is told nothing of them.
        if history.last().is_some_and(|last| last.status == record.status) {
            self.status_history = history.into_iter().map(view).collect();
        }
        self
    }

    /// The same as the answer of a day.
    #[must_use]
    pub fn with_day(mut self, as_of: Option<AsOf>) -> Self {
        self.as_of = as_of.map(|as_of| as_of.at.day_ist().to_string());
        self
    }

    /// The same with the epochs of the key that it was found by.
    #[must_use]
    pub fn with_key_epochs(mut self, epochs: Vec<KeyEpoch>) -> Self {
        let view = |epoch: KeyEpoch| KeyEpochView {
            from: epoch.from.to_string(),
            to: epoch.to.map(|to| to.to_string()),
            golden_id: epoch.golden_id.map(|id| id.to_string()),
        };
        self.key_epochs = epochs.into_iter().map(view).collect();
        self
    }

    /// Whether a steward stated one of the values.
    pub fn has_override(&self) -> bool {
        let word = SurvivorshipStrategy::StewardOverride.word();
        self.values.values().any(|value| value.strategy == word)
    }

    /// The same with who stated values: of each attribute the latest override that held then.
    #[must_use]
    pub fn with_stewards(
        mut self,
        overrides: &[OverrideView],
        known_at: Timestamp,
        name: &dyn Fn(UserId) -> String,
    ) -> Self {
        let held = |one: &OverrideView| one.at <= known_at && one.ended.is_none_or(|ended| ended > known_at);
        let word = SurvivorshipStrategy::StewardOverride.word();
        for (attribute, value) in self.values.iter_mut().filter(|(_, value)| value.strategy == word) {
            let stated = overrides.iter().find(|one| held(one) && one.attribute == *attribute);
            value.steward = stated.map(|one| StewardView {
                name: name(one.by),
                at: one.at.to_string(),
                reason: one.reason.clone(),
            });
        }
        self
    }

    fn new(record: &GoldenRecord, source: &dyn Fn(&GoldenValue) -> Option<String>) -> Self {
        let values = record.values.iter().map(|(name, value)| {
            let view = ValueView {
                value: value.value.clone(),
                strategy: value.strategy.word(),
                agreeing: Some(value.agreeing),
                stated: Some(value.stated),
                source: source(value),
                steward: None,
            };
            (name.clone(), view)
        });
        Self {
            golden_id: record.id.to_string(),
            redirected_from: None,
            entity: record.entity.clone(),
            status: record.status.clone(),
            emptied: record.emptied().map(|at| EmptiedView { at: at.to_string(), reason: EMPTIED_REASON }),
            version: record.version,
            rule_set: record.rule_set.0,
            recorded_from: record.recorded_from.to_string(),
            recorded_to: record.recorded_to.map(|at: Timestamp| at.to_string()),
            known_at: None,
            as_of: None,
            status_history: Vec::new(),
            key_epochs: Vec::new(),
            values: values.collect(),
            withheld: WithheldView::of(record.withheld),
            crosswalks: Vec::new(),
        }
    }
}
