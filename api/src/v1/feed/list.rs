//! The change feed by cursor.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse;
use kanak_model::FeedPosition;
use kanak_model::feed::Detail;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Expand;
use crate::feed_view::FeedEventView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Says where the next request goes on.
const FEED_POSITION: HeaderName = HeaderName::from_static("feed-position");

/// The most events of one answer.
const EVENTS_MAX: u32 = 10_000;
/// The most with their values, each golden record of which is an entry of the audit trail.
const EVENTS_WITH_VALUES_MAX: u32 = 1_000;

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// Where to go on: the `Feed-Position` of the last answer; 0 from the beginning.
    #[serde(default)]
    after: i64,
    /// At most this many, up to 10,000; with values up to 1,000.
    #[serde(default = "thousand")]
    limit: u32,
    /// `values` adds the values before and after.
    expand: Option<Expand>,
}

fn thousand() -> u32 {
    1000
}

/// Lists what happened to golden records, and what was published, after a position, in commit order.
///
/// The answer's `Feed-Position` header says where to go on: after the last event, or after what this caller may not see.
/// When it is the `after` that was asked for, there is nothing new.
#[utoipa::path(get, path = "/v1/feed", tag = "change feed", security(("key" = [])),
    params(From, ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "Events", body = [FeedEventView], headers(("Feed-Position" = i64, description = "Where to go on"))),
              (status = 401, description = "No key", body = Problem),
              (status = 409, description = "The feed has not reached this position", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(from): Query<From>,
) -> Result<impl IntoResponse, Problem> {
    let access = caller.access()?;
    let detail = super::detail(from.expand);
    let most = if detail == Detail::Values { EVENTS_WITH_VALUES_MAX } else { EVENTS_MAX };
    let limit = from.limit.clamp(1, most);
    let page = super::read(&state, &access, FeedPosition(from.after), limit, detail).await?;
    let events: Vec<FeedEventView> = page.entries.into_iter().map(FeedEventView::from).collect();
    Ok(([(FEED_POSITION, HeaderValue::from(page.through.0))], Json(events)))
}
