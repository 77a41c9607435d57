//! What officers are asked to find out on the spot.

use axum::Json;
use axum::extract::{Path, State};
use chrono::NaiveDate;
use kanak_dashboards::TaskAct;
use kanak_model::FieldCheckId;
use kanak_model::steward_task::{FieldAnswer, Finding};
use serde::Deserialize;
use utoipa::ToSchema;

use super::step;
use super::view::StewardTaskDetail;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What to find out.
    question: String,
    /// Which office is asked.
    office: String,
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `same`, `different` or `not_found`.
    finding: String,
    /// The officer who looked.
    found_by: String,
    /// The day, in India, on which the officer looked, such as 2027-03-31.
    found_on: String,
    /// What was found, in the officer's words.
    note: String,
}

/// Asks an office to find something out on the spot about the two of a steward task. Until it is answered or withdrawn the task is not
/// decided.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/field-checks", tag = "stewardship", security(("session" = [])), request_body = Ask,
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 403, description = "Only a signed-in steward asks", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "Another steward holds the task, it is settled, or a text cannot be kept", body = Problem)))]
pub async fn ask(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<Ask>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    let Ask { question, office } = body;
    step(state, &caller, id, TaskAct::AskFieldCheck { question, office }).await
}

/// Writes down what an officer found. It decides nothing: a decision names it (`field_check`).
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/field-checks/{check_id}/answer", tag = "stewardship", security(("session" = [])), request_body = Answer,
    params(("id" = i64, Path, description = "The task"), ("check_id" = i64, Path, description = "The field check")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 400, description = "`finding` is none, or `found_on` no date", body = Problem),
              (status = 403, description = "Only a signed-in steward writes it down", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "No such field check of the task waits, the day is still to come, or a text cannot be kept", body = Problem)))]
pub async fn answer(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((id, check_id)): Path<(i64, i64)>,
    Json(body): Json<Answer>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    let finding = Finding::find(&body.finding)
        .ok_or_else(|| Problem::bad_request("`finding` is `same`, `different` or `not_found`"))?;
    let found_on: NaiveDate =
        body.found_on.parse().map_err(|_| Problem::bad_request("`found_on` is a day such as 2027-03-31"))?;
    let answer = FieldAnswer { finding, found_by: body.found_by, found_on, note: body.note };
    step(state, &caller, id, TaskAct::AnswerFieldCheck { check: FieldCheckId(check_id), answer }).await
}

/// Withdraws a question that nobody has answered.
#[utoipa::path(delete, path = "/v1/steward-tasks/{id}/field-checks/{check_id}", tag = "stewardship", security(("session" = [])),
    params(("id" = i64, Path, description = "The task"), ("check_id" = i64, Path, description = "The field check")),
    responses((status = 200, description = "The task", body = StewardTaskDetail), (status = 403, description = "Only a signed-in steward withdraws", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "No such field check of the task waits", body = Problem)))]
pub async fn withdraw(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((id, check_id)): Path<(i64, i64)>,
) -> Result<Json<StewardTaskDetail>, Problem> {
    step(state, &caller, id, TaskAct::WithdrawFieldCheck { check: FieldCheckId(check_id) }).await
}
