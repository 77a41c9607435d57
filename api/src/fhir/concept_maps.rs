//! `ConceptMap`: read and search.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};

use super::answer::Resource;
use super::named::concept_map;
use super::params::Params;
use super::search::{base, searched};
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// `GET /fhir/ConceptMap/{id}`
pub async fn read(State(state): State<AppState>, Path(id): Path<String>, _: Params) -> Result<Resource, Problem> {
    Ok(Resource::new(concept_map(state.codes().get_concept_map(&id)?)))
}

/// `GET /fhir/ConceptMap`, `POST /fhir/ConceptMap/_search`
pub async fn search(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let all = codes.concept_maps().map(|map| (map.name().to_owned(), concept_map(map)));
    searched(&base(&state), &uri, &headers, &params, all)
}
