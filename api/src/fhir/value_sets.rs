//! `ValueSet`: read and search.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};

use super::answer::Resource;
use super::named::value_set;
use super::params::Params;
use super::search::{base, searched};
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// `GET /fhir/ValueSet/{id}`
pub async fn read(State(state): State<AppState>, Path(id): Path<String>, _: Params) -> Result<Resource, Problem> {
    Ok(Resource::new(value_set(state.codes().get_value_set(&id)?)))
}

/// `GET /fhir/ValueSet`, `POST /fhir/ValueSet/_search`
pub async fn search(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let all = codes.value_sets().map(|set| (set.name().to_owned(), value_set(set)));
    searched(&base(&state), &uri, &headers, &params, all)
}
