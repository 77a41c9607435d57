//! Many decisions at once.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kanak_model::StewardTaskId;
use kanak_model::match_pair::Decision;
use kanak_store::BatchTerms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, refusal};

/// Decisions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideMany {
    /// The tasks, 1 to 500.
    tasks: Vec<i64>,
    /// `match` or `no_match`, for all of them.
    decision: String,
    /// Why, for those who look later.
    reason: String,
    /// `true` to decide what can be decided when some are refused; else nothing is.
    #[serde(default)]
    partial: bool,
}

/// What became of decisions at once.
#[derive(Serialize, ToSchema)]
pub struct DecidedManyView {
    /// Their number: `/v1/steward-tasks/decisions/{id}/undo` undoes them at once.
    id: i64,
    /// The tasks that were decided.
    decided: Vec<i64>,
    /// The tasks that were not, with `partial`.
    refused: Vec<RefusedTask>,
    /// What it changed, by entity type.
    applied: Vec<AppliedView>,
}

/// A task that was not decided.
#[derive(Serialize, ToSchema)]
pub struct RefusedTask {
    /// The task.
    task: i64,
    /// Why, and what to do.
    detail: String,
}

/// A problem with the tasks that stand against the whole.
#[derive(Serialize, ToSchema)]
pub struct RefusedMany {
    /// What went wrong.
    #[serde(flatten)]
    problem: Problem,
    /// The tasks that were refused.
    refused: Vec<RefusedTask>,
}

/// Decides up to 500 steward tasks at once, with one reason, all or nothing unless `partial`. It can be undone at once. A decision that rests on
/// a field check, or that needs a second steward, is made by itself.
#[utoipa::path(post, path = "/v1/steward-tasks/decisions", tag = "stewardship", security(("session" = [])), request_body = DecideMany,
    responses((status = 200, description = "What became of them", body = DecidedManyView), (status = 400, description = "`decision` is none", body = Problem),
              (status = 403, description = "Only a signed-in steward decides", body = Problem),
              (status = 409, description = "Tasks were refused, each with why, and nothing was decided; or their number or the reason does not fit", body = RefusedMany)))]
pub async fn decide_many(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(body): Json<DecideMany>,
) -> Result<Response, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let decision = Decision::find(&body.decision)
        .filter(|decision| *decision != Decision::Review)
        .ok_or_else(|| Problem::bad_request("`decision` is `match` or `no_match`"))?;
    let terms = if body.partial { BatchTerms::WhatCan } else { BatchTerms::AllOrNothing };
    let tasks: Vec<StewardTaskId> = body.tasks.into_iter().map(StewardTaskId).collect();
    let done = Actions(state).decide_many(&caller.caller, &tasks, decision, &body.reason, terms).await;
    let (done, applied) = done.map_err(refusal)?;
    let refused: Vec<RefusedTask> =
        done.refused.into_iter().map(|(task, error)| RefusedTask { task: task.0, detail: error.to_string() }).collect();
    let Some(id) = done.id else {
        let detail = format!("{} of the tasks were refused, and nothing was decided", refused.len());
        let problem = Problem::new(StatusCode::CONFLICT, detail);
        let mut response = (StatusCode::CONFLICT, Json(RefusedMany { problem, refused })).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        return Ok(response);
    };
    let decided = done.decided.iter().map(|one| one.0.0).collect();
    let applied = applied.iter().map(AppliedView::from).collect();
    Ok(Json(DecidedManyView { id: id.0, decided, refused, applied }).into_response())
}
