//! How much one address may ask of what needs no key, so that none takes the room of all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kanak_model::Caller;

use crate::server::attempts::Attempts;
use crate::server::problem::Problem;
use crate::server::sign_in::address_of;
use crate::server::state::AppState;

/// An address that was quiet has the requests of so many seconds at hand.
const SECONDS_AT_HAND: f64 = 10.0;
/// How the paths of public codes begin. Whoever asks them needs no key.
const PUBLIC: [&str; 11] = [
    "/v1/code-systems",
    "/v1/value-sets",
    "/v1/concept-maps",
    "/v1/code-bundle",
    "/v1/code-currency",
    "/v1/holidays",
    "/v1/services",
    "/v1/schemes",
    "/fhir/",
    "/mdms-v2/",
    "/egov-mdms-service/",
];

/// The allowance of each address at so many requests a second; none where there is no limit.
pub fn allowance(requests_a_second: u32) -> Option<Arc<Attempts>> {
    let each = Duration::from_secs(1).checked_div(requests_a_second)?;
    Some(Arc::new(Attempts::new(f64::from(requests_a_second) * SECONDS_AT_HAND, each)))
}

/// Whether a path is one of public codes.
pub fn is_of_public_codes(path: &str) -> bool {
    PUBLIC.iter().any(|begins| path.starts_with(begins))
}

/// Whether a browser only asks whether a page may send a request: the request itself is counted.
fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers 429 where an address without a key or a session has asked too much of public codes.
pub async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_counted = is_of_public_codes(request.uri().path())
        && request.extensions().get::<Caller>().is_none()
        && !is_preflight(&request);
    if let Some(allowed) = state.public_rate.as_ref().filter(|_| is_counted) {
        let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().copied();
        if !allowed.take(address_of(&state, connection, request.headers()), Instant::now()) {
            let detail = format!(
                "your address sends more than {} requests a second; wait a second, ask for many codes in one request \
                 (`/v1/code-systems/{{system}}/validate`), or send a key",
                state.deployment.config.codes.requests_a_second
            );
            let mut refused = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
            refused.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return refused;
        }
    }
    next.run(request).await
}
