//! Many tasks decided at once, with one reason, in one transaction; and undone at once.

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{Constraint, Decision};
use kanak_model::steward_task::StewardTask;
use kanak_model::{DecisionBatchId, StewardTaskId, UserId};

use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::steward_tasks::{get, get_due};
use crate::stewardship::{
    HeldDecisions, NewDecision, check_reason, check_words_of, decide, find_second, find_second_to_undo, undo,
};
use crate::{Store, users};

/// So many tasks are decided at once.
pub const BATCH_MAX: usize = 500;

/// What becomes of a batch of which some tasks are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchTerms {
    /// Nothing is decided.
    #[default]
    AllOrNothing,
    /// The others are decided.
    WhatCan,
}

/// What became of a batch.
#[derive(Debug)]
pub struct DecidedAtOnce {
    /// Its number, to undo it by; `None` when nothing was decided.
    pub id: Option<DecisionBatchId>,
    /// What was decided: each task with its entity type and what holds now.
    pub decided: Vec<(StewardTaskId, String, Constraint)>,
    /// What was refused, and why.
    pub refused: Vec<(StewardTaskId, StoreError)>,
}

impl Store {
    /// Decides tasks at once, with one reason, in one transaction; a task that is named twice counts once. Each is refused for what
    /// [`Store::decide_task_under`] refuses it for; one of which something was found on the spot, or that needs a second steward, is decided
    /// by itself.
    ///
    /// # Errors
    /// [`StoreError::Reason`], [`StoreError::NoDecision`] and [`StoreError::BatchSize`] for the whole; what stands against single tasks
    /// is in [`DecidedAtOnce::refused`].
    pub async fn decide_tasks(
        &self,
        policy: &FourEyes,
        tasks: &[StewardTaskId],
        by: UserId,
        decision: Decision,
        reason: &str,
        terms: BatchTerms,
    ) -> Result<DecidedAtOnce, StoreError> {
        if decision == Decision::Review {
            return Err(StoreError::NoDecision);
        }
        let reason = check_reason(reason)?;
        let mut tasks = tasks.to_vec();
        tasks.sort_unstable();
        tasks.dedup();
        if tasks.is_empty() || tasks.len() > BATCH_MAX {
            return Err(StoreError::BatchSize { count: tasks.len(), max: BATCH_MAX });
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let id = begin(&mut tx, by, decision, reason).await?;
        let new = NewDecision { by, decision, reason, batch: Some(id) };
        let mut held = HeldDecisions::default();
        let mut done = DecidedAtOnce { id: Some(id), decided: Vec::new(), refused: Vec::new() };
        for task in tasks {
            match decide_one(&mut tx, &mut held, policy, task, new).await {
                Ok((entity, constraint)) => done.decided.push((task, entity, constraint)),
                Err(refused) if refused.is_refusal() => done.refused.push((task, refused)),
                Err(fault) => return Err(fault),
            }
        }
        let none = done.decided.is_empty() || (terms == BatchTerms::AllOrNothing && !done.refused.is_empty());
        if none {
            return Ok(DecidedAtOnce { id: None, decided: Vec::new(), refused: done.refused });
        }
        let detail = serde_json::json!({ "decision": decision.word(), "tasks": done.decided.len() });
        audit(&mut tx, by, "tasks_decided", id, detail).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Undoes what still holds of decisions that were made at once; gives the tasks as they stand then. `reason` may be empty.
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason cannot be kept; [`StoreError::BatchUndone`] when nothing of it holds, or there is no such batch; [`StoreError::NeedsSecond`] when the policy wants a
    /// second steward to agree to the undoing of one of them.
    pub async fn undo_tasks(
        &self,
        policy: &FourEyes,
        id: DecisionBatchId,
        by: UserId,
        reason: &str,
    ) -> Result<Vec<StewardTask>, StoreError> {
        const MARK: &str = "UPDATE decision_batches SET undone_by = $2, undone_us = $3 WHERE id = $1";
        let reason = check_words_of(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let tasks: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(HOLDING).bind(id.0).fetch_all(c).await)?;
        if tasks.is_empty() {
            return Err(StoreError::BatchUndone(id));
        }
        let mut undone = Vec::with_capacity(tasks.len());
        for id in tasks.into_iter().map(StewardTaskId) {
            let task = get(&mut tx, id).await?;
            if let Some(policy) = find_second_to_undo(&mut tx, policy, &task).await? {
                return Err(StoreError::NeedsSecond { task: id, policy });
            }
            undone.push(undo(&mut tx, id, by, reason).await?);
        }
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(MARK).bind(id.0).bind(by.0).bind(now).execute(c).await.map(drop))?;
        audit(&mut tx, by, "decisions_undone", id, serde_json::json!({ "tasks": undone.len() })).await?;
        tx.commit().await?;
        Ok(undone)
    }

    /// The tasks of which a decision made at once still holds, ascending.
    pub async fn list_batch_tasks(&self, id: DecisionBatchId) -> Result<Vec<StewardTaskId>, StoreError> {
        let tasks: Vec<i64> = on_db!(&self.db, |c| sqlx::query_scalar(HOLDING).bind(id.0).fetch_all(c).await)?;
        Ok(tasks.into_iter().map(StewardTaskId).collect())
    }
}

const HOLDING: &str =
    "SELECT steward_task_id FROM constraints WHERE batch_id = $1 AND undone_us IS NULL ORDER BY steward_task_id";

async fn begin(tx: &mut Tx, by: UserId, decision: Decision, reason: &str) -> Result<DecisionBatchId, StoreError> {
    const SQL: &str = "INSERT INTO decision_batches (id, decision, reason, decided_by, decided_us)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM decision_batches), $1, $2, $3, $4) RETURNING id";
    let now = tx.now.0;
    let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(decision.word())
        .bind(reason)
        .bind(by.0)
        .bind(now)
        .fetch_one(c)
        .await)?;
    Ok(DecisionBatchId(id))
}

/// Takes the words out of decisions at once of which one is about source records that are erased; gives which these are.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64]) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "UPDATE decision_batches SET reason = 'erased' WHERE id IN (SELECT batch_id FROM constraints
         WHERE left_id IN (SELECT id FROM {ids $1} AS i) OR right_id IN (SELECT id FROM {ids $1} AS j)) RETURNING id";
    let engine = tx.engine();
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(sources)).fetch_all(c).await)?)
}

async fn decide_one(
    tx: &mut Tx,
    held: &mut HeldDecisions,
    policy: &FourEyes,
    id: StewardTaskId,
    new: NewDecision<'_>,
) -> Result<(String, Constraint), StoreError> {
    let task = get_due(tx, id).await?;
    if let Some(policy) = find_second(tx, policy, &task, new.decision).await? {
        return Err(StoreError::NeedsSecond { task: id, policy });
    }
    let constraint = decide(tx, held, id, new, None).await?;
    Ok((task.entity, constraint))
}

async fn audit(
    tx: &mut Tx,
    by: UserId,
    action: &str,
    id: DecisionBatchId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let actor = users::actor(tx, by).await?;
    audit_events::append_act(tx, &actor, action, format!("decisions {id}"), detail).await
}
