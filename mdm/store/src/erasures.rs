//! Erasure under a recorded order: the one case in which the hub forgets. Values become tombstones; ids, counts, hashes, links and the
//! feed stay, so that what is left still verifies.
//!
//! What is erased are the source records of a golden record, in all their versions, with the golden versions that they are in. Their
//! source keys are kept as a keyed hash alone: a register that still lists a row is known by it, and brings nothing back.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use kanak_model::source_record::Values;
use kanak_model::{GoldenId, SourceRecordId, SourceSystemId, Timestamp};
use rustc_hash::FxHashSet;
use sha2::Sha256;
use sqlx::types::Json;

use crate::Store;
use crate::audit_events::{self, hex};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, json_text, sql};
use crate::error::StoreError;
use crate::key_store::Key;
use crate::stewardship::check_words;
use crate::vault::Reference;
use crate::{
    confirmations, consents, constraints, decision_batches, department_answers, field_checks, golden_records,
    legal_holds, overrides, proposals, quarantined_rows, relations, resolution, settings, source_records,
    source_systems, steward_tasks,
};

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

/// An erasure as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureView {
    /// Its number in the ledger.
    pub id: i64,
    /// Under which order.
    pub order: String,
    /// Who erased, as in the audit trail.
    pub by: String,
    /// When the hub forgot the values.
    pub at: Timestamp,
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

/// An erasure of which the vault, landed files or the lake are still to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedErasure {
    /// Its number in the ledger.
    pub id: i64,
    /// The golden record.
    pub golden_id: GoldenId,
    /// References of the hub's domain whose numbers the vault is still to forget; none once it has.
    pub references: Vec<Reference>,
    /// Whether the landed files hold nothing of it any more.
    pub landing: Option<Timestamp>,
}

/// What follows an erasure outside the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The vault is without the numbers.
    Vault,
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

/// See [`Store::list_erased_keys`]: those of each of some registers, in their order.
pub(crate) async fn erased_keys(
    tx: &mut Tx,
    sources: &[SourceSystemId],
    key: &Key,
) -> Result<Vec<ErasedKeys>, StoreError> {
    const SQL: &str = "SELECT source_system_id, key_hash FROM erased_source_records
         WHERE source_system_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let ids: Vec<i64> = sources.iter().map(|source| source.0).collect();
    let rows: Vec<(i64, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&ids)).fetch_all(c).await)?;
    if !rows.is_empty() && settings::get(tx, KEY_SETTING).await? != Some(key_mark(key)) {
        return Err(StoreError::WrongErasureKey);
    }
    let of = |source: &SourceSystemId| {
        let own = rows.iter().filter(|(id, _)| *id == source.0);
        let hashes = Arc::new(own.map(|(_, hash)| hash.clone()).collect());
        ErasedKeys { source: source.0, key: key.clone(), hashes }
    };
    Ok(sources.iter().map(of).collect())
}

impl Store {
    /// What erasing a golden record under an order would reach. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Order`] when the order cannot be kept; [`StoreError::NotFound`] when there is no such golden record; [`StoreError::Held`] names the legal hold that forbids it.
    pub async fn plan_erasure(&self, id: GoldenId, order: &str) -> Result<ErasurePlan, StoreError> {
        let order = check_order(order)?.to_owned();
        let mut tx = self.db.begin_read().await?;
        let (golden_id, entity) = golden_records::follow(&mut tx, id)
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
    /// They are retired and wait for a resolution, which empties the golden record. The references of their numbers stay with the erasure
    /// until the vault is done: see [`UnfinishedErasure::references`].
    ///
    /// # Errors
    /// [`StoreError::Held`]; [`StoreError::WrongErasureKey`]; [`StoreError::Stale`] when other source records are
    /// linked to it by now.
    pub async fn erase(&self, plan: &ErasurePlan, key: &Key, actor: &str) -> Result<Erased, StoreError> {
        const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM erasures";
        const ERASURE: &str =
            "INSERT INTO erasures (id, entity, golden_id, order_text, erased_by, erased_us, source_record_count, vault_references)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
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
        let references: Vec<&str> = plan.references.iter().map(Reference::as_str).collect();
        on_tx!(tx, |c| sqlx::query(ERASURE)
            .bind(id)
            .bind(&plan.entity)
            .bind(plan.golden_id.0)
            .bind(&plan.order)
            .bind(actor)
            .bind(now)
            .bind(count)
            .bind((!references.is_empty()).then(|| json(&references)))
            .execute(c)
            .await
            .map(drop))?;
        // Overrides and golden versions are found by the links of what is erased; quarantined rows by its keys.
        let overrides = overrides::erase_words(&mut tx, &ids, &golden).await?;
        let golden_versions = golden_records::erase_values(&mut tx, &ids, &golden).await?;
        let quarantined = quarantined_rows::erase_words(&mut tx, &ids).await?;
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

    /// The erasures of a golden record, oldest first.
    pub async fn list_erasures_of(&self, id: GoldenId) -> Result<Vec<ErasureView>, StoreError> {
        const SQL: &str = "SELECT id, order_text, erased_by, erased_us FROM erasures WHERE golden_id = $1 ORDER BY id";
        let rows: Vec<(i64, String, String, i64)> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).fetch_all(c).await)?;
        let view = |(id, order, by, at): (i64, String, String, i64)| ErasureView { id, order, by, at: Timestamp(at) };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Erasures that the vault, landed files or the lake do not follow yet, in their order.
    pub async fn list_unfinished_erasures(&self) -> Result<Vec<UnfinishedErasure>, StoreError> {
        const SQL: &str = "SELECT id, golden_id, vault_references, landing_us FROM erasures
             WHERE vault_references IS NOT NULL OR landing_us IS NULL OR lake_us IS NULL ORDER BY id";
        type Row = (i64, i64, Option<String>, Option<i64>);
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        let unfinished = |(id, golden, references, landing): Row| {
            let stored = || StoreError::Stored {
                table: "erasures",
                row: id,
                column: "vault_references",
                expected: "list of references",
            };
            let words: Vec<String> = match references {
                None => Vec::new(),
                Some(text) => serde_json::from_str(&text).map_err(|_| stored())?,
            };
            let references =
                words.iter().map(|word| Reference::parse(word).ok_or_else(stored)).collect::<Result<_, _>>()?;
            Ok(UnfinishedErasure { id, golden_id: GoldenId(golden), references, landing: landing.map(Timestamp) })
        };
        rows.into_iter().map(unfinished).collect()
    }

    /// Marks that the vault, landed files or the lake follow an erasure.
    pub async fn mark_erasure(&self, id: i64, reach: Reach) -> Result<(), StoreError> {
        const VAULT: &str = "UPDATE erasures SET vault_references = NULL WHERE id = $1";
        const LANDING: &str = "UPDATE erasures SET landing_us = $2 WHERE id = $1";
        const LAKE: &str = "UPDATE erasures SET lake_us = $2 WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        tx.overwrite_what_goes().await?;
        let now = tx.now.0;
        match reach {
            Reach::Vault => on_tx!(tx, |c| sqlx::query(VAULT).bind(id).execute(c).await.map(drop))?,
            Reach::Landing => on_tx!(tx, |c| sqlx::query(LANDING).bind(id).bind(now).execute(c).await.map(drop))?,
            Reach::Lake => on_tx!(tx, |c| sqlx::query(LAKE).bind(id).bind(now).execute(c).await.map(drop))?,
        }
        tx.commit().await?;
        if reach == Reach::Vault { self.db.forget_log().await } else { Ok(()) }
    }

    /// The registers whose rows an erasure took.
    pub async fn list_erased_sources(&self, id: i64) -> Result<Vec<SourceSystemId>, StoreError> {
        const SQL: &str = "SELECT DISTINCT source_system_id FROM erased_source_records WHERE erasure_id = $1 ORDER BY source_system_id";
        let rows: Vec<i64> = on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(id).fetch_all(c).await)?;
        Ok(rows.into_iter().map(SourceSystemId).collect())
    }

    /// The keys of a register's rows that were erased.
    ///
    /// # Errors
    /// [`StoreError::WrongErasureKey`] under another key: no row would be known again.
    pub async fn list_erased_keys(&self, source: SourceSystemId, key: &Key) -> Result<ErasedKeys, StoreError> {
        let mut of_one = erased_keys(&mut self.db.begin_read().await?, &[source], key).await?;
        Ok(of_one.remove(0))
    }
}

fn check_order(order: &str) -> Result<&str, StoreError> {
    check_words(order, "is missing; say under which order, such as its number and date")
        .map_err(|why| StoreError::Order { why })
}

/// Stewards' and officers' words are about people: those of tasks, decisions and proposals about what is erased go, and so do
/// proposed values.
async fn erase_words(tx: &mut Tx, ids: &[i64], golden: &[i64]) -> Result<(), StoreError> {
    let batches = decision_batches::erase_words(tx, ids).await?;
    let decisions = constraints::erase_words(tx, ids, &batches).await?;
    confirmations::erase_words(tx, ids, &decisions).await?;
    steward_tasks::erase_words(tx, ids).await?;
    field_checks::erase_words(tx, ids).await?;
    department_answers::erase_words(tx, ids, golden).await?;
    consents::erase_words(tx, ids).await?;
    proposals::erase_words(tx, ids, golden).await
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
    let engine = tx.engine();
    let rows: Vec<Subject> = on_tx!(tx, |c| sqlx::query_as(sql(engine, LIST)).bind(json(ids)).fetch_all(c).await)?;
    let tombstones: Vec<(i64, i64, String)> =
        rows.iter().map(|(id, source, source_key, _)| (*id, *source, key_hash(key, *source, source_key))).collect();
    on_tx!(tx, |c| sqlx::query(sql(engine, TOMBSTONES))
        .bind(json(&tombstones))
        .bind(erasure)
        .execute(c)
        .await
        .map(drop))?;
    let versions = source_records::erase_values(tx, erasure, ids).await?;
    relations::erase_values(tx, ids).await?;
    steward_tasks::lapse_of(tx, ids).await?;
    for (_, source, _, _) in rows.iter().filter(|row| row.3.is_none()) {
        source_systems::count(tx, *source, -1, 1).await?;
    }
    resolution::mark_unresolved(tx, entity, ids).await?;
    Ok(versions)
}
