//! Whom a breach touches: the golden records that an account or a key read or changed, or that a source states values of.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::{GoldenId, Timestamp};

use crate::Store;
use crate::audit_events::{READ_FOUND_NOTHING, READ_REFUSED};
use crate::db::{Tx, on_tx};
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, attribute_path, attribute_text, json, sql};
use crate::error::StoreError;

/// How one golden record was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The golden record, by the id that it had then.
    pub golden_id: GoldenId,
    /// Its entity type.
    pub entity: String,
    /// How many records of the source were linked to it; 0 of an account.
    pub source_records: u64,
    /// How often it was read.
    pub reads: u64,
    /// How often it was changed.
    pub changes: u64,
    /// The first time; of a source, since when it was linked.
    pub first: Timestamp,
    /// The last time; of a source, until when it was linked, or the end of the period asked about.
    pub last: Timestamp,
}

/// Whom a breach touches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affected {
    /// The golden records, by id.
    pub golden: Vec<Touched>,
    /// How many entries of the trail name no golden record, by what was done: a statement to the warehouse, a listing.
    pub unnamed: BTreeMap<String, u64>,
}

/// Entries read at a time.
const PAGE: i64 = 5_000;

/// What an entry was about, as far as it leads to golden records.
enum Subject {
    Golden(GoldenId),
    SourceRecords(Vec<i64>),
    Task(i64),
    Override(i64),
    Proposal(i64),
    Other,
}

impl Subject {
    /// Reads back what the hub, its pages and its commands write into the trail.
    fn parse(text: &str) -> Self {
        let number = |prefix: &str| text.strip_prefix(prefix)?.parse().ok();
        if let Ok(id) = text.parse() {
            return Self::Golden(id);
        }
        if let Some(task) = number("steward task ") {
            return Self::Task(task);
        }
        if let Some(id) = number("override ") {
            return Self::Override(id);
        }
        if let Some(id) = number("proposal ") {
            return Self::Proposal(id);
        }
        let pair = text.strip_prefix("source records ").and_then(|pair| pair.split_once(" and "));
        match pair.map(|(left, right)| (left.parse(), right.parse())) {
            Some((Ok(left), Ok(right))) => Self::SourceRecords(vec![left, right]),
            _ => Self::Other,
        }
    }
}

/// The golden records that held any of these source records at a time.
async fn held_by(tx: &mut Tx, sources: &[i64], at_us: i64) -> Result<Vec<i64>, StoreError> {
    const SQL: &str =
        "SELECT DISTINCT golden_id FROM crosswalks WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)
         AND recorded_from_us <= $2 AND (recorded_to_us IS NULL OR recorded_to_us > $2)";
    let text = sql(tx.engine(), SQL);
    Ok(on_tx!(tx, |c| sqlx::query_scalar(text).bind(json(sources)).bind(at_us).fetch_all(c).await)?)
}

/// The golden records to which these source records were linked anew first after a time: what follows from an act that joins or parts
/// them.
async fn held_next(tx: &mut Tx, sources: &[i64], at_us: i64) -> Result<Vec<i64>, StoreError> {
    const SQL: &str =
        "SELECT DISTINCT c.golden_id FROM crosswalks c WHERE c.source_record_id IN (SELECT id FROM {ids $1} AS i)
         AND c.recorded_from_us = (SELECT min(n.recorded_from_us) FROM crosswalks n
             WHERE n.source_record_id = c.source_record_id AND n.recorded_from_us > $2)";
    let text = sql(tx.engine(), SQL);
    Ok(on_tx!(tx, |c| sqlx::query_scalar(text).bind(json(sources)).bind(at_us).fetch_all(c).await)?)
}

/// Acts after which source records may be linked otherwise, by their words in the trail.
const JOINS_OR_PARTS: [&str; 6] =
    ["task_decided", "decision_approved", "decided", "decision_undone", "undone", "undo_approved"];

/// What a proposal is about.
async fn subject_of(tx: &mut Tx, proposal: i64) -> Result<Subject, StoreError> {
    const SQL: &str = "SELECT steward_task_id, golden_id FROM proposals WHERE id = $1";
    let about: Option<(Option<i64>, Option<i64>)> =
        on_tx!(tx, |c| sqlx::query_as(SQL).bind(proposal).fetch_optional(c).await)?;
    Ok(match about {
        Some((Some(task), _)) => Subject::Task(task),
        Some((None, Some(golden))) => Subject::Golden(GoldenId(golden)),
        Some((None, None)) | None => Subject::Other,
    })
}

/// The golden records that an entry was about; of an act that joined or parted two, also those that came of it.
async fn golden_of(tx: &mut Tx, subject: Subject, action: &str, at_us: i64) -> Result<Vec<i64>, StoreError> {
    const TASK: &str = "SELECT left_id, right_id FROM steward_tasks WHERE id = $1";
    const OVERRIDE: &str = "SELECT source_record_id FROM override_members WHERE override_id = $1 ORDER BY place";
    let subject = match subject {
        Subject::Proposal(id) => subject_of(tx, id).await?,
        other => other,
    };
    match subject {
        Subject::Golden(id) => Ok(vec![id.0]),
        Subject::SourceRecords(sources) => held_by(tx, &sources, at_us).await,
        Subject::Task(id) => {
            let pair: Option<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(TASK).bind(id).fetch_optional(c).await)?;
            match pair {
                Some((left, right)) => {
                    let mut golden = held_by(tx, &[left, right], at_us).await?;
                    if JOINS_OR_PARTS.contains(&action) {
                        golden.extend(held_next(tx, &[left, right], at_us).await?);
                        golden.sort_unstable();
                        golden.dedup();
                    }
                    Ok(golden)
                }
                None => Ok(Vec::new()),
            }
        }
        Subject::Override(id) => {
            let sources: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(OVERRIDE).bind(id).fetch_all(c).await)?;
            held_by(tx, &sources, at_us).await
        }
        Subject::Proposal(_) | Subject::Other => Ok(Vec::new()),
    }
}

impl Store {
    /// The golden records that someone, by the name in the audit trail, read or changed in a period, half-open.
    pub async fn list_affected_by_actor(
        &self,
        actor: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Affected, StoreError> {
        const SQL: &str = "SELECT at_us, position, action, subject, purpose FROM audit_events
             WHERE actor = $1 AND at_us < $2 AND (at_us > $3 OR (at_us = $3 AND position > $4))
             ORDER BY at_us, position LIMIT $5";
        let mut tx = self.db.begin_read().await?;
        let mut found: BTreeMap<i64, Touched> = BTreeMap::new();
        let mut unnamed: BTreeMap<String, u64> = BTreeMap::new();
        let mut after = (from.0, 0);
        loop {
            let rows: Vec<(i64, i64, String, String, Option<String>)> = on_tx!(tx, |c| sqlx::query_as(SQL)
                .bind(actor)
                .bind(to.0)
                .bind(after.0)
                .bind(after.1)
                .bind(PAGE)
                .fetch_all(c)
                .await)?;
            let Some(last) = rows.last() else { break };
            after = (last.0, last.1);
            for (at_us, _, action, subject, purpose) in rows {
                // Nobody is touched by what was not shown.
                if [READ_REFUSED, READ_FOUND_NOTHING].contains(&action.as_str()) {
                    *unnamed.entry(action).or_default() += 1;
                    continue;
                }
                let golden = golden_of(&mut tx, Subject::parse(&subject), &action, at_us).await?;
                if golden.is_empty() {
                    *unnamed.entry(action).or_default() += 1;
                    continue;
                }
                for id in golden {
                    let touched = found.entry(id).or_insert_with(|| Touched {
                        golden_id: GoldenId(id),
                        entity: String::new(),
                        source_records: 0,
                        reads: 0,
                        changes: 0,
                        first: Timestamp(at_us),
                        last: Timestamp(at_us),
                    });
                    // Whoever reads personal data says why; a change needs no purpose.
                    *(if purpose.is_some() { &mut touched.reads } else { &mut touched.changes }) += 1;
                    touched.last = touched.last.max(Timestamp(at_us));
                }
            }
        }
        Ok(Affected { golden: with_entities(&mut tx, found).await?, unnamed })
    }

    /// The golden records to which source records of a source were linked at any time in a period, half-open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such source.
    pub async fn list_affected_by_source(
        &self,
        source: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Affected, StoreError> {
        const SOURCE: &str = "SELECT id FROM source_systems WHERE name = $1";
        const SQL: &str = "SELECT c.golden_id, count(DISTINCT c.source_record_id), min(c.recorded_from_us),
             max(coalesce(c.recorded_to_us, $3))
             FROM source_records r JOIN crosswalks c ON c.source_record_id = r.id
             WHERE r.source_system_id = $1 AND c.recorded_from_us < $3 AND (c.recorded_to_us IS NULL OR c.recorded_to_us > $2)
             GROUP BY c.golden_id";
        let mut tx = self.db.begin_read().await?;
        let id: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(SOURCE).bind(source).fetch_optional(c).await)?;
        let id = id.ok_or_else(|| StoreError::NotFound { what: "source", id: source.to_owned() })?;
        let rows: Vec<(i64, i64, i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(SQL).bind(id).bind(from.0).bind(to.0).fetch_all(c).await)?;
        let touched = |(golden, records, first, last): (i64, i64, i64, i64)| Touched {
            golden_id: GoldenId(golden),
            entity: String::new(),
            source_records: records as u64,
            reads: 0,
            changes: 0,
            first: Timestamp(first.max(from.0)),
            last: Timestamp(last.min(to.0)),
        };
        let found = rows.into_iter().map(|row| (row.0, touched(row))).collect();
        Ok(Affected { golden: with_entities(&mut tx, found).await?, unnamed: BTreeMap::new() })
    }

    /// How many of these golden records stand in each place: by the text of one attribute in their latest version. Those
    /// without one count under an empty text.
    pub async fn count_golden_by(
        &self,
        attribute: &str,
        ids: &[GoldenId],
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let engine = self.db.engine();
        let place = attribute_text(engine, JsonColumn::Chosen("v.chosen"), "$2");
        let text = format!(
            "SELECT coalesce(place, ''), count(*) FROM (
                 SELECT {place} AS place FROM golden_records g
                 JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
                 WHERE g.id IN (SELECT id FROM {{ids $1}} AS i)) AS placed GROUP BY coalesce(place, '')"
        );
        let ids: BTreeSet<i64> = ids.iter().map(|id| id.0).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut tx = self.db.begin_read().await?;
        let mut counts = BTreeMap::new();
        for chunk in ids.chunks(ROWS_A_STATEMENT) {
            let rows: Vec<(String, i64)> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text))
                .bind(json(chunk))
                .bind(attribute_path(engine, attribute))
                .fetch_all(c)
                .await)?;
            for (place, count) in rows {
                *counts.entry(place).or_default() += count as u64;
            }
        }
        Ok(counts)
    }
}

/// The same with the entity type of each; an id that never was a golden record is left out.
async fn with_entities(tx: &mut Tx, mut found: BTreeMap<i64, Touched>) -> Result<Vec<Touched>, StoreError> {
    const SQL: &str = "SELECT id, entity FROM golden_records WHERE id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    let ids: Vec<i64> = found.keys().copied().collect();
    let mut all = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<(i64, String)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(chunk)).fetch_all(c).await)?;
        for (id, entity) in rows {
            all.extend(found.remove(&id).map(|touched| Touched { entity, ..touched }));
        }
    }
    all.sort_by_key(|touched| touched.golden_id);
    Ok(all)
}
