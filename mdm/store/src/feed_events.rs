//! The change feed: numbered by the one writer, in commit order, without gaps.

use std::collections::BTreeMap;

use kanak_model::access::Filter;
use kanak_model::feed::{
    Change, Crossing, Detail, FeedEntry, FeedEvent, FeedPage, Publication, PublishedEvent, SeenEvent, Side,
};
use kanak_model::golden_record::GoldenValues;
use kanak_model::{Access, EntityModel, FeedPosition, GoldenId, Timestamp};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::{StatedBy, compile, show_golden};
use crate::db::{Tx, on_db, on_tx};
use crate::declared_models::Eras;
use crate::dialect::{Engine, JsonColumn, ROWS_A_STATEMENT, json, json_type, sql};
use crate::error::StoreError;
use crate::golden_records::readable_now;
use crate::packed::ChosenBack;

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

/// How much of the feed one page looks through for a reader who may see little of it.
const WINDOW: i64 = 10_000;

/// The version that an event ended or replaced, and the one that it began; derived, so that nothing is kept twice.
const SIDES: &str = "LEFT JOIN golden_versions b ON b.golden_id = f.golden_id AND b.version = CASE
             WHEN f.change = 'updated' THEN f.version - 1 WHEN f.change IN ('merged_into', 'emptied') THEN f.version END
         LEFT JOIN golden_versions a ON a.golden_id = f.golden_id AND a.version = CASE
             WHEN f.change IN ('created', 'updated', 'split_from', 'restored') THEN f.version END";

#[derive(FromRow)]
struct SeenRow {
    position: i64,
    at_us: i64,
    entity: Option<String>,
    golden_id: Option<i64>,
    change: String,
    version: Option<i64>,
    other_golden_id: Option<i64>,
    published: Option<Json<Publication>>,
    sees_before: i64,
    sees_after: i64,
    before_status: Option<String>,
    before_chosen: Option<Json<ChosenBack>>,
    after_status: Option<String>,
    after_chosen: Option<Json<ChosenBack>>,
    before_from_us: Option<i64>,
    after_from_us: Option<i64>,
}

impl SeenRow {
    fn holds_values(&self) -> bool {
        self.before_chosen.is_some() || self.after_chosen.is_some()
    }
}

/// That a golden record was emptied by its erasure. Where it lay is forgotten, so that nobody can tell any more whose it was.
const ERASED: &str = "(f.change = 'emptied'
     AND EXISTS (SELECT 1 FROM erasures x WHERE x.golden_id = f.golden_id AND x.erased_us <= f.at_us))";

/// Whether a reader may see some golden records and not others.
fn is_confined(filter: &Filter) -> bool {
    match filter {
        Filter::Everything | Filter::Nothing => false,
        Filter::AttributeIn { values, .. } => !values.is_empty(),
        Filter::GoldenIn(golden) => !golden.is_empty(),
        Filter::All(filters) => !filters.contains(&Filter::Nothing) && filters.iter().any(is_confined),
    }
}

/// A statement that reads a page for one reader, and the texts bound to it after position, window's end and limit.
struct PageQuery {
    text: String,
    bind: Vec<String>,
}

impl PageQuery {
    fn new(access: &Access, engine: Engine, detail: Detail) -> Self {
        let is_unconfined = *access.filter() == Filter::Everything;
        let before = compile(access.filter(), engine, JsonColumn::Chosen("b.chosen"), 4);
        let after = compile(access.filter(), engine, JsonColumn::Chosen("a.chosen"), 4 + before.bind.len());
        let first = 4 + before.bind.len() + after.bind.len();
        let other = compile(access.filter(), engine, JsonColumn::Chosen("o.chosen"), first);
        let (sees_before, sees_after) = (before.sql, after.sql);
        // A merge or split ends and begins versions at its own time: either of the other's tells whether it may be seen.
        let other_golden_id = if is_unconfined {
            "f.other_golden_id".to_owned()
        } else {
            format!(
                "CASE WHEN EXISTS (SELECT 1 FROM golden_versions o WHERE o.golden_id = f.other_golden_id
                     AND o.recorded_from_us <= f.at_us AND (o.recorded_to_us IS NULL OR o.recorded_to_us >= f.at_us)
                     AND {}) THEN f.other_golden_id END",
                other.sql
            )
        };
        let values = |side: char, sees: &str| match detail {
            Detail::Changes => ["NULL"; 3].map(str::to_owned),
            Detail::Values => ["status", "chosen", "recorded_from_us"]
                .map(|column| format!("CASE WHEN {sees} THEN {side}.{column} END")),
        };
        let [before_status, before_chosen, before_from] = values('b', &sees_before);
        let [after_status, after_chosen, after_from] = values('a', &sees_after);
        // Who sees everything, and no values, needs no versions.
        let sides = if is_unconfined && detail == Detail::Changes { "" } else { SIDES };
        let json = json_type(engine);
        let sees_erased = if is_confined(access.filter()) { ERASED } else { "1 = 0" };
        let text = format!(
            "SELECT f.position, f.at_us, f.entity, f.golden_id, f.change, f.version, f.published,
                 CAST({other_golden_id} AS BIGINT) AS other_golden_id,
                 CAST(CASE WHEN {sees_before} THEN 1 ELSE 0 END AS BIGINT) AS sees_before,
                 CAST(CASE WHEN {sees_after} THEN 1 ELSE 0 END AS BIGINT) AS sees_after,
                 CAST({before_status} AS TEXT) AS before_status, CAST({before_chosen} AS {json}) AS before_chosen,
                 CAST({after_status} AS TEXT) AS after_status, CAST({after_chosen} AS {json}) AS after_chosen,
                 CAST({before_from} AS BIGINT) AS before_from_us, CAST({after_from} AS BIGINT) AS after_from_us
             FROM feed_events f {sides}
             WHERE f.position > $1 AND f.position <= $2 AND (f.golden_id IS NULL OR {sees_before} OR {sees_after} OR {sees_erased})
             ORDER BY f.position LIMIT $3"
        );
        Self { text, bind: [before.bind, after.bind, other.bind].concat() }
    }
}

/// An entry with its values as the reader may see them, in the words of the model of its time; without its model a golden record
/// shows none.
fn show(
    access: &Access,
    models: &[EntityModel],
    (eras, stated_by): (&BTreeMap<String, Eras>, &StatedBy),
    row: SeenRow,
) -> Result<FeedEntry, StoreError> {
    let (position, at) = (FeedPosition(row.position), Timestamp(row.at_us));
    if let Some(publication) = row.published {
        return Ok(FeedEntry::Published(PublishedEvent { position, at, publication: publication.0 }));
    }
    let stored =
        |column| StoreError::Stored { table: "feed_events", row: row.position, column, expected: "golden record" };
    let event = FeedEvent::try_from(Row {
        position: row.position,
        at_us: row.at_us,
        entity: row.entity.ok_or_else(|| stored("entity"))?,
        golden_id: row.golden_id.ok_or_else(|| stored("golden_id"))?,
        change: row.change,
        version: row.version.ok_or_else(|| stored("version"))?,
        other_golden_id: row.other_golden_id,
    })?;
    let crossing = match (event.change, row.sees_before == 1, row.sees_after == 1) {
        (Change::Updated, false, true) => Crossing::Entered,
        // Of one that was erased it is not known any more where it lay before.
        (Change::Updated, true, false) | (Change::Emptied, false, _) => Crossing::Left,
        _ => Crossing::None,
    };
    let model = models.iter().find(|model| model.name == event.entity);
    let side = |version: i32, status: Option<String>, chosen: Option<Json<ChosenBack>>, from_us: Option<i64>| {
        let (Some(status), Some(chosen)) = (status, chosen) else { return None };
        let values = model.zip(eras.get(&event.entity)).map(|(model, eras)| {
            let values = eras.carry(chosen.0.0, Timestamp(from_us.unwrap_or(at.0)), at);
            show_golden(access, &eras.model_at(model, at), event.golden_id, values, stated_by).0
        });
        let values = values.unwrap_or_default();
        Some(Side { version, status, values })
    };
    let before_version = if event.change == Change::Updated { event.version - 1 } else { event.version };
    let before = side(before_version, row.before_status, row.before_chosen, row.before_from_us);
    let after = side(event.version, row.after_status, row.after_chosen, row.after_from_us);
    Ok(FeedEntry::Golden(SeenEvent { event, crossing, before, after }))
}

/// Numbers a publication and writes it.
pub(crate) async fn append_publication(tx: &mut Tx, publication: &Publication) -> Result<FeedPosition, StoreError> {
    const SQL: &str = "INSERT INTO feed_events (position, at_us, change, published)
         VALUES ((SELECT coalesce(max(position), 0) + 1 FROM feed_events), $1, $2, $3) RETURNING position";
    let now = tx.now.0;
    let position: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(now)
        .bind(publication.kind.word())
        .bind(Json(publication))
        .fetch_one(c)
        .await)?;
    Ok(FeedPosition(position))
}

impl Store {
    /// Events of golden records after a position, in order: all there are, for the hub's own work. Readers have
    /// [`Store::read_feed`].
    pub async fn list_feed(&self, after: FeedPosition, limit: u32) -> Result<Vec<FeedEvent>, StoreError> {
        const SQL: &str = "SELECT position, at_us, entity, golden_id, change, version, other_golden_id FROM feed_events
             WHERE position > $1 AND golden_id IS NOT NULL ORDER BY position LIMIT $2";
        let rows: Vec<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(after.0).bind(i64::from(limit)).fetch_all(c).await)?;
        rows.into_iter().map(FeedEvent::try_from).collect()
    }

    /// What a reader may see after a position, in order, at most `limit`.
    ///
    /// A publication is seen by everyone. An event of a golden record is seen by whoever may read the golden record as it
    /// was before or as it is afterwards; the side that may not be read is left out, and so is the other golden record of
    /// a merge or split. Of a golden record that the reader may not read any more as it is now, an event tells the id alone: who moved
    /// away took the past along. That a golden record was erased is told to every reader who may read any, by its id alone: where it lay is
    /// forgotten, and whoever copied it must hear of it.
    ///
    /// # Errors
    /// [`StoreError::FeedPosition`] for a position that this feed has not reached.
    pub async fn read_feed(
        &self,
        access: &Access,
        models: &[EntityModel],
        after: FeedPosition,
        limit: u32,
        detail: Detail,
    ) -> Result<FeedPage, StoreError> {
        const END: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
        let mut tx = self.db.begin_read().await?;
        let end: i64 = on_tx!(tx, |c| sqlx::query_scalar(END).fetch_one(c).await)?;
        if after.0 < 0 || after.0 > end {
            return Err(StoreError::FeedPosition { asked: after, end: FeedPosition(end) });
        }
        let engine = tx.engine();
        let window = end.min(after.0 + WINDOW.max(i64::from(limit)));
        let PageQuery { text, bind } = PageQuery::new(access, engine, detail);
        let mut rows: Vec<SeenRow> = on_tx!(tx, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(after.0).bind(window).bind(i64::from(limit));
            for text in bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let is_full = rows.len() as u64 == u64::from(limit);
        let told: Vec<i64> = rows.iter().filter(|row| row.holds_values()).filter_map(|row| row.golden_id).collect();
        if !told.is_empty() {
            let readable = readable_now(&mut tx, access, &told).await?;
            let is_past = |row: &&mut SeenRow| row.golden_id.is_some_and(|id| !readable.contains(&id));
            for row in rows.iter_mut().filter(is_past) {
                (row.before_chosen, row.after_chosen) = (None, None);
            }
        }
        let mut eras = BTreeMap::new();
        for entity in rows.iter().filter(|row| row.holds_values()).filter_map(|row| row.entity.as_ref()) {
            if !eras.contains_key(entity) {
                eras.insert(entity.clone(), Eras::load(&mut tx, entity).await?);
            }
        }
        drop(tx);
        let chosen = rows.iter().flat_map(|row| [&row.before_chosen, &row.after_chosen]).flatten();
        let values: Vec<&GoldenValues> = chosen.map(|chosen| &chosen.0.0).collect();
        let stated_by = StatedBy::of(self, access, &values).await?;
        let entries: Vec<FeedEntry> =
            rows.into_iter().map(|row| show(access, models, (&eras, &stated_by), row)).collect::<Result<_, _>>()?;
        let through = match entries.last() {
            Some(last) if is_full => last.position(),
            _ => FeedPosition(window),
        };
        Ok(FeedPage { entries, through, end: FeedPosition(end) })
    }

    /// The last position; 0 before the first event.
    pub async fn feed_position(&self) -> Result<FeedPosition, StoreError> {
        const SQL: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
        let last: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
        Ok(FeedPosition(last))
    }
}
