//! Source records as the hub holds them now.

use futures::TryStreamExt;
use kanak_model::source_record::Values;
use kanak_model::{Access, IngestRunId, SourceRecord, SourceRecordId, SourceSystemId, Timestamp};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::compile;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

#[derive(FromRow)]
struct Row {
    id: i64,
    source_system_id: i64,
    source_key: String,
    version: i64,
    stated: Json<Values>,
    updated_us: Option<i64>,
    recorded_from_us: i64,
    ingest_run_id: i64,
}

impl From<Row> for SourceRecord {
    fn from(row: Row) -> Self {
        Self {
            id: SourceRecordId(row.id),
            source_system: SourceSystemId(row.source_system_id),
            key: row.source_key,
            version: row.version as i32,
            values: row.stated.0,
            updated: row.updated_us.map(Timestamp),
            recorded_from: Timestamp(row.recorded_from_us),
            ingest_run: IngestRunId(row.ingest_run_id),
        }
    }
}

const COLUMNS: &str = "SELECT r.id, r.source_system_id, r.source_key, r.version, r.stated, r.updated_us,
     r.recorded_from_us, r.ingest_run_id FROM source_records r";

/// The next live source records of an entity type after one, by ascending id: for the hub's own work.
pub(crate) async fn list_after(
    tx: &mut Tx,
    entity: &str,
    after: SourceRecordId,
    limit: u32,
) -> Result<Vec<SourceRecord>, StoreError> {
    let text = format!(
        "{COLUMNS} WHERE r.retired_us IS NULL AND r.id > $2 AND +r.source_system_id IN
         (SELECT id FROM source_systems WHERE rows_are = 'entity' AND rows_of = $1) ORDER BY r.id LIMIT $3"
    );
    let engine = tx.engine();
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text))
        .bind(entity)
        .bind(after.0)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(SourceRecord::from).collect())
}

impl Store {
    /// The entity type of a source record, so that its model can be looked up.
    pub async fn find_entity_of(&self, id: SourceRecordId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT s.rows_of FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
             WHERE r.id = $1";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(id.0).fetch_optional(c).await)?)
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
            "{COLUMNS} WHERE r.retired_us IS NULL AND +r.source_system_id IN
             (SELECT id FROM source_systems WHERE rows_are = 'entity' AND rows_of = $1) AND {} ORDER BY r.id",
            condition.sql
        );
        on_db!(&self.db, |c| {
            let mut query = sqlx::query_as::<_, Row>(sql(engine, &text)).bind(entity);
            for text in condition.bind {
                query = query.bind(text);
            }
            let mut rows = query.fetch(c);
            while let Some(row) = rows.try_next().await? {
                visit(row.into());
            }
        });
        Ok(())
    }

    /// The live ones among these that the caller may read, by ascending id.
    pub async fn list_source_records_of(
        &self,
        access: &Access,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecord>, StoreError> {
        let engine = self.db.engine();
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut all = Vec::with_capacity(sorted.len());
        for chunk in sorted.chunks(ROWS_A_STATEMENT) {
            let condition = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 2);
            let text = format!(
                "{COLUMNS} WHERE r.id IN (SELECT id FROM {{ids $1}} AS i) AND r.retired_us IS NULL AND {} ORDER BY r.id",
                condition.sql
            );
            let rows: Vec<Row> = on_db!(&self.db, |c| {
                let mut query = sqlx::query_as(sql(engine, &text)).bind(json(chunk));
                for text in condition.bind {
                    query = query.bind(text);
                }
                query.fetch_all(c).await
            })?;
            all.extend(rows.into_iter().map(SourceRecord::from));
        }
        Ok(all)
    }
}
