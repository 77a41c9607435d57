//! One code system.

use axum::Json;
use axum::extract::{Path, State};

use super::view::CodeSystemView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Gets one code system.
#[utoipa::path(get, path = "/v1/code-systems/{system}", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`")),
    responses((status = 200, description = "The code system", body = CodeSystemView), (status = 404, description = "No such code system", body = Problem)))]
pub async fn get(State(state): State<AppState>, Path(system): Path<String>) -> Result<Json<CodeSystemView>, Problem> {
    let found = state.deployment.codes.get_system(&system).map_err(|error| Problem::not_found(error.to_string()))?;
    Ok(Json(found.into()))
}
