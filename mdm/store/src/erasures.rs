//! Erasure under a recorded order: the one case in which the hub forgets. Values become tombstones; ids, counts, hashes, links and the
//! feed stay, so that what is left still verifies.
//!
//! What is erased are the source records of a golden record, in all their versions, with the golden versions that they are in. Their
//! source keys are kept as a keyed hash alone: a register that still lists a row is known by it, and brings nothing back.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use kanak_model::source_record::Values;
use kanak_model::{GoldenId, IngestRunId, SourceRecordId, SourceSystemId, Timestamp};
use rustc_hash::FxHashSet;
use sha2::Sha256;
use sqlx::types::Json;

use crate::Store;
use crate::audit_events::{self, hex};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, json_text, search_delete, search_scrub, sql};
use crate::error::StoreError;
use crate::key_store::Key;
use crate::packed::{Chosen, ChosenBack};
use crate::vault::Reference;
use crate::{legal_holds, proposals, relations, resolution, source_systems, steward_tasks};

/// The longest order that is kept, in characters.
pub const ORDER_MAX: usize = 500;

/// What an erasure would reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    /// The entity type.
    pub entity: String,
    /// The golden record; of a merged-away id, the one it ended in.
    pub golden_id: GoldenId,
    /// Under which order.
    pub order: String,
    /// The source records that are linked to it, and those that were when they were retired.
    pub source_records: Vec<SourceRecordId>,
    /// References of the vault that these state, in any version, and no other source record does.
    pub references: Vec<Reference>,
}

/// What an erasure did to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Its number in the ledger.
    pub id: i64,
    /// Source records that state nothing any more.
    pub source_records: u64,
    /// Their versions before the current ones.
    pub source_versions: u64,
    /// Golden versions that lost values.
    pub golden_versions: u64,
    /// Stewards' overrides that lost their value.
    pub overrides: u64,
    /// Rows in quarantine that lost key and masked value.
    pub quarantined: u64,
}

/// An erasure whose landed files or lake are still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedErasure {
    /// Its number in the ledger.
    pub id: i64,
    /// The golden record.
    pub golden_id: GoldenId,
    /// Whether the landed files hold nothing of it any more.
    pub landing: Option<Timestamp>,
}

/// What follows an erasure outside the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The landed files are without the rows.
    Landing,
    /// The lake holds nothing of it any more.
    Lake,
}

/// The keys of one register's rows that were erased, by keyed hash.
#[derive(Clone)]
pub struct ErasedKeys {
    source: i64,
    key: Key,
    hashes: Arc<FxHashSet<String>>,
}

impl std::fmt::Debug for ErasedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ErasedKeys({})", self.hashes.len())
    }
}

impl ErasedKeys {
    /// Whether the row of this key was erased.
    pub fn contains(&self, source_key: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&key_hash(&self.key, self.source, source_key))
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

fn key_hash(key: &Key, source: i64, source_key: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.bytes()).expect("any key length is taken");
    mac.update(b"kanak erasure: source key");
    mac.update(&source.to_be_bytes());
    mac.update(source_key.replace('\0', "").as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The setting that tells the key under which rows were erased from another.
const KEY_SETTING: &str = "erasure_key";

fn key_mark(key: &Key) -> String {
    key_hash(key, 0, "the key of erasures")
}

/// Every erasure is under one key, that of the first.
async fn check_key(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    const GET: &str = "SELECT value FROM settings WHERE name = $1";
    let mark = key_mark(key);
    on_tx!(tx, |c| sqlx::query(PUT).bind(KEY_SETTING).bind(&mark).execute(c).await.map(drop))?;
    let stored: String = on_tx!(tx, |c| sqlx::query_scalar(GET).bind(KEY_SETTING).fetch_one(c).await)?;
    if stored == mark { Ok(()) } else { Err(StoreError::WrongErasureKey) }
}

/// A golden record and those that ended in it.
pub(crate) async fn with_redirected(tx: &mut Tx, id: GoldenId) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "WITH RECURSIVE ended(id) AS (SELECT id FROM golden_records WHERE id = $1
         UNION SELECT g.id FROM golden_records g JOIN ended e ON g.redirect_to = e.id) SELECT id FROM ended ORDER BY id";
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(id.0).fetch_all(c).await)?)
}

/// The source records whose last link leads to one of these golden records, and that were not erased yet.
pub(crate) async fn subjects(tx: &mut Tx, golden: &[i64]) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT x.source_record_id FROM crosswalks x
         WHERE x.golden_id IN (SELECT id FROM {ids $1} AS i)
         AND NOT EXISTS (SELECT 1 FROM crosswalks l WHERE l.source_record_id = x.source_record_id
             AND l.recorded_from_us > x.recorded_from_us)
         AND NOT EXISTS (SELECT 1 FROM erased_source_records e WHERE e.source_record_id = x.source_record_id)
         ORDER BY x.source_record_id";
    let engine = tx.engine();
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(golden)).fetch_all(c).await)?)
}

/// Every text that these source records state in any version and that reads as a reference of the vault.
async fn references(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Reference>, StoreError> {
    const SQL: &str = "SELECT stated FROM source_records WHERE id IN (SELECT id FROM {ids $1} AS i)
         UNION ALL SELECT stated FROM source_record_versions WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let stated: Vec<Json<Values>> =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(ids)).fetch_all(c).await)?;
    let texts = stated.iter().flat_map(|stated| stated.0.iter()).map(|(_, value)| value.standard.as_str());
    let mut found: Vec<Reference> = texts.filter_map(Reference::parse).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Whether another source record states a reference: then the number is not this person's alone, or not this person's.
async fn is_stated_elsewhere(tx: &mut Tx, reference: &Reference, ids: &[i64]) -> Result<bool, StoreError> {
    let (engine, like) = (tx.engine(), format!("%\"{}\"%", reference.as_str()));
    let stated = json_text(engine, "stated");
    let text = format!(
        "SELECT (SELECT count(*) FROM source_records WHERE {stated} LIKE $2 AND id NOT IN (SELECT id FROM {{ids $1}} AS i))
         + (SELECT count(*) FROM source_record_versions WHERE {stated} LIKE $2
             AND source_record_id NOT IN (SELECT id FROM {{ids $1}} AS j))"
    );
    let count: i64 =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(json(ids)).bind(&like).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Empties a JSON column (`$2`) of the rows of ids; gives how many rows.
async fn empty(tx: &mut Tx, text: &str, ids: &[i64]) -> Result<u64, StoreError> {
    let engine = tx.engine();
    let mut changed = 0;
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        changed += on_tx!(tx, |c| sqlx::query(sql(engine, text))
            .bind(json(chunk))
            .bind(Json(Values::new()))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
    }
    Ok(changed)
}

/// Runs one statement over ids; gives how many rows it changed.
async fn change(tx: &mut Tx, text: &str, ids: &[i64]) -> Result<u64, StoreError> {
    let engine = tx.engine();
    let mut changed = 0;
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        changed += on_tx!(tx, |c| sqlx::query(sql(engine, text))
            .bind(json(chunk))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
    }
    Ok(changed)
}

impl Store {
    /// What erasing a golden record under an order would reach. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Order`] when the order cannot be kept; [`StoreError::NotFound`] when there is no such golden record; [`StoreError::Held`] names the legal hold that forbids it.
    pub async fn plan_erasure(&self, id: GoldenId, order: &str) -> Result<ErasurePlan, StoreError> {
        let order = check_order(order)?.to_owned();
        let mut tx = self.db.begin_read().await?;
        let (golden_id, entity) = crate::golden_records::follow(&mut tx, id)
            .await?
            .ok_or_else(|| StoreError::NotFound { what: "golden record", id: id.to_string() })?;
        let golden = with_redirected(&mut tx, golden_id).await?;
        let ids = subjects(&mut tx, &golden).await?;
        legal_holds::check(&mut tx, golden_id, &ids).await?;
        let mut alone = Vec::new();
        for reference in references(&mut tx, &ids).await? {
            if !is_stated_elsewhere(&mut tx, &reference, &ids).await? {
                alone.push(reference);
            }
        }
        let source_records = ids.into_iter().map(SourceRecordId).collect();
        Ok(ErasurePlan { entity, golden_id, order, source_records, references: alone })
    }

    /// Erases what was planned from the hub, in one transaction: what the source records state in every version, their keys, the golden
    /// versions that hold their values, search words, stewards' overrides and words about them, and quarantined rows of their keys.
    /// They are retired and wait for a resolution, which empties the golden record. Take the numbers out of the vault first: the
    /// references are forgotten here.
    ///
    /// # Errors
    /// [`StoreError::Held`]; [`StoreError::WrongErasureKey`]; [`StoreError::Stale`] when other source records are
    /// linked to it by now.
    pub async fn erase(&self, plan: &ErasurePlan, key: &Key, actor: &str) -> Result<Erased, StoreError> {
        const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM erasures";
        const ERASURE: &str =
            "INSERT INTO erasures (id, entity, golden_id, order_text, erased_by, erased_us, source_record_count)
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let mut tx = self.db.begin(&*self.clock).await?;
        tx.overwrite_what_goes().await?;
        check_key(&mut tx, key).await?;
        let golden = with_redirected(&mut tx, plan.golden_id).await?;
        let ids = subjects(&mut tx, &golden).await?;
        if !ids.iter().copied().eq(plan.source_records.iter().map(|id| id.0)) {
            let what = format!("other source records belong to golden record {} by now", plan.golden_id);
            return Err(StoreError::Stale { what });
        }
        legal_holds::check(&mut tx, plan.golden_id, &ids).await?;
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
        let (now, count) = (tx.now.0, ids.len() as i64);
        on_tx!(tx, |c| sqlx::query(ERASURE)
            .bind(id)
            .bind(&plan.entity)
            .bind(plan.golden_id.0)
            .bind(&plan.order)
            .bind(actor)
            .bind(now)
            .bind(count)
            .execute(c)
            .await
            .map(drop))?;
        // Overrides and golden versions are found by the links of what is erased; quarantined rows by its keys.
        let overrides = erase_overrides(&mut tx, &ids, &golden).await?;
        let golden_versions = erase_golden_versions(&mut tx, &ids, &golden).await?;
        let quarantined = erase_quarantined(&mut tx, &ids).await?;
        let source_versions = erase_source_records(&mut tx, id, &plan.entity, &ids, key).await?;
        // What is about tasks that lapse goes with them; what is left of words goes then.
        erase_words(&mut tx, &ids, &golden).await?;
        let erased =
            Erased { id, source_records: ids.len() as u64, source_versions, golden_versions, overrides, quarantined };
        let detail = serde_json::json!({
            "erasure": id, "source_records": erased.source_records, "source_versions": source_versions,
            "golden_versions": golden_versions, "overrides": overrides, "quarantined": quarantined,
        });
        audit_events::append_act(&mut tx, actor, "erased", plan.golden_id.to_string(), detail).await?;
        tx.commit().await?;
        self.db.forget_log().await?;
        Ok(erased)
    }

    /// Erasures that landed files or the lake do not follow yet, in their order.
    pub async fn list_unfinished_erasures(&self) -> Result<Vec<UnfinishedErasure>, StoreError> {
        const SQL: &str =
            "SELECT id, golden_id, landing_us FROM erasures WHERE landing_us IS NULL OR lake_us IS NULL ORDER BY id";
        let rows: Vec<(i64, i64, Option<i64>)> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        let unfinished = |(id, golden, landing): (i64, i64, Option<i64>)| UnfinishedErasure {
            id,
            golden_id: GoldenId(golden),
            landing: landing.map(Timestamp),
        };
        Ok(rows.into_iter().map(unfinished).collect())
    }

    /// Marks that landed files or the lake follow an erasure.
    pub async fn mark_erasure(&self, id: i64, reach: Reach) -> Result<(), StoreError> {
        let text = match reach {
            Reach::Landing => "UPDATE erasures SET landing_us = $2 WHERE id = $1",
            Reach::Lake => "UPDATE erasures SET lake_us = $2 WHERE id = $1",
        };
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(text).bind(id).bind(now).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// The registers whose rows an erasure took, each with the first run that brought one of them.
    pub async fn list_erased_sources(&self, id: i64) -> Result<Vec<(SourceSystemId, IngestRunId)>, StoreError> {
        const SQL: &str = "SELECT r.source_system_id, min(coalesce(v.ingest_run_id, r.ingest_run_id)) AS first_run
             FROM erased_source_records e JOIN source_records r ON r.id = e.source_record_id
             LEFT JOIN source_record_versions v ON v.source_record_id = r.id
             WHERE e.erasure_id = $1 GROUP BY r.source_system_id ORDER BY r.source_system_id";
        let rows: Vec<(i64, i64)> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(source, run)| (SourceSystemId(source), IngestRunId(run))).collect())
    }

    /// The keys of a register's rows that were erased.
    ///
    /// # Errors
    /// [`StoreError::WrongErasureKey`] under another key: no row would be known again.
    pub async fn list_erased_keys(&self, source: SourceSystemId, key: &Key) -> Result<ErasedKeys, StoreError> {
        const SQL: &str = "SELECT key_hash FROM erased_source_records WHERE source_system_id = $1";
        let hashes: Vec<String> = on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(source.0).fetch_all(c).await)?;
        if !hashes.is_empty() && self.get_setting(KEY_SETTING).await? != Some(key_mark(key)) {
            return Err(StoreError::WrongErasureKey);
        }
        Ok(ErasedKeys { source: source.0, key: key.clone(), hashes: Arc::new(hashes.into_iter().collect()) })
    }
}

fn check_order(order: &str) -> Result<&str, StoreError> {
    let order = order.trim();
    if order.is_empty() {
        return Err(StoreError::Order { why: "is missing; say under which order, such as its number and date" });
    }
    if order.chars().count() > ORDER_MAX {
        return Err(StoreError::Order { why: "has more than 500 characters; make it shorter" });
    }
    if !kanak_codes::identifiers::find_aadhaar_like(order).is_empty() {
        return Err(StoreError::Order { why: "holds an Aadhaar number; leave the number out" });
    }
    Ok(order)
}

/// Overrides that speak of what is erased and of nothing else that is left, or whose value a golden record of it takes.
async fn erase_overrides(tx: &mut Tx, ids: &[i64], golden: &[i64]) -> Result<u64, StoreError> {
    const FIND: &str = "SELECT DISTINCT m.override_id FROM override_members m
         WHERE m.source_record_id IN (SELECT id FROM {ids $1} AS i)
         AND (NOT EXISTS (SELECT 1 FROM override_members o WHERE o.override_id = m.override_id
                 AND o.source_record_id NOT IN (SELECT id FROM {ids $1} AS j))
             OR EXISTS (SELECT 1 FROM override_members f JOIN crosswalks x ON x.source_record_id = f.source_record_id
                 AND x.recorded_to_us IS NULL WHERE f.override_id = m.override_id AND x.golden_id IN (SELECT id FROM {ids $2} AS g)
                 AND f.place = (SELECT min(p.place) FROM override_members p
                     JOIN source_records r ON r.id = p.source_record_id AND r.retired_us IS NULL WHERE p.override_id = m.override_id)))";
    const ERASE: &str = "UPDATE overrides SET value = '', reason = 'erased'
         WHERE id IN (SELECT id FROM {ids $1} AS i)";
    const END: &str =
        "UPDATE overrides SET ended_us = $2 WHERE id IN (SELECT id FROM {ids $1} AS i) AND ended_us IS NULL";
    let (engine, now) = (tx.engine(), tx.now.0);
    let found: Vec<i64> =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, FIND)).bind(json(ids)).bind(json(golden)).fetch_all(c).await)?;
    on_tx!(tx, |c| sqlx::query(sql(engine, END)).bind(json(&found)).bind(now).execute(c).await.map(drop))?;
    change(tx, ERASE, &found).await
}

/// Stewards' and officers' words are about people: those of tasks, decisions and proposals about what is erased go, and so do
/// proposed values.
async fn erase_words(tx: &mut Tx, ids: &[i64], golden: &[i64]) -> Result<(), StoreError> {
    const CONSTRAINTS: &str = "UPDATE constraints SET reason = 'erased'
         WHERE left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j)";
    const BATCHES: &str = "UPDATE decision_batches SET reason = 'erased' WHERE id IN (SELECT batch_id FROM constraints
         WHERE left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j))";
    const CONFIRMATIONS: &str = "UPDATE confirmations SET reason = 'erased' WHERE id IN (SELECT confirmation_id
         FROM confirmation_members WHERE source_record_id IN (SELECT id FROM {ids $1} AS i))";
    const TASKS: &str = "UPDATE steward_tasks SET escalated_reason = 'erased' WHERE escalated_reason IS NOT NULL
         AND (left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j))";
    const CHECKS: &str = "UPDATE field_checks SET question = 'erased',
         found_by = CASE WHEN found_by IS NOT NULL THEN 'erased' END, note = CASE WHEN note IS NOT NULL THEN 'erased' END
         WHERE steward_task_id IN (SELECT t.id FROM steward_tasks t
             WHERE t.left_id IN (SELECT id FROM {ids $1} AS i) OR t.right_id IN (SELECT id FROM {ids $1} AS j))";
    const PROPOSED_DECISIONS: &str = "UPDATE proposals SET reason = 'erased',
         ended_reason = CASE WHEN ended_reason IS NOT NULL THEN 'erased' END
         WHERE steward_task_id IN (SELECT t.id FROM steward_tasks t
             WHERE t.left_id IN (SELECT id FROM {ids $1} AS i) OR t.right_id IN (SELECT id FROM {ids $1} AS j))";
    const PROPOSED_VALUES: &str = "UPDATE proposals SET reason = 'erased', value = '',
         ended_reason = CASE WHEN ended_reason IS NOT NULL THEN 'erased' END
         WHERE golden_id IN (SELECT id FROM {ids $1} AS i)";
    for text in [CONSTRAINTS, BATCHES, CONFIRMATIONS, TASKS, CHECKS, PROPOSED_DECISIONS] {
        change(tx, text, ids).await?;
    }
    change(tx, PROPOSED_VALUES, golden).await?;
    proposals::lapse_values(tx, golden).await
}

/// Empties the versions of the golden records themselves, and takes the values of what is erased out of those of others that held it
/// once; gives how many versions changed.
async fn erase_golden_versions(tx: &mut Tx, ids: &[i64], golden: &[i64]) -> Result<u64, StoreError> {
    const EMPTY: &str = "UPDATE golden_versions SET chosen = $2 WHERE golden_id IN (SELECT id FROM {ids $1} AS i)";
    const OTHERS: &str = "SELECT v.golden_id, v.version, v.chosen FROM golden_versions v
         WHERE v.golden_id IN (SELECT x.golden_id FROM crosswalks x WHERE x.source_record_id IN (SELECT id FROM {ids $1} AS i))
         AND v.golden_id NOT IN (SELECT id FROM {ids $2} AS g)";
    const UPDATE: &str = "UPDATE golden_versions SET chosen = r.chosen
         FROM {rows $1: golden_id int, version int, chosen json} AS r
         WHERE golden_versions.golden_id = r.golden_id AND golden_versions.version = r.version";
    let engine = tx.engine();
    let mut changed = empty(tx, EMPTY, golden).await?;
    change(tx, search_delete(engine), golden).await?;
    let rows: Vec<(i64, i64, Json<ChosenBack>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, OTHERS)).bind(json(ids)).bind(json(golden)).fetch_all(c).await)?;
    let gone: FxHashSet<i64> = ids.iter().copied().collect();
    for (id, version, chosen) in rows {
        let mut values = chosen.0.0;
        let before = values.len();
        values.retain(|_, value| !gone.contains(&value.source_record.0));
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

async fn erase_quarantined(tx: &mut Tx, ids: &[i64]) -> Result<u64, StoreError> {
    const FIND: &str = "SELECT q.id FROM source_records r JOIN ingest_runs i ON i.source_system_id = r.source_system_id
         JOIN quarantined_rows q ON q.ingest_run_id = i.id AND q.source_key = r.source_key
         WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
    const ERASE: &str = "UPDATE quarantined_rows SET source_key = NULL, masked = NULL, reason = 'erased'
         WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let found: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, FIND)).bind(json(ids)).fetch_all(c).await)?;
    change(tx, ERASE, &found).await
}

/// A source record: id, source system, key, when it was retired.
type Subject = (i64, i64, String, Option<i64>);

/// Gives how many earlier versions were emptied.
async fn erase_source_records(
    tx: &mut Tx,
    erasure: i64,
    entity: &str,
    ids: &[i64],
    key: &Key,
) -> Result<u64, StoreError> {
    const LIST: &str = "SELECT id, source_system_id, source_key, retired_us FROM source_records
         WHERE id IN (SELECT id FROM {ids $1} AS i) ORDER BY id";
    const TOMBSTONES: &str =
        "INSERT INTO erased_source_records (source_record_id, erasure_id, source_system_id, key_hash)
         SELECT id, $2, source_system_id, key_hash FROM {rows $1: id int, source_system_id int, key_hash text} AS r";
    const RECORDS: &str = "UPDATE source_records SET stated = $3, source_key = 'erased:' || e.key_hash,
         retired_us = coalesce(source_records.retired_us, $1)
         FROM erased_source_records e WHERE e.source_record_id = source_records.id AND e.erasure_id = $2";
    const VERSIONS: &str =
        "UPDATE source_record_versions SET stated = $2 WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    const OF_THESE: &str =
        "AND (left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j))";
    let (engine, now) = (tx.engine(), tx.now.0);
    let rows: Vec<Subject> = on_tx!(tx, |c| sqlx::query_as(sql(engine, LIST)).bind(json(ids)).fetch_all(c).await)?;
    let tombstones: Vec<(i64, i64, String)> =
        rows.iter().map(|(id, source, source_key, _)| (*id, *source, key_hash(key, *source, source_key))).collect();
    on_tx!(tx, |c| sqlx::query(sql(engine, TOMBSTONES))
        .bind(json(&tombstones))
        .bind(erasure)
        .execute(c)
        .await
        .map(drop))?;
    let nothing = Json(Values::new());
    on_tx!(tx, |c| sqlx::query(RECORDS).bind(now).bind(erasure).bind(nothing).execute(c).await.map(drop))?;
    let versions = empty(tx, VERSIONS, ids).await?;
    change(tx, relations::ERASE, ids).await?;
    change(tx, &format!("{} {OF_THESE}", steward_tasks::LAPSED), ids).await?;
    proposals::lapse(tx).await?;
    for (_, source, _, _) in rows.iter().filter(|row| row.3.is_none()) {
        source_systems::count(tx, *source, -1, 1).await?;
    }
    resolution::mark_unresolved(tx, entity, ids).await?;
    Ok(versions)
}
