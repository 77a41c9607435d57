//! What waits for a second steward.

use axum::Json;
use axum::extract::State;
use kanak_dashboards::proposals::list_seen;
use kanak_store::ProposedAct;
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::{audited, steward_tasks, user_names};

/// What one steward wants and a second one has to approve.
#[derive(Serialize, ToSchema)]
pub struct ProposalView {
    /// Its id.
    id: i64,
    /// The entity type.
    entity: String,
    /// The steward task to be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    steward_task: Option<i64>,
    /// `match` or `no_match`.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    /// The golden record of which a value is to be stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// The value, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Why the deployment wants a second steward.
    policy: String,
    /// The steward's words.
    reason: String,
    /// Who proposed it.
    proposed_by: String,
    /// When.
    proposed: String,
}

/// Lists what waits for a second steward in the caller's districts, the oldest first; at most 200.
#[utoipa::path(get, path = "/v1/proposals", tag = "stewardship", security(("key" = [])),
    params(("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "The oldest first", body = [ProposalView]), (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<ProposalView>>, Problem> {
    let access = steward_tasks::access(&caller)?;
    let deployment = &state.deployment;
    let seen = list_seen(&deployment.store, &deployment.models, &access).await.map_err(Problem::internal)?;
    audited(&state, &access, "read proposals", seen.iter().map(|one| format!("proposal {}", one.proposal.id))).await?;
    let name = user_names(&state).await?;
    let views = seen.into_iter().map(|one| {
        let proposal = one.proposal;
        let mut view = ProposalView {
            id: proposal.id.0,
            entity: proposal.entity,
            steward_task: None,
            decision: None,
            golden_id: None,
            attribute: None,
            value: one.value,
            policy: proposal.policy,
            reason: proposal.reason,
            proposed_by: name(proposal.by),
            proposed: proposal.at.to_string(),
        };
        match proposal.act {
            ProposedAct::Decide { task, decision, .. } => {
                (view.steward_task, view.decision) = (Some(task.0), Some(decision.word()));
            }
            ProposedAct::Override { golden_id, attribute, .. } => {
                (view.golden_id, view.attribute) = (Some(golden_id.to_string()), Some(attribute));
            }
        }
        view
    });
    Ok(Json(views.collect()))
}
