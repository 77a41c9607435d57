//! Quarantine: rows that were refused, and counts of values that were left out. Values are masked before they come here.

use kanak_model::access::Filter;
use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use kanak_model::{Access, Class, IngestRunId, SourceSystemId};
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

/// A refused row with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// Ascending; the cursor of a listing.
    pub id: i64,
    /// The run that read it.
    pub run: IngestRunId,
    /// The source system's name.
    pub source: String,
    /// The file.
    pub file_name: String,
    /// The row.
    pub row: RejectedRow,
}

/// How many rows of a source's latest run broke a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineCount {
    /// The source system.
    pub source_system: SourceSystemId,
    /// Its name.
    pub source: String,
    /// The rule.
    pub rule: QualityRule,
    /// How many rows.
    pub count: u64,
}

/// Reads [`QualityRule::word`].
fn find_rule(word: &str) -> Option<QualityRule> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

pub(crate) async fn insert(tx: &mut Tx, run: IngestRunId, rows: &[RejectedRow]) -> Result<(), StoreError> {
    const NEXT: &str = "SELECT coalesce(max(id), 0) FROM quarantined_rows";
    const SQL: &str = "INSERT INTO quarantined_rows (id, ingest_run_id, line, source_key, rule, source_column, masked, reason)
         SELECT id, $2, line, source_key, rule, source_column, masked, reason
         FROM {rows $1: id int, line int, source_key text, rule text, source_column text, masked text, reason text} AS r";
    let mut last: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
    let engine = tx.engine();
    let clean = |text: &Option<String>| text.as_ref().map(|text| text.replace('\0', ""));
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        let mut arguments = Vec::with_capacity(chunk.len());
        for row in chunk {
            last += 1;
            let (key, column, masked) = (clean(&row.key), clean(&row.column), clean(&row.masked));
            arguments.push((last, row.line, key, row.rule.word(), column, masked, row.reason.replace('\0', "")));
        }
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(&arguments)).bind(run.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

pub(crate) async fn add_left_out(tx: &mut Tx, run: IngestRunId, counts: &[LeftOut]) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO left_out_values (ingest_run_id, attribute, rule, value_count) VALUES ($1, $2, $3, $4)
         ON CONFLICT (ingest_run_id, attribute, rule)
         DO UPDATE SET value_count = left_out_values.value_count + excluded.value_count";
    for one in counts {
        on_tx!(tx, |c| sqlx::query(SQL)
            .bind(run.0)
            .bind(&one.attribute)
            .bind(one.rule.word())
            .bind(one.count as i64)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    ingest_run_id: i64,
    source: String,
    file_name: String,
    line: i64,
    source_key: Option<String>,
    rule: String,
    source_column: Option<String>,
    masked: Option<String>,
    reason: String,
}

impl TryFrom<Row> for QuarantinedRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let rule = stored_rule(&row.rule, "quarantined_rows", row.id)?;
        Ok(Self {
            id: row.id,
            run: IngestRunId(row.ingest_run_id),
            source: row.source,
            file_name: row.file_name,
            row: RejectedRow {
                line: row.line as u64,
                key: row.source_key,
                rule,
                column: row.source_column,
                masked: row.masked,
                reason: row.reason,
            },
        })
    }
}

fn stored_rule(word: &str, table: &'static str, row: i64) -> Result<QualityRule, StoreError> {
    find_rule(word).ok_or(StoreError::Stored { table, row, column: "rule", expected: "quality rule" })
}

/// Nobody knows where a refused row belongs: who is confined to districts sees none, and no count of them.
fn sees_quarantine(access: &Access) -> bool {
    *access.filter() == Filter::Everything
}

/// Takes key, masked value and reason out of the refused rows of source records that are erased; gives how many.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64]) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE quarantined_rows SET source_key = NULL, masked = NULL, reason = 'erased'
         WHERE id IN (SELECT q.id FROM source_records r JOIN ingest_runs i ON i.source_system_id = r.source_system_id
             JOIN quarantined_rows q ON q.ingest_run_id = i.id AND q.source_key = r.source_key
             WHERE r.id IN (SELECT id FROM {ids $1} AS e))";
    let engine = tx.engine();
    let changed = on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
        .bind(json(sources))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(changed)
}

impl Store {
    /// Refused rows of the runs that stand, counted by source and rule, the most frequent first: of a register's snapshots
    /// the latest, of changes and events each file's latest run. A caller confined to districts gets none.
    pub async fn count_quarantined(&self, access: &Access) -> Result<Vec<QuarantineCount>, StoreError> {
        const SQL: &str = "SELECT s.id, s.name, q.rule, count(*) AS found FROM quarantined_rows q
             JOIN ingest_runs i ON i.id = q.ingest_run_id JOIN source_systems s ON s.id = i.source_system_id
             WHERE i.id = (SELECT max(l.id) FROM ingest_runs l WHERE l.source_system_id = s.id AND l.arrived_by = i.arrived_by
                 AND (l.content_hash = i.content_hash OR (i.load <> 'delta' AND s.rows_are <> 'event')))
             GROUP BY s.id, s.name, q.rule ORDER BY found DESC, s.name, q.rule";
        if !sees_quarantine(access) {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, String, String, i64)> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        rows.into_iter()
            .map(|(id, source, rule, count)| {
                let rule = stored_rule(&rule, "quarantined_rows", id)?;
                Ok(QuarantineCount { source_system: SourceSystemId(id), source, rule, count: count as u64 })
            })
            .collect()
    }

    /// Refused rows of each source's latest file, and of what was written one by one since, newest first, of one source or all and of one
    /// rule or all. Rows that an earlier file had are left out: a later file stated them anew, or no longer; and so are those whose key has a
    /// newer version since: they were put right one by one. A caller confined to districts gets none; one who may not see personal values
    /// gets them without key and value. `before` is the last row of the page before.
    pub async fn list_quarantined_rows(
        &self,
        access: &Access,
        source: Option<SourceSystemId>,
        rule: Option<QualityRule>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<QuarantinedRow>, StoreError> {
        const SQL: &str = "SELECT q.id, q.ingest_run_id, s.name AS source, i.file_name, q.line, q.source_key, q.rule,
             q.source_column, q.masked, q.reason FROM quarantined_rows q
             JOIN ingest_runs i ON i.id = q.ingest_run_id JOIN source_systems s ON s.id = i.source_system_id
             WHERE q.id < $1 AND ($2 = 0 OR s.id = $2) AND ($3 = '' OR q.rule = $3)
             AND i.id >= (SELECT coalesce(max(l.id), 0) FROM ingest_runs l WHERE l.source_system_id = s.id AND l.arrived_by = 'file')
             AND NOT EXISTS (SELECT 1 FROM source_records r WHERE r.source_system_id = s.id AND r.source_key = q.source_key
                 AND r.ingest_run_id > i.id)
             ORDER BY q.id DESC LIMIT $4";
        if !sees_quarantine(access) {
            return Ok(Vec::new());
        }
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL)
            .bind(before.unwrap_or(i64::MAX))
            .bind(source.map_or(0, |source| source.0))
            .bind(rule.map_or("", QualityRule::word))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        let shows = access.shows(Class::Personal);
        let shown = |mut row: Row| {
            let shows = shows && access.registers().read(&row.source);
            row.source_key = row.source_key.filter(|_| shows);
            row.masked = row.masked.filter(|_| shows);
            QuarantinedRow::try_from(row)
        };
        rows.into_iter().map(shown).collect()
    }

    /// Values left out in the runs that stand (see [`Store::count_quarantined`]): source name, attribute, rule and how many.
    pub async fn list_left_out(&self, source: Option<SourceSystemId>) -> Result<Vec<(String, LeftOut)>, StoreError> {
        const SQL: &str = "SELECT s.id, s.name, l.attribute, l.rule, CAST(sum(l.value_count) AS BIGINT) AS found FROM left_out_values l
             JOIN ingest_runs i ON i.id = l.ingest_run_id JOIN source_systems s ON s.id = i.source_system_id
             WHERE ($1 = 0 OR s.id = $1) AND i.id = (SELECT max(r.id) FROM ingest_runs r WHERE r.source_system_id = s.id AND r.arrived_by = i.arrived_by
                 AND (r.content_hash = i.content_hash OR (i.load <> 'delta' AND s.rows_are <> 'event')))
             GROUP BY s.id, s.name, l.attribute, l.rule
             ORDER BY s.name, found DESC, l.attribute, l.rule";
        let rows: Vec<(i64, String, String, String, i64)> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(source.map_or(0, |source| source.0)).fetch_all(c).await)?;
        rows.into_iter()
            .map(|(id, name, attribute, rule, count)| {
                let rule = stored_rule(&rule, "left_out_values", id)?;
                Ok((name, LeftOut { attribute, rule, count: count as u64 }))
            })
            .collect()
    }
}
