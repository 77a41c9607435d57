//! What a steward does with a task short of deciding it: takes it up, gives it back, puts it off, hands it on.

use std::time::Duration;

use kanak_model::steward_task::{Actor, Step, StepRefused, StewardTask};
use kanak_model::{Role, StewardTaskId, Timestamp, UserId};

use crate::db::{on_db, on_tx};
use crate::error::StoreError;
use crate::steward_tasks::{SYSTEM, allowed, get, get_due, take};
use crate::stewardship::check_reason;
use crate::{Store, users};

impl Store {
    /// Takes a task up for a while: until then nobody else acts on it. Claimed again by the same steward, it is held for longer.
    ///
    /// # Errors
    /// [`StoreError::TaskHeld`] when another steward holds it, [`StoreError::TaskStep`] when it waits for a role that the steward
    /// lacks, [`StoreError::TaskState`] when it is settled.
    pub async fn claim_task(&self, id: StewardTaskId, by: UserId, lasts: Duration) -> Result<StewardTask, StoreError> {
        let lasts_us = i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX);
        let detail = serde_json::json!({});
        self.step(id, by, detail, |task, actor, now| task.claim(actor, now, Timestamp(now.0.saturating_add(lasts_us))))
            .await
    }

    /// Gives a task back to those for whom it waited: what the steward holds or escalated, or what was escalated to the steward's
    /// role. A supervisor gives back what anyone holds.
    ///
    /// # Errors
    /// As [`Store::claim_task`]; [`StoreError::TaskState`] also when it waits for anyone already.
    pub async fn release_task(&self, id: StewardTaskId, by: UserId) -> Result<StewardTask, StoreError> {
        self.step(id, by, serde_json::json!({}), StewardTask::release).await
    }

    /// Puts a task off until a time, when it waits again by itself.
    ///
    /// # Errors
    /// As [`Store::claim_task`]; [`StoreError::TaskStep`] also when that time is past, [`StoreError::Reason`] when the reason cannot
    /// be kept.
    pub async fn defer_task(
        &self,
        id: StewardTaskId,
        by: UserId,
        until: Timestamp,
        reason: &str,
    ) -> Result<StewardTask, StoreError> {
        let reason = check_reason(reason)?;
        let detail = serde_json::json!({ "until": until.to_string() });
        self.step(id, by, detail, |task, actor, now| task.defer(actor, now, until, reason)).await
    }

    /// Hands a task on to stewards with a further role.
    ///
    /// # Errors
    /// As [`Store::claim_task`]; [`StoreError::TaskStep`] also for a role that nothing is escalated to, or that it waits for already,
    /// [`StoreError::Reason`] when the reason cannot be kept.
    pub async fn escalate_task(
        &self,
        id: StewardTaskId,
        by: UserId,
        to: Role,
        reason: &str,
    ) -> Result<StewardTask, StoreError> {
        let reason = check_reason(reason)?;
        let detail = serde_json::json!({ "to": to.word() });
        self.step(id, by, detail, |task, actor, now| task.escalate(actor, now, to, reason)).await
    }

    /// Writes down which claims and deferrals have ended; gives how many. A listing counts them as ended before.
    pub async fn return_due_tasks(&self) -> Result<u64, StoreError> {
        const DUE: &str = "SELECT id FROM steward_tasks WHERE until_us <= $1 ORDER BY id";
        let now = self.clock.now().0;
        let due: Vec<i64> = on_db!(&self.db, |c| sqlx::query_scalar(DUE).bind(now).fetch_all(c).await)?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let due: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(DUE).bind(now).fetch_all(c).await)?;
        for id in &due {
            let task = get(&mut tx, StewardTaskId(*id)).await?;
            if let Some(step) = task.come_back(tx.now) {
                take(&mut tx, &step, SYSTEM, serde_json::json!({})).await?;
            }
        }
        tx.commit().await?;
        Ok(due.len() as u64)
    }

    async fn step(
        &self,
        id: StewardTaskId,
        by: UserId,
        detail: serde_json::Value,
        step: impl FnOnce(&StewardTask, Actor<'_>, Timestamp) -> Result<Step, StepRefused> + Send,
    ) -> Result<StewardTask, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let task = get_due(&mut tx, id).await?;
        let step = allowed(&mut tx, &task, by, step).await?;
        let actor = users::actor(&mut tx, by).await?;
        take(&mut tx, &step, &actor, detail).await?;
        tx.commit().await?;
        Ok(StewardTask { state: step.to().clone(), ..task })
    }
}
