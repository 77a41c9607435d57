//! A second steward refuses a version.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::CodeVersionView;
use super::{curator, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseVersion {
    /// Why, for who proposed it.
    reason: String,
}

/// Refuses a version that another steward proposed. Its name is free again.
#[utoipa::path(post, path = "/v1/code-systems/{system}/versions/{version}/refusal", tag = "codes", security(("session" = [])), request_body = RefuseVersion,
    params(("system" = String, Path, description = "A code system's name"), ("version" = String, Path, description = "The version")),
    responses((status = 200, description = "It is refused", body = CodeVersionView),
              (status = 403, description = "Only a signed-in steward of the whole state curates code systems", body = Problem),
              (status = 404, description = "No such version was proposed here", body = Problem),
              (status = 409, description = "The caller proposed it, it no longer waits, or the reason cannot be kept", body = Problem)))]
pub async fn refuse(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, version)): Path<(String, String)>,
    Json(body): Json<RefuseVersion>,
) -> Result<Json<CodeVersionView>, Problem> {
    let who = curator(&caller)?;
    let refused = state.deployment.store.refuse_code_version(&system, &version, (who, &body.reason)).await;
    Ok(Json(refused.map_err(|error| refusal(error.into()))?.into()))
}
