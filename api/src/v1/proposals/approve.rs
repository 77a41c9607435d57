//! A second steward agrees.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::ProposalId;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, refusal};

/// Approves what another steward proposed: it is in force from now on, in the name of who proposed it. Nobody approves their own.
#[utoipa::path(post, path = "/v1/proposals/{id}/approval", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The proposal")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 403, description = "Only a signed-in steward approves", body = Problem),
              (status = 404, description = "No such proposal in the caller's districts", body = Problem),
              (status = 409, description = "It is the steward's own, no longer waits, who made it is no steward any more, or what was proposed is refused by now", body = Problem)))]
pub async fn approve(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<AppliedView>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let applied = Actions(state).approve(&caller.caller, ProposalId(id)).await.map_err(refusal)?;
    Ok(Json(AppliedView::from(&applied)))
}
