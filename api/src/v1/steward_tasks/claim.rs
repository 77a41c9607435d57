//! Taking a task up.

use axum::Json;
use axum::extract::{Path, State};
use kanak_dashboards::TaskAct;

use super::step;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Takes a steward task up: for as long as the deployment says (`stewardship.claim_minutes`) nobody else acts on it. Claimed again by the
/// same steward, it is held for longer.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/claim", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 403, description = "Only a signed-in steward claims", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "Another steward holds it (who, and until when), it waits for a further role, or it is settled", body = Problem)))]
pub async fn claim(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    step(state, &caller, id, TaskAct::Claim).await
}
