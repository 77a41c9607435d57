//! Taking decisions back that were made at once.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::DecisionBatchId;

use super::undo::Undo;
use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, refusal};

/// Undoes what still holds of decisions that were made at once: golden records and ids are as they were before them.
#[utoipa::path(post, path = "/v1/steward-tasks/decisions/{id}/undo", tag = "stewardship", security(("session" = [])), request_body = Option<Undo>,
    params(("id" = i64, Path, description = "Their number")),
    responses((status = 200, description = "What it changed, by entity type", body = [AppliedView]), (status = 403, description = "Only a signed-in steward undoes", body = Problem),
              (status = 404, description = "One of the tasks lies outside the caller's districts", body = Problem),
              (status = 409, description = "Nothing of them holds any more, or the reason cannot be kept", body = Problem)))]
pub async fn undo_many(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    body: String,
) -> Result<Json<Vec<AppliedView>>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let Undo { reason } = Undo::read(&body)?;
    let applied = Actions(state).undo_many(&caller.caller, DecisionBatchId(id), &reason).await.map_err(refusal)?;
    Ok(Json(applied.iter().map(AppliedView::from).collect()))
}
