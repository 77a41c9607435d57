//! Public codes are open to the pages of any site: browsers are told that they may read an answer, and why one was refused.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{Any, CorsLayer};

use crate::server::public_rate::is_of_public_codes;
use crate::v1::code_systems::children::PARENT_SYSTEM;

/// What a page may read of an answer beside its body.
fn exposed() -> [HeaderName; 3] {
    [header::ETAG, header::RETRY_AFTER, PARENT_SYSTEM.clone()]
}

/// What tells browsers that the pages of any site may ask, and read the answer.
pub fn open() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(Any)
        .expose_headers(exposed())
        .vary(Vec::new())
}

/// Lets the pages of any site read refusals that come before the routes of public codes: too many requests, too large a body, no room.
/// Without it a page learns no more than that the network failed.
pub async fn open_refusals(request: Request, next: Next) -> Response {
    let is_open = is_of_public_codes(request.uri().path());
    let mut response = next.run(request).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if is_open && refused && !response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let names = exposed().map(|name| name.to_string()).join(",");
        if let Ok(names) = HeaderValue::from_str(&names) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
    }
    response
}
