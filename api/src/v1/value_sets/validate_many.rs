//! Many codes judged at once by a value set.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::admit::HeldBody;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::asked::{read_day, read_language};
use crate::v1::code_systems::batch::{Batch, Want};
use crate::v1::code_systems::judges::Book;
use crate::v1::code_systems::only::Only;
use crate::v1::code_systems::view::JudgedView;

/// How they are judged.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct On {
    /// The code system they are of; left out: any of the value set.
    system: Option<String>,
    /// On this day, such as `2019-07-01`; left out: whatever the day.
    as_of: Option<String>,
    /// The language of displays: `en`, `pa` or `hi`.
    language: Option<String>,
}

/// Judges up to 100,000 codes in a value set, in the forms that `/v1/code-systems/{system}/validate` takes.
#[utoipa::path(post, path = "/v1/value-sets/{name}/validate", tag = "codes",
    params(("name" = String, Path, description = "A value set's name"), On),
    request_body(description = "The codes", content(([String] = "application/json"), (String = "application/x-ndjson"), ("application/vnd.apache.arrow.stream"))),
    responses((status = 200, description = "An answer for each", content(([JudgedView] = "application/json"), (String = "application/x-ndjson"), (String = "application/vnd.apache.arrow.stream"))),
              (status = 404, description = "No such value set or code system", body = Problem),
              (status = 413, description = "More than 100,000 codes, or 16 MiB", body = Problem),
              (status = 415, description = "None of the three forms", body = Problem)))]
pub async fn validate_many(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Only((on,)): Only<(On,)>,
    held: Option<Extension<HeldBody>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (day, language) = (read_day(on.as_of.as_deref())?, read_language(on.language.as_deref())?);
    let book = Book::ValueSet { name, system: on.system.filter(|system| !system.is_empty()), day };
    Batch { codes: state.codes(), book, want: Want::Validity, language, held: held.map(|Extension(held)| held) }
        .answer(&headers, body)
}
