//! The codes of a value set.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::Expand;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ExpansionView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::{aside, read_day, read_language};
use crate::v1::code_systems::only::Only;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only codes that begin so or whose names hold these words, whole or begun.
    #[serde(default)]
    filter: String,
    /// How many to pass over.
    #[serde(default)]
    offset: usize,
    /// At most this many, up to 1000.
    #[serde(default = "hundred")]
    count: usize,
    /// Only codes that are valid on this day, such as `2019-07-01`.
    as_of: Option<String>,
    /// The language of the displays: `en`, `pa` or `hi`.
    language: Option<String>,
}

fn hundred() -> usize {
    100
}

/// As many codes a page has at most.
pub const COUNT_MAX: usize = 1000;

/// Lists the codes of a value set, a page at a time: the best first where a filter is given, otherwise in the order of their tables.
#[utoipa::path(get, path = "/v1/value-sets/{name}/expand", tag = "codes",
    params(("name" = String, Path, description = "A value set's name"), Page),
    responses((status = 200, description = "A page of codes", body = ExpansionView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such value set", body = Problem)))]
pub async fn expand(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Only((page,)): Only<(Page,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let (as_of, language) = (read_day(page.as_of.as_deref())?, read_language(page.language.as_deref())?);
    let view = aside(move || {
        let (offset, count) = (page.offset, page.count.min(COUNT_MAX));
        Ok(ExpansionView::from(codes.expand(&name, &Expand { filter: &page.filter, offset, count, as_of, language })?))
    })
    .await?;
    hashed(&headers, &view)
}
