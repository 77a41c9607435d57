//! A second steward publishes a version.

use axum::Json;
use axum::extract::{Path, State};

use super::view::CodeVersionView;
use super::{curator, refusal};
use crate::jobs::code_versions::publish_version;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Publishes a version that another steward proposed: it is in use at once, for ever under this name, and the change feed names its codes.
#[utoipa::path(post, path = "/v1/code-systems/{system}/versions/{version}/publication", tag = "codes", security(("session" = [])),
    params(("system" = String, Path, description = "A code system's name"), ("version" = String, Path, description = "The version")),
    responses((status = 200, description = "It is published", body = CodeVersionView),
              (status = 403, description = "Only a signed-in steward of the whole state curates code systems", body = Problem),
              (status = 404, description = "No such version was proposed here", body = Problem),
              (status = 409, description = "The caller proposed it, it no longer waits, or another version was published meanwhile", body = Problem)))]
pub async fn publish(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, version)): Path<(String, String)>,
) -> Result<Json<CodeVersionView>, Problem> {
    let who = curator(&caller)?;
    let (published, _) = publish_version(&state.deployment, (&system, &version), who, "").await.map_err(refusal)?;
    Ok(Json(published.into()))
}
