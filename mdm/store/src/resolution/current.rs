//! What the hub holds now of the golden records that a resolution touches.

use kanak_model::golden_record::{GoldenChange, Identity, Survived};
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::types::Json;

use super::values::Ahead;
use super::{Unresolved, Values};
use crate::db::{Tx, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, as_list, json, listed, sql};
use crate::error::StoreError;
use crate::packed::ChosenBack;

/// Where a golden record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Redirected,
    Emptied,
}

/// A golden record as it is.
#[derive(Debug, Clone)]
pub(crate) struct CurrentGolden {
    pub(crate) state: State,
    pub(crate) version: i32,
    pub(crate) redirect_to: Option<i64>,
    /// Source records linked to it, ascending.
    pub(crate) members: Vec<i64>,
}

/// What [`super::plan::plan`] decides by.
#[derive(Debug, Default)]
pub(crate) struct Current {
    /// Source record to the golden record it is linked to.
    pub(crate) link: FxHashMap<i64, i64>,
    /// The golden records that changes name or that their source records are linked to.
    pub(crate) golden: FxHashMap<i64, CurrentGolden>,
    /// Places of changes whose status and values are those of the current version.
    pub(crate) same_values: FxHashSet<usize>,
    /// Linked source records that are retired.
    pub(crate) retired: FxHashSet<i64>,
    /// For a golden record that something is split from: merged-away ones that end in it, with their last members; the
    /// one that ended last first.
    pub(crate) redirected: FxHashMap<i64, Vec<(i64, Vec<i64>)>>,
    /// The next id to give out.
    pub(crate) next_golden: i64,
}

pub(crate) async fn load(
    tx: &mut Tx,
    entity: &str,
    changes: &[GoldenChange<()>],
    values: &Values,
    unresolved: &Unresolved,
) -> Result<Current, StoreError> {
    const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM golden_records";
    let mut current =
        Current { next_golden: on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?, ..Current::default() };
    let mut sources: Vec<i64> = changes.iter().flat_map(|change| change.members.iter().map(|id| id.0)).collect();
    check_live(tx, entity, &sources).await?;
    sources.extend(unresolved.source_records.iter().map(|id| id.0));
    sources.sort_unstable();
    sources.dedup();
    if current.next_golden > 1 {
        load_golden(tx, entity, changes, &sources, &mut current).await?;
        load_same_values(tx, changes, values, &mut current).await?;
        load_redirected(tx, changes, &mut current).await?;
    }
    Ok(current)
}

/// Every member of a change must be a live source record of the entity type.
async fn check_live(tx: &mut Tx, entity: &str, members: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "SELECT count(*) FROM {ids $1} AS i CROSS JOIN source_records r CROSS JOIN source_systems s
         WHERE r.id = i.id AND s.id = r.source_system_id AND r.retired_us IS NULL AND s.rows_are = 'entity' AND s.rows_of = $2";
    let engine = tx.engine();
    for chunk in members.chunks(ROWS_A_STATEMENT) {
        let live: i64 =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(chunk)).bind(entity).fetch_one(c).await)?;
        if live as usize != chunk.len() {
            let what =
                format!("{} members of changes are no live source records of {entity}", chunk.len() - live as usize);
            return Err(StoreError::Stale { what });
        }
    }
    Ok(())
}

async fn load_golden(
    tx: &mut Tx,
    entity: &str,
    changes: &[GoldenChange<()>],
    sources: &[i64],
    current: &mut Current,
) -> Result<(), StoreError> {
    const LINKS: &str = "SELECT source_record_id, golden_id FROM crosswalks
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_to_us IS NULL";
    const GOLDEN: &str = "SELECT id, state, version, redirect_to FROM golden_records
         WHERE id IN (SELECT id FROM {ids $1} AS i) AND entity = $2";
    const MEMBERS: &str = "SELECT source_record_id, golden_id FROM crosswalks
         WHERE golden_id IN (SELECT id FROM {ids $1} AS i) AND recorded_to_us IS NULL";
    const RETIRED: &str =
        "SELECT id FROM source_records WHERE id IN (SELECT id FROM {ids $1} AS i) AND retired_us IS NOT NULL";
    let engine = tx.engine();
    let mut golden: Vec<i64> = Vec::new();
    for change in changes {
        if let Identity::Keeps(id) = change.identity {
            golden.push(id.0);
        }
        golden.extend(change.absorbed.iter().chain(&change.split_from).map(|id| id.0));
    }
    for chunk in sources.chunks(ROWS_A_STATEMENT) {
        let text = as_list(engine, "source_record_id, golden_id", LINKS);
        let rows: String = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(json(chunk)).fetch_one(c).await)?;
        let rows: Vec<(i64, i64)> = listed(&rows)?;
        golden.extend(rows.iter().map(|row| row.1));
        current.link.extend(rows);
    }
    golden.sort_unstable();
    golden.dedup();
    for chunk in golden.chunks(ROWS_A_STATEMENT) {
        let ids = json(chunk);
        let text = as_list(engine, "id, state, version, redirect_to", GOLDEN);
        let rows: String =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(&ids).bind(entity).fetch_one(c).await)?;
        for (id, state, version, redirect_to) in listed::<(i64, String, i64, Option<i64>)>(&rows)? {
            let state = match state.as_str() {
                "live" => State::Live,
                "redirected" => State::Redirected,
                _ => State::Emptied,
            };
            let one = CurrentGolden { state, version: version as i32, redirect_to, members: Vec::new() };
            current.golden.insert(id, one);
        }
        let text = as_list(engine, "source_record_id, golden_id", MEMBERS);
        let rows: String = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(&ids).fetch_one(c).await)?;
        let mut rows: Vec<(i64, i64)> = listed(&rows)?;
        rows.sort_unstable();
        for (source, id) in rows {
            current.link.insert(source, id);
            if let Some(one) = current.golden.get_mut(&id) {
                one.members.push(source);
            }
        }
    }
    let staying: FxHashSet<i64> = changes.iter().flat_map(|change| change.members.iter().map(|id| id.0)).collect();
    let mut others: Vec<i64> = current.link.keys().copied().filter(|id| !staying.contains(id)).collect();
    others.sort_unstable();
    for chunk in others.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, RETIRED)).bind(json(chunk)).fetch_all(c).await)?;
        current.retired.extend(rows);
    }
    Ok(())
}

/// Compares in chunks, so that the values of a whole hub are never held twice.
async fn load_same_values(
    tx: &mut Tx,
    changes: &[GoldenChange<()>],
    values: &Values,
    current: &mut Current,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT v.golden_id, v.status, v.chosen FROM golden_versions v
         JOIN golden_records g ON g.id = v.golden_id AND g.version = v.version
         WHERE g.id IN (SELECT id FROM {ids $1} AS i) AND g.state = 'live'";
    let engine = tx.engine();
    let kept: Vec<(usize, i64)> = changes
        .iter()
        .enumerate()
        .filter_map(|(place, change)| match change.identity {
            Identity::Keeps(id) => Some((place, id.0)),
            Identity::New => None,
        })
        .collect();
    let start = |chunk: &[(usize, i64)]| values.of(changes, chunk.iter().map(|one| one.0));
    let mut ahead = Ahead::over(&kept);
    while let Some((chunk, survived)) = ahead.next(start).await? {
        let ids: Vec<i64> = chunk.iter().map(|one| one.1).collect();
        let rows: Vec<(i64, String, Json<ChosenBack>)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&ids)).fetch_all(c).await)?;
        let stored: FxHashMap<i64, Survived> =
            rows.into_iter().map(|(id, status, chosen)| (id, Survived { status, values: chosen.0.0 })).collect();
        for ((place, id), survived) in chunk.iter().zip(&survived) {
            if stored.get(id).is_some_and(|stored| stored == survived) {
                current.same_values.insert(*place);
            }
        }
    }
    Ok(())
}

async fn load_redirected(tx: &mut Tx, changes: &[GoldenChange<()>], current: &mut Current) -> Result<(), StoreError> {
    const SQL: &str = "WITH RECURSIVE ended(id) AS (
             SELECT id FROM golden_records WHERE redirect_to = $1
             UNION SELECT g.id FROM golden_records g JOIN ended e ON g.redirect_to = e.id)
         SELECT g.id, c.source_record_id FROM ended e CROSS JOIN golden_records g CROSS JOIN golden_versions v
         CROSS JOIN crosswalks c CROSS JOIN source_records r
         WHERE g.id = e.id AND g.state = 'redirected' AND v.golden_id = g.id AND v.version = g.version
         AND c.golden_id = g.id AND c.recorded_to_us = v.recorded_to_us AND r.id = c.source_record_id AND r.retired_us IS NULL
         ORDER BY v.recorded_to_us DESC, g.id, c.source_record_id";
    let mut from: Vec<i64> = changes
        .iter()
        .filter(|change| change.identity == Identity::New)
        .filter_map(|change| change.split_from.map(|id| id.0))
        .collect();
    from.sort_unstable();
    from.dedup();
    for id in from {
        let rows: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(id).fetch_all(c).await)?;
        let mut ended: Vec<(i64, Vec<i64>)> = Vec::new();
        for (golden, source) in rows {
            match ended.last_mut() {
                Some((last, members)) if *last == golden => members.push(source),
                _ => ended.push((golden, vec![source])),
            }
        }
        for (golden, _) in &ended {
            load_one(tx, *golden, current).await?;
        }
        current.redirected.insert(id, ended);
    }
    Ok(())
}

/// A merged-away golden record that may come back.
async fn load_one(tx: &mut Tx, id: i64, current: &mut Current) -> Result<(), StoreError> {
    const SQL: &str = "SELECT version, redirect_to FROM golden_records WHERE id = $1";
    let (version, redirect_to): (i64, Option<i64>) = on_tx!(tx, |c| sqlx::query_as(SQL).bind(id).fetch_one(c).await)?;
    let one = CurrentGolden { state: State::Redirected, version: version as i32, redirect_to, members: Vec::new() };
    current.golden.entry(id).or_insert(one);
    Ok(())
}
