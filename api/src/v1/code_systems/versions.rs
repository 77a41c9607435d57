//! The versions of a code system.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answered::hashed;
use super::only::Only;
use super::view::CodeSystemView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Lists the versions of a code system that are served, in the order in which they came into force.
#[utoipa::path(get, path = "/v1/code-systems/{system}/versions", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`")),
    responses((status = 200, description = "All of them", body = [CodeSystemView]), (status = 404, description = "No such code system", body = Problem)))]
pub async fn versions(
    State(state): State<AppState>,
    Path(system): Path<String>,
    _: Only<()>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    codes.get_system(&system)?;
    hashed(&headers, &codes.versions(&system).map(CodeSystemView::from).collect::<Vec<_>>())
}
