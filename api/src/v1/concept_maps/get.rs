//! One concept map.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::ConceptMapView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// Gets one concept map.
#[utoipa::path(get, path = "/v1/concept-maps/{name}", tag = "codes",
    params(("name" = String, Path, description = "A concept map's name, such as `nic-isic`")),
    responses((status = 200, description = "The concept map", body = ConceptMapView), (status = 404, description = "No such concept map", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    Path(name): Path<String>,
    _: Only<()>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    hashed(&headers, &ConceptMapView::from(state.codes().get_concept_map(&name)?))
}
