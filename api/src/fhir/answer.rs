//! What is answered: resources, `Parameters` and `OperationOutcome`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The media type of FHIR resources in JSON.
pub const FHIR_JSON: &str = "application/fhir+json";

/// How the words begin of a refusal of what FHIR has and this server does not do. They alone go with the status into an outcome.
pub const NOT_SUPPORTED: &str = "not supported: ";

/// A resource.
pub struct Resource(pub Value);

impl IntoResponse for Resource {
    fn into_response(self) -> Response {
        let kind = [
            (header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON)),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        ];
        (kind, self.0.to_string()).into_response()
    }
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
        Resource(json!({ "resourceType": "Parameters", "parameter": self.0 }))
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
