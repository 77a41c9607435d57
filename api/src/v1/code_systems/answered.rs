//! Answers about codes as caches keep them: strong tags, and how long.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kanak_codes::AsOf;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::server::problem::Problem;

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// For good: a version was named, and versions do not change.
    ForGood,
    /// For a few minutes: another version may be published.
    AWhile,
}

impl Keep {
    /// What `Cache-Control` says of it.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::ForGood => "public, max-age=31536000, immutable",
            Self::AWhile => "public, max-age=300",
        })
    }
}

/// The tag of whatever one URL answers from a version of a code system on a day: it names the version, its table and the day.
pub fn tag_of(as_of: AsOf<'_>) -> String {
    let system = as_of.system();
    match as_of.day() {
        Some(day) => format!("\"{}-{:08x}-{day}\"", system.version(), system.packed_crc()),
        None => format!("\"{}-{:08x}\"", system.version(), system.packed_crc()),
    }
}

/// A JSON answer with its tag, or that it has not changed since it was sent with that tag.
///
/// # Errors
/// 500 for a tag that cannot stand in a header: versions are letters, digits and `-._+`.
pub fn tagged(headers: &HeaderMap, tag: &str, keep: Keep, body: impl FnOnce() -> Vec<u8>) -> Result<Response, Problem> {
    let etag = HeaderValue::from_str(tag).map_err(Problem::internal)?;
    let keeping = [(header::ETAG, etag), (header::CACHE_CONTROL, keep.header())];
    if is_known(headers, tag) {
        return Ok((StatusCode::NOT_MODIFIED, keeping).into_response());
    }
    Ok((keeping, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body()).into_response())
}

/// A JSON answer whose tag is the hash of its bytes: of what hangs on more than one version of one code system.
///
/// # Errors
/// 500 when it cannot be written.
pub fn hashed(headers: &HeaderMap, body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    tagged(headers, &hash_of(&body), Keep::AWhile, || body)
}

/// The tag that is the hash of an answer's bytes.
pub fn hash_of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether the client has what a tag names.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let named = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|sent| sent.to_str().ok());
    named
        .flat_map(|sent| sent.split(','))
        .map(str::trim)
        .any(|sent| sent == "*" || sent.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_among_others_and_by_a_star() {
        let sent = |text: &'static str| -> HeaderMap {
            [(header::IF_NONE_MATCH, HeaderValue::from_static(text))].into_iter().collect()
        };
        assert!(is_known(&sent("\"a\", W/\"b\""), "\"b\""));
        assert!(is_known(&sent("*"), "\"b\""));
        assert!(!is_known(&sent("\"a\""), "\"b\""));
        assert!(!is_known(&HeaderMap::new(), "\"b\""));
    }
}
