//! All current code systems as one signed file.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::server::problem::Problem;
use crate::server::state::AppState;

/// The media type of a tar archive; what is in it is compressed already.
pub const TAR: &str = "application/x-tar";

/// Gets all current code systems, value sets and concept maps as one signed file, for counters without a line to the hub.
///
/// It is a tar archive: `manifest.json` lists the SHA-256 of each file, `manifest.sig` signs it with the key of the audit trail.
/// `kanak codes verify-bundle` checks every byte. The `ETag` changes with the contents, and a conditional request costs nothing.
#[utoipa::path(get, path = "/v1/code-bundle", tag = "codes",
    responses((status = 200, description = "The archive", body = String, content_type = "application/x-tar"), (status = 304, description = "Not changed")))]
pub async fn get(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let bundle = state.deployment.code_bundle().await.map_err(Problem::internal)?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", bundle.sha256)).map_err(Problem::internal)?;
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|sent| *sent == etag);
    let caching = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let as_file = [
        (header::CONTENT_TYPE, HeaderValue::from_static(TAR)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"kanak-codes.tar\"")),
    ];
    Ok((caching, as_file, bundle.bytes).into_response())
}
