//! One task.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::StewardTaskId;

use super::find;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::access;
use crate::v1::{audited, user_names};

/// Reads a steward task with what officers were asked to find out on the spot. What the two source records state stands with their
/// golden records.
#[utoipa::path(get, path = "/v1/steward-tasks/{id}", tag = "stewardship", security(("key" = [])),
    params(("id" = i64, Path, description = "The task"), ("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 403, description = "No role serves the purpose", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    let access = access(&caller)?;
    let id = StewardTaskId(id);
    let view = find(&state, &access, id).await?;
    audited(&state, &access, "read steward task", [format!("steward task {id}")]).await?;
    Ok(Json(StewardTaskDetail::new(&view, &user_names(&state).await?)))
}
