//! A second steward does not agree, or the first thinks again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanak_model::ProposalId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::refusal;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnDown {
    /// Why, for those who look later; needed from anyone but who proposed it.
    #[serde(default)]
    reason: String,
}

/// Turns a proposal down: another steward rejects it, who proposed it withdraws it. Its task waits as before.
#[utoipa::path(post, path = "/v1/proposals/{id}/rejection", tag = "stewardship", security(("session" = [])), request_body = TurnDown,
    params(("id" = i64, Path, description = "The proposal")),
    responses((status = 204, description = "It no longer waits"), (status = 403, description = "Only a signed-in steward rejects", body = Problem),
              (status = 404, description = "No such proposal in the caller's districts", body = Problem),
              (status = 409, description = "It no longer waits, or the reason is missing or cannot be kept", body = Problem)))]
pub async fn turn_down(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<TurnDown>,
) -> Result<StatusCode, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    Actions(state).turn_down(&caller.caller, ProposalId(id), &body.reason).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}
