//! Steward tasks: doubtful pairs, opened and lapsed by resolutions.

use kanak_model::SourceRecordId;
use kanak_model::match_pair::{Decision, MatchPair};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::db::{Tx, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::resolution::Scope;

/// Opens a task for each doubtful pair that has none, and lets open ones lapse that are no longer doubted; gives how
/// many of each. A pair that a steward decided stays decided.
pub(crate) async fn review(
    tx: &mut Tx,
    entity: &str,
    pairs: &[MatchPair],
    scope: &Scope,
) -> Result<(u64, u64), StoreError> {
    const KNOWN: &str =
        "SELECT id, left_id, right_id, state FROM steward_tasks WHERE entity = $1 AND state <> 'lapsed'";
    const NEXT: &str = "SELECT coalesce(max(id), 0) FROM steward_tasks";
    const UPSERT: &str = "INSERT INTO steward_tasks (id, entity, left_id, right_id, weight_bits, probability, opened_us, state)
         SELECT id, $3, left_id, right_id, weight_bits, probability, $2, 'open'
         FROM {rows $1: id int, left_id int, right_id int, weight_bits real, probability real} AS r WHERE 1 = 1
         ON CONFLICT (left_id, right_id) DO UPDATE SET weight_bits = excluded.weight_bits, probability = excluded.probability,
         opened_us = CASE WHEN steward_tasks.state = 'lapsed' THEN excluded.opened_us ELSE steward_tasks.opened_us END,
         state = CASE WHEN steward_tasks.state = 'lapsed' THEN 'open' ELSE steward_tasks.state END";
    const LAPSE: &str = "UPDATE steward_tasks SET state = 'lapsed' WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let (engine, now) = (tx.engine(), tx.now.0);
    let known: Vec<(i64, i64, i64, String)> = on_tx!(tx, |c| sqlx::query_as(KNOWN).bind(entity).fetch_all(c).await)?;
    let known: FxHashMap<(i64, i64), (i64, bool)> =
        known.into_iter().map(|(id, left, right, state)| ((left, right), (id, state == "open"))).collect();
    let mut last: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
    let mut doubted = FxHashSet::default();
    let mut rows = Vec::new();
    let mut opened = 0;
    for pair in pairs.iter().filter(|pair| pair.decision == Decision::Review) {
        let key = (pair.left.0.min(pair.right.0), pair.left.0.max(pair.right.0));
        let state = known.get(&key);
        if !doubted.insert(key) || state.is_some_and(|(_, is_open)| !is_open) {
            continue;
        }
        opened += u64::from(state.is_none());
        last += 1;
        rows.push((last, key.0, key.1, finite(pair.weight_bits), finite(pair.probability)));
    }
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, UPSERT))
            .bind(json(chunk))
            .bind(now)
            .bind(entity)
            .execute(c)
            .await
            .map(drop))?;
    }
    let looked_at: Option<FxHashSet<i64>> = match scope {
        Scope::Everything => None,
        Scope::These(ids) => Some(ids.iter().map(|SourceRecordId(id)| *id).collect()),
    };
    let in_scope =
        |(left, right): &(i64, i64)| looked_at.as_ref().is_none_or(|ids| ids.contains(left) && ids.contains(right));
    let mut gone: Vec<i64> = known
        .iter()
        .filter(|(pair, (_, is_open))| *is_open && in_scope(pair) && !doubted.contains(*pair))
        .map(|(_, (id, _))| *id)
        .collect();
    gone.sort_unstable();
    for chunk in gone.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, LAPSE)).bind(json(chunk)).execute(c).await.map(drop))?;
    }
    Ok((opened, gone.len() as u64))
}

/// JSON has no infinity: a certain pair keeps the largest weight there is.
fn finite(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) }
}
