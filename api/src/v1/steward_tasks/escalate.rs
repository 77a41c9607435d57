//! Handing a task on.

use axum::Json;
use axum::extract::{Path, State};
use kanak_dashboards::TaskAct;
use kanak_model::Role;
use kanak_model::steward_task::ESCALATION_ROLES;
use serde::Deserialize;
use utoipa::ToSchema;

use super::step;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// An escalation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// The role that a steward needs beside: `supervisor` or `department`.
    to: String,
    /// Why, for those who look later.
    reason: String,
}

/// Hands a steward task on to stewards with a further role: from then on they alone act on it.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/escalation", tag = "stewardship", security(("session" = [])), request_body = Escalate,
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 400, description = "`to` is no role that tasks are escalated to", body = Problem),
              (status = 403, description = "Only a signed-in steward escalates", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "Another steward holds it, it is settled or stands there already, or the reason cannot be kept", body = Problem)))]
pub async fn escalate(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<Escalate>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    let to = Role::find(&body.to)
        .filter(|role| ESCALATION_ROLES.contains(role))
        .ok_or_else(|| Problem::bad_request("`to` is `supervisor` or `department`"))?;
    step(state, &caller, id, TaskAct::Escalate { to, reason: body.reason }).await
}
