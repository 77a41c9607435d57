//! Values that stewards stated themselves: they win over every survivorship strategy until they expire or are withdrawn.
//!
//! An override speaks of source records, because golden records come and go with resolutions: of all that the golden record held
//! when the value was stated, the one that stated the value before it first, then by age. The golden record that holds the first
//! of them which is live takes the value. So an override goes along with a merge and comes back with an unmerge, and a register
//! that drops a row takes no steward's word with it.

use std::collections::BTreeMap;

use kanak_model::four_eyes::FourEyes;
use kanak_model::golden_record::ValueOverride;
use kanak_model::{Access, EntityModel, GoldenId, OverrideId, ProposalId, SourceRecordId, Timestamp, UserId};
use rustc_hash::FxHashSet;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::audit_events;
use crate::confirmations::live_members;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::packed::ChosenBack;
use crate::proposals::{NewProposal, ProposedAct};
use crate::stewardship::check_reason;
use crate::trail_agreement::{WORDS, override_words};
use crate::{Store, proposals, resolution, users};

/// What a steward states.
#[derive(Debug, Clone, Copy)]
pub struct NewOverride<'a> {
    /// Of which golden record.
    pub golden_id: GoldenId,
    /// The attribute.
    pub attribute: &'a str,
    /// The value in the standard form of its kind: the caller standardizes and checks it.
    pub value: &'a str,
    /// Why, for those who look later.
    pub reason: &'a str,
    /// From when on it no longer holds; `None` for never.
    pub expires: Option<Timestamp>,
}

/// A value that a steward stated, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideView {
    /// Its id.
    pub id: OverrideId,
    /// The attribute.
    pub attribute: String,
    /// The value; `None` where the caller may not see values of its class.
    pub value: Option<String>,
    /// The steward's words.
    pub reason: String,
    /// Who stated it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// From when on it no longer holds.
    pub expires: Option<Timestamp>,
    /// When it ended; `None` while it holds.
    pub ended: Option<Timestamp>,
    /// Who withdrew it; `None` while it holds, and when it expired.
    pub ended_by: Option<UserId>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    attribute: String,
    value: String,
    reason: String,
    stated_by: i64,
    stated_us: i64,
    expires_us: Option<i64>,
    ended_by: Option<i64>,
    ended_us: Option<i64>,
}

async fn audit(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    id: i64,
    mut detail: serde_json::Value,
) -> Result<(), StoreError> {
    if let Some((_, golden)) = find_golden_of(tx, OverrideId(id)).await? {
        detail["golden_record"] = golden.to_string().into();
    }
    audit_events::append_act(tx, actor, action, format!("override {id}"), detail).await
}

/// The source records of a golden record in the order in which an override speaks of them.
async fn subjects(tx: &mut Tx, id: GoldenId, attribute: &str, members: &[i64]) -> Result<Vec<i64>, StoreError> {
    const CHOSEN: &str = "SELECT v.chosen FROM golden_records g
         JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version WHERE g.id = $1";
    let chosen: Json<ChosenBack> = on_tx!(tx, |c| sqlx::query_scalar(CHOSEN).bind(id.0).fetch_one(c).await)?;
    let first = chosen.0.0.get(attribute).map(|value| value.source_record.0).filter(|first| members.contains(first));
    let others = members.iter().copied().filter(|member| Some(*member) != first);
    Ok(first.into_iter().chain(others).collect())
}

/// Marks what overrides speak of as not seen by a resolution.
async fn mark(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    const MEMBERS: &str = "SELECT DISTINCT o.entity, m.source_record_id FROM overrides o
         JOIN override_members m ON m.override_id = o.id WHERE o.id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let rows: Vec<(String, i64)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, MEMBERS)).bind(json(ids)).fetch_all(c).await)?;
    let mut by_entity: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (entity, member) in rows {
        by_entity.entry(entity).or_default().push(member);
    }
    for (entity, members) in by_entity {
        resolution::mark_unresolved(tx, &entity, &members).await?;
    }
    Ok(())
}

fn no_override(id: OverrideId) -> StoreError {
    StoreError::NotFound { what: "override that holds", id: id.to_string() }
}

/// Withdraws an override that holds; gives the source records that it spoke of, which wait for a resolution from now on.
pub(crate) async fn withdraw(tx: &mut Tx, id: OverrideId, by: UserId) -> Result<Vec<i64>, StoreError> {
    const END: &str =
        "UPDATE overrides SET ended_by = $2, ended_us = $3 WHERE id = $1 AND ended_us IS NULL RETURNING id";
    const MEMBERS: &str =
        "SELECT source_record_id FROM override_members WHERE override_id = $1 ORDER BY source_record_id";
    let now = tx.now.0;
    let ended: Option<i64> =
        on_tx!(tx, |c| sqlx::query_scalar(END).bind(id.0).bind(by.0).bind(now).fetch_optional(c).await)?;
    let ended = ended.ok_or_else(|| no_override(id))?;
    mark(tx, &[ended]).await?;
    let actor = users::actor(tx, by).await?;
    audit(tx, &actor, "override_withdrawn", ended, serde_json::json!({})).await?;
    Ok(on_tx!(tx, |c| sqlx::query_scalar(MEMBERS).bind(ended).fetch_all(c).await)?)
}

/// The golden record that an override speaks of now, and its entity type; `None` where none of its source records is linked.
async fn find_golden_of(tx: &mut Tx, id: OverrideId) -> Result<Option<(String, GoldenId)>, StoreError> {
    const SQL: &str = "SELECT o.entity, x.golden_id FROM overrides o JOIN override_members m ON m.override_id = o.id
         JOIN crosswalks x ON x.source_record_id = m.source_record_id AND x.recorded_to_us IS NULL
         WHERE o.id = $1 ORDER BY m.place LIMIT 1";
    let row: Option<(String, i64)> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|(entity, golden)| (entity, GoldenId(golden))))
}

async fn golden_of(tx: &mut Tx, id: OverrideId) -> Result<(String, GoldenId), StoreError> {
    find_golden_of(tx, id).await?.ok_or_else(|| StoreError::NotFound { what: "override", id: id.to_string() })
}

/// Takes values and words out of overrides that speak of what is erased and of nothing else that is left, or whose value a golden record of
/// it takes; those that hold end. Gives how many.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64], golden: &[i64]) -> Result<u64, StoreError> {
    const FIND: &str = "SELECT DISTINCT m.override_id FROM override_members m
         WHERE m.source_record_id IN (SELECT id FROM {ids $1} AS i)
         AND (NOT EXISTS (SELECT 1 FROM override_members o WHERE o.override_id = m.override_id
                 AND o.source_record_id NOT IN (SELECT id FROM {ids $1} AS j))
             OR EXISTS (SELECT 1 FROM override_members f JOIN crosswalks x ON x.source_record_id = f.source_record_id
                 AND x.recorded_to_us IS NULL WHERE f.override_id = m.override_id AND x.golden_id IN (SELECT id FROM {ids $2} AS g)
                 AND f.place = (SELECT min(p.place) FROM override_members p
                     JOIN source_records r ON r.id = p.source_record_id AND r.retired_us IS NULL WHERE p.override_id = m.override_id)))";
    const ERASE: &str = "UPDATE overrides SET value = '', reason = 'erased', ended_us = coalesce(ended_us, $2)
         WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let (engine, now) = (tx.engine(), tx.now.0);
    let found: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, FIND))
        .bind(json(sources))
        .bind(json(golden))
        .fetch_all(c)
        .await)?;
    on_tx!(tx, |c| sqlx::query(sql(engine, ERASE)).bind(json(&found)).bind(now).execute(c).await.map(drop))?;
    Ok(found.len() as u64)
}

/// Source records that share an override with one that waits for a resolution: when that one goes, another may be the one that the
/// override speaks of.
pub(crate) async fn list_companions(tx: &mut Tx, entity: &str) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT DISTINCT o.source_record_id FROM override_members o
         WHERE o.override_id IN (SELECT m.override_id FROM overrides h JOIN override_members m ON m.override_id = h.id
             JOIN unresolved_source_records u ON u.source_record_id = m.source_record_id
             WHERE h.entity = $1 AND h.ended_us IS NULL)";
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(entity).fetch_all(c).await)?)
}

/// The values that overrides give, as `(golden record, attribute, value)`: those that hold, and those that ended while their source
/// records still wait for a resolution.
pub(crate) async fn list_given(tx: &mut Tx, golden: &[i64]) -> Result<FxHashSet<(i64, String, String)>, StoreError> {
    const SQL: &str = "SELECT DISTINCT x.golden_id, o.attribute, o.value FROM crosswalks x
         JOIN override_members m ON m.source_record_id = x.source_record_id JOIN overrides o ON o.id = m.override_id
         LEFT JOIN unresolved_source_records u ON u.source_record_id = x.source_record_id
         WHERE x.golden_id IN (SELECT id FROM {ids $1} AS i) AND x.recorded_to_us IS NULL
         AND (o.ended_us IS NULL OR u.source_record_id IS NOT NULL)";
    let engine = tx.engine();
    let rows: Vec<(i64, String, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(golden)).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// The values that overrides of these source records ever gave, as `(source record, attribute, value)`, those that ended among them; the
/// value is empty where an erasure took it.
pub(crate) async fn list_ever_given(
    tx: &mut Tx,
    sources: &[i64],
) -> Result<FxHashSet<(i64, String, String)>, StoreError> {
    const SQL: &str = "SELECT DISTINCT m.source_record_id, o.attribute, o.value FROM override_members m
         JOIN overrides o ON o.id = m.override_id WHERE m.source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let rows: Vec<(i64, String, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(sources)).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// Writes a value that a steward states; gives it with the entity type and the source records of its golden record, which wait for a
/// resolution from now on.
pub(crate) async fn insert(
    tx: &mut Tx,
    new: NewOverride<'_>,
    by: UserId,
) -> Result<(OverrideId, String, Vec<i64>), StoreError> {
    const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM overrides";
    const INSERT: &str =
        "INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us, expires_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const MEMBERS: &str = "INSERT INTO override_members (override_id, place, source_record_id)
         SELECT $2, place, source_record_id FROM {rows $1: place int, source_record_id int} AS r";
    let reason = check_reason(new.reason)?;
    if new.expires.is_some_and(|expires| expires <= tx.now) {
        return Err(StoreError::ExpiresPast);
    }
    let (entity, members) = live_members(tx, new.golden_id).await?;
    let subjects = subjects(tx, new.golden_id, new.attribute, &members).await?;
    let (now, engine) = (tx.now.0, tx.engine());
    let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
    on_tx!(tx, |c| sqlx::query(INSERT)
        .bind(id)
        .bind(&entity)
        .bind(new.attribute)
        .bind(new.value)
        .bind(reason)
        .bind(by.0)
        .bind(now)
        .bind(new.expires.map(|expires| expires.0))
        .execute(c)
        .await
        .map(drop))?;
    let rows: Vec<(i64, i64)> = (0..).zip(subjects).collect();
    on_tx!(tx, |c| sqlx::query(sql(engine, MEMBERS)).bind(json(&rows)).bind(id).execute(c).await.map(drop))?;
    resolution::mark_unresolved(tx, &entity, &members).await?;
    let words = override_words(new.attribute, reason, new.expires.map(|expires| expires.0));
    let detail = serde_json::json!({ "attribute": new.attribute, WORDS: words });
    let actor = users::actor(tx, by).await?;
    audit(tx, &actor, "value_overridden", id, detail).await?;
    Ok((OverrideId(id), entity, members))
}

/// See [`Store::list_overrides`].
pub(crate) async fn list_holding(tx: &mut Tx, entity: &str) -> Result<Vec<ValueOverride>, StoreError> {
    const SQL: &str = "SELECT o.id, m.source_record_id, o.attribute, o.value FROM overrides o
         JOIN override_members m ON m.override_id = o.id
         WHERE o.entity = $1 AND o.ended_us IS NULL AND m.place = (SELECT min(f.place) FROM override_members f
             JOIN source_records r ON r.id = f.source_record_id AND r.retired_us IS NULL WHERE f.override_id = o.id)
         ORDER BY o.id";
    type Found = (i64, i64, String, String);
    let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
    let found = |(id, subject, attribute, value): Found| ValueOverride {
        id: OverrideId(id),
        subject: SourceRecordId(subject),
        attribute,
        value,
    };
    Ok(rows.into_iter().map(found).collect())
}

impl Store {
    /// States a value of a golden record. Its source records wait for a resolution, which gives it to the golden record.
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason cannot be kept; [`StoreError::ExpiresPast`] when it would have expired already;
    /// [`StoreError::NotFound`] when there is no such live golden record.
    pub async fn state_override(&self, new: NewOverride<'_>, by: UserId) -> Result<OverrideId, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let (id, ..) = insert(&mut tx, new, by).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Withdraws an override that holds, or proposes that where the policy wants a second steward to agree: what it spoke of waits for a
    /// resolution, which chooses among what sources and earlier overrides state. The ledger keeps both. Gives the proposal where it is one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or it ended already; [`StoreError::ProposalWaits`].
    pub async fn withdraw_override_under(
        &self,
        policy: &FourEyes,
        id: OverrideId,
        by: UserId,
    ) -> Result<Option<ProposalId>, StoreError> {
        const HOLDS: &str = "SELECT entity, attribute FROM overrides WHERE id = $1 AND ended_us IS NULL";
        let mut tx = self.db.begin(&*self.clock).await?;
        let found: Option<(String, String)> = on_tx!(tx, |c| sqlx::query_as(HOLDS).bind(id.0).fetch_optional(c).await)?;
        let (entity, attribute) = found.ok_or_else(|| no_override(id))?;
        let proposed = if policy.needs_override(&entity, &attribute) {
            let (_, golden_id) = golden_of(&mut tx, id).await?;
            let policy = format!("the withdrawal of a stated value of {entity}.{attribute}");
            let act = ProposedAct::WithdrawOverride { golden_id, attribute, stated: id };
            let new = NewProposal { entity: &entity, act: &act, policy: &policy, reason: "", by };
            Some(proposals::propose_taking_back(&mut tx, &new).await?)
        } else {
            withdraw(&mut tx, id, by).await?;
            None
        };
        tx.commit().await?;
        Ok(proposed)
    }

    /// Ends the overrides whose time has come, and marks what they spoke of for a resolution; gives how many.
    pub async fn expire_overrides(&self) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE overrides SET ended_us = $1 WHERE ended_us IS NULL AND expires_us <= $1 RETURNING id";
        if self.expired_override_count(None).await? == 0 {
            return Ok(0);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let mut ended: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(now).fetch_all(c).await)?;
        ended.sort_unstable();
        mark(&mut tx, &ended).await?;
        for id in &ended {
            audit(&mut tx, "system:overrides", "override_expired", *id, serde_json::json!({})).await?;
        }
        tx.commit().await?;
        Ok(ended.len() as u64)
    }

    /// How many overrides of an entity type, or of all, are past their time and hold still.
    pub async fn expired_override_count(&self, entity: Option<&str>) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM overrides
             WHERE ended_us IS NULL AND expires_us <= $1 AND ($2 = '' OR entity = $2)";
        let (now, entity) = (self.clock.now().0, entity.unwrap_or_default());
        let count: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(now).bind(entity).fetch_one(c).await)?;
        Ok(count as u64)
    }

    /// The overrides of an entity type that hold, in the order in which they were stated. Those of which no source record is live
    /// are left out.
    pub async fn list_overrides(&self, entity: &str) -> Result<Vec<ValueOverride>, StoreError> {
        list_holding(&mut self.db.begin_read().await?, entity).await
    }

    /// All overrides that ever spoke of source records which a golden record holds now, the latest first. The caller has read the
    /// golden record under the same access.
    pub async fn list_overrides_of(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
    ) -> Result<Vec<OverrideView>, StoreError> {
        self.list_overrides_of_at(access, model, id, Timestamp(i64::MAX)).await
    }

    /// The same of source records that the golden record held then; also of overrides that were stated or ended later. One that a
    /// migration of the model had stated anew by then stands under its new name alone.
    pub async fn list_overrides_of_at(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
        known_at: Timestamp,
    ) -> Result<Vec<OverrideView>, StoreError> {
        const SQL: &str = "SELECT o.id, o.attribute, o.value, o.reason, o.stated_by, o.stated_us, o.expires_us, o.ended_by, o.ended_us
             FROM overrides o WHERE o.entity = $2 AND o.id IN (SELECT m.override_id FROM override_members m
                 JOIN crosswalks x ON x.source_record_id = m.source_record_id AND x.recorded_from_us <= $3
                     AND (x.recorded_to_us IS NULL OR x.recorded_to_us > $3) WHERE x.golden_id = $1)
             AND (o.restated_as IS NULL OR o.ended_us > $3) ORDER BY o.id DESC";
        let rows: Vec<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).bind(&model.name).bind(known_at.0).fetch_all(c).await)?;
        // Whose value it replaced is not told: where values are withheld, this is.
        let shows = |attribute: &str| {
            !access.may_withhold() && model.find_attribute(attribute).is_some_and(|one| access.shows(one.class))
        };
        let view = |row: Row| OverrideView {
            value: shows(&row.attribute).then_some(row.value),
            id: OverrideId(row.id),
            attribute: row.attribute,
            reason: row.reason,
            by: UserId(row.stated_by),
            at: Timestamp(row.stated_us),
            expires: row.expires_us.map(Timestamp),
            ended: row.ended_us.map(Timestamp),
            ended_by: row.ended_by.map(UserId),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// The golden record that an override speaks of now, and its entity type.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such override, or none of its source records is linked.
    pub async fn get_override_golden(&self, id: OverrideId) -> Result<(String, GoldenId), StoreError> {
        golden_of(&mut self.db.begin_read().await?, id).await
    }
}
