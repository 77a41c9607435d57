//! The report of one appraisal.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use super::{is_within, read};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Gets the report of a frozen appraisal: officers' figures beside what their cases let expect, of the caller's districts, in the order
/// of the officers' golden keys.
#[utoipa::path(get, path = "/v1/appraisals/{id}", tag = "appraisals", security(("key" = [])),
    params(("id" = String, Path, description = "The appraisal")),
    responses((status = 200, description = "The report", body = serde_json::Value),
              (status = 404, description = "No such appraisal", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let access = caller.access()?;
    let asked = id.clone();
    let mut report = read(&state, move |all| all.report(&asked)).await?;
    report.officers.retain(|sheet| is_within(&caller.caller, sheet));
    audited(&state, &access, "read appraisal", [&id]).await?;
    serde_json::to_value(&report).map(Json).map_err(Problem::internal)
}
