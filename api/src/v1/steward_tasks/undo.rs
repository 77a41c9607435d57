//! Taking a decision back.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::StewardTaskId;

use super::view::AppliedView;
use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Undoes a decision: golden records and ids are as they were before it. A person does so: a key cannot.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/undo", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 403, description = "Only a signed-in steward undoes", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "The task is not decided", body = Problem)))]
pub async fn undo(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<AppliedView>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let applied = Actions(state).undo_task(&caller.caller, StewardTaskId(id)).await.map_err(super::refusal)?;
    Ok(Json(AppliedView::from(&applied)))
}
