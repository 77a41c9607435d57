//! Putting a task off.

use axum::Json;
use axum::extract::{Path, State};
use chrono::NaiveDate;
use kanak_dashboards::TaskAct;
use serde::Deserialize;
use utoipa::ToSchema;

use super::step;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A deferral.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Defer {
    /// The day, in India, on which it comes back by itself, such as 2027-03-31.
    until: String,
    /// Why, for those who look later.
    reason: String,
}

/// Puts a steward task off: it leaves the queue and comes back by itself. Until then it is the steward's who put it off.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/deferral", tag = "stewardship", security(("session" = [])), request_body = Defer,
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 400, description = "`until` is no date", body = Problem),
              (status = 403, description = "Only a signed-in steward defers", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "Another steward holds it, it is settled, the day is past or too far ahead, or the reason cannot be kept", body = Problem)))]
pub async fn defer(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<Defer>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    let until: NaiveDate =
        body.until.parse().map_err(|_| Problem::bad_request("`until` is a day such as 2027-03-31"))?;
    step(state, &caller, id, TaskAct::Defer { until, reason: body.reason }).await
}
