//! Rows that programs write one by one: those that arrive together, and what a resolution makes of them, in one transaction.

use std::collections::BTreeMap;

use kanak_model::access::Filter;
use kanak_model::golden_record::ValueOverride;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use kanak_model::quality::{LeftOut, RejectedRow};
use kanak_model::source_record::NewSourceRecord;
use kanak_model::{
    Access, EntityModel, GoldenId, RuleSetVersion, SourceRecord, SourceRecordId, SourceSystemId, StewardTaskId,
    Timestamp, UserId,
};
use rustc_hash::FxHashMap;
use sqlx::types::Json;

use crate::Store;
use crate::audit_events::{self, AuditEvent};
use crate::constraints::NewConstraint;
use crate::crosswalks::{Link, RestatedLink};
use crate::db::{Tx, on_tx};
use crate::dialect::{json, sql};
use crate::erasures::{self, ErasedKeys};
use crate::error::StoreError;
use crate::ingest::{FileFacts, clean};
use crate::key_store::Key;
use crate::packed::ChosenBack;
use crate::resolution::{self, Applied, Resolution, Unresolved};
use crate::source_systems::{self, SourceSystemRow};
use crate::{
    arriving, asked_pairs, confirmations, constraints, crosswalks, department_answers, overrides, rule_sets, settings,
    source_records,
};

/// Rows under way into the hub. It holds the hub's one writer; dropped, nothing happened.
pub struct Arrivals {
    tx: Tx,
}

/// One row that a program writes.
#[derive(Debug, Clone)]
pub struct ArrivingRow {
    /// The department's own key.
    pub key: String,
    /// What is to become of the row.
    pub what: Arriving,
    /// What must hold of the row that is there.
    pub expected: Expected,
    /// Where the writer may write: what the row states now, and what it is to state, must lie there.
    pub scope: Filter,
}

/// The rows of one register that arrive together.
#[derive(Debug, Clone)]
pub struct ArrivingPart {
    /// The register.
    pub source: SourceSystemId,
    /// Its rows.
    pub rows: Vec<ArrivingRow>,
    /// Values that were left out of rows that go on.
    pub left_out: Vec<LeftOut>,
}

/// What a row is to become.
#[derive(Debug, Clone)]
pub enum Arriving {
    /// It states this.
    States(NewSourceRecord),
    /// It is no longer in the register.
    Retires,
    /// Nothing: it was refused by a rule, and goes to quarantine.
    Rejected(RejectedRow),
}

/// What a writer expects of the row that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Anything,
    /// It is live and of this version.
    Version(i32),
    /// There is none, or it was retired.
    None,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It was not there before.
    New(SourceRecordId),
    /// It states something else than before, or is back.
    Changed(SourceRecordId, i32),
    /// It states what it stated.
    Unchanged(SourceRecordId, i32),
    /// It is retired now.
    Retired(SourceRecordId, i32),
    /// There is none to retire.
    NotThere,
    /// It is in quarantine.
    Quarantined,
    /// The row that is there is not as expected: its version, or `None` where there is none.
    Unexpected(Option<i32>),
    /// It lies, or would lie, where the writer may not write.
    OutOfScope,
}

impl Arrived {
    /// The source record and its version, where the row was taken in.
    pub fn source_record(self) -> Option<(SourceRecordId, i32)> {
        match self {
            Self::New(id) => Some((id, 1)),
            Self::Changed(id, version) | Self::Unchanged(id, version) | Self::Retired(id, version) => {
                Some((id, version))
            }
            Self::NotThere | Self::Quarantined | Self::Unexpected(_) | Self::OutOfScope => None,
        }
    }
}

/// With whom a source record stands.
#[derive(Debug, Clone, PartialEq)]
pub struct StandsWith {
    /// The golden record.
    pub golden_id: GoldenId,
    /// Its version.
    pub version: i32,
    /// What it states, by attribute: to decide who may hear of it.
    pub values: BTreeMap<String, String>,
    /// Source system and key of all its source records.
    pub crosswalks: Vec<(String, String)>,
    /// Questions about it that this transaction opened.
    pub tasks_opened: Vec<StewardTaskId>,
}

impl Store {
    /// Begins to take rows in. Until this is committed or dropped no other writing call comes through.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the writer stays busy.
    pub async fn begin_arrivals(&self) -> Result<Arrivals, StoreError> {
        Ok(Arrivals { tx: self.db.begin(&*self.clock).await? })
    }
}

impl Arrivals {
    /// When what is written here is recorded.
    pub fn now(&self) -> Timestamp {
        self.tx.now
    }

    /// Takes in rows of some registers, each register and each of its keys once: as a run a register. Tells what became of each, in their
    /// order.
    ///
    /// # Errors
    /// When the hub cannot be written; then nothing of all happened.
    pub async fn take_in(
        mut self,
        landed: &FileFacts,
        mut parts: Vec<ArrivingPart>,
    ) -> Result<(Self, Vec<Vec<Arrived>>), StoreError> {
        for row in parts.iter_mut().flat_map(|part| &mut part.rows) {
            row.key.retain(|c| c != '\0');
            if let Arriving::States(record) = &mut row.what {
                clean(record);
            }
        }
        let arrived = arriving::take_in(&mut self.tx, landed, &parts).await?;
        Ok((self, arrived))
    }

    /// See [`Store::list_erased_keys`]: those of each of some registers, in their order.
    ///
    /// # Errors
    /// When the hub cannot be read, or rows were erased under another key.
    pub async fn list_erased_keys(
        &mut self,
        sources: &[SourceSystemId],
        key: &Key,
    ) -> Result<Vec<ErasedKeys>, StoreError> {
        erasures::erased_keys(&mut self.tx, sources, key).await
    }

    /// See [`Store::get_setting`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        settings::get(&mut self.tx, name).await
    }

    /// See [`Store::last_resolved`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn last_resolved(&mut self, entity: &str) -> Result<Option<Timestamp>, StoreError> {
        resolution::find_mark(&mut self.tx, entity).await
    }

    /// See [`Store::find_rule_set_version`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn find_rule_set_version(&mut self, entity: &str) -> Result<Option<RuleSetVersion>, StoreError> {
        rule_sets::latest_version(&mut self.tx, entity).await
    }

    /// See [`Store::list_source_systems`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_source_systems(&mut self) -> Result<Vec<SourceSystemRow>, StoreError> {
        source_systems::list(&mut self.tx).await
    }

    /// See [`Store::list_unresolved`]; what arrived here is among them.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_unresolved(&mut self, entity: &str) -> Result<Unresolved, StoreError> {
        resolution::unresolved(&mut self.tx, entity).await
    }

    /// See [`Store::list_source_records_of`]; as they are after what arrived here.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_source_records_of(
        &mut self,
        access: &Access,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecord>, StoreError> {
        source_records::of_ids(&mut self.tx, access, ids).await
    }

    /// See [`Store::list_links_around`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_links_around(&mut self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        crosswalks::links_around(&mut self.tx, ids).await
    }

    /// See [`Store::list_ended_links_around`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_ended_links_around(&mut self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        crosswalks::ended_links_around(&mut self.tx, ids).await
    }

    /// See [`Store::list_restated_links_around`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_restated_links_around(
        &mut self,
        ids: &[SourceRecordId],
    ) -> Result<Vec<RestatedLink>, StoreError> {
        crosswalks::restated_links_around(&mut self.tx, ids).await
    }

    /// All that stewards decided and confirmed, and what is left to them: see [`Store::list_constraints`], [`Store::list_confirmed`] and
    /// [`Store::list_asked`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_decisions(&mut self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        let mut all = constraints::live(&mut self.tx, entity).await?;
        all.extend(confirmations::confirmed_of(&mut self.tx, entity).await?);
        all.extend(asked_pairs::live(&mut self.tx, entity).await?);
        Ok(all)
    }

    /// See [`Store::list_outside`]; golden records are as they were before what arrived here is resolved.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_outside(
        &mut self,
        scope: &Filter,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecordId>, StoreError> {
        asked_pairs::outside(&mut self.tx, scope, ids).await
    }

    /// See [`Store::leave_to_steward`].
    ///
    /// # Errors
    /// When the hub cannot be written.
    pub async fn leave_to_steward(
        &mut self,
        entity: &str,
        row: SourceRecordId,
        others: &[SourceRecordId],
    ) -> Result<u64, StoreError> {
        asked_pairs::insert(&mut self.tx, entity, row, others).await
    }

    /// See [`Store::list_overrides`].
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_overrides(&mut self, entity: &str) -> Result<Vec<ValueOverride>, StoreError> {
        overrides::list_holding(&mut self.tx, entity).await
    }

    /// A steward's decision, made with the arrival, that a source record is of nobody whom the golden record of another one is of: with a
    /// task of its own about the two, so that it is undone like any other. It keeps all source records of that golden record apart, for
    /// the rules might join each of them.
    ///
    /// # Errors
    /// When the hub cannot be written.
    pub async fn keep_apart(
        &mut self,
        entity: &str,
        one: SourceRecordId,
        other: SourceRecordId,
        probability: f64,
        by: UserId,
        reason: &str,
    ) -> Result<StewardTaskId, StoreError> {
        const TASK: &str = "INSERT INTO steward_tasks (id, entity, left_id, right_id, weight_bits, probability, priority, opened_us,
             state, decided_by, decided_us, decision)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM steward_tasks), $1, $2, $3, 0, $4, 0, $5, 'decided', $6, $5, 'no_match')
             RETURNING id";
        let pair = |other: SourceRecordId| (one.min(other), one.max(other));
        let (SourceRecordId(left), SourceRecordId(right)) = pair(other);
        let now = self.tx.now.0;
        let task: i64 = on_tx!(self.tx, |c| sqlx::query_scalar(TASK)
            .bind(entity)
            .bind(left)
            .bind(right)
            .bind(probability)
            .bind(now)
            .bind(by.0)
            .fetch_one(c)
            .await)?;
        let linked = crosswalks::links_around(&mut self.tx, &[other]).await?;
        let members = linked.iter().map(|link| link.source_record).filter(|member| *member != other);
        for member in [other].into_iter().chain(members) {
            let (left, right) = pair(member);
            let constraint = Constraint { left, right, kind: ConstraintKind::CannotLink };
            let new = NewConstraint { constraint, task, by, reason, field_check: None, batch: None };
            constraints::insert(&mut self.tx, entity, &new).await?;
        }
        Ok(StewardTaskId(task))
    }

    /// Keeps what a department says of a golden record that the rules doubt its row to be of: the row is of somebody else.
    ///
    /// # Errors
    /// When the hub cannot be written.
    pub async fn note_difference(
        &mut self,
        row: SourceRecordId,
        from: GoldenId,
        by: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        department_answers::insert_difference(&mut self.tx, row, from, by, reason).await
    }

    /// Writes what an engine resolved; with `after`, what followed from the resolution recorded then.
    ///
    /// # Errors
    /// See [`Store::apply_resolution`]. What was written of it is not to be committed then.
    pub async fn apply_resolution(
        &mut self,
        after: Option<Timestamp>,
        model: &EntityModel,
        rule_set: RuleSetVersion,
        resolution: Resolution,
    ) -> Result<Applied, StoreError> {
        let (resolution, values) = resolution.parted();
        resolution::apply(&mut self.tx, after, model, rule_set, resolution, &values).await
    }

    /// With whom these source records stand now. One that waits for a resolution and was in no golden record has no entry.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_standing(
        &mut self,
        ids: &[SourceRecordId],
    ) -> Result<FxHashMap<SourceRecordId, StandsWith>, StoreError> {
        const GOLDEN: &str =
            "SELECT x.source_record_id, g.id, g.version, v.chosen FROM {ids $1} AS i CROSS JOIN crosswalks x
             CROSS JOIN golden_records g CROSS JOIN golden_versions v
             WHERE x.source_record_id = i.id AND x.recorded_to_us IS NULL AND g.id = x.golden_id
             AND v.golden_id = g.id AND v.version = g.version";
        const MEMBERS: &str =
            "SELECT x.golden_id, r.id, s.name, r.source_key FROM {ids $1} AS i CROSS JOIN crosswalks x
             CROSS JOIN source_records r CROSS JOIN source_systems s
             WHERE x.golden_id = i.id AND x.recorded_to_us IS NULL AND r.id = x.source_record_id
             AND s.id = r.source_system_id ORDER BY r.id";
        const TASKS: &str = "SELECT t.id, t.left_id, t.right_id FROM {ids $1} AS i CROSS JOIN steward_tasks t
             WHERE t.left_id = i.id AND t.state = 'open' AND t.opened_us = $2
             UNION SELECT t.id, t.left_id, t.right_id FROM {ids $1} AS i CROSS JOIN steward_tasks t
             WHERE t.right_id = i.id AND t.state = 'open' AND t.opened_us = $2 ORDER BY 1";
        type GoldenRow = (i64, i64, i64, Json<ChosenBack>);
        let engine = self.tx.engine();
        let now = self.tx.now.0;
        let rows: Vec<GoldenRow> =
            on_tx!(self.tx, |c| sqlx::query_as(sql(engine, GOLDEN)).bind(json(ids)).fetch_all(c).await)?;
        let mut golden: Vec<i64> = rows.iter().map(|row| row.1).collect();
        golden.sort_unstable();
        golden.dedup();
        let members: Vec<(i64, i64, String, String)> =
            on_tx!(self.tx, |c| sqlx::query_as(sql(engine, MEMBERS)).bind(json(&golden)).fetch_all(c).await)?;
        let golden_of: FxHashMap<i64, i64> = members.iter().map(|row| (row.1, row.0)).collect();
        let of: Vec<i64> = members.iter().map(|row| row.1).collect();
        let tasks: Vec<(i64, i64, i64)> =
            on_tx!(self.tx, |c| sqlx::query_as(sql(engine, TASKS)).bind(json(&of)).bind(now).fetch_all(c).await)?;
        let mut crosswalks: FxHashMap<i64, Vec<(String, String)>> = FxHashMap::default();
        for (golden, _, source, key) in members {
            crosswalks.entry(golden).or_default().push((source, key));
        }
        let mut opened: FxHashMap<i64, Vec<StewardTaskId>> = FxHashMap::default();
        for (task, left, right) in tasks {
            let mut sides: Vec<i64> = [left, right].iter().filter_map(|side| golden_of.get(side).copied()).collect();
            sides.dedup();
            for golden in sides {
                opened.entry(golden).or_default().push(StewardTaskId(task));
            }
        }
        let standing = |(id, golden, version, chosen): GoldenRow| {
            let values = chosen.0.0.into_iter().map(|(name, value)| (name, value.value)).collect();
            let standing = StandsWith {
                golden_id: GoldenId(golden),
                version: version as i32,
                values,
                crosswalks: crosswalks.get(&golden).cloned().unwrap_or_default(),
                tasks_opened: opened.get(&golden).cloned().unwrap_or_default(),
            };
            (SourceRecordId(id), standing)
        };
        Ok(rows.into_iter().map(standing).collect())
    }

    /// Records who wrote and was told what, in the chain of changes.
    ///
    /// # Errors
    /// When the hub cannot be written.
    pub async fn audit(&mut self, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        audit_events::append_all(&mut self.tx, events).await
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// When the hub cannot be written; then nothing of it happened.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await
    }
}
