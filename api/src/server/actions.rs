//! What stewards do on pages, carried through by the jobs.

use axum::http::StatusCode;
use kanak_dashboards::actions::{
    ActionError, DecidedMany, ExplanationView, GoldenAct, StatedField, StewardActions, TaskAct, Verdict,
};
use kanak_engine::matching::Explanation;
use kanak_model::match_pair::Decision;
use kanak_model::{
    Access, Caller, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, ProposalId, Role, SourceRecordId,
    StewardTaskId, Timestamp, UserId,
};
use kanak_store::{Applied, BATCH_MAX, BatchTerms, DecidedAtOnce, Golden, ProposedAct, StoreError};

use crate::jobs::as_of::{AsOf, find_as_of};
use crate::jobs::explain::explain;
use crate::jobs::steward::{self, Done, NotStated, PutOffTooLong};
use crate::server::state::AppState;

/// The server's own way of doing them.
pub struct Actions(pub AppState);

/// The signed-in steward who acts.
///
/// # Errors
/// 403 with the remedy for anyone else.
pub fn steward_of(caller: &Caller) -> Result<UserId, (StatusCode, String)> {
    match caller.user {
        Some(user) if caller.has(Role::Steward) => Ok(user),
        _ => Err((
            StatusCode::FORBIDDEN,
            "only a signed-in steward decides; ask an administrator for the role".to_owned(),
        )),
    }
}

#[async_trait::async_trait]
impl StewardActions for Actions {
    async fn decide(
        &self,
        caller: &Caller,
        task: StewardTaskId,
        decision: Decision,
        reason: String,
        evidence: Option<FieldCheckId>,
    ) -> Result<(), ActionError> {
        self.decide_task(caller, task, decision, &reason, evidence).await.map(drop)
    }

    async fn step(&self, caller: &Caller, task: StewardTaskId, act: TaskAct) -> Result<(), ActionError> {
        self.step_task(caller, task, &act).await
    }

    async fn undo(&self, caller: &Caller, task: StewardTaskId) -> Result<(), ActionError> {
        self.undo_task(caller, task, "").await.map(drop)
    }

    async fn decide_many(
        &self,
        caller: &Caller,
        tasks: Vec<StewardTaskId>,
        decision: Decision,
        reason: String,
    ) -> Result<DecidedMany, ActionError> {
        let done = self.decide_many(caller, &tasks, decision, &reason, BatchTerms::AllOrNothing).await?.0;
        let refused = done.refused.into_iter().map(|(task, error)| (task, error.to_string())).collect();
        Ok(DecidedMany { id: done.id, refused })
    }

    async fn undo_many(&self, caller: &Caller, id: DecisionBatchId) -> Result<(), ActionError> {
        self.undo_many(caller, id, "").await.map(drop)
    }

    async fn answer(&self, caller: &Caller, proposal: ProposalId, verdict: Verdict) -> Result<(), ActionError> {
        match verdict {
            Verdict::Approve => self.approve(caller, proposal).await.map(drop),
            Verdict::TurnDown { reason } => self.turn_down(caller, proposal, &reason).await,
        }
    }

    async fn take_note(&self, caller: &Caller, answer: i64) -> Result<(), ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        let access = self.stewardship(caller).await?;
        let done = self.0.deployment.store.mark_answer_seen(&access, answer, by).await;
        done.map_err(|error| refusal(&error.into()))
    }

    async fn act_on(&self, caller: &Caller, golden_id: GoldenId, act: GoldenAct) -> Result<(), ActionError> {
        self.act_on_golden(caller, golden_id, &act).await.map(drop)
    }

    async fn find_as_of(
        &self,
        access: &Access,
        model: &EntityModel,
        golden_id: GoldenId,
        at: Timestamp,
        known_at: Option<Timestamp>,
    ) -> Result<Option<Golden>, ActionError> {
        find_as_of(&self.0.deployment, access, model, golden_id, AsOf { at, known_at }).await.map_err(inside)
    }

    async fn explain(
        &self,
        access: &Access,
        left: SourceRecordId,
        right: SourceRecordId,
    ) -> Result<ExplanationView, ActionError> {
        let deployment = &self.0.deployment;
        let records = deployment.store.list_source_records_of(access, &[left, right]).await.map_err(inside)?;
        let (Some(l), Some(r)) =
            (records.iter().find(|record| record.id == left), records.iter().find(|record| record.id == right))
        else {
            return Err(ActionError::NotFound);
        };
        let entity = deployment.store.find_entity_of(left).await.map_err(inside)?.ok_or(ActionError::NotFound)?;
        let model = deployment.get_model(&entity).map_err(inside)?;
        let explanation = explain(deployment, model, l, r).await.map_err(inside)?;
        Ok(view(model, access, &explanation))
    }
}

impl Actions {
    /// Decides a task that the steward may see; tells what it changed.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn decide_task(
        &self,
        caller: &Caller,
        task: StewardTaskId,
        decision: Decision,
        reason: &str,
        evidence: Option<FieldCheckId>,
    ) -> Result<Done, ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_see(caller, task).await?;
        let _one_at_a_time = self.0.work.lock().await;
        steward::decide(&self.0.deployment, task, by, decision, reason, evidence).await.map_err(|error| refusal(&error))
    }

    /// Decides tasks at once that the steward may see; tells what became of each, and what followed. One that the steward may not see is
    /// refused like one that is not there.
    ///
    /// # Errors
    /// What the steward has to know when the whole was not done.
    pub async fn decide_many(
        &self,
        caller: &Caller,
        tasks: &[StewardTaskId],
        decision: Decision,
        reason: &str,
        terms: BatchTerms,
    ) -> Result<(DecidedAtOnce, Vec<Applied>), ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        if tasks.is_empty() || tasks.len() > BATCH_MAX {
            let refused = StoreError::BatchSize { count: tasks.len(), max: BATCH_MAX };
            return Err(ActionError::Refused(refused.to_string()));
        }
        let (mut seen, mut hidden) = (Vec::with_capacity(tasks.len()), Vec::new());
        for task in tasks {
            match self.may_see(caller, *task).await {
                Ok(()) => seen.push(*task),
                Err(ActionError::NotFound) => {
                    hidden.push((*task, StoreError::NotFound { what: "steward task", id: task.to_string() }));
                }
                Err(error) => return Err(error),
            }
        }
        if seen.is_empty() || (terms == BatchTerms::AllOrNothing && !hidden.is_empty()) {
            return Ok((DecidedAtOnce { id: None, decided: Vec::new(), refused: hidden }, Vec::new()));
        }
        let _one_at_a_time = self.0.work.lock().await;
        let done = steward::decide_many(&self.0.deployment, &seen, by, decision, reason, terms).await;
        let (mut done, applied) = done.map_err(|error| refusal(&error))?;
        done.refused.extend(hidden);
        Ok((done, applied))
    }

    /// Undoes what still holds of decisions made at once, all of which the steward may see, for a reason that may be empty; tells what it
    /// changed.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn undo_many(
        &self,
        caller: &Caller,
        id: DecisionBatchId,
        reason: &str,
    ) -> Result<Vec<Applied>, ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        for task in self.0.deployment.store.list_batch_tasks(id).await.map_err(inside)? {
            self.may_see(caller, task).await?;
        }
        let _one_at_a_time = self.0.work.lock().await;
        steward::undo_many(&self.0.deployment, id, by, reason).await.map_err(|error| refusal(&error))
    }

    /// Approves what another steward proposed and this one may see; tells what it changed.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn approve(&self, caller: &Caller, id: ProposalId) -> Result<Applied, ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_answer(caller, id).await?;
        let _one_at_a_time = self.0.work.lock().await;
        steward::approve(&self.0.deployment, id, by).await.map_err(|error| refusal(&error))
    }

    /// Turns a proposal down that the steward may see.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn turn_down(&self, caller: &Caller, id: ProposalId, reason: &str) -> Result<(), ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_answer(caller, id).await?;
        let done = self.0.deployment.store.turn_down_proposal(id, by, reason).await;
        done.map_err(|error| refusal(&error.into()))
    }

    /// A steward answers proposals about what lies in the districts that they work for, and values that they may see.
    async fn may_answer(&self, caller: &Caller, id: ProposalId) -> Result<(), ActionError> {
        let proposal = self.0.deployment.store.get_proposal(id).await.map_err(|error| match error {
            StoreError::NotFound { .. } => ActionError::NotFound,
            error => inside(error),
        })?;
        match proposal.act {
            ProposedAct::Decide { task, .. } | ProposedAct::Undo { task } => self.may_see(caller, task).await,
            ProposedAct::Override { golden_id, attribute, value, .. } => {
                let act = GoldenAct::Override { attribute, value, reason: String::new(), until: None };
                self.may_act_on(caller, golden_id, &act).await
            }
            ProposedAct::WithdrawConfirmation { golden_id } => {
                self.may_act_on(caller, golden_id, &GoldenAct::WithdrawConfirmation).await
            }
            ProposedAct::WithdrawOverride { golden_id, stated, .. } => {
                self.may_act_on(caller, golden_id, &GoldenAct::WithdrawOverride(stated)).await
            }
        }
    }

    /// Does something short of deciding with a task that the steward may see.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn step_task(&self, caller: &Caller, task: StewardTaskId, act: &TaskAct) -> Result<(), ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_see(caller, task).await?;
        steward::step(&self.0.deployment, task, by, act).await.map_err(|error| refusal(&error))
    }

    /// Takes back the decision of a task that the steward may see, for a reason that may be empty; tells what it changed, or that it waits
    /// for a second steward.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn undo_task(&self, caller: &Caller, task: StewardTaskId, reason: &str) -> Result<Done, ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_see(caller, task).await?;
        let _one_at_a_time = self.0.work.lock().await;
        steward::undo(&self.0.deployment, task, by, reason).await.map_err(|error| refusal(&error))
    }

    /// Does something to a golden record that the steward may see; tells what it changed.
    ///
    /// # Errors
    /// What the steward has to know when it was not done.
    pub async fn act_on_golden(
        &self,
        caller: &Caller,
        golden_id: GoldenId,
        act: &GoldenAct,
    ) -> Result<Done, ActionError> {
        let by = steward_of(caller).map_err(|(_, detail)| ActionError::Refused(detail))?;
        self.may_act_on(caller, golden_id, act).await?;
        let _one_at_a_time = self.0.work.lock().await;
        steward::act_on(&self.0.deployment, golden_id, by, act).await.map_err(|error| refusal_of_field(&error))
    }

    /// What a steward may read.
    async fn stewardship(&self, caller: &Caller) -> Result<Access, ActionError> {
        let decided =
            self.0.deployment.decide(caller, kanak_model::Purpose::Stewardship, None).await.map_err(inside)?;
        decided.map_err(|denied| ActionError::Refused(denied.to_string()))
    }

    /// A steward acts on what lies in the districts that they work for, and states values that they may see.
    async fn may_act_on(&self, caller: &Caller, id: GoldenId, act: &GoldenAct) -> Result<(), ActionError> {
        let access = self.stewardship(caller).await?;
        let store = &self.0.deployment.store;
        let entity = store.find_golden_entity(id).await.map_err(inside)?.ok_or(ActionError::NotFound)?;
        let model = self.0.deployment.get_model(&entity).map_err(inside)?;
        store.find_golden(&access, model, id).await.map_err(inside)?.ok_or(ActionError::NotFound)?;
        if let GoldenAct::Override { attribute, .. } = act
            && let Some(attribute) = model.find_attribute(attribute).filter(|attribute| !access.shows(attribute.class))
        {
            let name = &attribute.name;
            let why = format!("stewardship does not show `{name}`; its department corrects it");
            return Err(ActionError::Unfit { field: StatedField::Attribute, why });
        }
        Ok(())
    }

    /// A steward confined to districts decides only about what lies in them.
    async fn may_see(&self, caller: &Caller, task: StewardTaskId) -> Result<(), ActionError> {
        let access = self.stewardship(caller).await?;
        let store = &self.0.deployment.store;
        let entity = store.find_steward_task_entity(task).await.map_err(inside)?.ok_or(ActionError::NotFound)?;
        let model = self.0.deployment.get_model(&entity).map_err(inside)?;
        store.get_steward_task(&access, model, task).await.map_err(|_| ActionError::NotFound)?;
        Ok(())
    }
}

/// The explanation without the values that the caller may not see.
fn view(model: &EntityModel, access: &Access, explanation: &Explanation) -> ExplanationView {
    let mut view = ExplanationView::from(explanation);
    for (shown, row) in view.rows.iter_mut().zip(&explanation.rows) {
        let attribute = model.find_attribute(&row.attribute);
        // Where values are withheld by register, neither side's is told here.
        if access.may_withhold() || !attribute.is_some_and(|attribute| access.shows(attribute.class)) {
            (shown.left, shown.right) = (None, None);
        }
    }
    view
}

fn inside(error: impl std::fmt::Display) -> ActionError {
    tracing::error!(error = %error, "A steward's act failed inside: {error}");
    ActionError::Inside("the hub could not do this; try again, and tell its operator if it persists".to_owned())
}

fn refusal(error: &anyhow::Error) -> ActionError {
    match error.downcast_ref::<StoreError>() {
        Some(refused) if refused.is_refusal() => ActionError::Refused(refused.to_string()),
        _ if error.is::<NotStated>() || error.is::<PutOffTooLong>() => ActionError::Refused(error.to_string()),
        _ => inside(format!("{error:#}")),
    }
}

/// The same of a stated value, with the field of its form that must say something else.
fn refusal_of_field(error: &anyhow::Error) -> ActionError {
    let unfit = match (error.downcast_ref::<NotStated>(), error.downcast_ref::<StoreError>()) {
        (Some(NotStated::NoAttribute { .. } | NotStated::InVault(_)), _) => StatedField::Attribute,
        (Some(NotStated::Unfit { .. }), _) => StatedField::Value,
        (None, Some(StoreError::Reason { .. })) => StatedField::Reason,
        (None, Some(StoreError::ExpiresPast)) => StatedField::Until,
        (None, _) => return refusal(error),
    };
    ActionError::Unfit { field: unfit, why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_value_names_the_field_of_its_form() {
        let field = |error: anyhow::Error| match refusal_of_field(&error) {
            ActionError::Unfit { field, why } => (Some(field), why),
            other => (None, other.to_string()),
        };
        let unfit = NotStated::Unfit { attribute: "mobile".to_owned(), reason: "has no ten digits".to_owned() };
        assert_eq!(field(unfit.into()), (Some(StatedField::Value), "`mobile`: has no ten digits".to_owned()));
        assert_eq!(field(NotStated::InVault("aadhaar".to_owned()).into()).0, Some(StatedField::Attribute));
        assert_eq!(field(StoreError::ExpiresPast.into()).0, Some(StatedField::Until));
        assert_eq!(field(StoreError::Reason { why: "is empty" }.into()).0, Some(StatedField::Reason));
        let held = StoreError::OwnProposal(ProposalId(3));
        assert_eq!(field(held.into()).0, None, "another's act stands against it, and no field");
    }
}
