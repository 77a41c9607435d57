//! Errors as `application/problem+json` (RFC 9457). A 5xx never carries the inner message: that goes to the log once.

use std::any::Any;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kanak_codes::CodesError;
use kanak_engine::standardize::redact;
use kanak_store::{StoreError, VaultError};
use kanak_warehouse::WarehouseError;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong and what the client can do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence, with the remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// As much of what a request states as a message repeats.
pub fn beginning(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}

impl Problem {
    /// A problem of a status with what the client should know. Where it repeats what was sent, it repeats no Aadhaar number.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: Some(redact(&detail).into_owned()),
        }
    }

    /// A problem of a kind of its own, which programs tell by its type: a place on the page about the API.
    pub fn of_kind(status: StatusCode, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        Self { kind: format!("/docs#{kind}"), title: title.to_owned(), ..Self::new(status, detail) }
    }

    /// The thing does not exist.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The request says something that cannot be.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The caller may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// Nobody is signed in and no key was sent.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "send `Authorization: Bearer <key>`, or sign in; `kanak key add` makes a key",
        )
    }

    /// Something inside failed: logged here, once; the client learns nothing of it but whether to come back later.
    pub fn internal(error: impl std::fmt::Display + 'static) -> Self {
        if is_unavailable(&error) {
            tracing::error!(error = %error, "A request could not be served: {error}");
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the hub's database cannot be used just now, and nothing was done; try again in a minute",
            );
        }
        tracing::error!(error = %error, "A request failed inside: {error}");
        Self {
            detail: Some("the server could not do this; try again, and tell its operator if it persists".to_owned()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "")
        }
    }
}

/// Whether it is the database that is gone, full or closed, in whatever the error is wrapped.
pub fn is_unavailable(error: &dyn Any) -> bool {
    let of_store = error.downcast_ref::<StoreError>();
    let of_vault = error.downcast_ref::<VaultError>().and_then(|error| match error {
        VaultError::Store(inner) => Some(inner),
        _ => None,
    });
    let of_job = error.downcast_ref::<anyhow::Error>().and_then(|error| error.downcast_ref::<StoreError>());
    of_store.or(of_vault).or(of_job).is_some_and(StoreError::is_unavailable)
}

impl From<CodesError> for Problem {
    fn from(error: CodesError) -> Self {
        match error {
            CodesError::UnknownSystem { .. }
            | CodesError::UnknownValueSet { .. }
            | CodesError::UnknownConceptMap { .. }
            | CodesError::UnknownVersion { .. } => Self::not_found(error.to_string()),
            CodesError::Batch { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            other => Self::internal(other),
        }
    }
}

impl From<WarehouseError> for Problem {
    fn from(error: WarehouseError) -> Self {
        match error {
            WarehouseError::NoRelease => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            WarehouseError::TimedOut { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            WarehouseError::UnknownMetric { .. }
            | WarehouseError::UnknownDimension { .. }
            | WarehouseError::MetricQuery { .. } => Self::bad_request(error.to_string()),
            other => Self::internal(other),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::FeedPosition { .. } | StoreError::Exists { .. } => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            StoreError::NotFound { .. } => Self::not_found(error.to_string()),
            other => Self::internal(other),
        }
    }
}

impl From<kanak_model::access::Denied> for Problem {
    fn from(denied: kanak_model::access::Denied) -> Self {
        Self::forbidden(denied.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
