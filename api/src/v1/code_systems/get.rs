//! One code system.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answered::hashed;
use super::asked::Edition;
use super::only::Only;
use super::view::CodeSystemView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Gets one code system: its current version, or the one that is asked for.
#[utoipa::path(get, path = "/v1/code-systems/{system}", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Edition),
    responses((status = 200, description = "The code system", body = CodeSystemView), (status = 404, description = "No such code system or version", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((edition,)): Only<(Edition,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    hashed(&headers, &CodeSystemView::from(edition.find(&codes, &system)?.system()))
}
