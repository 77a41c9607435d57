//! An objection to a case.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{is_within, person, problem, read};
use crate::jobs::appraisal;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// An objection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewObjection {
    /// The officer's golden key.
    officer: String,
    /// The case, as the sheet names it.
    case: String,
    /// Why.
    reason: String,
}

/// Enters an objection to a case on an officer's sheet. Somebody else decides on it; until then nothing changes.
#[utoipa::path(post, path = "/v1/appraisals/{id}/contests", tag = "appraisals", security(("session" = [])), request_body = NewObjection,
    params(("id" = String, Path, description = "The appraisal")),
    responses((status = 201, description = "The objection with its number", body = serde_json::Value),
              (status = 403, description = "Not a person who answers for officers' figures", body = Problem),
              (status = 404, description = "No such appraisal, or no sheet of this officer for the caller", body = Problem),
              (status = 409, description = "The case is not on the sheet or does not count, no reason, or there is an objection already", body = Problem)))]
pub async fn contest(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(body): Json<NewObjection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let by = person(&caller.caller)?;
    let asked = (id.clone(), body.officer.clone());
    let sheet = read(&state, move |all| all.sheet(&asked.0, &asked.1)).await?;
    if !is_within(&caller.caller, &sheet.sheet) {
        let words = format!("appraisal `{id}` has no sheet of officer `{}` for you", body.officer);
        return Err(Problem::not_found(words));
    }
    let about = (body.officer.as_str(), body.case.as_str());
    let entered =
        appraisal::contest(&state.deployment, &id, about, (by, body.reason.as_str())).await.map_err(problem)?;
    let entry = serde_json::to_value(&entered).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, Json(entry)))
}
