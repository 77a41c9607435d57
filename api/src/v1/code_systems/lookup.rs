//! One code.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kanak_codes::Validation;

use super::view::ConceptView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Looks a code up.
///
/// The answer may be kept for a day: its `ETag` is the system's version, and a conditional request costs nothing.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes/{code}", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), ("code" = String, Path, description = "The code")),
    responses((status = 200, description = "The concept", body = ConceptView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such system or code; says what was perhaps meant", body = Problem)))]
pub async fn lookup(
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = state.deployment.codes.get_system(&system).map_err(|error| Problem::not_found(error.to_string()))?;
    let concept = match found.validate(&code) {
        Validation::Valid(concept) => concept,
        Validation::Invalid { reason, suggestions } => {
            let meant: Vec<&str> = suggestions.iter().map(kanak_codes::Concept::code).collect();
            let hint =
                if meant.is_empty() { String::new() } else { format!("; perhaps {} was meant", meant.join(" or ")) };
            return Err(Problem::not_found(format!("{reason}{hint}")));
        }
    };
    let etag = HeaderValue::from_str(&format!("\"{}\"", found.version().replace(['"', '\\'], "")))
        .map_err(Problem::internal)?;
    let cached = headers.get(header::IF_NONE_MATCH).is_some_and(|sent| *sent == etag);
    let caching = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    if cached {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, Json(ConceptView::new(found, concept))).into_response())
}
