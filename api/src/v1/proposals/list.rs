//! What waits for a second steward.

use axum::Json;
use axum::extract::{Query, State};
use kanak_dashboards::proposals::list_seen;
use kanak_model::{OverrideId, ProposalId};
use kanak_store::ProposedAct;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::{audited, stewardship, user_names};

/// The most proposals of one answer.
const PROPOSALS_MAX: u32 = 200;

/// Which.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Where to go on: the `id` of the last proposal of the page before.
    after: Option<i64>,
    /// At most this many, up to 200.
    #[serde(default = "most")]
    limit: u32,
}

fn most() -> u32 {
    PROPOSALS_MAX
}

/// What one steward wants and a second one has to approve.
#[derive(Serialize, ToSchema)]
pub struct ProposalView {
    /// Its id; for `after`: the page behind it.
    id: i64,
    /// The entity type.
    entity: String,
    /// What is to be done: `decide` or `undo` the decision of a steward task, `state_value` or `withdraw_value` of a golden record, or
    /// `withdraw_confirmation` of it.
    act: &'static str,
    /// The steward task to be decided, or whose decision is to be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    steward_task: Option<i64>,
    /// `match` or `no_match`.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    /// The golden record of which a value is to be stated, or something is to be withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// The value to be stated, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The stated value to be withdrawn, by the id of the override.
    #[serde(skip_serializing_if = "Option::is_none")]
    override_id: Option<i64>,
    /// Why the deployment wants a second steward.
    policy: String,
    /// The steward's words; empty where something is to be taken back.
    reason: String,
    /// Who proposed it.
    proposed_by: String,
    /// When.
    proposed: String,
}

/// Lists what waits for a second steward in the caller's districts, the oldest first. A page of fewer than `limit` is the last.
#[utoipa::path(get, path = "/v1/proposals", tag = "stewardship", security(("key" = [])),
    params(Page, ("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "The oldest first", body = [ProposalView]), (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<ProposalView>>, Problem> {
    let access = stewardship::access(&caller)?;
    let deployment = &state.deployment;
    let limit = page.limit.clamp(1, PROPOSALS_MAX);
    let seen = list_seen(&deployment.store, &deployment.models, &access, page.after.map(ProposalId), limit);
    let seen = seen.await.map_err(Problem::internal)?;
    audited(&state, &access, "read proposals", seen.iter().map(|one| format!("proposal {}", one.proposal.id))).await?;
    let name = user_names(&state).await?;
    let views = seen.into_iter().map(|one| {
        let proposal = one.proposal;
        let mut view = ProposalView {
            id: proposal.id.0,
            entity: proposal.entity,
            act: proposal.act.word(),
            steward_task: None,
            decision: None,
            golden_id: None,
            attribute: None,
            value: one.value,
            override_id: None,
            policy: proposal.policy,
            reason: proposal.reason,
            proposed_by: name(proposal.by),
            proposed: proposal.at.to_string(),
        };
        match proposal.act {
            ProposedAct::Decide { task, decision, .. } => {
                (view.steward_task, view.decision) = (Some(task.0), Some(decision.word()));
            }
            ProposedAct::Undo { task } => view.steward_task = Some(task.0),
            ProposedAct::Override { golden_id, attribute, .. } => {
                (view.golden_id, view.attribute) = (Some(golden_id.to_string()), Some(attribute));
            }
            ProposedAct::WithdrawConfirmation { golden_id } => view.golden_id = Some(golden_id.to_string()),
            ProposedAct::WithdrawOverride { golden_id, attribute, stated: OverrideId(stated) } => {
                (view.golden_id, view.attribute) = (Some(golden_id.to_string()), Some(attribute));
                view.override_id = Some(stated);
            }
        }
        view
    });
    Ok(Json(views.collect()))
}
