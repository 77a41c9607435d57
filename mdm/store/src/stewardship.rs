//! What a steward does: looks at doubtful pairs, decides, undoes.

use kanak_codes::identifiers::find_aadhaar_like;
use kanak_model::access::Filter;
use kanak_model::match_pair::{Constraint, ConstraintKind, Decision, MatchPair};
use kanak_model::steward_task::{StewardTask, TaskState};
use kanak_model::{Access, EntityModel, GoldenId, SourceRecord, SourceRecordId, StewardTaskId, Timestamp, UserId};
use sqlx::FromRow;

use crate::access_sql::compile;
use crate::audit_events::{self, AuditEvent};
use crate::confirmations::{self, NewConfirmation};
use crate::constraints::{self, NewConstraint};
use crate::crosswalks::{Link, links};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, json, sql};
use crate::error::StoreError;
use crate::golden_records::{MEMBER_COLUMNS, MemberRecord, MemberRow};
use crate::{Store, resolution, users};

/// Which tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFilter {
    /// Those that wait.
    Open,
    /// Those that were decided.
    Decided,
    /// Those no longer doubted.
    Lapsed,
}

impl TaskFilter {
    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Where a listing of tasks goes on: after this task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskCursor {
    /// Its probability.
    pub probability: f64,
    /// Its id.
    pub id: StewardTaskId,
}

/// How many tasks stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Waiting.
    pub open: u64,
    /// Decided.
    pub decided: u64,
    /// No longer doubted.
    pub lapsed: u64,
}

/// A task with both source records side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskView {
    /// The task.
    pub task: StewardTask,
    /// The source record with the smaller id.
    pub left: MemberRecord,
    /// The other one.
    pub right: MemberRecord,
    /// The golden record of the first.
    pub left_golden: Option<GoldenId>,
    /// The golden record of the second.
    pub right_golden: Option<GoldenId>,
    /// Whether stewards confirmed both golden records: then rules do not join them, however sure they are.
    pub both_confirmed: bool,
    /// The steward's words, when it is decided.
    pub reason: Option<String>,
}

/// What an engine needs to resolve some source records anew: all that their golden records hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    /// The live source records, ascending; those asked for among them.
    pub source_records: Vec<SourceRecord>,
    /// The links that hold between them and golden records, ascending.
    pub links: Vec<Link>,
    /// The decisions that hold between them.
    pub constraints: Vec<Constraint>,
    /// What stewards confirmed of them, as [`Store::list_confirmed`] gives it.
    pub confirmed: Vec<Constraint>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    entity: String,
    left_id: i64,
    right_id: i64,
    weight_bits: f64,
    probability: f64,
    opened_us: i64,
    state: String,
    decided_by: Option<i64>,
    decided_us: Option<i64>,
    decision: Option<String>,
}

const COLUMNS: &str =
    "SELECT t.id, t.entity, t.left_id, t.right_id, t.weight_bits, t.probability, t.opened_us, t.state,
     t.decided_by, t.decided_us, t.decision FROM steward_tasks t";

impl TryFrom<Row> for StewardTask {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored =
            StoreError::Stored { table: "steward_tasks", row: row.id, column: "state", expected: "state of a task" };
        let decision = row.decision.as_deref().and_then(Decision::find);
        let state = match (row.state.as_str(), row.decided_by, row.decided_us, decision) {
            ("open", ..) => TaskState::Open,
            ("lapsed", ..) => TaskState::Lapsed,
            ("decided", Some(by), Some(at), Some(decision)) => {
                TaskState::Decided { by: UserId(by), at: Timestamp(at), decision }
            }
            _ => return Err(stored),
        };
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
            opened: Timestamp(row.opened_us),
            state,
        })
    }
}

async fn get(tx: &mut Tx, id: StewardTaskId) -> Result<StewardTask, StoreError> {
    let text = format!("{COLUMNS} WHERE t.id = $1");
    let engine = tx.engine();
    let row: Option<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(id.0).fetch_optional(c).await)?;
    row.ok_or_else(|| StoreError::NotFound { what: "steward task", id: id.to_string() })?.try_into()
}

/// A decision's reason has at most so many characters.
pub const REASON_MAX: usize = 500;

/// The reason without what surrounds it. It is kept and shown for ever, so nothing that belongs into the vault may be
/// in it.
pub(crate) fn check_reason(reason: &str) -> Result<&str, StoreError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(StoreError::Reason { why: "is missing; say in a sentence what decided you" });
    }
    if reason.chars().count() > REASON_MAX {
        return Err(StoreError::Reason { why: "has more than 500 characters; make it shorter" });
    }
    if !find_aadhaar_like(reason).is_empty() {
        return Err(StoreError::Reason { why: "holds an Aadhaar number; leave the number out" });
    }
    Ok(reason)
}

/// The reason stays out of the trail: it is the steward's words about people, and stands in the ledger.
async fn audit(
    tx: &mut Tx,
    by: UserId,
    action: &str,
    task: StewardTaskId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let actor = users::actor(tx, by).await?;
    let event = AuditEvent::act(&actor, action, format!("steward task {task}"), detail);
    audit_events::append(tx, vec![event]).await
}

fn expect_state(task: &StewardTask, is_right: bool, needed: &'static str) -> Result<(), StoreError> {
    if is_right {
        return Ok(());
    }
    let state = match task.state {
        TaskState::Open => "open",
        TaskState::Decided { .. } => "decided",
        TaskState::Lapsed => "lapsed",
    };
    Err(StoreError::TaskState { task: task.id, state: state.to_owned(), needed })
}

impl Store {
    /// Tasks in one state, the most probable matches first. A caller confined to districts sees those whose source
    /// records both lie there.
    pub async fn list_steward_tasks(
        &self,
        access: &Access,
        state: TaskFilter,
        entity: Option<&str>,
        after: Option<TaskCursor>,
        limit: u32,
    ) -> Result<Vec<StewardTask>, StoreError> {
        let engine = self.db.engine();
        let left = compile(access.filter(), engine, JsonColumn::Stated("l.stated"), 6);
        let right = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 6 + left.bind.len());
        let text = format!(
            "{COLUMNS} JOIN source_records l ON l.id = t.left_id JOIN source_records r ON r.id = t.right_id
             WHERE t.state = $1 AND ($2 = '' OR t.entity = $2)
             AND (t.probability < $3 OR (t.probability = $3 AND t.id > $4)) AND {} AND {}
             ORDER BY t.probability DESC, t.id LIMIT $5",
            left.sql, right.sql
        );
        let cursor = after.unwrap_or(TaskCursor { probability: 2.0, id: StewardTaskId(0) });
        let rows: Vec<Row> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &text))
                .bind(state.word())
                .bind(entity.unwrap_or_default())
                .bind(cursor.probability)
                .bind(cursor.id.0)
                .bind(i64::from(limit));
            for text in left.bind.into_iter().chain(right.bind) {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        rows.into_iter().map(StewardTask::try_from).collect()
    }

    /// How many tasks of one entity type, or of all, stand where; of those that [`Store::list_steward_tasks`] lists.
    pub async fn count_steward_tasks(&self, access: &Access, entity: Option<&str>) -> Result<TaskCounts, StoreError> {
        const ALL: &str = "SELECT t.state, count(*) FROM steward_tasks t";
        let engine = self.db.engine();
        let left = compile(access.filter(), engine, JsonColumn::Stated("l.stated"), 2);
        let right = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 2 + left.bind.len());
        // Who may see every task is counted without a look at the source records.
        let text = if *access.filter() == Filter::Everything {
            format!("{ALL} WHERE ($1 = '' OR t.entity = $1) GROUP BY t.state")
        } else {
            format!(
                "{ALL} JOIN source_records l ON l.id = t.left_id JOIN source_records r ON r.id = t.right_id
                 WHERE ($1 = '' OR t.entity = $1) AND {} AND {} GROUP BY t.state",
                left.sql, right.sql
            )
        };
        let rows: Vec<(String, i64)> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(entity.unwrap_or_default());
            for text in left.bind.into_iter().chain(right.bind) {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let count = |word: &str| rows.iter().find(|row| row.0 == word).map_or(0, |row| row.1 as u64);
        Ok(TaskCounts { open: count("open"), decided: count("decided"), lapsed: count("lapsed") })
    }

    /// The entity type of a task, so that its model can be looked up.
    pub async fn find_steward_task_entity(&self, id: StewardTaskId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT entity FROM steward_tasks WHERE id = $1";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(id.0).fetch_optional(c).await)?)
    }

    /// A task with both source records.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of the model's entity type, or the caller may not read it.
    pub async fn get_steward_task(
        &self,
        access: &Access,
        model: &EntityModel,
        id: StewardTaskId,
    ) -> Result<TaskView, StoreError> {
        const GOLDEN: &str = "SELECT source_record_id, golden_id FROM crosswalks
             WHERE source_record_id IN ($1, $2) AND recorded_to_us IS NULL";
        const REASON: &str = "SELECT reason FROM constraints WHERE steward_task_id = $1 AND undone_us IS NULL";
        let not_found = || StoreError::NotFound { what: "steward task", id: id.to_string() };
        let mut tx = self.db.begin_read().await?;
        let task = get(&mut tx, id).await?;
        if task.entity != model.name {
            return Err(not_found());
        }
        let engine = tx.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 3);
        let text = format!("{MEMBER_COLUMNS} WHERE r.id IN ($1, $2) AND {} ORDER BY r.id", condition.sql);
        let (left, right) = (task.pair.left.0, task.pair.right.0);
        let rows: Vec<MemberRow> = on_tx!(tx, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(left).bind(right);
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let mut members = rows.into_iter().map(|row| row.show(access, model));
        let (Some(first), Some(second)) = (members.next(), members.next()) else { return Err(not_found()) };
        let golden: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(GOLDEN).bind(left).bind(right).fetch_all(c).await)?;
        let golden_of = |id: i64| golden.iter().find(|row| row.0 == id).map(|row| GoldenId(row.1));
        let reason: Option<String> = on_tx!(tx, |c| sqlx::query_scalar(REASON).bind(id.0).fetch_optional(c).await)?;
        let (left_golden, right_golden) = (golden_of(left), golden_of(right));
        let both: Vec<i64> = left_golden.iter().chain(&right_golden).map(|id| id.0).collect();
        let both_confirmed = left_golden != right_golden && confirmations::confirmed(&mut tx, &both).await?.len() == 2;
        Ok(TaskView { task, left: first, right: second, left_golden, right_golden, both_confirmed, reason })
    }

    /// Decides an open task: the decision becomes a constraint, and both source records wait for a resolution. A match confirms
    /// what both golden records hold, and all of it waits.
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason is empty, has more than [`REASON_MAX`] characters or an Aadhaar number;
    /// [`StoreError::Contradicts`] names the earlier decision that stands against it; [`StoreError::TaskState`] when
    /// the task is not open; [`StoreError::NoDecision`] for `Review`.
    pub async fn decide_task(
        &self,
        id: StewardTaskId,
        by: UserId,
        decision: Decision,
        reason: &str,
    ) -> Result<Constraint, StoreError> {
        const SQL: &str = "UPDATE steward_tasks SET state = 'decided', decided_by = $2, decided_us = $3, decision = $4
             WHERE id = $1";
        let kind = match decision {
            Decision::Match => ConstraintKind::MustLink,
            Decision::NoMatch => ConstraintKind::CannotLink,
            Decision::Review => return Err(StoreError::NoDecision),
        };
        let reason = check_reason(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let task = get(&mut tx, id).await?;
        expect_state(&task, task.state == TaskState::Open, "open")?;
        let constraint = Constraint { left: task.pair.left, right: task.pair.right, kind };
        let held = constraints::holding(&mut tx, &task.entity).await?;
        if let Some(earlier) = constraints::find_contradiction(&held, constraint) {
            return Err(StoreError::Contradicts {
                constraint: earlier.id,
                kind: earlier.constraint.kind.word(),
                left: constraint.left.0,
                right: constraint.right.0,
                other_left: earlier.constraint.left.0,
                other_right: earlier.constraint.right.0,
            });
        }
        let new = NewConstraint { constraint, task: id.0, by, reason };
        let number = constraints::insert(&mut tx, &task.entity, &new).await?;
        let both = [constraint.left.0, constraint.right.0];
        let touched = if kind == ConstraintKind::MustLink {
            let new = NewConfirmation { of: &both, constraint: Some(number), by, reason };
            confirmations::insert(&mut tx, &task.entity, &new).await?
        } else {
            both.to_vec()
        };
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(SQL)
            .bind(id.0)
            .bind(by.0)
            .bind(now)
            .bind(decision.word())
            .execute(c)
            .await
            .map(drop))?;
        resolution::mark_unresolved(&mut tx, &task.entity, &touched).await?;
        let detail = serde_json::json!({ "decision": decision.word() });
        audit(&mut tx, by, "task_decided", id, detail).await?;
        tx.commit().await?;
        Ok(constraint)
    }

    /// Undoes a decision: its constraint no longer holds, the task is open again (lapsed, when one of its source
    /// records is retired), and both source records wait for a resolution.
    ///
    /// # Errors
    /// [`StoreError::TaskState`] when the task is not decided.
    pub async fn undo_decision(&self, id: StewardTaskId, by: UserId) -> Result<StewardTask, StoreError> {
        const SQL: &str = "UPDATE steward_tasks SET decided_by = NULL, decided_us = NULL, decision = NULL,
             state = CASE WHEN EXISTS (SELECT 1 FROM source_records r WHERE r.retired_us IS NOT NULL
                 AND r.id IN (steward_tasks.left_id, steward_tasks.right_id)) THEN 'lapsed' ELSE 'open' END
             WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        let task = get(&mut tx, id).await?;
        expect_state(&task, matches!(task.state, TaskState::Decided { .. }), "decided")?;
        let numbers = constraints::undo(&mut tx, id.0, by).await?;
        let mut touched = confirmations::withdraw_of_constraints(&mut tx, &numbers, by).await?;
        touched.extend([task.pair.left.0, task.pair.right.0]);
        touched.sort_unstable();
        touched.dedup();
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).execute(c).await.map(drop))?;
        resolution::mark_unresolved(&mut tx, &task.entity, &touched).await?;
        audit(&mut tx, by, "decision_undone", id, serde_json::json!({})).await?;
        let undone = get(&mut tx, id).await?;
        tx.commit().await?;
        Ok(undone)
    }

    /// All that the golden records of these source records hold, with the decisions between them: what an engine
    /// resolves anew after a decision.
    pub async fn list_cluster_neighbourhood(
        &self,
        access: &Access,
        ids: &[SourceRecordId],
    ) -> Result<Neighbourhood, StoreError> {
        const MEMBERS: &str = "SELECT c.source_record_id, c.golden_id FROM crosswalks c WHERE c.recorded_to_us IS NULL
             AND c.golden_id IN (SELECT o.golden_id FROM crosswalks o
                                 WHERE o.source_record_id IN (SELECT id FROM {ids $1} AS i) AND o.recorded_to_us IS NULL)
             ORDER BY c.source_record_id";
        const ENTITIES: &str = "SELECT DISTINCT s.rows_of FROM source_records r CROSS JOIN source_systems s
             WHERE s.id = r.source_system_id AND r.id IN (SELECT id FROM {ids $1} AS i)";
        let mut tx = self.db.begin_read().await?;
        let engine = tx.engine();
        let asked = json(ids);
        let rows: Vec<(i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, MEMBERS)).bind(&asked).fetch_all(c).await)?;
        let entities: Vec<String> =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, ENTITIES)).bind(&asked).fetch_all(c).await)?;
        let mut all: Vec<SourceRecordId> =
            rows.iter().map(|row| SourceRecordId(row.0)).chain(ids.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        let inside = |id: &SourceRecordId| all.binary_search(id).is_ok();
        let (mut held, mut confirmed) = (Vec::new(), Vec::new());
        for entity in entities {
            held.extend(constraints::holding(&mut tx, &entity).await?);
            for mut group in confirmations::list_groups(&mut tx, &entity).await? {
                group.retain(|member| inside(&SourceRecordId(*member)));
                confirmed.extend(confirmations::as_constraints(&group));
            }
        }
        let constraints = held.into_iter().map(|holding| holding.constraint);
        let constraints = constraints.filter(|one| inside(&one.left) && inside(&one.right)).collect();
        drop(tx);
        let source_records = self.list_source_records_of(access, &all).await?;
        Ok(Neighbourhood { source_records, links: links(rows), constraints, confirmed })
    }
}
