//! Finished ingest runs: which files the hub has taken in.

use kanak_model::clock::IST_OFFSET_SECONDS;
use kanak_model::source_system::Load;
use kanak_model::{IngestRunId, SourceSystemId, Timestamp};
use sqlx::FromRow;

use crate::Store;
use crate::db::on_db;
use crate::error::StoreError;
use crate::ingest::{ArrivedBy, IngestSummary};

/// A finished run with its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestRunSummary {
    /// The run.
    pub id: IngestRunId,
    /// Whose file.
    pub source_system: SourceSystemId,
    /// The source system's name.
    pub source: String,
    /// The file, without its folder.
    pub file_name: String,
    /// Keyed hash of its bytes.
    pub content_hash: String,
    /// Its size.
    pub bytes: u64,
    /// The whole register, or what changed.
    pub load: Load,
    /// Whether it was a file, or rows that programs wrote one by one: those are sealed together, register beside register.
    pub arrived_by: ArrivedBy,
    /// When the hub learned it.
    pub recorded: Timestamp,
    /// What it did.
    pub summary: IngestSummary,
}

/// What programs wrote into a register one by one on one day, India's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenDay {
    /// The source system's name.
    pub source: String,
    /// When the hub learned the last of it.
    pub latest: Timestamp,
    /// Rows taken in and refused.
    pub rows: u64,
    /// Keys never seen before.
    pub new: u64,
    /// Keys with other values than before.
    pub changed: u64,
    /// Keys with the same values.
    pub unchanged: u64,
    /// Keys retired.
    pub retired: u64,
    /// Rows refused.
    pub rejected: u64,
}

#[derive(FromRow)]
struct DayRow {
    source: String,
    latest_us: i64,
    rows_read: i64,
    rows_new: i64,
    rows_changed: i64,
    rows_unchanged: i64,
    rows_retired: i64,
    rows_rejected: i64,
}

impl From<DayRow> for WrittenDay {
    fn from(row: DayRow) -> Self {
        Self {
            source: row.source,
            latest: Timestamp(row.latest_us),
            rows: row.rows_read as u64,
            new: row.rows_new as u64,
            changed: row.rows_changed as u64,
            unchanged: row.rows_unchanged as u64,
            retired: row.rows_retired as u64,
            rejected: row.rows_rejected as u64,
        }
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    source_system_id: i64,
    source: String,
    file_name: String,
    content_hash: String,
    file_bytes: i64,
    load: String,
    arrived_by: String,
    recorded_us: i64,
    rows_read: i64,
    rows_new: i64,
    rows_changed: i64,
    rows_unchanged: i64,
    rows_retired: i64,
    rows_held_back: i64,
    rows_rejected: i64,
}

impl From<Row> for IngestRunSummary {
    fn from(row: Row) -> Self {
        Self {
            id: IngestRunId(row.id),
            source_system: SourceSystemId(row.source_system_id),
            source: row.source,
            file_name: row.file_name,
            content_hash: row.content_hash,
            bytes: row.file_bytes as u64,
            load: if row.load == "delta" { Load::Delta } else { Load::Snapshot },
            arrived_by: if row.arrived_by == "call" { ArrivedBy::Call } else { ArrivedBy::File },
            recorded: Timestamp(row.recorded_us),
            summary: IngestSummary {
                run: IngestRunId(row.id),
                rows: row.rows_read as u64,
                new: row.rows_new as u64,
                changed: row.rows_changed as u64,
                unchanged: row.rows_unchanged as u64,
                retired: row.rows_retired as u64,
                held_back: row.rows_held_back as u64,
                rejected: row.rows_rejected as u64,
            },
        }
    }
}

impl Store {
    /// The run that took in a file with these bytes, when taking it in again would change nothing.
    ///
    /// A snapshot of a register counts only as the source's latest run: sent again after another one, it says that
    /// the register went back. One whose retirements were held back counts not at all: a person may confirm it.
    pub async fn find_finished_run(
        &self,
        source: SourceSystemId,
        content_hash: &str,
    ) -> Result<Option<IngestRunSummary>, StoreError> {
        const SQL: &str =
            "SELECT i.*, s.name AS source FROM ingest_runs i JOIN source_systems s ON s.id = i.source_system_id
             WHERE i.source_system_id = $1 AND i.content_hash = $2 AND i.arrived_by = 'file'
             AND i.rows_held_back = 0 AND (i.load = 'delta' OR s.rows_are = 'event'
                  OR i.id = (SELECT max(l.id) FROM ingest_runs l WHERE l.source_system_id = $1))
             ORDER BY i.id DESC LIMIT 1";
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(source.0).bind(content_hash).fetch_optional(c).await)?;
        Ok(row.map(IngestRunSummary::from))
    }

    /// Finished runs of one source or all, the latest first.
    pub async fn list_ingest_runs(
        &self,
        source: Option<SourceSystemId>,
        before: Option<IngestRunId>,
        limit: u32,
    ) -> Result<Vec<IngestRunSummary>, StoreError> {
        self.list_runs("1 = 1", source, before, limit).await
    }

    /// Files taken in of one source or all, the latest first. What programs wrote one by one is not among them: see
    /// [`Store::list_written_days`].
    pub async fn list_file_runs(
        &self,
        source: Option<SourceSystemId>,
        limit: u32,
    ) -> Result<Vec<IngestRunSummary>, StoreError> {
        self.list_runs("i.arrived_by = 'file'", source, None, limit).await
    }

    async fn list_runs(
        &self,
        condition: &'static str,
        source: Option<SourceSystemId>,
        before: Option<IngestRunId>,
        limit: u32,
    ) -> Result<Vec<IngestRunSummary>, StoreError> {
        let text = format!(
            "SELECT i.*, s.name AS source FROM ingest_runs i JOIN source_systems s ON s.id = i.source_system_id
             WHERE ($1 = 0 OR i.source_system_id = $1) AND i.id < $2 AND {condition} ORDER BY i.id DESC LIMIT $3"
        );
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text))
            .bind(source.map_or(0, |source| source.0))
            .bind(before.map_or(i64::MAX, |run| run.0))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(IngestRunSummary::from).collect())
    }

    /// What programs wrote one by one since an instant, by register and day in India, of one source or all, the latest day first.
    pub async fn list_written_days(
        &self,
        source: Option<SourceSystemId>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<WrittenDay>, StoreError> {
        const DAY_US: i64 = 86_400_000_000;
        let offset_us = i64::from(IST_OFFSET_SECONDS) * 1_000_000;
        let text = sqlx::AssertSqlSafe(format!(
            "SELECT w.source, max(w.recorded_us) AS latest_us, CAST(sum(w.rows_read) AS BIGINT) AS rows_read,
             CAST(sum(w.rows_new) AS BIGINT) AS rows_new, CAST(sum(w.rows_changed) AS BIGINT) AS rows_changed,
             CAST(sum(w.rows_unchanged) AS BIGINT) AS rows_unchanged, CAST(sum(w.rows_retired) AS BIGINT) AS rows_retired,
             CAST(sum(w.rows_rejected) AS BIGINT) AS rows_rejected
             FROM (SELECT i.*, s.name AS source, (i.recorded_us + {offset_us}) / {DAY_US} AS day_ist
                 FROM ingest_runs i JOIN source_systems s ON s.id = i.source_system_id
                 WHERE ($1 = 0 OR i.source_system_id = $1) AND i.arrived_by = 'call' AND i.recorded_us >= $2) AS w
             GROUP BY w.source, w.day_ist ORDER BY w.day_ist DESC, w.source LIMIT $3"
        ));
        let rows: Vec<DayRow> = on_db!(&self.db, |c| sqlx::query_as(text)
            .bind(source.map_or(0, |source| source.0))
            .bind(since.0)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(WrittenDay::from).collect())
    }
}
