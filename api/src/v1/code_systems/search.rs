//! Codes by their words.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ConceptView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words, or the beginning of a code. Spelling slips are forgiven.
    search: String,
    /// At most this many, up to 100.
    #[serde(default = "twenty")]
    limit: usize,
}

fn twenty() -> usize {
    20
}

/// Searches a code system.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Search),
    responses((status = 200, description = "The best first", body = [ConceptView]), (status = 404, description = "No such code system", body = Problem)))]
pub async fn search(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(query): Query<Search>,
) -> Result<Json<Vec<ConceptView>>, Problem> {
    let found = state.deployment.codes.get_system(&system).map_err(|error| Problem::not_found(error.to_string()))?;
    let hits = found.search(&query.search, query.limit.min(100));
    Ok(Json(hits.into_iter().map(|hit| ConceptView::new(found, hit.concept)).collect()))
}
