//! Golden records: what the hub holds of each, now and before.

use std::collections::BTreeMap;

use kanak_model::access::Filter;
use kanak_model::golden_record::WithheldCounts;
use kanak_model::source_record::Values;
use kanak_model::{
    Access, EntityModel, GoldenId, GoldenRecord, RuleSetVersion, SourceRecordId, SourceSystemId, Timestamp,
};
use rustc_hash::FxHashSet;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::{compile, show_stated};
use crate::db::{Tx, on_db, on_tx};
use crate::declared_models::Eras;
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, json, search_delete, search_scrub, sql};
use crate::error::StoreError;
use crate::packed::{Chosen, ChosenBack};
use crate::shared_reads::{Key, Whole};

/// A golden record with the source records linked to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// Its current version; of one that lost its last member, the last version, with its end and the status `emptied`.
    pub record: GoldenRecord,
    /// What is linked to it, by ascending source record.
    pub members: Vec<MemberRecord>,
    /// The merged-away id that was asked for, when it was one.
    pub redirected_from: Option<GoldenId>,
    /// What the answer is of: the hub as it stood at this recorded time. Asked again with it, the answer is the same.
    pub known_at: Timestamp,
}

impl Golden {
    /// Whether it has members. One without is kept for those who know its id.
    pub fn is_live(&self) -> bool {
        self.record.recorded_to.is_none()
    }
}

/// A source record as it stands beside others of its golden record.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRecord {
    /// The source record.
    pub id: SourceRecordId,
    /// Whose it is.
    pub source_system: SourceSystemId,
    /// The source system's name.
    pub source: String,
    /// The department's own key.
    pub key: String,
    /// Its version.
    pub version: i32,
    /// Whether it lies where the caller may read.
    pub place: Place,
    /// What it states, as far as the caller may see it.
    pub values: Values,
    /// When the department last changed it, as far as the caller may see it.
    pub updated: Option<Timestamp>,
    /// When the hub learned this version.
    pub recorded_from: Timestamp,
    /// When it went missing from a snapshot.
    pub retired: Option<Timestamp>,
}

/// Whether a source record lies where the caller may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It does.
    Inside,
    /// It does not: only whose it is and its key are told.
    Outside,
}

/// How much the hub holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HubCounts {
    /// Live source records by entity type.
    pub source_records: BTreeMap<String, u64>,
    /// Live golden records by entity type.
    pub golden_records: BTreeMap<String, u64>,
    /// Source records that wait for a resolution, by entity type.
    pub unresolved: BTreeMap<String, u64>,
    /// Open steward tasks by entity type.
    pub open_tasks: BTreeMap<String, u64>,
    /// Source systems.
    pub source_systems: u64,
    /// Ingest runs.
    pub ingest_runs: u64,
    /// Refused rows of all runs.
    pub quarantined: u64,
}

#[derive(Clone, FromRow)]
pub(crate) struct GoldenRow {
    pub(crate) id: i64,
    pub(crate) entity: String,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) chosen: Json<ChosenBack>,
    pub(crate) recorded_from_us: i64,
    pub(crate) recorded_to_us: Option<i64>,
    pub(crate) rule_set_version: i64,
}

impl GoldenRow {
    pub(crate) fn id(&self) -> GoldenId {
        GoldenId(self.id)
    }

    pub(crate) fn entity(&self) -> &str {
        &self.entity
    }
}

impl From<GoldenRow> for GoldenRecord {
    fn from(row: GoldenRow) -> Self {
        Self {
            id: GoldenId(row.id),
            entity: row.entity,
            version: row.version as i32,
            status: row.status,
            values: row.chosen.0.0,
            recorded_from: Timestamp(row.recorded_from_us),
            recorded_to: row.recorded_to_us.map(Timestamp),
            rule_set: RuleSetVersion(row.rule_set_version),
            withheld: WithheldCounts::default(),
        }
    }
}

/// Current versions; the join that keeps only them is part of it.
pub(crate) const COLUMNS: &str =
    "SELECT g.id, g.entity, v.version, v.status, v.chosen, v.recorded_from_us, v.recorded_to_us,
     v.rule_set_version FROM golden_records g JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version";

/// All versions.
pub(crate) const VERSIONS: &str =
    "SELECT g.id, g.entity, v.version, v.status, v.chosen, v.recorded_from_us, v.recorded_to_us,
     v.rule_set_version FROM golden_records g JOIN golden_versions v ON v.golden_id = g.id";

#[derive(Clone, FromRow)]
pub(crate) struct MemberRow {
    pub(crate) id: i64,
    pub(crate) source_system_id: i64,
    pub(crate) source: String,
    pub(crate) source_key: String,
    pub(crate) version: i64,
    pub(crate) stated: Json<Values>,
    pub(crate) updated_us: Option<i64>,
    pub(crate) recorded_from_us: i64,
    pub(crate) retired_us: Option<i64>,
}

impl MemberRow {
    /// As the caller may see it beside others of a golden record, or alone.
    pub(crate) fn show(self, access: &Access, model: &EntityModel, golden: Option<GoldenId>) -> MemberRecord {
        let stated = &self.stated.0;
        let is_inside = access.filter().passes_of(golden, &|name| stated.find(name));
        let values = if is_inside { show_stated(access, model, golden, &self.source, stated) } else { Values::new() };
        MemberRecord {
            id: SourceRecordId(self.id),
            source_system: SourceSystemId(self.source_system_id),
            source: self.source,
            key: self.source_key,
            version: self.version as i32,
            place: if is_inside { Place::Inside } else { Place::Outside },
            values,
            updated: self.updated_us.filter(|_| is_inside).map(Timestamp),
            recorded_from: Timestamp(self.recorded_from_us),
            retired: self.retired_us.map(Timestamp),
        }
    }
}

/// The members of a golden record as the caller may see them. Those of registers of which nothing is read are left out, and counted.
pub(crate) fn show_members(
    access: &Access,
    model: &EntityModel,
    record: &mut GoldenRecord,
    rows: Vec<MemberRow>,
) -> Vec<MemberRecord> {
    let (read, withheld): (Vec<MemberRow>, Vec<MemberRow>) =
        rows.into_iter().partition(|row| access.registers().read(&row.source));
    record.withheld.source_records = withheld.len() as u32;
    read.into_iter().map(|row| row.show(access, model, Some(record.id))).collect()
}

pub(crate) const MEMBER_COLUMNS: &str = "SELECT r.id, r.source_system_id, s.name AS source, r.source_key, r.version, r.stated,
     r.updated_us, r.recorded_from_us, r.retired_us FROM source_records r JOIN source_systems s ON s.id = r.source_system_id";

/// Redirects are followed this far; a longer chain is a broken hub.
pub(crate) const REDIRECTS_MAX: usize = 1_000;

/// The recorded time of the last transaction that is seen. Whatever is committed later is recorded after it, also what
/// was under way already.
pub(crate) async fn recorded_until(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    const SQL: &str = "SELECT last_us FROM hub_clock WHERE id = 1";
    Ok(Timestamp(on_tx!(tx, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?))
}

/// Where an id leads: itself, or what it was merged into.
pub(crate) async fn follow(tx: &mut Tx, id: GoldenId) -> Result<Option<(GoldenId, String)>, StoreError> {
    const SQL: &str = "SELECT entity, redirect_to FROM golden_records WHERE id = $1";
    let mut id = id.0;
    for _ in 0..REDIRECTS_MAX {
        let row: Option<(String, Option<i64>)> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?;
        match row {
            None => return Ok(None),
            Some((entity, None)) => return Ok(Some((GoldenId(id), entity))),
            Some((_, Some(next))) => id = next,
        }
    }
    Err(StoreError::Stored { table: "golden_records", row: id, column: "redirect_to", expected: "end of redirects" })
}

/// Empties the versions of golden records that are erased, and takes what their source records state out of the versions of others that held
/// them once, and out of the search index; gives how many versions changed.
pub(crate) async fn erase_values(tx: &mut Tx, sources: &[i64], golden: &[i64]) -> Result<u64, StoreError> {
    const EMPTY: &str = "UPDATE golden_versions SET chosen = $2 WHERE golden_id IN (SELECT id FROM {ids $1} AS i)";
    const OTHERS: &str = "SELECT v.golden_id, v.version, v.chosen FROM golden_versions v
         WHERE v.golden_id IN (SELECT x.golden_id FROM crosswalks x WHERE x.source_record_id IN (SELECT id FROM {ids $1} AS i))
         AND v.golden_id NOT IN (SELECT id FROM {ids $2} AS g)";
    const UPDATE: &str = "UPDATE golden_versions SET chosen = r.chosen
         FROM {rows $1: golden_id int, version int, chosen json} AS r
         WHERE golden_versions.golden_id = r.golden_id AND golden_versions.version = r.version";
    let engine = tx.engine();
    let mut changed = on_tx!(tx, |c| sqlx::query(sql(engine, EMPTY))
        .bind(json(golden))
        .bind(Json(Values::new()))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    on_tx!(tx, |c| sqlx::query(sql(engine, search_delete(engine))).bind(json(golden)).execute(c).await.map(drop))?;
    let rows: Vec<(i64, i64, Json<ChosenBack>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, OTHERS)).bind(json(sources)).bind(json(golden)).fetch_all(c).await)?;
    for (id, version, chosen) in rows {
        let mut values = chosen.0.0;
        let before = values.len();
        values.retain(|_, value| !sources.contains(&value.source_record.0));
        if values.len() < before {
            let row = [(id, version, Chosen(&values))];
            on_tx!(tx, |c| sqlx::query(sql(engine, UPDATE)).bind(json(&row)).execute(c).await.map(drop))?;
            changed += 1;
        }
    }
    if let Some(scrub) = search_scrub(engine) {
        on_tx!(tx, |c| sqlx::query(scrub).execute(c).await.map(drop))?;
    }
    Ok(changed)
}

impl Store {
    /// A golden record by id; a merged-away id leads to the one it ended in. `None` when there is none of the model's
    /// entity type, or the caller may not read it. Of its source records those that lie where the caller may not read
    /// show no values.
    pub async fn find_golden(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
    ) -> Result<Option<Golden>, StoreError> {
        match self.find_whole_of(access, model, Key::Id(id.0)).await? {
            Some(Whole { redirected: true, .. }) => {}
            Some(whole) => return self.show_whole(access, model, whole, None).await.map(Some),
            None => return Ok(None),
        }
        loop {
            let Some((live, _)) = follow(&mut self.db.begin_read().await?, id).await? else { return Ok(None) };
            match self.find_whole_of(access, model, Key::Id(live.0)).await? {
                // It was merged away meanwhile.
                Some(Whole { redirected: true, .. }) => {}
                Some(whole) => return self.show_whole(access, model, whole, Some(id)).await.map(Some),
                None => return Ok(None),
            }
        }
    }

    /// As far as the caller may see it.
    async fn show_whole(
        &self,
        access: &Access,
        model: &EntityModel,
        whole: Whole,
        asked: Option<GoldenId>,
    ) -> Result<Golden, StoreError> {
        let mut record = self.show_one(access, model, GoldenRecord::from(whole.golden)).await?.with_end();
        let members = show_members(access, model, &mut record, whole.members);
        let redirected_from = asked.filter(|asked| *asked != record.id);
        Ok(Golden { record, members, redirected_from, known_at: Timestamp(whole.known_us) })
    }

    /// A golden record that may be seen with all that is linked to it.
    async fn find_whole_of(&self, access: &Access, model: &EntityModel, key: Key) -> Result<Option<Whole>, StoreError> {
        let whole = self.find_whole(access.filter(), key).await?;
        Ok(whole.filter(|whole| whole.golden.entity == model.name))
    }

    /// The entity type of a golden id, so that its model can be looked up.
    pub async fn find_golden_entity(&self, id: GoldenId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT entity FROM golden_records WHERE id = $1";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(id.0).fetch_optional(c).await)?)
    }

    /// The golden record that a department's key belongs to now.
    pub async fn find_golden_by_crosswalk(
        &self,
        access: &Access,
        model: &EntityModel,
        source: &str,
        key: &str,
    ) -> Result<Option<Golden>, StoreError> {
        if !access.registers().read(source) {
            return Ok(None);
        }
        let key = Key::Of { source: source.to_owned(), key: key.to_owned() };
        // A link that holds leads to no golden record that has ended in another.
        match self.find_whole_of(access, model, key).await? {
            Some(whole) if !whole.redirected => self.show_whole(access, model, whole, None).await.map(Some),
            Some(_) | None => Ok(None),
        }
    }

    /// Live golden records by ascending id, after a cursor.
    pub async fn list_golden(
        &self,
        access: &Access,
        model: &EntityModel,
        after: Option<GoldenId>,
        limit: u32,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let tail = Tail { wanted: "g.state = 'live' AND g.id > $2 AND v.version >= $3", order: "g.id" };
        self.list_with(access, model, COLUMNS, &tail, (after.map_or(0, |id| id.0), 0), limit).await
    }

    /// The versions of one golden record, oldest first; none for a caller who may not read it as it is now.
    pub async fn list_history(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        if readable_now(&mut tx, access, &[id.0]).await?.is_empty() {
            return Ok(Vec::new());
        }
        drop(tx);
        self.list_golden_versions_of(access, model, &[id]).await
    }

    /// Since when a golden record is known, where that is later than a time: the begin of the first version that the caller may read. `None`
    /// also for a caller who may not read it as it is now.
    pub async fn find_known_since(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
        later_than: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let versions = self.list_history(access, model, id).await?;
        Ok(versions.first().map(|first| first.recorded_from).filter(|since| *since > later_than))
    }

    /// All versions there ever were, by id and version, after a cursor.
    pub async fn list_golden_versions(
        &self,
        access: &Access,
        model: &EntityModel,
        after: Option<(GoldenId, i32)>,
        limit: u32,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        // Told as a bound of `g.id` and in its order, both engines begin at the cursor; by `v` they would sort the rest.
        let tail = Tail { wanted: "g.id >= $2 AND (g.id > $2 OR v.version > $3)", order: "g.id, v.version" };
        let (id, version) = after.unwrap_or((GoldenId(0), 0));
        self.list_with(access, model, VERSIONS, &tail, (id.0, i64::from(version)), limit).await
    }

    /// All versions there ever were of these golden records, by id and version.
    pub async fn list_golden_versions_of(
        &self,
        access: &Access,
        model: &EntityModel,
        ids: &[GoldenId],
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let engine = self.db.engine();
        let mut sorted: Vec<i64> = ids.iter().map(|id| id.0).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let eras = Eras::load(&mut self.db.begin_read().await?, &model.name).await?;
        let mut all = Vec::new();
        for chunk in sorted.chunks(ROWS_A_STATEMENT) {
            let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 3);
            let text = format!(
                "{VERSIONS} WHERE g.id IN (SELECT id FROM {{ids $1}} AS i) AND g.entity = $2 AND {}
                 ORDER BY g.id, v.version",
                condition.sql
            );
            let rows: Vec<GoldenRow> = on_db!(&self.db, |c| {
                let mut query = sqlx::query_as(sql(engine, &text)).bind(json(chunk)).bind(&model.name);
                for text in condition.bind {
                    query = query.bind(text);
                }
                query.fetch_all(c).await
            })?;
            let records = rows.into_iter().map(|row| carried(&eras, Timestamp(i64::MAX), row)).collect();
            all.extend(self.show_all(access, model, records).await?);
        }
        Ok(all)
    }

    pub(crate) async fn list_with(
        &self,
        access: &Access,
        model: &EntityModel,
        columns: &'static str,
        tail: &Tail,
        (id, version): (i64, i64),
        limit: u32,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let engine = self.db.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 5);
        let text = format!(
            "{columns} WHERE g.entity = $1 AND {} AND {} ORDER BY {} LIMIT $4",
            tail.wanted, condition.sql, tail.order
        );
        let rows: Vec<GoldenRow> = on_db!(&self.db, |c| {
            let mut query =
                sqlx::query_as(sql(engine, &text)).bind(&model.name).bind(id).bind(version).bind(i64::from(limit));
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let eras = Eras::load(&mut self.db.begin_read().await?, &model.name).await?;
        let records = rows.into_iter().map(|row| carried(&eras, Timestamp(i64::MAX), row)).collect();
        self.show_all(access, model, records).await
    }

    /// How much the hub holds. Counts every row: for a page, not for a loop.
    pub async fn counts(&self) -> Result<HubCounts, StoreError> {
        const SOURCE: &str =
            "SELECT rows_of, CAST(sum(live_count) AS BIGINT) FROM source_systems WHERE live_count > 0 GROUP BY rows_of";
        const GOLDEN: &str = "SELECT entity, count(*) FROM golden_records WHERE state = 'live' GROUP BY entity";
        const UNRESOLVED: &str = "SELECT entity, count(*) FROM unresolved_source_records GROUP BY entity";
        const TASKS: &str =
            "SELECT entity, count(*) FROM steward_tasks WHERE state NOT IN ('decided', 'lapsed') GROUP BY entity";
        const TOTALS: &str = "SELECT (SELECT count(*) FROM source_systems), (SELECT count(*) FROM ingest_runs),
             (SELECT count(*) FROM quarantined_rows)";
        let mut tx = self.db.begin_read().await?;
        let mut by_entity = Vec::with_capacity(4);
        for text in [SOURCE, GOLDEN, UNRESOLVED, TASKS] {
            let rows: Vec<(String, i64)> = on_tx!(tx, |c| sqlx::query_as(text).fetch_all(c).await)?;
            by_entity.push(rows.into_iter().map(|(entity, count)| (entity, count as u64)).collect());
        }
        let totals: (i64, i64, i64) = on_tx!(tx, |c| sqlx::query_as(TOTALS).fetch_one(c).await)?;
        let mut next = by_entity.into_iter();
        let mut take = || next.next().unwrap_or_default();
        Ok(HubCounts {
            source_records: take(),
            golden_records: take(),
            unresolved: take(),
            open_tasks: take(),
            source_systems: totals.0 as u64,
            ingest_runs: totals.1 as u64,
            quarantined: totals.2 as u64,
        })
    }
}

/// The end of a listing: which rows after the cursor (`$2`, `$3`), in which order.
pub(crate) struct Tail {
    pub(crate) wanted: &'static str,
    pub(crate) order: &'static str,
}

/// A version in the words of the model of a time.
pub(crate) fn carried(eras: &Eras, at: Timestamp, row: GoldenRow) -> GoldenRecord {
    let mut record = GoldenRecord::from(row);
    record.values = eras.carry(record.values, record.recorded_from, at);
    record
}

/// Which of these golden records the caller may read as they are now, where they lead to.
///
/// The past is shown to nobody who may not read the present: a person who has moved away from a steward's district took the past along.
pub(crate) async fn readable_now(tx: &mut Tx, access: &Access, ids: &[i64]) -> Result<FxHashSet<i64>, StoreError> {
    if *access.filter() == Filter::Everything {
        return Ok(ids.iter().copied().collect());
    }
    let engine = tx.engine();
    let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 2);
    let text = format!(
        "WITH RECURSIVE led(asked, id) AS (
             SELECT i.id, i.id FROM {{ids $1}} AS i
             UNION SELECT l.asked, g.redirect_to FROM led l JOIN golden_records g ON g.id = l.id WHERE g.redirect_to IS NOT NULL)
         SELECT l.asked FROM led l JOIN golden_records g ON g.id = l.id AND g.redirect_to IS NULL
         JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version WHERE {}",
        condition.sql
    );
    let mut readable = FxHashSet::default();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let found: Vec<i64> = on_tx!(tx, |c| {
            let mut query = sqlx::query_scalar(sql(engine, &text)).bind(json(chunk));
            for text in &condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        readable.extend(found);
    }
    Ok(readable)
}
