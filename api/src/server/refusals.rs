//! Refusals of the API that come before its handlers: an unknown path, a method that is not there, a query or body that
//! cannot be read or is too large. They are `application/problem+json` like those of the handlers.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::problem::Problem;

/// As much of a refusal's text as is read; more is no sentence.
const TEXT_BYTES_MAX: usize = 4096;

/// Answers under `/v1/` that refuse without saying so as a problem are put into its form; their headers stay.
pub async fn as_problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status();
    if !path.starts_with("/v1/") || !status.is_client_error() || is_problem(response.headers()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let detail = match status {
        StatusCode::NOT_FOUND => format!("there is no `{path}`; /docs lists what there is"),
        StatusCode::METHOD_NOT_ALLOWED => format!("`{path}` does not take {method}; `Allow` says what it takes"),
        _ if is_text(&parts.headers) => match to_bytes(body, TEXT_BYTES_MAX).await {
            Ok(text) => format!("{}; /docs says what `{path}` takes", String::from_utf8_lossy(&text).trim()),
            Err(_) => format!("/docs says what `{path}` takes"),
        },
        _ => format!("/docs says what `{path}` takes"),
    };
    let mut answer = Problem::new(status, detail).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_LENGTH && !answer.headers().contains_key(name) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    answer
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/problem+json"))
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/plain"))
}
