//! The code systems.

use axum::Json;
use axum::extract::State;

use super::view::CodeSystemView;
use crate::server::state::AppState;

/// Lists the code systems.
#[utoipa::path(get, path = "/v1/code-systems", tag = "codes", responses((status = 200, description = "All of them", body = [CodeSystemView])))]
pub async fn list(State(state): State<AppState>) -> Json<Vec<CodeSystemView>> {
    Json(state.deployment.codes.systems().map(CodeSystemView::from).collect())
}
