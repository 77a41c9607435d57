//! Steward tasks: doubtful pairs, opened and lapsed by resolutions, moved on by the steps that the model allows.

use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::steward_task::{Actor, Escalation, Impact, Step, StepRefused, StewardTask, TaskState};
use kanak_model::{GoldenId, Role, SourceRecordId, StewardTaskId, Timestamp, UserId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::ser::{Serialize, SerializeTuple as _, Serializer};
use sqlx::FromRow;

use crate::audit_events;
use crate::db::{Tx, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::resolution::Scope;
use crate::{confirmations, proposals, users};

/// A task as it is read.
#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) id: i64,
    entity: String,
    left_id: i64,
    right_id: i64,
    weight_bits: f64,
    probability: f64,
    priority: f64,
    opened_us: i64,
    state: String,
    held_by: Option<i64>,
    held_us: Option<i64>,
    until_us: Option<i64>,
    deferred_reason: Option<String>,
    escalated_by: Option<i64>,
    escalated_us: Option<i64>,
    escalated_to: Option<String>,
    escalated_reason: Option<String>,
    decided_by: Option<i64>,
    decided_us: Option<i64>,
    decision: Option<String>,
}

/// All columns of tasks `t`.
pub(crate) const COLUMNS: &str = "SELECT t.id, t.entity, t.left_id, t.right_id, t.weight_bits, t.probability, t.priority,
     t.opened_us, t.state, t.held_by, t.held_us, t.until_us, t.deferred_reason, t.escalated_by, t.escalated_us, t.escalated_to,
     t.escalated_reason, t.decided_by, t.decided_us, t.decision FROM steward_tasks t";

/// What a lapsed task no longer has; more conditions may follow.
const LAPSED: &str = "UPDATE steward_tasks SET state = 'lapsed', held_by = NULL, held_us = NULL, until_us = NULL,
     deferred_reason = NULL, decision = NULL, escalated_by = NULL, escalated_us = NULL, escalated_to = NULL, escalated_reason = NULL
     WHERE state NOT IN ('decided', 'lapsed')";

/// As the copied ledger writes it: its columns in the order of [`COLUMNS`], more of them than a tuple has places.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_tuple(20)?;
        row.serialize_element(&self.id)?;
        row.serialize_element(&self.entity)?;
        row.serialize_element(&self.left_id)?;
        row.serialize_element(&self.right_id)?;
        row.serialize_element(&self.weight_bits)?;
        row.serialize_element(&self.probability)?;
        row.serialize_element(&self.priority)?;
        row.serialize_element(&self.opened_us)?;
        row.serialize_element(&self.state)?;
        row.serialize_element(&self.held_by)?;
        row.serialize_element(&self.held_us)?;
        row.serialize_element(&self.until_us)?;
        row.serialize_element(&self.deferred_reason)?;
        row.serialize_element(&self.escalated_by)?;
        row.serialize_element(&self.escalated_us)?;
        row.serialize_element(&self.escalated_to)?;
        row.serialize_element(&self.escalated_reason)?;
        row.serialize_element(&self.decided_by)?;
        row.serialize_element(&self.decided_us)?;
        row.serialize_element(&self.decision)?;
        row.end()
    }
}

impl Row {
    fn escalation(&self) -> Result<Option<Escalation>, StoreError> {
        let Some(word) = &self.escalated_to else { return Ok(None) };
        let parts = (Role::find(word), self.escalated_by, self.escalated_us, &self.escalated_reason);
        match parts {
            (Some(to), Some(by), Some(at), Some(reason)) => {
                Ok(Some(Escalation { by: UserId(by), at: Timestamp(at), to, reason: reason.clone() }))
            }
            _ => Err(self.unfit("escalated_to", "role with who escalated, when and why")),
        }
    }

    fn state(&self) -> Result<TaskState, StoreError> {
        let escalation = self.escalation()?;
        let held = self.held_by.zip(self.held_us).zip(self.until_us);
        let held = held.map(|((by, at), until)| (UserId(by), Timestamp(at), Timestamp(until)));
        let decision = self.decision.as_deref().and_then(Decision::find);
        match (self.state.as_str(), held, self.decided_by.zip(self.decided_us), decision) {
            ("open", ..) => Ok(TaskState::Open),
            ("lapsed", ..) => Ok(TaskState::Lapsed),
            ("escalated", ..) => escalation.map(TaskState::Escalated).ok_or_else(|| self.unfit("escalated_to", "role")),
            ("claimed", Some((by, at, until)), ..) => Ok(TaskState::Claimed { by, at, until, escalation }),
            ("deferred", Some((by, at, until)), ..) => {
                let reason = self.deferred_reason.clone().ok_or_else(|| self.unfit("deferred_reason", "reason"))?;
                Ok(TaskState::Deferred { by, at, until, reason, escalation })
            }
            ("proposed", _, None, Some(decision)) => {
                let held = self.held_by.zip(self.held_us);
                let (by, at) = held.ok_or_else(|| self.unfit("held_by", "user"))?;
                Ok(TaskState::Proposed { by: UserId(by), at: Timestamp(at), decision, escalation })
            }
            ("decided", _, Some((by, at)), Some(decision)) => {
                Ok(TaskState::Decided { by: UserId(by), at: Timestamp(at), decision, escalation })
            }
            _ => Err(self.unfit("state", "state of a task")),
        }
    }

    fn unfit(&self, column: &'static str, expected: &'static str) -> StoreError {
        StoreError::Stored { table: "steward_tasks", row: self.id, column, expected }
    }
}

impl TryFrom<Row> for StewardTask {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = row.state()?;
        Ok(Self {
            id: StewardTaskId(row.id),
            entity: row.entity,
            pair: MatchPair {
                left: SourceRecordId(row.left_id),
                right: SourceRecordId(row.right_id),
                weight_bits: row.weight_bits,
                probability: row.probability,
                decision: Decision::Review,
            },
            priority: row.priority,
            opened: Timestamp(row.opened_us),
            state,
        })
    }
}

/// A task as it is stored.
pub(crate) async fn get(tx: &mut Tx, id: StewardTaskId) -> Result<StewardTask, StoreError> {
    let text = format!("{COLUMNS} WHERE t.id = $1");
    let engine = tx.engine();
    let row: Option<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(id.0).fetch_optional(c).await)?;
    row.ok_or_else(|| StoreError::NotFound { what: "steward task", id: id.to_string() })?.try_into()
}

/// A task to be moved on: where a claim or a deferral has run out, that is written first.
pub(crate) async fn get_due(tx: &mut Tx, id: StewardTaskId) -> Result<StewardTask, StoreError> {
    let mut task = get(tx, id).await?;
    if let Some(step) = task.come_back(tx.now) {
        take(tx, &step, SYSTEM, serde_json::json!({})).await?;
        task.state = step.to().clone();
    }
    Ok(task)
}

/// Who ends claims and deferrals.
pub(crate) const SYSTEM: &str = "system:stewardship";

/// Writes a step and its entry in the audit trail.
pub(crate) async fn take(tx: &mut Tx, step: &Step, actor: &str, detail: serde_json::Value) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE steward_tasks SET state = $2, held_by = $3, held_us = $4, until_us = $5, deferred_reason = $6,
         escalated_by = $7, escalated_us = $8, escalated_to = $9, escalated_reason = $10, decided_by = $11, decided_us = $12,
         decision = $13 WHERE id = $1";
    let to = step.to();
    let (held, reason) = match to {
        TaskState::Claimed { by, at, until, .. } => (Some((by.0, at.0, Some(until.0))), None),
        TaskState::Deferred { by, at, until, reason, .. } => (Some((by.0, at.0, Some(until.0))), Some(reason)),
        TaskState::Proposed { by, at, .. } => (Some((by.0, at.0, None)), None),
        _ => (None, None),
    };
    let decided = match to {
        TaskState::Decided { by, at, .. } => Some((by.0, at.0)),
        _ => None,
    };
    let decision = match to {
        TaskState::Decided { decision, .. } | TaskState::Proposed { decision, .. } => Some(decision.word()),
        _ => None,
    };
    let escalation = to.escalation();
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(step.task().0)
        .bind(to.word())
        .bind(held.map(|held| held.0))
        .bind(held.map(|held| held.1))
        .bind(held.and_then(|held| held.2))
        .bind(reason)
        .bind(escalation.map(|one| one.by.0))
        .bind(escalation.map(|one| one.at.0))
        .bind(escalation.map(|one| one.to.word()))
        .bind(escalation.map(|one| one.reason.as_str()))
        .bind(decided.map(|decided| decided.0))
        .bind(decided.map(|decided| decided.1))
        .bind(decision)
        .execute(c)
        .await
        .map(drop))?;
    audit(tx, actor, step.action(), step.task(), detail).await
}

/// The reason stays out of the trail: it is the steward's words about people, and stands in the ledger. The golden records of its
/// source records are named, as they are before the act has its effect.
pub(crate) async fn audit(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    task: StewardTaskId,
    mut detail: serde_json::Value,
) -> Result<(), StoreError> {
    const GOLDEN: &str = "SELECT DISTINCT x.golden_id FROM steward_tasks t JOIN crosswalks x
         ON (x.source_record_id = t.left_id OR x.source_record_id = t.right_id) AND x.recorded_to_us IS NULL
         WHERE t.id = $1 ORDER BY 1";
    let golden: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(GOLDEN).bind(task.0).fetch_all(c).await)?;
    let golden: Vec<String> = golden.into_iter().map(|id| GoldenId(id).to_string()).collect();
    detail["golden_records"] = golden.into();
    audit_events::append_act(tx, actor, action, format!("steward task {task}"), detail).await
}

/// What the model allows a steward to do with a task, or why not, with the names of users.
pub(crate) async fn allowed(
    tx: &mut Tx,
    task: &StewardTask,
    by: UserId,
    step: impl FnOnce(&StewardTask, Actor<'_>, Timestamp) -> Result<Step, StepRefused>,
) -> Result<Step, StoreError> {
    let roles = users::roles(tx, by).await?;
    match step(task, Actor { user: by, roles: &roles }, tx.now) {
        Ok(step) => Ok(step),
        Err(refused) => Err(refusal(tx, task.id, refused).await?),
    }
}

/// A refusal as the hub words it.
async fn refusal(tx: &mut Tx, task: StewardTaskId, refused: StepRefused) -> Result<StoreError, StoreError> {
    Ok(match refused {
        StepRefused::Held { by, until } => StoreError::TaskHeld { task, by: users::actor(tx, by).await?, until },
        StepRefused::State { state, needed } => StoreError::TaskState { task, state: state.to_owned(), needed },
        StepRefused::Proposed { by } => StoreError::TaskProposed { task, by: users::actor(tx, by).await? },
        StepRefused::NoDecision => StoreError::NoDecision,
        refused @ (StepRefused::WaitsFor { .. } | StepRefused::Past | StepRefused::Own | StepRefused::Role { .. }) => {
            StoreError::TaskStep { task, refused }
        }
    })
}

/// Opens a task for each doubtful pair that has none, and lets those lapse that wait and are no longer doubted; gives how many of
/// each. A pair that a steward decided stays decided; one that a steward holds stays held. All that are doubted get their priority
/// anew, by the golden records as they are now.
pub(crate) async fn review(
    tx: &mut Tx,
    entity: &str,
    pairs: &[MatchPair],
    scope: &Scope,
) -> Result<(u64, u64), StoreError> {
    const KNOWN: &str =
        "SELECT id, left_id, right_id, state FROM steward_tasks WHERE entity = $1 AND state <> 'lapsed'";
    const KNOWN_OF: &str = "SELECT t.id, t.left_id, t.right_id, t.state FROM {ids $2} AS i CROSS JOIN steward_tasks t
         WHERE t.left_id = i.id AND t.entity = $1 AND t.state <> 'lapsed'";
    const NEXT: &str = "SELECT coalesce(max(id), 0) FROM steward_tasks";
    const UPSERT: &str = "INSERT INTO steward_tasks (id, entity, left_id, right_id, weight_bits, probability, priority, opened_us, state)
         SELECT id, $3, left_id, right_id, weight_bits, probability, priority, $2, 'open'
         FROM {rows $1: id int, left_id int, right_id int, weight_bits real, probability real, priority real} AS r WHERE 1 = 1
         ON CONFLICT (left_id, right_id) DO UPDATE SET weight_bits = excluded.weight_bits, probability = excluded.probability,
         priority = excluded.priority,
         opened_us = CASE WHEN steward_tasks.state = 'lapsed' THEN excluded.opened_us ELSE steward_tasks.opened_us END,
         state = CASE WHEN steward_tasks.state = 'lapsed' THEN 'open' ELSE steward_tasks.state END";
    let (engine, now) = (tx.engine(), tx.now.0);
    let known: Vec<(i64, i64, i64, String)> = match scope {
        Scope::Everything => on_tx!(tx, |c| sqlx::query_as(KNOWN).bind(entity).fetch_all(c).await)?,
        Scope::These(ids) => {
            let mut known = Vec::new();
            let doubted = pairs.iter().map(|pair| pair.left.min(pair.right));
            let mut ids: Vec<SourceRecordId> = ids.iter().copied().chain(doubted).collect();
            ids.sort_unstable();
            ids.dedup();
            for chunk in ids.chunks(ROWS_A_STATEMENT) {
                let of_chunk: Vec<_> = on_tx!(tx, |c| sqlx::query_as(sql(engine, KNOWN_OF))
                    .bind(entity)
                    .bind(json(chunk))
                    .fetch_all(c)
                    .await)?;
                known.extend(of_chunk);
            }
            known
        }
    };
    let known: FxHashMap<(i64, i64), (i64, bool)> =
        known.into_iter().map(|(id, left, right, state)| ((left, right), (id, state != "decided"))).collect();
    let is_asked = pairs.iter().any(|pair| pair.decision == Decision::Review);
    let mut last: i64 = if is_asked { on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)? } else { 0 };
    let mut doubted = FxHashSet::default();
    let mut rows = Vec::new();
    let mut opened = 0;
    for pair in pairs.iter().filter(|pair| pair.decision == Decision::Review) {
        let key = (pair.left.0.min(pair.right.0), pair.left.0.max(pair.right.0));
        let state = known.get(&key);
        if !doubted.insert(key) || state.is_some_and(|(_, waits)| !waits) {
            continue;
        }
        opened += u64::from(state.is_none());
        last += 1;
        rows.push((last, key.0, key.1, finite(pair.weight_bits), finite(pair.probability)));
    }
    let benefit = if rows.is_empty() { FxHashSet::default() } else { benefit_registers(tx).await? };
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        let pairs: Vec<(i64, i64)> = chunk.iter().map(|row| (row.1, row.2)).collect();
        let sides = Sides::read(tx, &pairs).await?;
        let weighed = chunk.iter().map(|(id, left, right, bits, probability)| {
            let priority = sides.impact(&benefit, *left, *right).priority(*probability);
            (*id, *left, *right, *bits, *probability, priority)
        });
        let weighed: Vec<(i64, i64, i64, f64, f64, f64)> = weighed.collect();
        on_tx!(tx, |c| sqlx::query(sql(engine, UPSERT))
            .bind(json(&weighed))
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
        .filter(|(pair, (_, waits))| *waits && in_scope(pair) && !doubted.contains(*pair))
        .map(|(_, (id, _))| *id)
        .collect();
    gone.sort_unstable();
    let lapse = format!("{LAPSED} AND id IN (SELECT id FROM {{ids $1}} AS i)");
    for chunk in gone.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, &lapse)).bind(json(chunk)).execute(c).await.map(drop))?;
    }
    if !gone.is_empty() {
        proposals::lapse(tx).await?;
    }
    Ok((opened, gone.len() as u64))
}

/// Lets the tasks lapse that wait and are about one of these source records.
pub(crate) async fn lapse_of(tx: &mut Tx, source_records: &[i64]) -> Result<(), StoreError> {
    let text = format!(
        "{LAPSED} AND (left_id IN (SELECT id FROM {{ids $1}} AS i) OR right_id IN (SELECT id FROM {{ids $1}} AS i))"
    );
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, &text)).bind(json(source_records)).execute(c).await.map(drop))?;
    proposals::lapse(tx).await
}

/// Takes the words out of tasks about source records that are erased.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE steward_tasks SET escalated_reason = 'erased' WHERE escalated_reason IS NOT NULL
         AND (left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j))";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(sources)).execute(c).await.map(drop))?;
    Ok(())
}

/// The registers on which somebody's benefit hangs.
async fn benefit_registers(tx: &mut Tx) -> Result<FxHashSet<i64>, StoreError> {
    const SQL: &str = "SELECT id FROM source_systems WHERE stakes = 'benefit'";
    let ids: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL).fetch_all(c).await)?;
    Ok(ids.into_iter().collect())
}

/// The golden records on both sides of some pairs, and what they hold.
struct Sides {
    /// Source record to golden record.
    golden: FxHashMap<i64, i64>,
    /// Golden record to registers, and how many source records of each it holds.
    held: FxHashMap<i64, Vec<(i64, i64)>>,
    confirmed: FxHashSet<i64>,
}

impl Sides {
    async fn read(tx: &mut Tx, pairs: &[(i64, i64)]) -> Result<Self, StoreError> {
        const GOLDEN: &str = "SELECT x.source_record_id, x.golden_id FROM {ids $1} AS i CROSS JOIN crosswalks x
             WHERE x.source_record_id = i.id AND x.recorded_to_us IS NULL";
        const HELD: &str = "SELECT x.golden_id, r.source_system_id, count(*) FROM {ids $1} AS i
             CROSS JOIN crosswalks x CROSS JOIN source_records r
             WHERE x.golden_id = i.id AND x.recorded_to_us IS NULL AND r.id = x.source_record_id
             GROUP BY x.golden_id, r.source_system_id";
        let engine = tx.engine();
        let mut ids: Vec<i64> = pairs.iter().flat_map(|(left, right)| [*left, *right]).collect();
        ids.sort_unstable();
        ids.dedup();
        let golden: Vec<(i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, GOLDEN)).bind(json(&ids)).fetch_all(c).await)?;
        let mut of: Vec<i64> = golden.iter().map(|row| row.1).collect();
        of.sort_unstable();
        of.dedup();
        let rows: Vec<(i64, i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, HELD)).bind(json(&of)).fetch_all(c).await)?;
        let mut held: FxHashMap<i64, Vec<(i64, i64)>> = FxHashMap::default();
        for (golden, register, count) in rows {
            held.entry(golden).or_default().push((register, count));
        }
        let confirmed = confirmations::confirmed(tx, &of).await?;
        Ok(Self { golden: golden.into_iter().collect(), held, confirmed })
    }

    fn impact(&self, benefit: &FxHashSet<i64>, left: i64, right: i64) -> Impact {
        let mut sides: Vec<i64> = [left, right].iter().filter_map(|id| self.golden.get(id).copied()).collect();
        sides.dedup();
        let held = || sides.iter().filter_map(|side| self.held.get(side)).flatten();
        let source_records: i64 = held().map(|(_, count)| *count).sum();
        let registers: FxHashSet<i64> = held().map(|row| row.0).filter(|register| benefit.contains(register)).collect();
        Impact {
            source_records: u32::try_from(source_records).unwrap_or(u32::MAX),
            benefit_registers: registers.len() as u32,
            confirmed: sides.iter().filter(|side| self.confirmed.contains(side)).count() as u32,
        }
    }
}

/// JSON has no infinity: a certain pair keeps the largest weight there is.
fn finite(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) }
}
