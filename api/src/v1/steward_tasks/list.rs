//! The queue.

use axum::Json;
use axum::extract::{Query, State};
use kanak_store::TaskFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::StewardTaskView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open` (the default), `decided` or `lapsed`.
    #[serde(default)]
    state: Option<String>,
    /// Only of this entity type.
    #[serde(default)]
    entity: Option<String>,
    /// At most this many, up to 100.
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// Lists steward tasks, the most probable matches first.
#[utoipa::path(get, path = "/v1/steward-tasks", tag = "stewardship", security(("key" = [])),
    params(Which, ("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "Tasks", body = [StewardTaskView]), (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<StewardTaskView>>, Problem> {
    let access = caller.access()?;
    let filter = match which.state.as_deref() {
        None | Some("open") => TaskFilter::Open,
        Some("decided") => TaskFilter::Decided,
        Some("lapsed") => TaskFilter::Lapsed,
        Some(other) => {
            return Err(Problem::bad_request(format!("unknown state `{other}`; use `open`, `decided` or `lapsed`")));
        }
    };
    let tasks = state
        .deployment
        .store
        .list_steward_tasks(&access, filter, which.entity.as_deref(), None, which.limit.min(100))
        .await
        .map_err(Problem::internal)?;
    Ok(Json(tasks.iter().map(StewardTaskView::from).collect()))
}
