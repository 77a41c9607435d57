//! Codes by their words, by how they begin, or all of them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::{AsOf, Concept, Matched, SearchHit};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::{tag_of, tagged};
use super::asked::{Edition, read_language};
use super::only::Only;
use super::view::ConceptView;
use super::write::{concepts_json, hits_json};
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words, or the beginning of a code. Spelling slips are forgiven.
    search: Option<String>,
    /// Only codes that begin so. Without `search` or `prefix` all codes are listed, in their own order.
    prefix: Option<String>,
    /// At most this many, up to 100.
    #[serde(default = "twenty")]
    limit: usize,
    /// Where nothing is searched for: how many to pass over.
    #[serde(default)]
    offset: usize,
    /// The language of the displays: `en`, `pa` or `hi`.
    language: Option<String>,
}

fn twenty() -> usize {
    20
}

/// So many hits are weighed for one that is shown, where some may not be valid on the day.
const WEIGHED_EACH: usize = 5;

/// Searches a code system. Districts, sub-districts and urban bodies are found by old names and other spellings too, which
/// `matched_alias` tells.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Search, Edition),
    responses((status = 200, description = "The best first", body = [ConceptView]), (status = 304, description = "Not changed"),
              (status = 404, description = "No such code system or version", body = Problem)))]
pub async fn search(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((query, edition)): Only<(Search, Edition)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let as_of = edition.find(&codes, &system)?;
    let language = read_language(query.language.as_deref())?;
    tagged(&headers, &tag_of(as_of), edition.keep(), || {
        if query.is_for_all() {
            concepts_json(as_of, as_of.concepts().skip(query.offset).take(query.limit()), language)
        } else {
            hits_json(as_of, find(as_of, &query).into_iter(), language)
        }
    })
}

impl Search {
    /// Whether nothing is searched for.
    fn is_for_all(&self) -> bool {
        [&self.search, &self.prefix].into_iter().flatten().all(|text| text.trim().is_empty())
    }

    fn limit(&self) -> usize {
        self.limit.min(100)
    }
}

fn find<'c>(as_of: AsOf<'c>, query: &Search) -> Vec<SearchHit<'c>> {
    let limit = query.limit();
    let (search, prefix) = (query.search.as_deref().unwrap_or_default(), query.prefix.as_deref().unwrap_or_default());
    let text = if search.trim().is_empty() { prefix } else { search };
    let some_fall_out = as_of.day().is_some() || !(search.is_empty() || prefix.is_empty());
    let weighed = if some_fall_out { limit * WEIGHED_EACH } else { limit };
    let begins = |concept: Concept<'_>| {
        concept.code().get(..prefix.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(prefix))
    };
    let hits = as_of.system().search(text, weighed).into_iter();
    let hits = hits.filter(|hit| as_of.holds(hit.concept));
    let hits = hits.filter(|hit| !search.trim().is_empty() || hit.matched == Matched::Code);
    hits.filter(|hit| begins(hit.concept)).take(limit).collect()
}
