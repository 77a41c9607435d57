//! How many requests are worked on at once, and for how long.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Requests that are worked on at once; more wait.
pub const REQUESTS_MAX: usize = 256;
/// Streams of the change feed at once; each holds a connection and at most one page of events.
pub const FEED_STREAMS_MAX: usize = 128;
/// How long a request may take, waiting included. A steward's decision may wait for a running ingest.
pub const REQUEST: Duration = Duration::from_secs(60);
/// How long a client may pause within a request's body.
pub const BODY: Duration = Duration::from_secs(10);

/// Lets a request in when there is room, and ends it when it takes too long: what it had not committed did not happen.
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let work = async {
        let _room = state.room.acquire().await.expect("the room is never closed");
        next.run(request).await
    };
    match tokio::time::timeout(state.request_timeout, work).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the server is busy with other work, or this is too much at once; try again in a minute";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        }
    }
}
