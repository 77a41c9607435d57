//! The history of one schedule.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_store::StoreError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{RunView, check_administrator};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// The most runs of one answer.
const LIMIT_MAX: u32 = 1_000;

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only runs before this one: the last `id` of the page before.
    before: Option<i64>,
    /// At most this many, up to 1,000.
    #[serde(default = "hundred")]
    limit: u32,
}

fn hundred() -> u32 {
    100
}

/// Lists the runs of a schedule, the latest first.
#[utoipa::path(get, path = "/v1/schedules/{name}/runs", tag = "operation", security(("key" = [])),
    params(("name" = String, Path, description = "The schedule"), Page),
    responses((status = 200, description = "Runs, the latest first", body = [RunView]), (status = 401, description = "No key", body = Problem),
              (status = 403, description = "Only administrators read them", body = Problem),
              (status = 404, description = "No such schedule", body = Problem)))]
pub async fn runs(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(name): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<RunView>>, Problem> {
    check_administrator(&caller)?;
    let listed = state.deployment.store.list_schedule_runs(&name, page.before, page.limit.clamp(1, LIMIT_MAX)).await;
    match listed {
        Ok(runs) => Ok(Json(runs.into_iter().map(RunView::from).collect())),
        Err(error @ StoreError::NotFound { .. }) => Err(Problem::not_found(error.to_string())),
        Err(error) => Err(Problem::internal(error)),
    }
}
