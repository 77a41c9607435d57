//! Many codes judged at once.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::asked::{Edition, read_language};
use super::batch::{Batch, Want};
use super::judges::Book;
use super::lookup::In;
use super::only::Only;
use super::view::JudgedView;
use crate::server::admit::HeldBody;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Judges up to 100,000 codes, each with its display where one is sent: a code in, an answer out, in the same order.
///
/// Send a JSON array, NDJSON or an Arrow IPC stream with the columns `code` and perhaps `display`; an element is a code or an object with
/// `code` and `display`. The answer comes in the form that was sent, or in the one that `Accept` names, and is written as it is read. What
/// was perhaps meant by a wrong code, a single lookup says.
#[utoipa::path(post, path = "/v1/code-systems/{system}/validate", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Edition, In),
    request_body(description = "The codes", content(([String] = "application/json"), (String = "application/x-ndjson"), ("application/vnd.apache.arrow.stream"))),
    responses((status = 200, description = "An answer for each", content(([JudgedView] = "application/json"), (String = "application/x-ndjson"), (String = "application/vnd.apache.arrow.stream"))),
              (status = 404, description = "No such code system or version", body = Problem),
              (status = 413, description = "More than 100,000 codes, or 16 MiB", body = Problem),
              (status = 415, description = "None of the three forms", body = Problem)))]
pub async fn validate_many(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((edition, within)): Only<(Edition, In)>,
    held: Option<Extension<HeldBody>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let book = Book::System { name: system, version: edition.version().map(str::to_owned), day: edition.day()? };
    let language = read_language(within.language.as_deref())?;
    Batch { codes: state.codes(), book, want: Want::Validity, language, held: held.map(|Extension(held)| held) }
        .answer(&headers, body)
}
