//! What a code translates to.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::Direction;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::TranslationView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::read_day;
use crate::v1::code_systems::only::Only;

/// Which code, and which way.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Code {
    /// The code.
    code: String,
    /// From a target of the map to its sources.
    #[serde(default)]
    reverse: bool,
    /// As the map holds on this day, such as `2019-07-01`.
    as_of: Option<String>,
}

/// Translates a code: the closest relationship first, nothing for a code that the map does not have.
#[utoipa::path(get, path = "/v1/concept-maps/{name}/translate", tag = "codes",
    params(("name" = String, Path, description = "A concept map's name"), Code),
    responses((status = 200, description = "What it translates to", body = [TranslationView]), (status = 304, description = "Not changed"),
              (status = 404, description = "No such concept map", body = Problem)))]
pub async fn translate(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Only((asked,)): Only<(Code,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let direction = if asked.reverse { Direction::Reverse } else { Direction::Forward };
    let codes = state.codes();
    let found = codes.translate(&name, &asked.code, direction, read_day(asked.as_of.as_deref())?)?;
    hashed(&headers, &found.into_iter().map(TranslationView::from).collect::<Vec<_>>())
}
