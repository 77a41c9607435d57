//! A steward takes note of what a department objects to.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::server::actions::steward_of;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship;

/// Takes note of an objection: it waits no longer. What follows from it is the steward's to do. A person does so: a key cannot.
#[utoipa::path(post, path = "/v1/department-answers/{id}/note", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The answer"), ("Purpose" = String, Header, description = "`stewardship`")),
    responses((status = 204, description = "Noted"), (status = 403, description = "Only a signed-in steward takes note", body = Problem),
              (status = 404, description = "No such answer waits in the caller's districts", body = Problem)))]
pub async fn take_note(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let access = stewardship::access(&caller)?;
    state.deployment.store.mark_answer_seen(&access, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}
