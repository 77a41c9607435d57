//! The value sets.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::ValueSetView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// Lists the value sets: named choices of codes, listed or by rule.
#[utoipa::path(get, path = "/v1/value-sets", tag = "codes", responses((status = 200, description = "All of them", body = [ValueSetView])))]
pub async fn list(State(state): State<AppState>, _: Only<()>, headers: HeaderMap) -> Result<Response, Problem> {
    let codes = state.codes();
    let views = codes.value_sets().map(|set| ValueSetView::new(&codes, set));
    hashed(&headers, &views.collect::<Result<Vec<_>, _>>()?)
}
