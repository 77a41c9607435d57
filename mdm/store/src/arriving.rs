//! Taking in rows of several registers that arrive together: a run a register, and one statement for all of them wherever a file
//! has one of its own.

use kanak_model::access::Filter;
use kanak_model::quality::RejectedRow;
use kanak_model::source_record::Values;
use kanak_model::{IngestRunId, SourceRecordId, Timestamp};
use rustc_hash::FxHashMap;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::arrivals::{Arrived, Arriving, ArrivingPart, ArrivingRow, Expected};
use crate::db::{Tx, on_tx};
use crate::dialect::{Packed, json, sql};
use crate::error::StoreError;
use crate::ingest::{ArrivedBy, FileFacts, Known, content_hash, load_word};
use crate::resolution;
use crate::{quarantined_rows, relations, source_systems, steward_tasks};

/// See [`crate::Arrivals::take_in`].
pub(crate) async fn take_in(
    tx: &mut Tx,
    landed: &FileFacts,
    parts: &[ArrivingPart],
) -> Result<Vec<Vec<Arrived>>, StoreError> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let begun = begin(tx, parts).await?;
    let next_id = begun.first().map_or(0, |one| one.last_row) + 1;
    let mut runs: Vec<Run<'_>> = begun.into_iter().enumerate().map(|(at, one)| Run::of(one, at)).collect();
    let known = find_known(tx, parts).await?;
    let held = held_values(tx, parts, &known).await?;
    let mut changes = Changes { next_id, ..Changes::default() };
    let mut arrived: Vec<Vec<Arrived>> = Vec::with_capacity(parts.len());
    for (part, run) in parts.iter().zip(&mut runs) {
        let of_source = known.get(&part.source.0);
        let became = part.rows.iter().map(|row| {
            let known = of_source.and_then(|known| known.get(&row.key));
            run.decide(row, known, &held, &mut changes)
        });
        arrived.push(became.collect());
    }
    insert_runs(tx, landed, &runs).await?;
    changes.write(tx).await?;
    keep_relations(tx, &runs).await?;
    for (entity, ids) in by_entity(&runs, |run| &run.touched) {
        resolution::mark_unresolved(tx, entity, &ids).await?;
    }
    let rows = parts.iter().flat_map(|part| &part.rows).zip(arrived.iter().flatten());
    resolution::mark_confined(tx, &rows.filter_map(confined).collect::<Vec<_>>()).await?;
    retire(tx, &runs).await?;
    for (part, run) in parts.iter().zip(&runs) {
        if !run.rejected.is_empty() {
            quarantined_rows::insert(tx, IngestRunId(run.id), &run.rejected).await?;
        }
        quarantined_rows::add_left_out(tx, IngestRunId(run.id), &part.left_out).await?;
    }
    let counts: Vec<(i64, i64, i64)> = runs.iter().map(Run::counts).filter(|row| (row.1, row.2) != (0, 0)).collect();
    source_systems::count_all(tx, &counts).await?;
    Ok(arrived)
}

/// A run under way: what becomes of the rows of one register.
#[derive(Default)]
struct Run<'r> {
    id: i64,
    source: i64,
    /// The entity type of its rows.
    entity: String,
    rows: i64,
    new: i64,
    changed: i64,
    unchanged: i64,
    /// Of the changed ones, those that were retired.
    revived: i64,
    retired: Vec<i64>,
    rejected: Vec<RejectedRow>,
    /// Source records that came or state something else: with their version and what they state.
    versions: Vec<(i64, i64, &'r Values)>,
    /// The same source records.
    touched: Vec<i64>,
}

/// A new source record: id, register, run, key, hash, what it states, and when the department changed it.
type NewRow<'r> = (i64, i64, i64, &'r str, i64, Packed<&'r Values>, Option<Timestamp>);
/// One that states something else: id, run, hash, what it states, and when the department changed it.
type ChangedRow<'r> = (i64, i64, i64, Packed<&'r Values>, Option<Timestamp>);

/// What all runs write into the source records.
#[derive(Default)]
struct Changes<'r> {
    next_id: i64,
    new: Vec<NewRow<'r>>,
    changed: Vec<ChangedRow<'r>>,
}

/// By register and key.
type KnownRows = FxHashMap<i64, FxHashMap<String, Known>>;

/// A register whose rows arrive, and the last ids of runs and of source records.
#[derive(Clone, FromRow)]
struct Begun {
    id: i64,
    rows_of: String,
    last_run: i64,
    last_row: i64,
}

/// The registers of the parts, in their order.
async fn begin(tx: &mut Tx, parts: &[ArrivingPart]) -> Result<Vec<Begun>, StoreError> {
    const SQL: &str = "SELECT s.id, s.rows_of, (SELECT coalesce(max(id), 0) FROM ingest_runs) AS last_run,
         (SELECT coalesce(max(id), 0) FROM source_records) AS last_row
         FROM source_systems s WHERE s.id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let ids: Vec<i64> = parts.iter().map(|part| part.source.0).collect();
    let begun: Vec<Begun> = on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&ids)).fetch_all(c).await)?;
    let of_source = |source: &i64| {
        let found = begun.iter().find(|one| one.id == *source).cloned();
        found.ok_or_else(|| StoreError::NotFound { what: "source system", id: source.to_string() })
    };
    ids.iter().map(of_source).collect()
}

impl<'r> Run<'r> {
    /// The run of the part at a place.
    fn of(begun: Begun, at: usize) -> Self {
        let Begun { id: source, rows_of: entity, last_run, .. } = begun;
        Self { id: last_run + 1 + at as i64, source, entity, ..Self::default() }
    }

    fn decide(
        &mut self,
        row: &'r ArrivingRow,
        known: Option<&Known>,
        held: &FxHashMap<i64, Values>,
        changes: &mut Changes<'r>,
    ) -> Arrived {
        let live = known.filter(|known| known.retired_us.is_none());
        if let Some(refused) = refusal(row, live, held) {
            return refused;
        }
        self.rows += 1;
        match (&row.what, known) {
            (Arriving::Rejected(row), _) => {
                self.rejected.push(row.clone());
                Arrived::Quarantined
            }
            (Arriving::Retires, Some(known)) if known.retired_us.is_none() => {
                self.retired.push(known.id);
                Arrived::Retired(SourceRecordId(known.id), known.version as i32)
            }
            (Arriving::Retires, _) => Arrived::NotThere,
            (Arriving::States(record), None) => {
                let id = changes.next_id;
                changes.next_id += 1;
                self.new += 1;
                self.states(id, 1, &record.values);
                let (values, hash) = (Packed(&record.values), content_hash(&record.values));
                changes.new.push((id, self.source, self.id, record.key.as_str(), hash, values, record.updated));
                Arrived::New(SourceRecordId(id))
            }
            (Arriving::States(record), Some(known)) => {
                let hash = content_hash(&record.values);
                if known.states(hash, record.updated) {
                    self.unchanged += 1;
                    return Arrived::Unchanged(SourceRecordId(known.id), known.version as i32);
                }
                self.changed += 1;
                self.revived += i64::from(known.retired_us.is_some());
                self.states(known.id, known.version + 1, &record.values);
                changes.changed.push((known.id, self.id, hash, Packed(&record.values), record.updated));
                Arrived::Changed(SourceRecordId(known.id), known.version as i32 + 1)
            }
        }
    }

    fn states(&mut self, id: i64, version: i64, values: &'r Values) {
        self.versions.push((id, version, values));
        self.touched.push(id);
    }

    /// The register, and by how many its live and its retired source records grow.
    fn counts(&self) -> (i64, i64, i64) {
        let retired = self.retired.len() as i64 - self.revived;
        (self.source, self.new - retired, retired)
    }
}

/// Why a row is not taken in, if there is a reason.
fn refusal(row: &ArrivingRow, live: Option<&Known>, held: &FxHashMap<i64, Values>) -> Option<Arrived> {
    if row.scope != Filter::Everything {
        let states_inside = match &row.what {
            Arriving::States(record) => row.scope.passes(&|name| record.values.find(name)),
            Arriving::Retires | Arriving::Rejected(_) => true,
        };
        let held_inside = live
            .is_none_or(|live| held.get(&live.id).is_some_and(|values| row.scope.passes(&|name| values.find(name))));
        if !states_inside || !held_inside {
            return Some(Arrived::OutOfScope);
        }
    }
    let version = live.map(|live| live.version as i32);
    let is_as_expected = match row.expected {
        Expected::Anything => true,
        Expected::Version(expected) => version == Some(expected),
        Expected::None => version.is_none(),
    };
    (!is_as_expected).then_some(Arrived::Unexpected(version))
}

/// A row that waits for a resolution and whose writer may not read everything, and what this one may.
fn confined((row, arrived): (&ArrivingRow, &Arrived)) -> Option<(i64, String)> {
    let (Arrived::New(id) | Arrived::Changed(id, _)) = arrived else { return None };
    (row.scope != Filter::Everything).then(|| (id.0, json(&row.scope)))
}

/// The rows that are there already.
async fn find_known(tx: &mut Tx, parts: &[ArrivingPart]) -> Result<KnownRows, StoreError> {
    const SQL: &str =
        "SELECT r.source_system_id, r.id, r.source_key, r.version, r.content_hash, r.updated_us, r.retired_us
         FROM {rows $1: source int, word text} AS t CROSS JOIN source_records r
         WHERE r.source_system_id = t.source AND r.source_key = t.word";
    #[derive(FromRow)]
    struct OfSource {
        source_system_id: i64,
        #[sqlx(flatten)]
        known: Known,
    }
    let engine = tx.engine();
    let asked = parts.iter().flat_map(|part| part.rows.iter().map(move |row| (part.source.0, row.key.as_str())));
    let asked: Vec<(i64, &str)> = asked.collect();
    let rows: Vec<OfSource> = on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&asked)).fetch_all(c).await)?;
    let mut known = KnownRows::default();
    for row in rows {
        known.entry(row.source_system_id).or_default().insert(row.known.source_key.clone(), row.known);
    }
    Ok(known)
}

/// What those rows state that are there already and whose writers may not write everywhere.
async fn held_values(
    tx: &mut Tx,
    parts: &[ArrivingPart],
    known: &KnownRows,
) -> Result<FxHashMap<i64, Values>, StoreError> {
    const SQL: &str = "SELECT id, stated FROM source_records WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let mut ids: Vec<i64> = Vec::new();
    for part in parts {
        let Some(known) = known.get(&part.source.0) else { continue };
        let confined = part.rows.iter().filter(|row| row.scope != Filter::Everything);
        ids.extend(confined.filter_map(|row| known.get(&row.key)).map(|known| known.id));
    }
    if ids.is_empty() {
        return Ok(FxHashMap::default());
    }
    let engine = tx.engine();
    let rows: Vec<(i64, Json<Values>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&ids)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, stated)| (id, stated.0)).collect())
}

async fn insert_runs(tx: &mut Tx, landed: &FileFacts, runs: &[Run<'_>]) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO ingest_runs (id, source_system_id, file_name, content_hash, file_bytes, load, recorded_us,
             rows_read, rows_new, rows_changed, rows_unchanged, rows_retired, rows_held_back, rows_rejected, arrived_by)
         SELECT id, source, $2, $3, $4, $5, $6, rows_read, rows_new, rows_changed, rows_unchanged, rows_retired, 0,
             rows_rejected, $7
         FROM {rows $1: id int, source int, rows_read int, rows_new int, rows_changed int, rows_unchanged int,
             rows_retired int, rows_rejected int} AS r";
    let row = |run: &Run<'_>| {
        let (retired, rejected) = (run.retired.len(), run.rejected.len());
        (run.id, run.source, run.rows, run.new, run.changed, run.unchanged, retired, rejected)
    };
    let rows: Vec<_> = runs.iter().map(row).collect();
    let (engine, now) = (tx.engine(), tx.now.0);
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
        .bind(json(&rows))
        .bind(&landed.name)
        .bind(&landed.content_hash)
        .bind(landed.bytes as i64)
        .bind(load_word(landed.load))
        .bind(now)
        .bind(ArrivedBy::Call.word())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

impl Changes<'_> {
    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        const NEW: &str = "INSERT INTO source_records (id, source_system_id, source_key, version, content_hash, stated,
             updated_us, recorded_from_us, ingest_run_id)
             SELECT id, source, source_key, 1, content_hash, stated, updated_us, $2, run
             FROM {rows $1: id int, source int, run int, source_key text, content_hash int, stated packed, updated_us int} AS r";
        const KEEP: &str = "INSERT INTO source_record_versions (source_record_id, version, stated, updated_us,
             recorded_from_us, recorded_to_us, ingest_run_id)
             SELECT r.id, r.version, r.stated, r.updated_us, r.recorded_from_us, coalesce(r.retired_us, $2), r.ingest_run_id
             FROM source_records r WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
        const UPDATE: &str = "UPDATE source_records SET version = source_records.version + 1,
             content_hash = r.content_hash, stated = r.stated, updated_us = r.updated_us, recorded_from_us = $2,
             ingest_run_id = r.run, retired_us = NULL
             FROM {rows $1: id int, run int, content_hash int, stated packed, updated_us int} AS r
             WHERE source_records.id = r.id";
        let ids: Vec<i64> = self.changed.iter().map(|row| row.0).collect();
        let (engine, now) = (tx.engine(), tx.now.0);
        let rows = [(NEW, self.new.len(), json(&self.new))];
        let rows = rows.into_iter().chain([(KEEP, ids.len(), json(&ids)), (UPDATE, ids.len(), json(&self.changed))]);
        for (text, _, rows) in rows.filter(|(_, count, _)| *count > 0) {
            on_tx!(tx, |c| sqlx::query(sql(engine, text)).bind(rows).bind(now).execute(c).await.map(drop))?;
        }
        Ok(())
    }
}

/// What the runs have of each entity type.
fn by_entity<'a, 'r, T: Copy + 'a>(runs: &'a [Run<'r>], of: impl Fn(&'a Run<'r>) -> &'a [T]) -> Vec<(&'a str, Vec<T>)> {
    let mut all: Vec<(&str, Vec<T>)> = Vec::new();
    for run in runs {
        let own = of(run);
        match all.iter_mut().find(|(entity, _)| *entity == run.entity) {
            Some((_, held)) => held.extend_from_slice(own),
            None => all.push((run.entity.as_str(), own.to_vec())),
        }
    }
    all.retain(|(_, held)| !held.is_empty());
    all
}

/// Keeps the relations that the new versions state.
async fn keep_relations(tx: &mut Tx, runs: &[Run<'_>]) -> Result<(), StoreError> {
    for (entity, versions) in by_entity(runs, |run| &run.versions) {
        let types = relations::stated_by(tx, entity).await?;
        relations::keep(tx, &types, entity, versions.into_iter()).await?;
    }
    Ok(())
}

/// Retires source records: they wait for a resolution, and questions about them lapse.
async fn retire(tx: &mut Tx, runs: &[Run<'_>]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE source_records SET retired_us = $2 WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let (now, engine) = (tx.now.0, tx.engine());
    for (entity, ids) in by_entity(runs, |run| &run.retired) {
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(&ids)).bind(now).execute(c).await.map(drop))?;
        steward_tasks::lapse_of(tx, &ids).await?;
        resolution::mark_unresolved(tx, entity, &ids).await?;
    }
    Ok(())
}
