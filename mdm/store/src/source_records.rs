//! Source records as the hub holds them now.

use std::collections::{HashMap, VecDeque};

use futures::TryStreamExt;
use kanak_model::source_record::Values;
use kanak_model::{Access, IngestRunId, SourceRecord, SourceRecordId, SourceSystemId, Timestamp};
use serde::Deserialize;
use sqlx::FromRow;
use sqlx::types::Json;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::Store;
use crate::access_sql::compile;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{Engine, JsonColumn, ROWS_A_STATEMENT, as_list, json, json_text, listed, sql};
use crate::error::StoreError;

#[derive(FromRow, Deserialize)]
struct Row {
    id: i64,
    source_system_id: i64,
    source_key: String,
    version: i64,
    stated: String,
    updated_us: Option<i64>,
    recorded_from_us: i64,
    ingest_run_id: i64,
}

impl Row {
    fn read(self) -> Result<SourceRecord, StoreError> {
        let expected = "values by attribute";
        let wrong = |_| StoreError::Stored { table: "source_records", row: self.id, column: "stated", expected };
        Ok(SourceRecord {
            id: SourceRecordId(self.id),
            source_system: SourceSystemId(self.source_system_id),
            key: self.source_key,
            version: self.version as i32,
            values: serde_json::from_str(&self.stated).map_err(wrong)?,
            updated: self.updated_us.map(Timestamp),
            recorded_from: Timestamp(self.recorded_from_us),
            ingest_run: IngestRunId(self.ingest_run_id),
        })
    }
}

/// The columns of a row, as a list has them.
const LISTED: &str = "id, source_system_id, source_key, version, stated, updated_us, recorded_from_us, ingest_run_id";

fn columns(engine: Engine) -> String {
    format!(
        "SELECT r.id, r.source_system_id, r.source_key, r.version, {} AS stated, r.updated_us, r.recorded_from_us,
         r.ingest_run_id FROM source_records r",
        json_text(engine, "r.stated")
    )
}

/// Rows that are read on threads of their own while more of them come, in their order.
#[derive(Default)]
struct Reading {
    gathered: Vec<Row>,
    under_way: VecDeque<JoinHandle<Result<Vec<SourceRecord>, StoreError>>>,
}

impl Reading {
    const ROWS: usize = 4_096;
    const UNDER_WAY_MAX: usize = 4;

    /// Takes a row in; gives what has been read, where enough is under way.
    async fn take(&mut self, row: Row) -> Result<Vec<SourceRecord>, StoreError> {
        self.gathered.push(row);
        if self.gathered.len() < Self::ROWS {
            return Ok(Vec::new());
        }
        self.start();
        if self.under_way.len() < Self::UNDER_WAY_MAX { Ok(Vec::new()) } else { self.next().await }
    }

    fn start(&mut self) {
        let rows = std::mem::replace(&mut self.gathered, Vec::with_capacity(Self::ROWS));
        self.under_way.push_back(spawn_blocking(move || rows.into_iter().map(Row::read).collect()));
    }

    async fn next(&mut self) -> Result<Vec<SourceRecord>, StoreError> {
        match self.under_way.pop_front() {
            Some(rows) => rows.await.expect("reading a row does not panic"),
            None => Ok(Vec::new()),
        }
    }
}

/// Takes what source records state, in every version, and their keys out, as an erasure has noted them; they are retired from then on. Gives
/// how many versions before the current ones there were.
pub(crate) async fn erase_values(tx: &mut Tx, erasure: i64, ids: &[i64]) -> Result<u64, StoreError> {
    const RECORDS: &str = "UPDATE source_records SET stated = $3, source_key = 'erased:' || e.key_hash,
         retired_us = coalesce(source_records.retired_us, $1)
         FROM erased_source_records e WHERE e.source_record_id = source_records.id AND e.erasure_id = $2";
    const VERSIONS: &str =
        "UPDATE source_record_versions SET stated = $2 WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let (engine, now) = (tx.engine(), tx.now.0);
    let nothing = Json(Values::new());
    on_tx!(tx, |c| sqlx::query(RECORDS).bind(now).bind(erasure).bind(&nothing).execute(c).await.map(drop))?;
    let versions = on_tx!(tx, |c| sqlx::query(sql(engine, VERSIONS))
        .bind(json(ids))
        .bind(&nothing)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(versions)
}

/// See [`Store::list_source_records_of`].
pub(crate) async fn of_ids(
    tx: &mut Tx,
    access: &Access,
    ids: &[SourceRecordId],
) -> Result<Vec<SourceRecord>, StoreError> {
    let engine = tx.engine();
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut all = Vec::with_capacity(sorted.len());
    for chunk in sorted.chunks(ROWS_A_STATEMENT) {
        let condition = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 2);
        let text = format!(
            "{} WHERE r.id IN (SELECT id FROM {{ids $1}} AS i) AND r.retired_us IS NULL AND {}",
            columns(engine),
            condition.sql
        );
        let text = as_list(engine, LISTED, &text);
        let rows: String = on_tx!(tx, |c| {
            let mut query = sqlx::query_scalar(sql(engine, &text)).bind(json(chunk));
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_one(c).await
        })?;
        for row in listed::<Row>(&rows)? {
            all.push(row.read()?);
        }
    }
    all.sort_unstable_by_key(|record| record.id);
    Ok(all)
}

/// The next live source records of an entity type after one, by ascending id: for the hub's own work.
pub(crate) async fn list_after(
    tx: &mut Tx,
    entity: &str,
    after: SourceRecordId,
    limit: u32,
) -> Result<Vec<SourceRecord>, StoreError> {
    let engine = tx.engine();
    let text = format!(
        "{} WHERE r.retired_us IS NULL AND r.id > $2 AND +r.source_system_id IN
         (SELECT id FROM source_systems WHERE rows_are = 'entity' AND rows_of = $1) ORDER BY r.id LIMIT $3",
        columns(engine)
    );
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text))
        .bind(entity)
        .bind(after.0)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Row::read).collect()
}

impl Store {
    /// The entity type of a source record, so that its model can be looked up.
    pub async fn find_entity_of(&self, id: SourceRecordId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT s.rows_of FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
             WHERE r.id = $1";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(id.0).fetch_optional(c).await)?)
    }

    /// The source record of a key in a register, live or retired. An erased one is known by its key no more.
    pub async fn find_source_record(&self, source: &str, key: &str) -> Result<Option<SourceRecordId>, StoreError> {
        const SQL: &str = "SELECT r.id FROM source_systems s JOIN source_records r ON r.source_system_id = s.id
             WHERE s.name = $1 AND r.source_key = $2";
        let id: Option<i64> =
            on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(source).bind(key).fetch_optional(c).await)?;
        Ok(id.map(SourceRecordId))
    }

    /// How many live source records of an entity type there are.
    pub async fn source_record_count(&self, entity: &str) -> Result<u64, StoreError> {
        const COUNT: &str = "SELECT CAST(coalesce(sum(live_count), 0) AS BIGINT) FROM source_systems
             WHERE rows_are = 'entity' AND rows_of = $1";
        let count: i64 = on_db!(&self.db, |c| sqlx::query_scalar(COUNT).bind(entity).fetch_one(c).await)?;
        Ok(count as u64)
    }

    /// All live source records of an entity type that the caller may read, by ascending id.
    pub async fn list_source_records(&self, access: &Access, entity: &str) -> Result<Vec<SourceRecord>, StoreError> {
        let mut all = Vec::with_capacity(self.source_record_count(entity).await? as usize);
        self.visit_source_records(access, entity, |record| all.push(record)).await?;
        Ok(all)
    }

    /// Hands over the same source records one by one, so that memory need not hold them.
    pub async fn visit_source_records(
        &self,
        access: &Access,
        entity: &str,
        mut visit: impl FnMut(SourceRecord) + Send,
    ) -> Result<(), StoreError> {
        let engine = self.db.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 2);
        // The plus keeps both engines on the primary key, which has the order asked for.
        let text = format!(
            "{} WHERE r.retired_us IS NULL AND +r.source_system_id IN
             (SELECT id FROM source_systems WHERE rows_are = 'entity' AND rows_of = $1) AND {} ORDER BY r.id",
            columns(engine),
            condition.sql
        );
        let mut reading = Reading::default();
        on_db!(&self.db, |c| {
            let mut query = sqlx::query_as::<_, Row>(sql(engine, &text)).bind(entity);
            for text in condition.bind {
                query = query.bind(text);
            }
            let mut rows = query.fetch(c);
            while let Some(row) = rows.try_next().await? {
                reading.take(row).await?.into_iter().for_each(&mut visit);
            }
        });
        reading.start();
        while !reading.under_way.is_empty() {
            reading.next().await?.into_iter().for_each(&mut visit);
        }
        Ok(())
    }

    /// The live ones among these that the caller may read, by ascending id.
    pub async fn list_source_records_of(
        &self,
        access: &Access,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecord>, StoreError> {
        of_ids(&mut self.db.begin_read().await?, access, ids).await
    }

    /// Whether one of these registers has a row of this key, and none of them ever stated the same: these values in the register that
    /// is named beside them. `None` is the same as nothing.
    pub async fn is_stated_otherwise(
        &self,
        registers: &[String],
        key: &str,
        same: Option<(&str, &Values)>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT s.name, r.stated FROM {texts $1} AS t JOIN source_systems s ON s.name = t.word
             JOIN source_records r ON r.source_system_id = s.id AND r.source_key = $2
             UNION ALL SELECT s.name, v.stated FROM {texts $1} AS t JOIN source_systems s ON s.name = t.word
             JOIN source_records r ON r.source_system_id = s.id AND r.source_key = $2
             JOIN source_record_versions v ON v.source_record_id = r.id";
        let engine = self.db.engine();
        let rows: Vec<(String, Json<Values>)> =
            on_db!(&self.db, |c| sqlx::query_as(sql(engine, SQL)).bind(json(registers)).bind(key).fetch_all(c).await)?;
        let is_same = |(name, stated): &(String, Json<Values>)| same == Some((name.as_str(), &stated.0));
        Ok(!rows.is_empty() && !rows.iter().any(is_same))
    }

    /// The registers of source records, by name.
    pub async fn list_registers_of(
        &self,
        source_records: &[SourceRecordId],
    ) -> Result<HashMap<SourceRecordId, String>, StoreError> {
        const SQL: &str = "SELECT r.id, s.name FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
             WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
        let mut ids: Vec<i64> = source_records.iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let engine = self.db.engine();
        let mut registers = HashMap::new();
        for chunk in ids.chunks(ROWS_A_STATEMENT) {
            let rows: Vec<(i64, String)> =
                on_db!(&self.db, |c| sqlx::query_as(sql(engine, SQL)).bind(json(chunk)).fetch_all(c).await)?;
            registers.extend(rows.into_iter().map(|(id, register)| (SourceRecordId(id), register)));
        }
        Ok(registers)
    }
}
