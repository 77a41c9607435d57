//! Giving a task back.

use axum::Json;
use axum::extract::{Path, State};
use kanak_dashboards::TaskAct;

use super::step;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Gives a steward task back to those for whom it waited: one that the steward claimed, deferred or escalated, or that was escalated to
/// the steward's role. A supervisor gives back what anyone holds.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/release", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 403, description = "Only a signed-in steward releases", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "Another steward holds it, or there is nothing to give back", body = Problem)))]
pub async fn release(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    step(state, &caller, id, TaskAct::Release).await
}
