//! Doing what a plan says, many rows a statement.

use std::sync::Arc;

use futures::FutureExt as _;
use kanak_model::golden_record::{GoldenChange, Survived};
use kanak_model::{EntityModel, RuleSetVersion};
use tokio::task::spawn_blocking;

use super::Values;
use super::plan::{NewVersion, Plan};
use super::values::Ahead;
use crate::db::{Tx, on_tx};
use crate::dialect::{Packed, ROWS_A_STATEMENT, json, search_delete, search_insert, sql};
use crate::error::StoreError;
use crate::golden_search::{searched, words};
use crate::packed::Chosen;

/// Changes, and where their values come from.
type Valued<'a> = (&'a [GoldenChange<()>], &'a Values);

pub(crate) async fn write(
    tx: &mut Tx,
    model: &EntityModel,
    rule_set: RuleSetVersion,
    changes: Valued<'_>,
    plan: &Plan,
) -> Result<(), StoreError> {
    write_golden_records(tx, &model.name, plan).await?;
    write_versions(tx, model, rule_set, changes, plan).await?;
    write_crosswalks(tx, plan).await
}

/// Runs one statement over rows, chunk by chunk; `$1` are the rows and `$2` is the recorded time where it is named.
async fn each_chunk<T: serde::Serialize>(tx: &mut Tx, rows: &[T], text: &'static str) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        put(tx, json(chunk), text).await?;
    }
    Ok(())
}

/// Runs one statement over rows that are rendered already.
async fn put(tx: &mut Tx, rows: String, text: &'static str) -> Result<(), StoreError> {
    let (engine, now) = (tx.engine(), tx.now.0);
    let timed = text.contains("$2");
    on_tx!(tx, |c| {
        let query = sqlx::query(sql(engine, text)).bind(rows);
        let query = if timed { query.bind(now) } else { query };
        query.execute(c).await.map(drop)
    })?;
    Ok(())
}

async fn write_golden_records(tx: &mut Tx, entity: &str, plan: &Plan) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO golden_records (id, entity, state, version)
         SELECT id, entity, 'live', 1 FROM {rows $1: id int, entity text} AS r";
    const UPDATE: &str = "UPDATE golden_records SET version = r.version, state = 'live', redirect_to = NULL
         FROM {rows $1: id int, version int} AS r WHERE golden_records.id = r.id";
    const REDIRECT: &str = "UPDATE golden_records SET state = 'redirected', redirect_to = r.other
         FROM {rows $1: id int, other int} AS r WHERE golden_records.id = r.id";
    const EMPTY: &str = "UPDATE golden_records SET state = 'emptied' WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let created: Vec<(i64, &str)> = plan.created.iter().map(|id| (*id, entity)).collect();
    each_chunk(tx, &created, INSERT).await?;
    let updated: Vec<(i64, i32)> =
        plan.versions.iter().filter(|one| one.version > 1).map(|one| (one.golden_id, one.version)).collect();
    each_chunk(tx, &updated, UPDATE).await?;
    each_chunk(tx, &plan.redirects, REDIRECT).await?;
    each_chunk(tx, &plan.emptied, EMPTY).await
}

/// Versions, and their words in the search index.
async fn write_versions(
    tx: &mut Tx,
    model: &EntityModel,
    rule_set: RuleSetVersion,
    (changes, values): Valued<'_>,
    plan: &Plan,
) -> Result<(), StoreError> {
    const CLOSE: &str = "UPDATE golden_versions SET recorded_to_us = $2
         WHERE golden_id IN (SELECT id FROM {ids $1} AS i) AND recorded_to_us IS NULL";
    const INSERT: &str =
        "INSERT INTO golden_versions (golden_id, version, recorded_from_us, status, chosen, rule_set_version)
         SELECT golden_id, version, $2, status, chosen, rule_set
         FROM {rows $1: golden_id int, version int, status text, chosen packed, rule_set int} AS r";
    let (unindex, index) = (search_delete(tx.engine()), search_insert(tx.engine()));
    each_chunk(tx, &plan.closed, CLOSE).await?;
    each_chunk(tx, &plan.closed, unindex).await?;
    let searched: Arc<[String]> = searched(model).map(|attribute| attribute.name.clone()).collect();
    let start = |chunk: &[NewVersion]| {
        let chosen = values.of(changes, chunk.iter().map(|one| one.change));
        let (chunk, searched) = (chunk.to_vec(), Arc::clone(&searched));
        async move {
            let survived = chosen.await?;
            let render = move || Rendered::of(&chunk, &survived, rule_set, &searched);
            Ok(spawn_blocking(render).await.expect("rendering rows does not panic"))
        }
        .boxed()
    };
    let mut ahead = Ahead::over(&plan.versions);
    while let Some((_, rows)) = ahead.next(start).await? {
        put(tx, rows.versions, INSERT).await?;
        put(tx, rows.words, index).await?;
    }
    Ok(())
}

/// Rows of versions as they are bound to statements.
struct Rendered {
    versions: String,
    words: String,
}

impl Rendered {
    fn of(chunk: &[NewVersion], survived: &[Survived], rule_set: RuleSetVersion, searched: &[String]) -> Self {
        let both = || chunk.iter().zip(survived);
        let versions: Vec<_> = both()
            .map(|(one, survived)| {
                (one.golden_id, one.version, &survived.status, Packed(Chosen(&survived.values)), rule_set.0)
            })
            .collect();
        let words: Vec<(i64, String)> = both()
            .map(|(one, survived)| (one.golden_id, words(searched.iter().map(String::as_str), &survived.values)))
            .collect();
        Self { versions: json(&versions), words: json(&words) }
    }
}

async fn write_crosswalks(tx: &mut Tx, plan: &Plan) -> Result<(), StoreError> {
    const CLOSE: &str = "UPDATE crosswalks SET recorded_to_us = $2
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_to_us IS NULL";
    const INSERT: &str = "INSERT INTO crosswalks (source_record_id, recorded_from_us, golden_id)
         SELECT source_record_id, $2, golden_id FROM {rows $1: source_record_id int, golden_id int} AS r";
    each_chunk(tx, &plan.unlinked, CLOSE).await?;
    each_chunk(tx, &plan.linked, INSERT).await
}
