//! One value set.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::ValueSetView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// Gets one value set with its rules.
#[utoipa::path(get, path = "/v1/value-sets/{name}", tag = "codes",
    params(("name" = String, Path, description = "A value set's name, such as `active-branches-punjab`")),
    responses((status = 200, description = "The value set", body = ValueSetView), (status = 404, description = "No such value set", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    Path(name): Path<String>,
    _: Only<()>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    hashed(&headers, &ValueSetView::new(&codes, codes.get_value_set(&name)?)?)
}
