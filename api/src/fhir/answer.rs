//! What is answered: resources, `Parameters` and `OperationOutcome`.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::server::problem::Problem;
use crate::v1::code_systems::answered::{Keep, hash_of, is_known};

/// The media type of FHIR resources in JSON.
pub const FHIR_JSON: &str = "application/fhir+json";

/// How the words begin of a refusal of what FHIR has and this server does not do. They alone go with the status into an outcome.
pub const NOT_SUPPORTED: &str = "not supported: ";

/// A resource, and how long it may be kept.
pub struct Resource {
    told: Value,
    keep: Keep,
}

impl Resource {
    /// A resource that may be another in a few minutes.
    pub fn new(told: Value) -> Self {
        Self { told, keep: Keep::AWhile }
    }

    /// The same, to be kept otherwise.
    #[must_use]
    pub fn kept(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }
}

impl IntoResponse for Resource {
    fn into_response(self) -> Response {
        let kind =
            [(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON)), (header::CACHE_CONTROL, self.keep.header())];
        (kind, self.told.to_string()).into_response()
    }
}

/// Gives what a `GET` is answered a strong tag, the hash of its bytes; tells a client that has them so.
pub async fn tag(request: Request, next: Next) -> Response {
    let sent = (request.method() == Method::GET).then(|| request.headers().clone());
    let response = next.run(request).await;
    let Some(sent) = sent.filter(|_| response.status() == StatusCode::OK) else { return response };
    let (mut parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let tag = hash_of(&body);
    if let Ok(etag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, etag);
    }
    if is_known(&sent, &tag) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

/// `Parameters` in the making.
#[derive(Default)]
pub struct Parameters(Vec<Value>);

impl Parameters {
    /// Adds a value: `kind` is how FHIR calls its type, such as `valueCode`. An empty text is left out.
    pub fn add(&mut self, name: &str, kind: &str, value: impl Into<Value>) {
        let value = value.into();
        if value != json!("") {
            self.0.push(json!({ "name": name, kind: value }));
        }
    }

    /// Adds a part made of others.
    pub fn add_parts(&mut self, name: &str, parts: Self) {
        self.0.push(json!({ "name": name, "part": parts.0 }));
    }

    /// The resource.
    pub fn done(self) -> Resource {
        Resource::new(json!({ "resourceType": "Parameters", "parameter": self.0 }))
    }
}

/// The answer to what cannot be answered.
pub fn outcome(status: StatusCode, detail: &str) -> Response {
    let code = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::NOT_ACCEPTABLE => {
            "not-supported"
        }
        StatusCode::BAD_REQUEST if detail.starts_with(NOT_SUPPORTED) => "not-supported",
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG => "too-long",
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "forbidden",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => "transient",
        status if status.is_server_error() => "exception",
        _ => "invalid",
    };
    let issue = json!({ "severity": "error", "code": code, "diagnostics": detail });
    let body = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON))], body.to_string()).into_response()
}
