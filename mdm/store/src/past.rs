//! What the hub held at an earlier recorded time. Nothing that was answered changes afterwards: asked again with the time
//! that an answer names, each of these gives the same answer, byte for byte.
//!
//! Recorded times ascend in the order of commits, so no later commit is recorded at or before a time that was answered
//! for. A time after the last commit is taken as that of the last commit: what is under way may still be recorded before it.
//!
//! Who may read is decided now: a golden record that the caller may not read any more is not shown as it was either.

use std::collections::BTreeMap;

use kanak_model::feed::Change;
use kanak_model::source_record::Values;
use kanak_model::{Access, EntityModel, GoldenId, GoldenRecord, SourceRecordId, Timestamp, UserId};
use rustc_hash::FxHashSet;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::compile;
use crate::crosswalks::{self, Crosswalk};
use crate::db::{Tx, on_db, on_tx};
use crate::declared_models::Eras;
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::golden_records::{
    Golden, GoldenRow, MEMBER_COLUMNS, MemberRow, REDIRECTS_MAX, VERSIONS, carried, readable_now, recorded_until,
    show_members,
};

/// The version that a golden record had then: the one that held, or, of one that had ended as empty, its last.
pub(crate) struct Then {
    pub(crate) id: i64,
    pub(crate) entity: String,
    pub(crate) version: i64,
}

/// Where an id led then: itself, or what it had been merged into.
pub(crate) async fn follow(tx: &mut Tx, id: GoldenId, at: Timestamp) -> Result<Option<Then>, StoreError> {
    const VERSION: &str = "SELECT g.entity, v.version, v.recorded_to_us FROM golden_records g
         JOIN golden_versions v ON v.golden_id = g.id
         WHERE g.id = $1 AND v.recorded_from_us <= $2 ORDER BY v.version DESC LIMIT 1";
    const END: &str = "SELECT change, other_golden_id FROM feed_events WHERE golden_id = $1 AND at_us <= $2
         ORDER BY position DESC LIMIT 1";
    let mut id = id.0;
    for _ in 0..REDIRECTS_MAX {
        let found: Option<(String, i64, Option<i64>)> =
            on_tx!(tx, |c| sqlx::query_as(VERSION).bind(id).bind(at.0).fetch_optional(c).await)?;
        let Some((entity, version, to_us)) = found else { return Ok(None) };
        if to_us.is_none_or(|to_us| to_us > at.0) {
            return Ok(Some(Then { id, entity, version }));
        }
        let end: Option<(String, Option<i64>)> =
            on_tx!(tx, |c| sqlx::query_as(END).bind(id).bind(at.0).fetch_optional(c).await)?;
        match end {
            Some((change, Some(other))) if change == "merged_into" => id = other,
            _ => return Ok(Some(Then { id, entity, version })),
        }
    }
    Err(StoreError::Stored { table: "feed_events", row: id, column: "other_golden_id", expected: "end of redirects" })
}

/// An end that came later was not known.
fn known(to: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    to.filter(|to| *to <= at)
}

/// The source records that were linked then, as they stood.
async fn members(tx: &mut Tx, id: i64, at: Timestamp) -> Result<Vec<MemberRow>, StoreError> {
    const BEFORE: &str = "SELECT source_record_id, version, stated, updated_us, recorded_from_us, recorded_to_us
         FROM source_record_versions WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_from_us <= $2
         ORDER BY source_record_id, version";
    #[derive(FromRow)]
    struct Before {
        source_record_id: i64,
        version: i64,
        stated: Json<Values>,
        updated_us: Option<i64>,
        recorded_from_us: i64,
        recorded_to_us: i64,
    }
    let engine = tx.engine();
    let text = format!(
        "{MEMBER_COLUMNS} JOIN crosswalks c ON c.source_record_id = r.id WHERE c.golden_id = $1
         AND c.recorded_from_us <= $2 AND (c.recorded_to_us IS NULL OR c.recorded_to_us > $2) ORDER BY r.id"
    );
    let mut rows: Vec<MemberRow> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(id).bind(at.0).fetch_all(c).await)?;
    let changed: Vec<i64> = rows.iter().filter(|row| row.recorded_from_us > at.0).map(|row| row.id).collect();
    let mut before: BTreeMap<i64, Before> = BTreeMap::new();
    for ids in changed.chunks(ROWS_A_STATEMENT) {
        let found: Vec<Before> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, BEFORE)).bind(json(ids)).bind(at.0).fetch_all(c).await)?;
        // The last one that had begun stays.
        before.extend(found.into_iter().map(|version| (version.source_record_id, version)));
    }
    for row in &mut rows {
        match before.remove(&row.id) {
            // Between its end and the next version a source record was retired.
            Some(then) => {
                row.version = then.version;
                row.stated = then.stated;
                row.updated_us = then.updated_us;
                row.recorded_from_us = then.recorded_from_us;
                row.retired_us = Some(then.recorded_to_us).filter(|to_us| *to_us <= at.0);
            }
            None => row.retired_us = row.retired_us.filter(|retired_us| *retired_us <= at.0),
        }
    }
    Ok(rows)
}

/// The golden records of an entity type that were held then, by ascending id, after one: what the caller's filter passed then.
pub(crate) async fn held_after(
    tx: &mut Tx,
    access: &Access,
    entity: &str,
    after: Option<GoldenId>,
    limit: u32,
    at: Timestamp,
) -> Result<Vec<GoldenRow>, StoreError> {
    let engine = tx.engine();
    let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 5);
    let text = format!(
        "{VERSIONS} WHERE g.entity = $1 AND g.id > $2 AND v.recorded_from_us <= $3
         AND (v.recorded_to_us IS NULL OR v.recorded_to_us > $3) AND {} ORDER BY g.id LIMIT $4",
        condition.sql
    );
    Ok(on_tx!(tx, |c| {
        let mut query = sqlx::query_as(sql(engine, &text))
            .bind(entity)
            .bind(after.map_or(0, |id| id.0))
            .bind(at.0)
            .bind(i64::from(limit));
        for text in condition.bind {
            query = query.bind(text);
        }
        query.fetch_all(c).await
    })?)
}

/// Something that a steward did to a golden record, or undid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StewardAct {
    /// When.
    pub at: Timestamp,
    /// Who; nobody where time or a migration of the model ended it.
    pub by: Option<UserId>,
    /// What.
    pub what: ActKind,
    /// The steward's words; none where none were given or asked for.
    pub reason: Option<String>,
    /// The source records that it was about, where it was about two.
    pub source_records: Vec<SourceRecordId>,
}

/// What a steward did, or undid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActKind {
    /// Decided that two source records match.
    Joined,
    /// Undid the decision that they match.
    JoinedUndone,
    /// Decided that two source records do not match.
    Parted,
    /// Undid the decision that they do not match.
    PartedUndone,
    /// Confirmed the golden record.
    Confirmed,
    /// Withdrew the confirmation.
    ConfirmationWithdrawn,
    /// Stated a value of this attribute.
    Stated(String),
    /// The stated value of this attribute ended: it was withdrawn, or its time had come.
    StatedEnded(String),
    /// The stated value of this attribute goes on under the model as it was migrated to.
    StatedAnew(String),
}

/// A merge, a split or a return, as one of its two golden records has it in its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityChange {
    /// When.
    pub at: Timestamp,
    /// The golden record that was merged away, split off or restored.
    pub golden_id: GoldenId,
    /// [`Change::MergedInto`], [`Change::SplitFrom`] or [`Change::Restored`].
    pub change: Change,
    /// Its version afterwards.
    pub version: i32,
    /// The golden record that it came into or out of; none where a retired source record brought it back.
    pub other: Option<GoldenId>,
}

/// A decision, a confirmation or an override as it is stored, with who ended it.
#[derive(FromRow)]
struct ActRow {
    kind: String,
    about: String,
    left_id: i64,
    right_id: i64,
    by_id: i64,
    at_us: i64,
    reason: String,
    ended_by: Option<i64>,
    ended_us: Option<i64>,
    ended_reason: Option<String>,
    restated_as: Option<i64>,
}

impl ActRow {
    fn acts(self) -> impl Iterator<Item = StewardAct> {
        let (done, ended) = match self.kind.as_str() {
            "must_link" => (ActKind::Joined, ActKind::JoinedUndone),
            "cannot_link" => (ActKind::Parted, ActKind::PartedUndone),
            "confirmation" => (ActKind::Confirmed, ActKind::ConfirmationWithdrawn),
            _ if self.restated_as.is_some() => (ActKind::Stated(self.about.clone()), ActKind::StatedAnew(self.about)),
            _ => (ActKind::Stated(self.about.clone()), ActKind::StatedEnded(self.about)),
        };
        let source_records: Vec<_> =
            [self.left_id, self.right_id].into_iter().filter(|id| *id > 0).map(SourceRecordId).collect();
        let end = self.ended_us.map(|at_us| StewardAct {
            at: Timestamp(at_us),
            by: self.ended_by.map(UserId),
            what: ended,
            reason: self.ended_reason,
            source_records: source_records.clone(),
        });
        let begin = StewardAct {
            at: Timestamp(self.at_us),
            by: Some(UserId(self.by_id)),
            what: done,
            reason: Some(self.reason),
            source_records,
        };
        std::iter::once(begin).chain(end)
    }
}

impl Store {
    /// What stewards did to a golden record until a recorded time, oldest first: decisions about source records that were
    /// ever linked to it, confirmations and stated values. The caller has read the golden record.
    pub async fn list_steward_acts(&self, id: GoldenId, known_at: Timestamp) -> Result<Vec<StewardAct>, StoreError> {
        const SQL: &str = "SELECT kind, '' AS about, left_id, right_id, decided_by AS by_id, decided_us AS at_us, reason,
                 undone_by AS ended_by, undone_us AS ended_us, undone_reason AS ended_reason, CAST(NULL AS BIGINT) AS restated_as
             FROM constraints
             WHERE left_id IN (SELECT source_record_id FROM crosswalks WHERE golden_id = $1)
                OR right_id IN (SELECT source_record_id FROM crosswalks WHERE golden_id = $1)
             UNION ALL
             SELECT 'confirmation', '', 0, 0, confirmed_by, confirmed_us, reason, withdrawn_by, withdrawn_us, NULL, NULL
             FROM confirmations
             WHERE constraint_id IS NULL AND id IN (SELECT m.confirmation_id FROM confirmation_members m
                 JOIN crosswalks c ON c.source_record_id = m.source_record_id WHERE c.golden_id = $1)
             UNION ALL
             SELECT 'override', attribute, 0, 0, stated_by, stated_us, reason, ended_by, ended_us, NULL, restated_as FROM overrides
             WHERE id IN (SELECT m.override_id FROM override_members m
                 JOIN crosswalks c ON c.source_record_id = m.source_record_id WHERE c.golden_id = $1)";
        let rows: Vec<ActRow> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).fetch_all(c).await)?;
        let mut acts: Vec<StewardAct> = rows.into_iter().flat_map(ActRow::acts).collect();
        acts.retain(|act| act.at <= known_at);
        acts.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        Ok(acts)
    }

    /// What came into a golden record and was restored out of it, and how it ended, began or came back itself, up to a recorded
    /// time; oldest first. Of the other golden records nothing but their ids is told.
    pub async fn list_identity_changes(
        &self,
        id: GoldenId,
        known_at: Timestamp,
    ) -> Result<Vec<IdentityChange>, StoreError> {
        const SQL: &str = "SELECT at_us, golden_id, change, version, other_golden_id, position FROM feed_events
             WHERE golden_id = $1 AND change IN ('merged_into', 'split_from', 'restored') AND at_us <= $2
             UNION ALL
             SELECT f.at_us, f.golden_id, f.change, f.version, f.other_golden_id, f.position FROM feed_events f
             WHERE f.other_golden_id = $1 AND f.change = 'merged_into' AND f.at_us <= $2
             UNION ALL
             SELECT r.at_us, r.golden_id, r.change, r.version, r.other_golden_id, r.position FROM feed_events r
             WHERE r.golden_id IN (SELECT m.golden_id FROM feed_events m WHERE m.other_golden_id = $1 AND m.change = 'merged_into')
                 AND r.change = 'restored' AND r.other_golden_id = $1 AND r.at_us <= $2
             ORDER BY position";
        type Row = (i64, i64, String, i64, Option<i64>, i64);
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).bind(known_at.0).fetch_all(c).await)?;
        let read = |(at_us, golden_id, change, version, other, position): Row| {
            let change = Change::find(&change).ok_or(StoreError::Stored {
                table: "feed_events",
                row: position,
                column: "change",
                expected: "a change",
            })?;
            let (golden_id, other) = (GoldenId(golden_id), other.map(GoldenId));
            Ok(IdentityChange { at: Timestamp(at_us), golden_id, change, version: version as i32, other })
        };
        rows.into_iter().map(read).collect()
    }

    /// The recorded time of the last transaction: what is answered now is an answer of this time.
    pub async fn recorded_until(&self) -> Result<Timestamp, StoreError> {
        recorded_until(&mut self.db.begin_read().await?).await
    }

    /// What [`Store::find_golden`] answered at a recorded time: the golden record as the hub held it, with the source
    /// records that were linked, as they stood. An id that was merged away only later answers for itself.
    pub async fn find_golden_at(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
        known_at: Timestamp,
    ) -> Result<Option<Golden>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let known_at = known_at.min(recorded_until(&mut tx).await?);
        let Some(then) = follow(&mut tx, id, known_at).await? else { return Ok(None) };
        if then.entity != model.name {
            return Ok(None);
        }
        if readable_now(&mut tx, access, &[then.id]).await?.is_empty() {
            return Ok(None);
        }
        let engine = tx.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 3);
        let text = format!("{VERSIONS} WHERE g.id = $1 AND v.version = $2 AND {}", condition.sql);
        let row: Option<GoldenRow> = on_tx!(tx, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(then.id).bind(then.version);
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_optional(c).await
        })?;
        let Some(row) = row else { return Ok(None) };
        let members = members(&mut tx, then.id, known_at).await?;
        let eras = Eras::load(&mut tx, &model.name).await?;
        drop(tx);
        let model = eras.model_at(model, known_at);
        let mut record = self.show_one(access, &model, carried(&eras, known_at, row)).await?;
        record.recorded_to = known(record.recorded_to, known_at);
        let mut record = record.with_end();
        let members = show_members(access, &model, &mut record, members);
        let redirected_from = (then.id != id.0).then_some(id);
        Ok(Some(Golden { record, members, redirected_from, known_at }))
    }

    /// The golden record that a department's key belonged to then. A key that was retired and came back has an epoch in
    /// the crosswalk for each time; in between it led nowhere.
    pub async fn find_golden_by_crosswalk_at(
        &self,
        access: &Access,
        model: &EntityModel,
        source: &str,
        key: &str,
        known_at: Timestamp,
    ) -> Result<Option<Golden>, StoreError> {
        const SQL: &str = "SELECT c.golden_id FROM source_systems s
             JOIN source_records r ON r.source_system_id = s.id AND r.source_key = $2
             JOIN crosswalks c ON c.source_record_id = r.id AND c.recorded_from_us <= $3
                 AND (c.recorded_to_us IS NULL OR c.recorded_to_us > $3)
             WHERE s.name = $1";
        let known_at = known_at.min(self.recorded_until().await?);
        let id: Option<i64> = on_db!(&self.db, |c| sqlx::query_scalar(SQL)
            .bind(source)
            .bind(key)
            .bind(known_at.0)
            .fetch_optional(c)
            .await)?;
        match id {
            Some(id) if access.registers().read(source) => {
                self.find_golden_at(access, model, GoldenId(id), known_at).await
            }
            Some(_) | None => Ok(None),
        }
    }

    /// What [`Store::list_golden`] answered at a recorded time: the golden records that were live.
    pub async fn list_golden_at(
        &self,
        access: &Access,
        model: &EntityModel,
        after: Option<GoldenId>,
        limit: u32,
        known_at: Timestamp,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let known_at = known_at.min(recorded_until(&mut tx).await?);
        let eras = Eras::load(&mut tx, &model.name).await?;
        let model = eras.model_at(model, known_at);
        let (mut after, mut then) = (after, Vec::new());
        while then.len() < limit as usize {
            let rows = held_after(&mut tx, access, &model.name, after, limit, known_at).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id());
            let ids: Vec<i64> = rows.iter().map(|row| row.id().0).collect();
            let readable = readable_now(&mut tx, access, &ids).await?;
            let shown = rows.into_iter().filter(|row| readable.contains(&row.id().0));
            then.extend(shown.map(|row| carried(&eras, known_at, row)));
        }
        drop(tx);
        then.truncate(limit as usize);
        let mut then = self.show_all(access, &model, then).await?;
        for record in &mut then {
            record.recorded_to = known(record.recorded_to, known_at);
        }
        Ok(then)
    }

    /// What [`Store::list_history`] answered at a recorded time.
    pub async fn list_history_at(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
        known_at: Timestamp,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let known_at = known_at.min(self.recorded_until().await?);
        let mut tx = self.db.begin_read().await?;
        if readable_now(&mut tx, access, &[id.0]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let eras = Eras::load(&mut tx, &model.name).await?;
        let model = eras.model_at(model, known_at);
        let engine = tx.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 4);
        let text = format!(
            "{VERSIONS} WHERE g.id = $1 AND g.entity = $2 AND v.recorded_from_us <= $3 AND {} ORDER BY v.version",
            condition.sql
        );
        let rows: Vec<GoldenRow> = on_tx!(tx, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(id.0).bind(&model.name).bind(known_at.0);
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        drop(tx);
        let history = rows.into_iter().map(|row| carried(&eras, known_at, row)).collect();
        let mut history = self.show_all(access, &model, history).await?;
        for version in &mut history {
            version.recorded_to = known(version.recorded_to, known_at);
        }
        Ok(history)
    }

    /// What [`Store::list_crosswalks_of`] answered at a recorded time: the epochs of the keys that led to these golden
    /// records until then.
    pub async fn list_crosswalks_of_at(
        &self,
        access: &Access,
        golden: &[GoldenId],
        known_at: Timestamp,
    ) -> Result<Vec<Crosswalk>, StoreError> {
        let engine = self.db.engine();
        let known_at = known_at.min(self.recorded_until().await?);
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 3);
        let text = format!(
            "{} JOIN golden_versions v ON v.golden_id = c.golden_id AND v.version = (
                 SELECT max(w.version) FROM golden_versions w WHERE w.golden_id = c.golden_id AND w.recorded_from_us <= $2)
             WHERE c.golden_id IN (SELECT id FROM {{ids $1}} AS i) AND c.recorded_from_us <= $2 AND {}
             ORDER BY c.source_record_id, c.recorded_from_us",
            crosswalks::COLUMNS,
            condition.sql
        );
        let asked: Vec<i64> = golden.iter().map(|id| id.0).collect();
        let readable: FxHashSet<i64> = readable_now(&mut self.db.begin_read().await?, access, &asked).await?;
        let asked: Vec<i64> = asked.into_iter().filter(|id| readable.contains(id)).collect();
        let mut all = Vec::new();
        for ids in asked.chunks(ROWS_A_STATEMENT) {
            let rows: Vec<crosswalks::Row> = on_db!(&self.db, |c| {
                let mut query = sqlx::query_as(sql(engine, &text)).bind(json(ids)).bind(known_at.0);
                for text in &condition.bind {
                    query = query.bind(text);
                }
                query.fetch_all(c).await
            })?;
            all.extend(rows.into_iter().map(Crosswalk::from));
        }
        for epoch in &mut all {
            epoch.recorded_to = known(epoch.recorded_to, known_at);
        }
        self.retain_read(access, &mut all).await?;
        Ok(all)
    }
}
