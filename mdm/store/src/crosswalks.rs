//! Crosswalks: which golden record each department's key belongs to, and since when.

use kanak_model::sharing::Registers;
use kanak_model::source_record::Values;
use kanak_model::{Access, GoldenId, SourceRecordId, SourceSystemId, Timestamp};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::compile;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, as_list, json, listed, sql};
use crate::error::StoreError;

/// A source record and the golden record it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The source record.
    pub source_record: SourceRecordId,
    /// The golden record.
    pub golden_id: GoldenId,
}

/// A link that ended, and what its source record stated while it held.
#[derive(Debug, Clone, PartialEq)]
pub struct RestatedLink {
    /// The link.
    pub link: Link,
    /// What the source record stated then.
    pub stated: Values,
}

/// A department's key, the golden record it belonged to, and when the hub held so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crosswalk {
    /// The source record.
    pub source_record: SourceRecordId,
    /// Whose it is.
    pub source_system: SourceSystemId,
    /// The department's own key.
    pub key: String,
    /// The golden record.
    pub golden_id: GoldenId,
    /// Since when.
    pub recorded_from: Timestamp,
    /// Until when; `None` while it holds.
    pub recorded_to: Option<Timestamp>,
}

/// What a [`Crosswalk`] is read from.
pub(crate) const COLUMNS: &str =
    "SELECT c.source_record_id, r.source_system_id, r.source_key, c.golden_id, c.recorded_from_us, c.recorded_to_us
     FROM crosswalks c JOIN source_records r ON r.id = c.source_record_id";

#[derive(FromRow)]
pub(crate) struct Row {
    source_record_id: i64,
    source_system_id: i64,
    source_key: String,
    golden_id: i64,
    recorded_from_us: i64,
    recorded_to_us: Option<i64>,
}

impl From<Row> for Crosswalk {
    fn from(row: Row) -> Self {
        Self {
            source_record: SourceRecordId(row.source_record_id),
            source_system: SourceSystemId(row.source_system_id),
            key: row.source_key,
            golden_id: GoldenId(row.golden_id),
            recorded_from: Timestamp(row.recorded_from_us),
            recorded_to: row.recorded_to_us.map(Timestamp),
        }
    }
}

pub(crate) fn links(rows: Vec<(i64, i64)>) -> Vec<Link> {
    rows.into_iter()
        .map(|(source, golden)| Link { source_record: SourceRecordId(source), golden_id: GoldenId(golden) })
        .collect()
}

/// See [`Store::list_links_around`].
pub(crate) async fn links_around(tx: &mut Tx, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
    const SQL: &str = "SELECT c.source_record_id, c.golden_id FROM crosswalks c WHERE c.recorded_to_us IS NULL
         AND c.golden_id IN (SELECT o.golden_id FROM crosswalks o
                             WHERE o.source_record_id IN (SELECT id FROM {ids $1} AS i) AND o.recorded_to_us IS NULL)";
    let engine = tx.engine();
    let mut rows: Vec<(i64, i64)> = Vec::new();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let text = as_list(engine, "source_record_id, golden_id", SQL);
        let of_chunk: String =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(json(chunk)).fetch_one(c).await)?;
        rows.extend(listed::<(i64, i64)>(&of_chunk)?);
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(links(rows))
}

/// See [`Store::list_ended_links_around`].
pub(crate) async fn ended_links_around(tx: &mut Tx, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
    const SQL: &str = "SELECT v.recorded_to_us, c.golden_id, c.source_record_id FROM golden_records g
         JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
         JOIN crosswalks c ON c.golden_id = g.id AND c.recorded_to_us = v.recorded_to_us
         JOIN source_records r ON r.id = c.source_record_id AND r.retired_us IS NULL
         WHERE g.state <> 'live' AND g.id IN (SELECT o.golden_id FROM {ids $1} AS i CROSS JOIN crosswalks o
             WHERE o.source_record_id = i.id AND o.recorded_to_us IS NOT NULL)";
    let engine = tx.engine();
    let mut rows: Vec<(i64, i64, i64)> = Vec::new();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let of_chunk: Vec<(i64, i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(chunk)).fetch_all(c).await)?;
        rows.extend(of_chunk);
    }
    rows.sort_unstable_by_key(|(ended, golden, source)| (std::cmp::Reverse(*ended), *golden, *source));
    rows.dedup();
    Ok(links(rows.into_iter().map(|(_, golden, source)| (source, golden)).collect()))
}

type RestatedRow = (i64, i64, Json<Values>);

impl From<RestatedRow> for RestatedLink {
    fn from((source, golden, stated): RestatedRow) -> Self {
        let link = Link { source_record: SourceRecordId(source), golden_id: GoldenId(golden) };
        Self { link, stated: stated.0 }
    }
}

/// The links that ended golden records `g` had at their end whose source records state something else now, of those golden records that a
/// condition chooses.
macro_rules! restated_links {
    ($chosen:literal) => {
        concat!(
            "SELECT c.source_record_id, c.golden_id, o.stated FROM golden_records g
             JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
             JOIN crosswalks c ON c.golden_id = g.id AND c.recorded_to_us = v.recorded_to_us
             JOIN source_records r ON r.id = c.source_record_id AND r.retired_us IS NULL AND r.recorded_from_us > v.recorded_from_us
             JOIN source_record_versions o ON o.source_record_id = r.id AND o.version = (SELECT max(w.version)
                 FROM source_record_versions w WHERE w.source_record_id = r.id AND w.recorded_from_us <= v.recorded_from_us)
             WHERE g.state <> 'live' AND ",
            $chosen,
            " ORDER BY c.golden_id, c.source_record_id"
        )
    };
}

/// See [`Store::list_restated_links_around`].
pub(crate) async fn restated_links_around(
    tx: &mut Tx,
    ids: &[SourceRecordId],
) -> Result<Vec<RestatedLink>, StoreError> {
    const SQL: &str = restated_links!(
        "g.id IN (SELECT o.golden_id FROM {ids $1} AS i CROSS JOIN crosswalks o
             WHERE o.source_record_id = i.id AND o.recorded_to_us IS NOT NULL)"
    );
    let engine = tx.engine();
    let mut rows: Vec<RestatedRow> = Vec::new();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let of_chunk: Vec<RestatedRow> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(chunk)).fetch_all(c).await)?;
        rows.extend(of_chunk);
    }
    rows.sort_by_key(|(source, golden, _)| (*golden, *source));
    rows.dedup_by_key(|(source, golden, _)| (*golden, *source));
    Ok(rows.into_iter().map(RestatedLink::from).collect())
}

impl Store {
    /// The links that hold, by ascending source record.
    pub async fn list_links(&self, entity: &str) -> Result<Vec<Link>, StoreError> {
        const SQL: &str = "SELECT c.source_record_id, c.golden_id FROM crosswalks c
             JOIN golden_records g ON g.id = c.golden_id
             WHERE c.recorded_to_us IS NULL AND g.entity = $1 ORDER BY c.source_record_id";
        let rows = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
        Ok(links(rows))
    }

    /// The links that hold of all golden records that these source records belong to, by ascending source record.
    pub async fn list_links_around(&self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        links_around(&mut self.db.begin_read().await?, ids).await
    }

    /// The same as [`Store::list_ended_links`] of those golden records that one of these source records ever belonged to.
    pub async fn list_ended_links_around(&self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        ended_links_around(&mut self.db.begin_read().await?, ids).await
    }

    /// The same as [`Store::list_restated_links`] of those golden records that one of these source records ever belonged to.
    pub async fn list_restated_links_around(&self, ids: &[SourceRecordId]) -> Result<Vec<RestatedLink>, StoreError> {
        restated_links_around(&mut self.db.begin_read().await?, ids).await
    }

    /// What each golden record that was merged away, or lost its last source record, held when it ended, as far as that is
    /// live now; what ended last comes first. By them an engine gives its old id to a part that comes off again, or to a
    /// source record that was retired and is back.
    pub async fn list_ended_links(&self, entity: &str) -> Result<Vec<Link>, StoreError> {
        const SQL: &str = "SELECT c.source_record_id, c.golden_id FROM golden_records g
             JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
             JOIN crosswalks c ON c.golden_id = g.id AND c.recorded_to_us = v.recorded_to_us
             JOIN source_records r ON r.id = c.source_record_id AND r.retired_us IS NULL
             WHERE g.entity = $1 AND g.state <> 'live' ORDER BY v.recorded_to_us DESC, c.golden_id, c.source_record_id";
        let rows = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
        Ok(links(rows))
    }

    /// Of the links that [`Store::list_ended_links`] gives, those whose source record states something else now than when its golden record
    /// last changed, with what it stated then. Departments give keys of people who left to others: an engine tells whether it is still
    /// the same one.
    pub async fn list_restated_links(&self, entity: &str) -> Result<Vec<RestatedLink>, StoreError> {
        const SQL: &str = restated_links!("g.entity = $1");
        let rows: Vec<RestatedRow> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
        Ok(rows.into_iter().map(RestatedLink::from).collect())
    }

    /// All crosswalks there ever were, by source record and begin, after a cursor.
    pub async fn list_crosswalks(
        &self,
        after: Option<(SourceRecordId, Timestamp)>,
        limit: u32,
    ) -> Result<Vec<Crosswalk>, StoreError> {
        const SQL: &str = "SELECT c.source_record_id, r.source_system_id, r.source_key, c.golden_id, c.recorded_from_us, c.recorded_to_us
             FROM crosswalks c JOIN source_records r ON r.id = c.source_record_id
             WHERE (c.source_record_id, c.recorded_from_us) > ($1, $2)
             ORDER BY c.source_record_id, c.recorded_from_us LIMIT $3";
        let (source, from) = after.unwrap_or((SourceRecordId(0), Timestamp(i64::MIN)));
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL)
            .bind(source.0)
            .bind(from.0)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Crosswalk::from).collect())
    }

    /// All crosswalks there ever were to those of these golden records that the caller may read, as they are now.
    pub async fn list_crosswalks_of(&self, access: &Access, golden: &[GoldenId]) -> Result<Vec<Crosswalk>, StoreError> {
        let engine = self.db.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 2);
        let text = format!(
            "SELECT c.source_record_id, r.source_system_id, r.source_key, c.golden_id, c.recorded_from_us, c.recorded_to_us
             FROM crosswalks c JOIN source_records r ON r.id = c.source_record_id
             JOIN golden_records g ON g.id = c.golden_id
             JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
             WHERE c.golden_id IN (SELECT id FROM {{ids $1}} AS i) AND {}
             ORDER BY c.source_record_id, c.recorded_from_us",
            condition.sql
        );
        let mut all = Vec::new();
        for chunk in golden.chunks(ROWS_A_STATEMENT) {
            let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
            let rows: Vec<Row> = on_db!(&self.db, |c| {
                let mut query = sqlx::query_as(sql(engine, &text)).bind(json(&ids));
                for text in &condition.bind {
                    query = query.bind(text);
                }
                query.fetch_all(c).await
            })?;
            all.extend(rows.into_iter().map(Crosswalk::from));
        }
        self.retain_read(access, &mut all).await?;
        Ok(all)
    }

    /// Leaves out crosswalks from registers of which the caller reads nothing.
    pub(crate) async fn retain_read(&self, access: &Access, all: &mut Vec<Crosswalk>) -> Result<(), StoreError> {
        const SQL: &str = "SELECT id, name FROM source_systems";
        if *access.registers() == Registers::Any {
            return Ok(());
        }
        let registers: Vec<(i64, String)> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        let read: Vec<i64> =
            registers.into_iter().filter(|(_, name)| access.registers().read(name)).map(|(id, _)| id).collect();
        all.retain(|crosswalk| read.contains(&crosswalk.source_system.0));
        Ok(())
    }
}
