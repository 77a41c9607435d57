//! What a steward does: looks at doubtful pairs, decides, undoes.

use kanak_codes::identifiers::find_aadhaar_like;
use kanak_model::access::Filter;
use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{Constraint, ConstraintKind, Decision};
use kanak_model::steward_task::{FieldCheck, Standing, Step, StewardTask, TaskState};
use kanak_model::{
    Access, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, ProposalId, SourceRecord, SourceRecordId,
    StewardTaskId, UserId,
};
use rustc_hash::FxHashMap;

use crate::access_sql::compile;
use crate::audit_events::words_hash;
use crate::confirmations::{self, NewConfirmation};
use crate::constraints::{self, Holding, NewConstraint};
use crate::crosswalks::{Link, links};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, json, sql};
use crate::error::StoreError;
use crate::golden_records::{MEMBER_COLUMNS, MemberRecord, MemberRow};
use crate::proposals::{NewProposal, ProposedAct};
use crate::steward_tasks::{COLUMNS, Row, allowed, get, get_due, take};
use crate::trail_agreement::WORDS;
use crate::{Store, agreements, field_checks, proposals, resolution, users};

/// Which tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskFilter {
    /// Those that wait for any steward.
    #[default]
    Open,
    /// Those that a steward works on.
    Claimed,
    /// Those that a steward put off.
    Deferred,
    /// Those that wait for a steward with a further role.
    Escalated,
    /// Those of which a decision waits for a second steward.
    Proposed,
    /// Those that were decided.
    Decided,
    /// Those no longer doubted.
    Lapsed,
}

impl TaskFilter {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Claimed, Self::Deferred, Self::Escalated, Self::Proposed, Self::Decided, Self::Lapsed];

    /// The word in requests, as [`TaskState::word`] has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Deferred => "deferred",
            Self::Escalated => "escalated",
            Self::Proposed => "proposed",
            Self::Decided => "decided",
            Self::Lapsed => "lapsed",
        }
    }

    /// Reads [`TaskFilter::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.word() == word)
    }
}

/// Which tasks are listed by what was asked on the spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckFilter {
    /// A question waits for its answer.
    Asked,
    /// At least one was answered, and none waits.
    Answered,
}

/// A page of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TaskQuery<'a> {
    /// Where the tasks stand.
    pub state: TaskFilter,
    /// Of this entity type.
    pub entity: Option<&'a str>,
    /// That this user holds, decided or escalated.
    pub of: Option<UserId>,
    /// One of whose source records lies in this district, by its LGD code.
    pub district: Option<&'a str>,
    /// One of whose source records stands in a register of this department, by its code.
    pub department: Option<&'a str>,
    /// Whose priority is at least this.
    pub priority_min: Option<f64>,
    /// By what was asked on the spot.
    pub field_check: Option<CheckFilter>,
    /// After this task.
    pub after: Option<TaskCursor>,
    /// At most so many.
    pub limit: u32,
}

impl TaskQuery<'_> {
    /// The first tasks of one state.
    pub fn new(state: TaskFilter, limit: u32) -> Self {
        Self { state, limit, ..Self::default() }
    }
}

/// Where a listing of tasks goes on: after this task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskCursor {
    /// Its priority.
    pub priority: f64,
    /// Its id.
    pub id: StewardTaskId,
}

impl TaskCursor {
    /// The page after this task begins here.
    pub fn after(task: &StewardTask) -> Self {
        Self { priority: task.priority, id: task.id }
    }
}

impl std::fmt::Display for TaskCursor {
    /// A word for addresses: a number is written so that it reads back the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}", self.priority, self.id)
    }
}

/// A word that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor; take the one of the last task of the page before")]
pub struct NotATaskCursor;

impl std::str::FromStr for TaskCursor {
    type Err = NotATaskCursor;

    fn from_str(word: &str) -> Result<Self, NotATaskCursor> {
        let (priority, id) = word.split_once('~').ok_or(NotATaskCursor)?;
        let priority: f64 = priority.parse().map_err(|_| NotATaskCursor)?;
        let id = id.parse().map_err(|_| NotATaskCursor)?;
        if priority.is_finite() { Ok(Self { priority, id: StewardTaskId(id) }) } else { Err(NotATaskCursor) }
    }
}

/// How many tasks stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Waiting for any steward.
    pub open: u64,
    /// Worked on.
    pub claimed: u64,
    /// Put off.
    pub deferred: u64,
    /// Waiting for a steward with a further role.
    pub escalated: u64,
    /// Waiting for a second steward.
    pub proposed: u64,
    /// Decided.
    pub decided: u64,
    /// No longer doubted.
    pub lapsed: u64,
}

impl TaskCounts {
    /// All that are still to be decided.
    pub fn undecided(&self) -> u64 {
        self.open + self.claimed + self.deferred + self.escalated + self.proposed
    }
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
    /// The field check that the decision names.
    pub evidence: Option<FieldCheckId>,
    /// What officers were asked to find out on the spot, and what they found, in the order of asking.
    pub field_checks: Vec<FieldCheck>,
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

/// A decision's reason has at most so many characters.
pub const REASON_MAX: usize = 500;

/// The reason without what surrounds it. It is kept and shown for ever, so nothing that belongs into the vault may be
/// in it.
///
/// # Errors
/// [`StoreError::Reason`] when it is missing, too long or holds an Aadhaar number.
pub fn check_reason(reason: &str) -> Result<&str, StoreError> {
    check_words(reason, "is missing; say in a sentence what decided you").map_err(|why| StoreError::Reason { why })
}

/// A text of a steward or an officer that is kept and shown for ever, without what surrounds it.
pub(crate) fn check_text<'t>(what: &'static str, text: &'t str) -> Result<&'t str, StoreError> {
    check_words(text, "is missing; write it in a few words").map_err(|why| StoreError::Text { what, why })
}

/// A text that may be missing, without what surrounds it.
pub(crate) fn check_words_of(text: &str) -> Result<Option<&str>, StoreError> {
    if text.trim().is_empty() { Ok(None) } else { check_reason(text).map(Some) }
}

/// A text that is kept, without what surrounds it; else what is wrong with it, and what to do.
pub(crate) fn check_words<'t>(text: &'t str, missing: &'static str) -> Result<&'t str, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(missing);
    }
    if text.contains('\0') {
        return Err("holds a character that cannot be kept; write it anew");
    }
    if text.chars().count() > REASON_MAX {
        return Err("has more than 500 characters; make it shorter");
    }
    if !find_aadhaar_like(text).is_empty() {
        return Err("holds an Aadhaar number; leave the number out");
    }
    Ok(text)
}

impl Store {
    /// A page of the queue, what most hangs on first. A caller confined to districts sees tasks whose source records both lie there.
    /// A claim or a deferral whose time has come counts as ended.
    pub async fn list_steward_tasks(
        &self,
        access: &Access,
        query: &TaskQuery<'_>,
    ) -> Result<Vec<StewardTask>, StoreError> {
        const SOURCE_OF: &str = "IN (SELECT s.id FROM source_systems s WHERE s.department = $9)";
        let engine = self.db.engine();
        let left = compile(access.filter(), engine, JsonColumn::Stated("l.stated"), 10);
        let right = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 10 + left.bind.len());
        let mut bind: Vec<String> = left.bind.into_iter().chain(right.bind).collect();
        let mut wanted = format!("{} AND {}", left.sql, right.sql);
        if let Some(district) = query.district {
            let filter = Filter::AttributeIn {
                attribute: "district".to_owned(),
                values: std::iter::once(district.to_owned()).collect(),
            };
            let left = compile(&filter, engine, JsonColumn::Stated("l.stated"), 10 + bind.len());
            bind.extend(left.bind);
            let right = compile(&filter, engine, JsonColumn::Stated("r.stated"), 10 + bind.len());
            bind.extend(right.bind);
            wanted = format!("{wanted} AND ({} OR {})", left.sql, right.sql);
        }
        wanted.push_str(match query.field_check {
            None => "",
            Some(CheckFilter::Asked) => {
                " AND EXISTS (SELECT 1 FROM field_checks f WHERE f.steward_task_id = t.id AND f.ended_us IS NULL)"
            }
            Some(CheckFilter::Answered) => {
                " AND EXISTS (SELECT 1 FROM field_checks f WHERE f.steward_task_id = t.id AND f.finding IS NOT NULL)
                 AND NOT EXISTS (SELECT 1 FROM field_checks f WHERE f.steward_task_id = t.id AND f.ended_us IS NULL)"
            }
        });
        // What is due is few, and found by an index of its own; the rest comes in the order of the queue's index.
        let due = match query.state {
            TaskFilter::Open => Some("t.escalated_to IS NULL"),
            TaskFilter::Escalated => Some("t.escalated_to IS NOT NULL"),
            _ => None,
        };
        let part = |stands: &str| {
            format!(
                "SELECT * FROM ({COLUMNS} JOIN source_records l ON l.id = t.left_id JOIN source_records r ON r.id = t.right_id
                 WHERE {stands} AND ($2 = '' OR t.entity = $2)
                 AND (t.priority < $3 OR (t.priority = $3 AND t.id > $4)) AND t.priority >= $8
                 AND ($7 = 0 OR coalesce(t.decided_by, t.held_by, t.escalated_by) = $7)
                 AND ($9 = '' OR l.source_system_id {SOURCE_OF} OR r.source_system_id {SOURCE_OF}) AND {wanted}
                 ORDER BY t.priority DESC, t.id LIMIT $5) AS part"
            )
        };
        let mut text = part("t.state = $1 AND (t.until_us IS NULL OR t.until_us > $6)");
        if let Some(due) = due {
            let due = part(&format!("t.until_us <= $6 AND {due}"));
            text = format!("{text} UNION ALL {due} ORDER BY priority DESC, id LIMIT $5");
        }
        let now = self.clock.now();
        let cursor = query.after.unwrap_or(TaskCursor { priority: f64::MAX, id: StewardTaskId(0) });
        let rows: Vec<Row> = on_db!(&self.db, |c| {
            let mut asked = sqlx::query_as(sql(engine, &text))
                .bind(query.state.word())
                .bind(query.entity.unwrap_or_default())
                .bind(cursor.priority)
                .bind(cursor.id.0)
                .bind(i64::from(query.limit))
                .bind(now.0)
                .bind(query.of.map_or(0, |user| user.0))
                .bind(query.priority_min.unwrap_or(f64::MIN))
                .bind(query.department.unwrap_or_default());
            for text in bind {
                asked = asked.bind(text);
            }
            asked.fetch_all(c).await
        })?;
        let as_of_now = |row: Row| {
            let task = StewardTask::try_from(row)?;
            Ok(StewardTask { state: task.state.at(now), ..task })
        };
        rows.into_iter().map(as_of_now).collect()
    }

    /// How many tasks of one entity type, or of all, stand where; of those that [`Store::list_steward_tasks`] lists.
    pub async fn count_steward_tasks(&self, access: &Access, entity: Option<&str>) -> Result<TaskCounts, StoreError> {
        const STANDS: &str = "SELECT CASE WHEN t.until_us IS NULL OR t.until_us > $2 THEN t.state
             WHEN t.escalated_to IS NULL THEN 'open' ELSE 'escalated' END AS stands, count(*) FROM steward_tasks t";
        let engine = self.db.engine();
        let left = compile(access.filter(), engine, JsonColumn::Stated("l.stated"), 3);
        let right = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 3 + left.bind.len());
        // Who may see every task is counted without a look at the source records.
        let text = if *access.filter() == Filter::Everything {
            format!("{STANDS} WHERE ($1 = '' OR t.entity = $1) GROUP BY 1")
        } else {
            format!(
                "{STANDS} JOIN source_records l ON l.id = t.left_id JOIN source_records r ON r.id = t.right_id
                 WHERE ($1 = '' OR t.entity = $1) AND {} AND {} GROUP BY 1",
                left.sql, right.sql
            )
        };
        let now = self.clock.now().0;
        let rows: Vec<(String, i64)> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(entity.unwrap_or_default()).bind(now);
            for text in left.bind.into_iter().chain(right.bind) {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let count = |filter: TaskFilter| rows.iter().find(|row| row.0 == filter.word()).map_or(0, |row| row.1 as u64);
        Ok(TaskCounts {
            open: count(TaskFilter::Open),
            claimed: count(TaskFilter::Claimed),
            deferred: count(TaskFilter::Deferred),
            escalated: count(TaskFilter::Escalated),
            proposed: count(TaskFilter::Proposed),
            decided: count(TaskFilter::Decided),
            lapsed: count(TaskFilter::Lapsed),
        })
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
        const DECIDED: &str =
            "SELECT reason, field_check_id FROM constraints WHERE steward_task_id = $1 AND undone_us IS NULL";
        let not_found = || StoreError::NotFound { what: "steward task", id: id.to_string() };
        let now = self.clock.now();
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
        let mut members = rows.into_iter().map(|row| row.show(access, model, None));
        let (Some(first), Some(second)) = (members.next(), members.next()) else { return Err(not_found()) };
        let golden: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(GOLDEN).bind(left).bind(right).fetch_all(c).await)?;
        let golden_of = |id: i64| golden.iter().find(|row| row.0 == id).map(|row| GoldenId(row.1));
        let decided: Option<(String, Option<i64>)> =
            on_tx!(tx, |c| sqlx::query_as(DECIDED).bind(id.0).fetch_optional(c).await)?;
        let (left_golden, right_golden) = (golden_of(left), golden_of(right));
        let both: Vec<i64> = left_golden.iter().chain(&right_golden).map(|id| id.0).collect();
        let both_confirmed = left_golden != right_golden && confirmations::confirmed(&mut tx, &both).await?.len() == 2;
        let field_checks = field_checks::list(&mut tx, id).await?;
        let (reason, evidence) = decided.map_or((None, None), |(reason, check)| (Some(reason), check));
        Ok(TaskView {
            task: StewardTask { state: task.state.at(now), ..task },
            left: first,
            right: second,
            left_golden,
            right_golden,
            both_confirmed,
            reason,
            evidence: evidence.map(FieldCheckId),
            field_checks,
        })
    }

    /// Decides a task that waits or that the steward holds: the decision becomes a constraint, and both source records wait for a
    /// resolution. A match confirms what both golden records held, and all of it waits. Where something was found on the spot, the
    /// decision names one of the answered field checks as its evidence. Where the policy wants a second steward to agree the decision is
    /// proposed, and nothing of it is in force until [`Store::approve_proposal`].
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason is empty, has more than [`REASON_MAX`] characters or an Aadhaar number;
    /// [`StoreError::Contradicts`] names the earlier decision that stands against it; [`StoreError::TaskState`] when
    /// the task is settled; [`StoreError::TaskHeld`] when another steward holds it; [`StoreError::TaskStep`] when it waits for a
    /// role that the steward lacks; [`StoreError::FieldCheckWaits`], [`StoreError::FieldCheckUnnamed`] and [`StoreError::NotFound`] when
    /// what was asked on the spot waits, is not named, or `evidence` is no answered field check of the task;
    /// [`StoreError::NoDecision`] for `Review`.
    pub async fn decide_task_under(
        &self,
        policy: &FourEyes,
        id: StewardTaskId,
        by: UserId,
        decision: Decision,
        reason: &str,
        evidence: Option<FieldCheckId>,
    ) -> Result<Decided, StoreError> {
        if decision == Decision::Review {
            return Err(StoreError::NoDecision);
        }
        let reason = check_reason(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let (mut held, new) = (HeldDecisions::default(), NewDecision { by, decision, reason, batch: None });
        let task = get_due(&mut tx, id).await?;
        let decided = match find_second(&mut tx, policy, &task, decision).await? {
            None => Decided::InForce(decide(&mut tx, &mut held, id, new, evidence).await?),
            Some(why) => Decided::Proposed(propose(&mut tx, &mut held, &task, new, evidence, &why).await?),
        };
        tx.commit().await?;
        Ok(decided)
    }

    /// Undoes a decision: its constraint no longer holds, the task waits again for whom it waited before (lapsed, when one of its
    /// source records is retired), and both source records wait for a resolution. `reason` may be empty. Where the policy wanted a second
    /// steward to agree to the decision, as things stood when it was made, one has to agree to the undoing too: it is proposed.
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason cannot be kept; [`StoreError::TaskState`] when the task is not decided; [`StoreError::TaskStep`] when it was escalated to a role that the steward
    /// lacks; [`StoreError::ProposalWaits`] when somebody proposes that already.
    pub async fn undo_decision_under(
        &self,
        policy: &FourEyes,
        id: StewardTaskId,
        by: UserId,
        reason: &str,
    ) -> Result<Undone, StoreError> {
        let reason = check_words_of(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let task = get(&mut tx, id).await?;
        let undone = match find_second_to_undo(&mut tx, policy, &task).await? {
            None => Undone::InForce(undo(&mut tx, id, by, reason).await?),
            Some(policy) => {
                undo_step(&mut tx, &task, by).await?;
                let (act, reason) = (ProposedAct::Undo { task: id }, reason.unwrap_or_default());
                let new = NewProposal { entity: &task.entity, act: &act, policy: &policy, reason, by };
                Undone::Proposed(proposals::propose_taking_back(&mut tx, &new).await?)
            }
        };
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

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is in force.
    InForce(Constraint),
    /// It waits for a second steward.
    Proposed(ProposalId),
}

/// What became of the undoing of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Undone {
    /// It is undone, and this is the task as it stands then.
    InForce(StewardTask),
    /// It waits for a second steward.
    Proposed(ProposalId),
}

/// Why a decision needs a second steward by a policy; `None` when it does not.
pub(crate) async fn find_second(
    tx: &mut Tx,
    policy: &FourEyes,
    task: &StewardTask,
    decision: Decision,
) -> Result<Option<String>, StoreError> {
    const GOLDEN: &str = "SELECT DISTINCT golden_id FROM crosswalks
         WHERE source_record_id IN ($1, $2) AND recorded_to_us IS NULL";
    let (left, right) = (task.pair.left.0, task.pair.right.0);
    let golden: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(GOLDEN).bind(left).bind(right).fetch_all(c).await)?;
    let confirmed = if golden.len() == 2 { confirmations::confirmed(tx, &golden).await?.len() } else { 0 };
    Ok(policy.find_reason(decision, task.pair.probability, confirmed as u32))
}

/// Why the undoing of a decision needs a second steward by a policy: where the decision itself would have, as the two golden records stood
/// just before it was made.
pub(crate) async fn find_second_to_undo(
    tx: &mut Tx,
    policy: &FourEyes,
    task: &StewardTask,
) -> Result<Option<String>, StoreError> {
    const SIDES: &str =
        "SELECT s.golden_id, CAST(max(CASE WHEN c.id IS NULL THEN 0 ELSE 1 END) AS BIGINT) FROM crosswalks s
         JOIN crosswalks x ON x.golden_id = s.golden_id AND x.recorded_from_us < $3
             AND (x.recorded_to_us IS NULL OR x.recorded_to_us >= $3)
         LEFT JOIN confirmation_members m ON m.source_record_id = x.source_record_id
         LEFT JOIN confirmations c ON c.id = m.confirmation_id AND c.confirmed_us < $3
             AND (c.withdrawn_us IS NULL OR c.withdrawn_us >= $3)
         WHERE s.source_record_id IN ($1, $2) AND s.recorded_from_us < $3
         AND (s.recorded_to_us IS NULL OR s.recorded_to_us >= $3) GROUP BY s.golden_id";
    let TaskState::Decided { at, decision, .. } = task.state else { return Ok(None) };
    let (left, right) = (task.pair.left.0, task.pair.right.0);
    let sides: Vec<(i64, i64)> =
        on_tx!(tx, |c| sqlx::query_as(SIDES).bind(left).bind(right).bind(at.0).fetch_all(c).await)?;
    let confirmed = if sides.len() == 2 { sides.iter().map(|side| side.1 as u32).sum() } else { 0 };
    let reason = policy.find_reason(decision, task.pair.probability, confirmed);
    Ok(reason.map(|reason| format!("the undoing of {reason}")))
}

/// Writes a decision down as a proposal.
async fn propose(
    tx: &mut Tx,
    held: &mut HeldDecisions,
    task: &StewardTask,
    new: NewDecision<'_>,
    evidence: Option<FieldCheckId>,
    policy: &str,
) -> Result<ProposalId, StoreError> {
    let NewDecision { by, decision, reason, .. } = new;
    let step = allowed(tx, task, by, |task, actor, now| task.propose(actor, now, decision)).await?;
    find_obstacle(tx, held, task, decision, evidence).await?;
    let act = ProposedAct::Decide { task: task.id, decision, evidence };
    let id = proposals::insert(tx, &NewProposal { entity: &task.entity, act: &act, policy, reason, by }).await?;
    let actor = users::actor(tx, by).await?;
    take(tx, &step, &actor, serde_json::json!({ "decision": decision.word(), "proposal": id.0 })).await?;
    Ok(id)
}

/// What a steward decides of one task or of many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewDecision<'a> {
    pub(crate) by: UserId,
    /// `Match` or `NoMatch`.
    pub(crate) decision: Decision,
    /// Checked.
    pub(crate) reason: &'a str,
    /// The decisions at once that it is one of.
    pub(crate) batch: Option<DecisionBatchId>,
}

/// The decisions of each entity type that hold, read once for many decisions.
#[derive(Default)]
pub(crate) struct HeldDecisions(FxHashMap<String, Vec<Holding>>);

impl HeldDecisions {
    async fn of(&mut self, tx: &mut Tx, entity: &str) -> Result<&mut Vec<Holding>, StoreError> {
        if !self.0.contains_key(entity) {
            let held = constraints::holding(tx, entity).await?;
            self.0.insert(entity.to_owned(), held);
        }
        Ok(self.0.entry(entity.to_owned()).or_default())
    }
}

/// Decides one task within a transaction. Everything is checked before anything is written, so that a refusal leaves the others of
/// the transaction as they are.
pub(crate) async fn decide(
    tx: &mut Tx,
    held: &mut HeldDecisions,
    id: StewardTaskId,
    new: NewDecision<'_>,
    evidence: Option<FieldCheckId>,
) -> Result<Constraint, StoreError> {
    let task = get_due(tx, id).await?;
    let step = allowed(tx, &task, new.by, |task, actor, now| task.decide(actor, now, new.decision)).await?;
    let constraint = find_obstacle(tx, held, &task, new.decision, evidence).await?;
    enact(tx, held, &task, new, evidence, constraint).await?;
    let mut detail = serde_json::json!({ "decision": new.decision.word(), WORDS: words_hash([new.reason]) });
    if let Some(check) = evidence {
        detail["field_check"] = check.0.into();
    }
    if let Some(batch) = new.batch {
        detail["batch"] = batch.0.into();
    }
    let actor = users::actor(tx, new.by).await?;
    take(tx, &step, &actor, detail).await?;
    Ok(constraint)
}

/// What stands against a decision, as an error; else the constraint that it becomes.
pub(crate) async fn find_obstacle(
    tx: &mut Tx,
    held: &mut HeldDecisions,
    task: &StewardTask,
    decision: Decision,
    evidence: Option<FieldCheckId>,
) -> Result<Constraint, StoreError> {
    field_checks::check_evidence(tx, task.id, evidence).await?;
    let kind = if decision == Decision::Match { ConstraintKind::MustLink } else { ConstraintKind::CannotLink };
    let constraint = Constraint { left: task.pair.left, right: task.pair.right, kind };
    if kind == ConstraintKind::MustLink {
        agreements::check_match(tx, &task.entity, constraint.left.0, constraint.right.0).await?;
    }
    match constraints::find_contradiction(held.of(tx, &task.entity).await?, constraint) {
        None => Ok(constraint),
        Some(earlier) => Err(StoreError::Contradicts {
            constraint: earlier.id,
            kind: earlier.constraint.kind.word(),
            left: constraint.left.0,
            right: constraint.right.0,
            other_left: earlier.constraint.left.0,
            other_right: earlier.constraint.right.0,
        }),
    }
}

/// Writes a decision that nothing stands against, and marks what it touches; the step of its task is written beside it.
pub(crate) async fn enact(
    tx: &mut Tx,
    held: &mut HeldDecisions,
    task: &StewardTask,
    new: NewDecision<'_>,
    evidence: Option<FieldCheckId>,
    constraint: Constraint,
) -> Result<(), StoreError> {
    let NewDecision { by, reason, batch, .. } = new;
    let new = NewConstraint {
        constraint,
        task: task.id.0,
        by,
        reason,
        field_check: evidence.map(|check| check.0),
        batch: batch.map(|batch| batch.0),
    };
    let number = constraints::insert(tx, &task.entity, &new).await?;
    held.of(tx, &task.entity).await?.push(Holding { id: number, constraint });
    let both = [constraint.left.0, constraint.right.0];
    let touched = if constraint.kind == ConstraintKind::MustLink {
        let new = NewConfirmation { of: &both, constraint: Some(number), by, reason };
        confirmations::insert(tx, &task.entity, &new).await?
    } else {
        both.to_vec()
    };
    resolution::mark_unresolved(tx, &task.entity, &touched).await
}

/// The step by which a steward undoes the decision of a task.
async fn undo_step(tx: &mut Tx, task: &StewardTask, by: UserId) -> Result<Step, StoreError> {
    const RETIRED: &str = "SELECT count(*) FROM source_records WHERE id IN ($1, $2) AND retired_us IS NOT NULL";
    let (left, right) = (task.pair.left.0, task.pair.right.0);
    let retired: i64 = on_tx!(tx, |c| sqlx::query_scalar(RETIRED).bind(left).bind(right).fetch_one(c).await)?;
    let standing = if retired > 0 { Standing::Retired } else { Standing::Live };
    allowed(tx, task, by, |task, actor, _| task.undo(actor, standing)).await
}

/// Undoes the decision of one task within a transaction, for a reason that was checked.
pub(crate) async fn undo(
    tx: &mut Tx,
    id: StewardTaskId,
    by: UserId,
    reason: Option<&str>,
) -> Result<StewardTask, StoreError> {
    let task = get(tx, id).await?;
    let step = undo_step(tx, &task, by).await?;
    let numbers = constraints::undo(tx, id.0, by, reason).await?;
    let mut touched = confirmations::withdraw_of_constraints(tx, &numbers, by).await?;
    touched.extend([task.pair.left.0, task.pair.right.0]);
    touched.sort_unstable();
    touched.dedup();
    let actor = users::actor(tx, by).await?;
    take(tx, &step, &actor, serde_json::json!({ WORDS: words_hash([reason.unwrap_or_default()]) })).await?;
    resolution::mark_unresolved(tx, &task.entity, &touched).await?;
    Ok(StewardTask { state: step.to().clone(), ..task })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_the_same_and_nothing_else_is_one() {
        let cursor = TaskCursor { priority: 0.1 + 0.2, id: StewardTaskId(7) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for word in ["", "7", "~", "x~7", "0.5~y", "NaN~7", "inf~7"] {
            assert_eq!(word.parse::<TaskCursor>(), Err(NotATaskCursor), "{word}");
        }
    }

    #[test]
    fn a_filter_is_called_as_the_state_is() {
        for filter in TaskFilter::ALL {
            assert_eq!(TaskFilter::find(filter.word()), Some(filter));
        }
        assert_eq!(TaskFilter::Open.word(), TaskState::Open.word());
        assert_eq!(TaskFilter::Lapsed.word(), TaskState::Lapsed.word());
    }
}
