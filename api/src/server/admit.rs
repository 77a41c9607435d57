//! How many requests are worked on at once, and for how long; and how many wait for what their clients have still to send.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Requests that are worked on at once; more wait.
pub const REQUESTS_MAX: usize = 256;
/// Streams of the change feed at once; each holds a connection and at most one page of events.
pub const FEED_STREAMS_MAX: usize = 128;
/// How long a request may take, waiting included. A steward's decision may wait for a running ingest.
pub const REQUEST: Duration = Duration::from_secs(60);
/// How long a client may take to send a request's body, all of it.
pub const BODY: Duration = Duration::from_secs(10);
/// The largest body a request may have.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// The largest body that a batch of codes may have.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Bodies that are held at once, in KiB: those that arrive, that wait for room and that are worked on. A slow one takes no more
/// than has come of it.
pub const BODIES_KIB_MAX: usize = 128 << 10;
/// The same of batches of codes.
pub const BATCHES_KIB_MAX: usize = 128 << 10;

/// Paths that tell whether the server lives: they wait for nobody's turn.
const WATCHED: [&str; 2] = ["/healthz", "/readyz"];

/// The room that a request's body takes, for whoever reads it for longer than the request is worked on: an answer that is written as the
/// body is read.
#[derive(Debug, Clone)]
pub struct HeldBody(#[expect(dead_code, reason = "it is held, not looked at")] Arc<OwnedSemaphorePermit>);

/// Whether a path answers many codes at once.
pub fn is_batch_of_codes(path: &str) -> bool {
    let of_codes = path.starts_with("/v1/code-systems/") || path.starts_with("/v1/value-sets/");
    of_codes && (path.ends_with("/validate") || path.ends_with("/lookup"))
}

/// How large the body of a request to a path may be, and the room that it takes meanwhile. Who asks of codes needs no key: whatever they
/// hold, other requests have room of their own.
fn room_for<'s>(state: &'s AppState, path: &str) -> (usize, &'s Arc<Semaphore>) {
    if is_batch_of_codes(path) { (BATCH_BYTES_MAX, &state.batches) } else { (BODY_BYTES_MAX, &state.bodies) }
}

/// Lets a request in when all of it is there and there is room, and ends it when it takes too long: what it had not committed did not
/// happen. While a body arrives, its request takes nobody's room.
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let work = async {
        if WATCHED.contains(&request.uri().path()) {
            return next.run(request).await;
        }
        let arrived = tokio::time::timeout(state.body_timeout, arrived(&state, request)).await;
        let request = match arrived {
            Ok(Ok(arrived)) => arrived,
            Ok(Err(refusal)) => return refusal,
            Err(_) => {
                let seconds = state.body_timeout.as_secs();
                let detail = format!("the request's body did not arrive within {seconds} s; send it again");
                return Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response();
            }
        };
        let _held = request.extensions().get::<HeldBody>().cloned();
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

/// A request with its whole body in memory, and among its extensions the room that this takes.
///
/// # Errors
/// The answer to a body that is too large, or broke off.
async fn arrived(state: &AppState, request: Request) -> Result<Request, Response> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded").into_response();
    let (parts, body) = request.into_parts();
    let (bytes_max, bodies) = room_for(state, parts.uri.path());
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let mut frames = body.into_data_stream();
    let (mut read, mut held) = (Vec::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "the body broke off").into_response())?;
        if read.len() + frame.len() > bytes_max {
            return Err(too_large());
        }
        let has_kib = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing_kib = (read.len() + frame.len()).div_ceil(1 << 10).saturating_sub(has_kib);
        if missing_kib > 0 {
            let more = Arc::clone(bodies).acquire_many_owned(missing_kib as u32).await;
            let more = more.expect("the room is never closed");
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
        }
        read.extend_from_slice(&frame);
    }
    let mut request = Request::from_parts(parts, Body::from(read));
    if let Some(held) = held {
        request.extensions_mut().insert(HeldBody(Arc::new(held)));
    }
    Ok(request)
}
