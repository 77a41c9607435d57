//! A steward's decision.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use kanak_model::match_pair::Decision;
use kanak_model::{FieldCheckId, StewardTaskId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, ProposedView, answer, refusal};

/// The decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// `match` or `no_match`.
    decision: String,
    /// Why, for those who look later.
    reason: String,
    /// The answered field check that it rests on. Where the task has any, a decision names one.
    #[serde(default)]
    field_check: Option<i64>,
}

/// Decides a steward task. It can be undone. Where the deployment wants a second steward, the decision is a proposal until one
/// approves it. A decision is a person's: a key cannot make one.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/decision", tag = "stewardship", security(("session" = [])), request_body = Decide,
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 202, description = "It waits for a second steward", body = ProposedView), (status = 403, description = "Only a signed-in steward decides", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "It contradicts another decision, another steward holds the task (who, and until when), it waits for a further role, a field check waits for its answer or is not named, or the reason cannot be kept", body = Problem)))]
pub async fn decide(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<Decide>,
) -> Result<Response, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let decision = Decision::find(&body.decision)
        .filter(|decision| *decision != Decision::Review)
        .ok_or_else(|| Problem::bad_request("`decision` is `match` or `no_match`"))?;
    let done = Actions(state)
        .decide_task(&caller.caller, StewardTaskId(id), decision, &body.reason, body.field_check.map(FieldCheckId))
        .await
        .map_err(refusal)?;
    Ok(answer(done))
}
