//! Who proposed a version takes it back.

use axum::Json;
use axum::extract::{Path, State};

use super::view::CodeVersionView;
use super::{curator, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Takes back a version that the caller proposed and that still waits. Its name is free again.
#[utoipa::path(post, path = "/v1/code-systems/{system}/versions/{version}/withdrawal", tag = "codes", security(("session" = [])),
    params(("system" = String, Path, description = "A code system's name"), ("version" = String, Path, description = "The version")),
    responses((status = 200, description = "It is withdrawn", body = CodeVersionView),
              (status = 403, description = "Only a signed-in steward of the whole state curates code systems", body = Problem),
              (status = 404, description = "No such version was proposed here", body = Problem),
              (status = 409, description = "Another one proposed it, or it no longer waits", body = Problem)))]
pub async fn withdraw(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, version)): Path<(String, String)>,
) -> Result<Json<CodeVersionView>, Problem> {
    let who = curator(&caller)?;
    let withdrawn = state.deployment.store.withdraw_code_version(&system, &version, (who, "")).await;
    Ok(Json(withdrawn.map_err(|error| refusal(error.into()))?.into()))
}
