//! Source systems: the departments' registers, as the hub knows them.

use std::collections::HashMap;

use kanak_model::source_system::RowsAre;
use kanak_model::{SourceSystem, SourceSystemId, Timestamp, Titles};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;

/// A source system with how much of it the hub holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSystemRow {
    /// Its id in this hub.
    pub id: SourceSystemId,
    /// Its name in the deployment.
    pub name: String,
    /// The title on pages.
    pub title: Titles,
    /// The owning department's code.
    pub department: String,
    /// What its rows are.
    pub rows: RowsAre,
    /// Trust, 0 to 1.
    pub trust: f64,
    /// The share of it that a snapshot may retire.
    pub retire_share_max: f64,
    /// Live source records.
    pub live: u64,
    /// Retired source records.
    pub retired: u64,
    /// When its latest file was recorded.
    pub last_run: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    title: Json<Titles>,
    department: String,
    rows_are: String,
    rows_of: String,
    trust: f64,
    retire_share_max: f64,
    live_count: i64,
    retired_count: i64,
    last_run: Option<i64>,
}

impl From<Row> for SourceSystemRow {
    fn from(row: Row) -> Self {
        Self {
            id: SourceSystemId(row.id),
            name: row.name,
            title: row.title.0,
            department: row.department,
            rows: if row.rows_are == "event" { RowsAre::Event(row.rows_of) } else { RowsAre::Entity(row.rows_of) },
            trust: row.trust,
            retire_share_max: row.retire_share_max,
            live: row.live_count as u64,
            retired: row.retired_count as u64,
            last_run: row.last_run.map(Timestamp),
        }
    }
}

/// What ingest needs to know of a source system.
#[derive(FromRow)]
pub(crate) struct SourceFacts {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) rows_are: String,
    pub(crate) rows_of: String,
    pub(crate) retire_share_max: f64,
    pub(crate) live_count: i64,
    pub(crate) retired_count: i64,
}

/// Takes note that a source gained and lost source records.
pub(crate) async fn count(tx: &mut Tx, id: i64, live_more: i64, retired_more: i64) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE source_systems SET live_count = live_count + $2, retired_count = retired_count + $3
         WHERE id = $1";
    on_tx!(tx, |c| sqlx::query(SQL).bind(id).bind(live_more).bind(retired_more).execute(c).await.map(drop))?;
    Ok(())
}

/// The same of several sources: each with how many more live and retired ones it holds.
pub(crate) async fn count_all(tx: &mut Tx, more: &[(i64, i64, i64)]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE source_systems SET live_count = source_systems.live_count + r.live_more,
         retired_count = source_systems.retired_count + r.retired_more
         FROM {rows $1: id int, live_more int, retired_more int} AS r WHERE source_systems.id = r.id";
    if more.is_empty() {
        return Ok(());
    }
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(more)).execute(c).await.map(drop))?;
    Ok(())
}

pub(crate) async fn get_source(tx: &mut Tx, id: SourceSystemId) -> Result<SourceFacts, StoreError> {
    const SQL: &str = "SELECT id, name, rows_are, rows_of, retire_share_max, live_count, retired_count
         FROM source_systems WHERE id = $1";
    let row: Option<SourceFacts> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(id.0).fetch_optional(c).await)?;
    row.ok_or(StoreError::NotFound { what: "source system", id: id.to_string() })
}

/// See [`Store::list_source_systems`].
pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<SourceSystemRow>, StoreError> {
    const SQL: &str = "SELECT s.id, s.name, s.title, s.department, s.rows_are, s.rows_of, s.trust, s.retire_share_max,
         s.live_count, s.retired_count,
         (SELECT i.recorded_us FROM ingest_runs i WHERE i.source_system_id = s.id ORDER BY i.id DESC LIMIT 1) AS last_run
         FROM source_systems s ORDER BY s.name";
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(SourceSystemRow::from).collect())
}

impl Store {
    /// Makes a source system known, or takes over what its declaration says now. Its id stays.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when its rows would become something else than they were.
    pub async fn ensure_source_system(&self, source: &SourceSystem) -> Result<SourceSystemId, StoreError> {
        const FIND: &str = "SELECT id, name, rows_are, rows_of, retire_share_max, live_count, retired_count
             FROM source_systems WHERE name = $1";
        const SAME: &str = "SELECT count(*) FROM source_systems WHERE name = $1 AND title = $2 AND department = $3
             AND trust = $4 AND retire_share_max = $5 AND stakes = $6";
        const INSERT: &str = "INSERT INTO source_systems
             (id, name, title, department, rows_are, rows_of, trust, retire_share_max, stakes)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM source_systems), $1, $2, $3, $7, $8, $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET title = excluded.title, department = excluded.department,
             trust = excluded.trust, retire_share_max = excluded.retire_share_max, stakes = excluded.stakes
             RETURNING id";
        let (rows_are, rows_of) = match &source.rows {
            RowsAre::Entity(name) => ("entity", name),
            RowsAre::Event(name) => ("event", name),
        };
        let found: Option<SourceFacts> =
            on_db!(&self.db, |c| sqlx::query_as(FIND).bind(&source.name).fetch_optional(c).await)?;
        if let Some(known) = found {
            if known.rows_are != rows_are || known.rows_of != *rows_of {
                let what = format!(
                    "source system {} holds rows of {} {}; declare the {rows_are} {rows_of} under another name",
                    known.name, known.rows_are, known.rows_of
                );
                return Err(StoreError::Stale { what });
            }
            let same: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SAME)
                .bind(&source.name)
                .bind(Json(&source.title))
                .bind(&source.department)
                .bind(source.trust)
                .bind(source.retire_share_max)
                .bind(source.stakes.word())
                .fetch_one(c)
                .await)?;
            if same == 1 {
                return Ok(SourceSystemId(known.id));
            }
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(INSERT)
            .bind(&source.name)
            .bind(Json(&source.title))
            .bind(&source.department)
            .bind(source.trust)
            .bind(source.retire_share_max)
            .bind(source.stakes.word())
            .bind(rows_are)
            .bind(rows_of)
            .fetch_one(c)
            .await)?;
        tx.commit().await?;
        Ok(SourceSystemId(id))
    }

    /// How many events of each register of events were taken in: the hub counts them and keeps none. Of a file that was read again, once.
    pub async fn count_events(&self) -> Result<HashMap<SourceSystemId, u64>, StoreError> {
        const SQL: &str = "SELECT i.source_system_id, CAST(sum(i.rows_new) AS BIGINT) FROM ingest_runs i
             WHERE i.id IN (SELECT max(l.id) FROM source_systems s JOIN ingest_runs l ON l.source_system_id = s.id
                 WHERE s.rows_are = 'event' GROUP BY l.source_system_id, l.content_hash)
             GROUP BY i.source_system_id";
        let rows: Vec<(i64, i64)> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id, count)| (SourceSystemId(id), count as u64)).collect())
    }

    /// All source systems by name.
    pub async fn list_source_systems(&self) -> Result<Vec<SourceSystemRow>, StoreError> {
        list(&mut self.db.begin_read().await?).await
    }
}
