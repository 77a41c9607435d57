//! The change feed: numbered by the one writer, in commit order, without gaps.

use kanak_model::feed::{Change, FeedEvent};
use kanak_model::{FeedPosition, GoldenId, Timestamp};
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

#[derive(FromRow)]
struct Row {
    position: i64,
    at_us: i64,
    entity: String,
    golden_id: i64,
    change: String,
    version: i64,
    other_golden_id: Option<i64>,
}

impl TryFrom<Row> for FeedEvent {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored = StoreError::Stored {
            table: "feed_events",
            row: row.position,
            column: "change",
            expected: "kind of change",
        };
        Ok(Self {
            position: FeedPosition(row.position),
            at: Timestamp(row.at_us),
            entity: row.entity,
            golden_id: GoldenId(row.golden_id),
            change: Change::find(&row.change).ok_or(stored)?,
            version: row.version as i32,
            other: row.other_golden_id.map(GoldenId),
        })
    }
}

/// An event before it has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewEvent {
    pub(crate) golden_id: GoldenId,
    pub(crate) change: Change,
    pub(crate) version: i32,
    pub(crate) other: Option<GoldenId>,
}

/// Numbers events in their order and writes them; gives the last position.
pub(crate) async fn append(tx: &mut Tx, entity: &str, events: &[NewEvent]) -> Result<FeedPosition, StoreError> {
    const LAST: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
    const SQL: &str = "INSERT INTO feed_events (position, at_us, entity, golden_id, change, version, other_golden_id)
         SELECT position, $2, $3, golden_id, change, version, other
         FROM {rows $1: position int, golden_id int, change text, version int, other int} AS r ORDER BY position";
    let mut last: i64 = on_tx!(tx, |c| sqlx::query_scalar(LAST).fetch_one(c).await)?;
    let (engine, now) = (tx.engine(), tx.now.0);
    for chunk in events.chunks(ROWS_A_STATEMENT) {
        let mut rows = Vec::with_capacity(chunk.len());
        for event in chunk {
            last += 1;
            let other = event.other.map(|id| id.0);
            rows.push((last, event.golden_id.0, event.change.word(), event.version, other));
        }
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
            .bind(json(&rows))
            .bind(now)
            .bind(entity)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(FeedPosition(last))
}

impl Store {
    /// Events after a position, in order.
    pub async fn list_feed(&self, after: FeedPosition, limit: u32) -> Result<Vec<FeedEvent>, StoreError> {
        const SQL: &str = "SELECT position, at_us, entity, golden_id, change, version, other_golden_id FROM feed_events
             WHERE position > $1 ORDER BY position LIMIT $2";
        let rows: Vec<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(after.0).bind(i64::from(limit)).fetch_all(c).await)?;
        rows.into_iter().map(FeedEvent::try_from).collect()
    }

    /// The last position; 0 before the first event.
    pub async fn feed_position(&self) -> Result<FeedPosition, StoreError> {
        const SQL: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
        let last: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
        Ok(FeedPosition(last))
    }
}
