//! The concept maps.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::ConceptMapView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// Lists the concept maps.
#[utoipa::path(get, path = "/v1/concept-maps", tag = "codes", responses((status = 200, description = "All of them", body = [ConceptMapView])))]
pub async fn list(State(state): State<AppState>, _: Only<()>, headers: HeaderMap) -> Result<Response, Problem> {
    let codes = state.codes();
    hashed(&headers, &codes.concept_maps().map(ConceptMapView::from).collect::<Vec<_>>())
}
