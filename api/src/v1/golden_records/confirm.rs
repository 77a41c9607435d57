//! A steward's confirmation of a golden record.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use kanak_dashboards::GoldenAct;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, ProposedView};

/// Why a golden record is confirmed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Why, for those who look later.
    reason: String,
}

/// Confirms a golden record: rules join it with no other that is confirmed; a steward is asked instead. A person does so: a key cannot.
#[utoipa::path(post, path = "/v1/golden-records/{id}/confirmation", tag = "stewardship", security(("session" = [])), request_body = Confirm,
    params(("id" = String, Path, description = "A golden id")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 403, description = "Only a signed-in steward confirms", body = Problem),
              (status = 404, description = "No such golden record in the caller's districts", body = Problem),
              (status = 409, description = "The reason cannot be kept", body = Problem)))]
pub async fn confirm(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(body): Json<Confirm>,
) -> Result<Response, Problem> {
    act(state, &caller, &id, GoldenAct::Confirm { reason: body.reason }).await
}

/// Withdraws what stewards confirmed of a golden record by itself. What a decision confirmed goes when that is undone. Where the deployment
/// wants a second steward for matches of confirmed golden records, the withdrawal is a proposal until one approves it.
#[utoipa::path(delete, path = "/v1/golden-records/{id}/confirmation", tag = "stewardship", security(("session" = [])),
    params(("id" = String, Path, description = "A golden id")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 202, description = "It waits for a second steward", body = ProposedView), (status = 403, description = "Only a signed-in steward withdraws", body = Problem),
              (status = 404, description = "No such golden record in the caller's districts", body = Problem),
              (status = 409, description = "It is not confirmed by itself, or the withdrawal waits for a second steward already", body = Problem)))]
pub async fn withdraw(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    act(state, &caller, &id, GoldenAct::WithdrawConfirmation).await
}
