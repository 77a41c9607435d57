//! The change feed by cursor.

use axum::Json;
use axum::extract::{Query, State};
use kanak_model::FeedPosition;
use kanak_model::feed::FeedEvent;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// The last position that was seen; 0 from the beginning.
    #[serde(default)]
    after: i64,
    /// At most this many, up to 10,000.
    #[serde(default = "thousand")]
    limit: u32,
}

fn thousand() -> u32 {
    1000
}

/// One event.
#[derive(Serialize, ToSchema)]
pub struct FeedEventView {
    /// Its number, without gaps.
    position: i64,
    /// When it was committed.
    at: String,
    /// The entity type.
    entity: String,
    /// The golden record.
    golden_id: String,
    /// `created`, `updated`, `merged_into`, `split_from`, `restored` or `emptied`.
    change: &'static str,
    /// Its version afterwards.
    version: i32,
    /// The other golden record of a merge or split.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

impl std::convert::From<&FeedEvent> for FeedEventView {
    fn from(event: &FeedEvent) -> Self {
        Self {
            position: event.position.0,
            at: event.at.to_string(),
            entity: event.entity.clone(),
            golden_id: event.golden_id.to_string(),
            change: event.change.word(),
            version: event.version,
            other: event.other.map(|id| id.to_string()),
        }
    }
}

/// Lists what happened to golden records after a position, in commit order.
#[utoipa::path(get, path = "/v1/feed", tag = "change feed", security(("key" = [])), params(From),
    responses((status = 200, description = "Events", body = [FeedEventView]), (status = 401, description = "No key", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(from): Query<From>,
) -> Result<Json<Vec<FeedEventView>>, Problem> {
    caller.access()?;
    let after = FeedPosition(from.after);
    let events = state.deployment.store.list_feed(after, from.limit.min(10_000)).await.map_err(Problem::internal)?;
    Ok(Json(events.iter().map(FeedEventView::from).collect()))
}
