//! The schedules.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{RunView, check_administrator};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A schedule.
#[derive(Serialize, ToSchema)]
pub struct ScheduleView {
    /// Its name.
    name: String,
    /// What it has done: `ingest`, `resolve`, `refresh`, `compaction` or `freshness`.
    job: &'static str,
    /// How long an interval is, in seconds; 0 where it ends as soon as there is work.
    every_seconds: u64,
    /// What becomes of missed intervals: `once`, one run for all; `each`, one run for each.
    catch_up: &'static str,
    /// How often a run that failed is tried again.
    retries_max: u32,
    /// Since when it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    /// Its latest run.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<RunView>,
}

/// Lists what servers of this hub do by themselves, with the latest run of each schedule.
#[utoipa::path(get, path = "/v1/schedules", tag = "operation", security(("key" = [])),
    responses((status = 200, description = "Schedules by name", body = [ScheduleView]), (status = 401, description = "No key", body = Problem),
              (status = 403, description = "Only administrators read them", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<ScheduleView>>, Problem> {
    check_administrator(&caller)?;
    let store = &state.deployment.store;
    let mut views = Vec::new();
    for schedule in store.list_schedules().await.map_err(Problem::internal)? {
        let last = store.list_schedule_runs(&schedule.name, None, 1).await.map_err(Problem::internal)?;
        views.push(ScheduleView {
            job: schedule.job.word(),
            every_seconds: schedule.every.as_secs(),
            catch_up: schedule.catch_up.word(),
            retries_max: schedule.retries_max,
            paused: schedule.paused.map(|at| at.to_string()),
            last_run: last.into_iter().next().map(RunView::from),
            name: schedule.name,
        });
    }
    Ok(Json(views))
}
