//! What became of a code, and where it came from.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::hashed;
use super::asked::read_day;
use super::lookup;
use super::only::Only;
use super::view::LineageView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// As of when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct On {
    /// Changes after this day count as not having happened, and `standing` lists what stands for the code on it.
    as_of: Option<String>,
}

/// Tells the codes before and after a code: splits, merges, renumberings, each with its day where that is known.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes/{code}/lineage", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `lgd-district`"), ("code" = String, Path, description = "The code, of whatever day"), On),
    responses((status = 200, description = "Where it came from and what came out of it", body = LineageView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such code system or code", body = Problem)))]
pub async fn lineage(
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
    Only((on,)): Only<(On,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let day = read_day(on.as_of.as_deref())?;
    match LineageView::find(&codes, &system, &code, day)? {
        Some(view) => hashed(&headers, &view),
        None => Err(lookup::find(codes.as_of(&system, None, None)?, &code)
            .err()
            .unwrap_or_else(|| Problem::not_found("no such code"))),
    }
}
