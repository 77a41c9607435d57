//! One code.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::{AsOf, Concept, Judgement};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::{tag_of, tagged};
use super::asked::{Edition, read_language};
use super::only::Only;
use super::view::{ConceptView, words_of};
use super::write::write_concept;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// In which language names are told.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct In {
    /// The language of the displays: `en`, `pa` or `hi`; the English name where none is known in it.
    pub language: Option<String>,
}

/// As much as most concepts take.
const BYTES: usize = 1024;

/// Looks a code up.
///
/// The answer's `ETag` names the version and the day, and a conditional request costs nothing. With `version` it may be kept for good.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes/{code}", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), ("code" = String, Path, description = "The code"), Edition, In),
    responses((status = 200, description = "The concept", body = ConceptView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such system, version or code, or not on that day; says what was perhaps meant", body = Problem)))]
pub async fn lookup(
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
    Only((edition, within)): Only<(Edition, In)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let as_of = edition.find(&codes, &system)?;
    let concept = find(as_of, &code)?;
    let language = read_language(within.language.as_deref())?;
    tagged(&headers, &tag_of(as_of), edition.keep(), || {
        let mut body = Vec::with_capacity(BYTES);
        write_concept(&mut body, as_of, concept, language);
        body
    })
}

/// The concept of a code that is valid as it is asked about.
///
/// # Errors
/// 404 with the reason, and what was perhaps meant.
pub fn find<'c>(as_of: AsOf<'c>, code: &str) -> Result<Concept<'c>, Problem> {
    match as_of.judge(code) {
        Judgement::Valid(concept) => Ok(concept),
        _ => Err(Problem::not_found(words_of(&as_of.validate(code)).unwrap_or_else(|| "no such code".to_owned()))),
    }
}
