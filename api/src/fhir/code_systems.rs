//! `CodeSystem`: read and search.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};

use super::answer::Resource;
use super::named::{all_systems, code_system, id_of};
use super::params::Params;
use super::search::{base, searched};
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// `GET /fhir/CodeSystem/{id}`
pub async fn read(State(state): State<AppState>, Path(id): Path<String>, _: Params) -> Result<Resource, Problem> {
    let codes = state.codes();
    let found = all_systems(&codes).find(|system| id_of(&codes, system) == id);
    let found = found.ok_or_else(|| Problem::not_found(format!("no CodeSystem has the id `{id}`")))?;
    Ok(Resource::new(code_system(&codes, found)))
}

/// `GET /fhir/CodeSystem`, `POST /fhir/CodeSystem/_search`
pub async fn search(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let all = all_systems(&codes).map(|system| (system.name().to_owned(), code_system(&codes, system)));
    searched(&base(&state), &uri, &headers, &params, all)
}
