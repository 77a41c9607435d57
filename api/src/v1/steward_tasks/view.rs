//! Wire types of steward tasks.

use kanak_model::UserId;
use kanak_model::steward_task::{FieldCheck, FieldCheckState, StewardTask, TaskState};
use kanak_store::TaskCursor;
use serde::Serialize;
use utoipa::ToSchema;

/// A doubtful pair.
#[derive(Serialize, ToSchema)]
pub struct StewardTaskView {
    /// Its id.
    id: i64,
    /// The entity type.
    entity: String,
    /// The smaller source record id.
    left: i64,
    /// The larger source record id.
    right: i64,
    /// log2 of the Bayes factor, in bits.
    weight_bits: f64,
    /// Match probability, 0 to 1.
    probability: f64,
    /// What hangs on the answer: the queue has the largest first. Grows with the source records on both sides, the registers among
    /// them on which a benefit hangs, the confirmed golden records, and with how little the rules know.
    priority: f64,
    /// `open`, `claimed`, `deferred`, `escalated`, `proposed` (a decision waits for a second steward), `decided` or `lapsed`.
    state: &'static str,
    /// `match` or `no_match`, once proposed or decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    /// Who claimed, deferred, proposed or decided it, by the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// From when on a claimed or deferred task waits again.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Why it was deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The escalation, where it waits for a steward with a further role, or will once it is neither held nor decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    escalation: Option<EscalationView>,
    /// When it was opened.
    opened: String,
    /// For `after`: the page behind this task.
    cursor: String,
}

/// That a task waits for a steward with a further role.
#[derive(Serialize, ToSchema)]
pub struct EscalationView {
    /// The role.
    to: &'static str,
    /// Who escalated it.
    by: String,
    /// When.
    at: String,
    /// Why.
    reason: String,
}

impl StewardTaskView {
    /// A task, with the names of users as `name` gives them.
    pub fn new(task: &StewardTask, name: &dyn Fn(UserId) -> String) -> Self {
        let (mut decision, mut held, mut until, mut reason) = (None, None, None, None);
        match &task.state {
            TaskState::Claimed { by, at, until: end, .. } => (held, until) = (Some((*by, *at)), Some(*end)),
            TaskState::Deferred { by, at, until: end, reason: why, .. } => {
                (held, until, reason) = (Some((*by, *at)), Some(*end), Some(why.clone()));
            }
            TaskState::Decided { by, at, decision: decided, .. }
            | TaskState::Proposed { by, at, decision: decided, .. } => {
                (held, decision) = (Some((*by, *at)), Some(decided.word()));
            }
            TaskState::Open | TaskState::Escalated(_) | TaskState::Lapsed => {}
        }
        Self {
            id: task.id.0,
            entity: task.entity.clone(),
            left: task.pair.left.0,
            right: task.pair.right.0,
            weight_bits: task.pair.weight_bits,
            probability: task.pair.probability,
            priority: task.priority,
            state: task.state.word(),
            decision,
            by: held.map(|held| name(held.0)),
            since: held.map(|held| held.1.to_string()),
            until: until.map(|until| until.to_string()),
            reason,
            escalation: task.state.escalation().map(|one| EscalationView {
                to: one.to.word(),
                by: name(one.by),
                at: one.at.to_string(),
                reason: one.reason.clone(),
            }),
            opened: task.opened.to_string(),
            cursor: TaskCursor::after(task).to_string(),
        }
    }
}

/// What an officer is asked to find out on the spot, and what was found. It decides nothing by itself.
#[derive(Serialize, ToSchema)]
pub struct FieldCheckView {
    /// Its id: a decision names it.
    id: i64,
    /// What to find out.
    question: String,
    /// Which office is asked.
    office: String,
    /// The steward who asked.
    asked_by: String,
    /// When.
    asked: String,
    /// `asked`, `answered` or `withdrawn`.
    state: &'static str,
    /// `same`, `different` or `not_found`, once answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'static str>,
    /// The officer who looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_by: Option<String>,
    /// The day in India on which the officer looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_on: Option<String>,
    /// The officer's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Who wrote the answer down or withdrew the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

impl FieldCheckView {
    /// A field check, with the names of users as `name` gives them.
    pub fn new(check: &FieldCheck, name: &dyn Fn(UserId) -> String) -> Self {
        let (state, answer, ended) = match &check.state {
            FieldCheckState::Asked => ("asked", None, None),
            FieldCheckState::Answered { answer, by, at } => ("answered", Some(answer), Some((*by, *at))),
            FieldCheckState::Withdrawn { by, at } => ("withdrawn", None, Some((*by, *at))),
        };
        Self {
            id: check.id.0,
            question: check.question.clone(),
            office: check.office.clone(),
            asked_by: name(check.asked_by),
            asked: check.asked.to_string(),
            state,
            finding: answer.map(|answer| answer.finding.word()),
            found_by: answer.map(|answer| answer.found_by.clone()),
            found_on: answer.map(|answer| answer.found_on.to_string()),
            note: answer.map(|answer| answer.note.clone()),
            ended_by: ended.map(|ended| name(ended.0)),
            ended: ended.map(|ended| ended.1.to_string()),
        }
    }
}

/// A doubtful pair with what was asked on the spot about it.
#[derive(Serialize, ToSchema)]
pub struct StewardTaskDetail {
    /// The task.
    #[serde(flatten)]
    task: StewardTaskView,
    /// The golden record of the smaller source record.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_golden_id: Option<String>,
    /// The golden record of the larger source record.
    #[serde(skip_serializing_if = "Option::is_none")]
    right_golden_id: Option<String>,
    /// Whether stewards confirmed both golden records: then rules do not join them, however sure they are.
    are_both_confirmed: bool,
    /// The steward's words, once decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_reason: Option<String>,
    /// The field check that the decision names.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_field_check: Option<i64>,
    /// In the order of asking.
    field_checks: Vec<FieldCheckView>,
}

impl StewardTaskDetail {
    /// A task as it is read, with the names of users as `name` gives them.
    pub fn new(view: &kanak_store::TaskView, name: &dyn Fn(UserId) -> String) -> Self {
        Self {
            task: StewardTaskView::new(&view.task, name),
            left_golden_id: view.left_golden.map(|id| id.to_string()),
            right_golden_id: view.right_golden.map(|id| id.to_string()),
            are_both_confirmed: view.both_confirmed,
            decision_reason: view.reason.clone(),
            decision_field_check: view.evidence.map(|check| check.0),
            field_checks: view.field_checks.iter().map(|check| FieldCheckView::new(check, name)).collect(),
        }
    }
}
