//! Many codes looked up at once.

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
use super::view::ConceptView;
use crate::server::admit::HeldBody;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Looks up to 100,000 codes up: a code in, its concept out, in the same order; of a code that is not valid, the code and the reason.
///
/// What is sent and how answers come, `validate` says. As an Arrow stream, the columns are those of `validate`.
#[utoipa::path(post, path = "/v1/code-systems/{system}/lookup", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Edition, In),
    request_body(description = "The codes", content(([String] = "application/json"), (String = "application/x-ndjson"), ("application/vnd.apache.arrow.stream"))),
    responses((status = 200, description = "A concept or a reason for each", content(([ConceptView] = "application/json"), (String = "application/x-ndjson"), (String = "application/vnd.apache.arrow.stream"))),
              (status = 404, description = "No such code system or version", body = Problem),
              (status = 413, description = "More than 100,000 codes, or 16 MiB", body = Problem),
              (status = 415, description = "None of the three forms", body = Problem)))]
pub async fn lookup_many(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((edition, within)): Only<(Edition, In)>,
    held: Option<Extension<HeldBody>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let book = Book::System { name: system, version: edition.version().map(str::to_owned), day: edition.day()? };
    let language = read_language(within.language.as_deref())?;
    Batch { codes: state.codes(), book, want: Want::Concepts, language, held: held.map(|Extension(held)| held) }
        .answer(&headers, body)
}
