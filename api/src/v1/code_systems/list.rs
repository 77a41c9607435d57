//! The code systems.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answered::hashed;
use super::only::Only;
use super::view::CodeSystemView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Lists the code systems, each in its current version.
#[utoipa::path(get, path = "/v1/code-systems", tag = "codes", responses((status = 200, description = "All of them", body = [CodeSystemView])))]
pub async fn list(State(state): State<AppState>, _: Only<()>, headers: HeaderMap) -> Result<Response, Problem> {
    let codes = state.codes();
    hashed(&headers, &codes.systems().map(CodeSystemView::from).collect::<Vec<_>>())
}
