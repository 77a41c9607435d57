//! The metrics that are defined.

use axum::Json;
use axum::extract::State;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Lists the metrics with their definitions.
#[utoipa::path(get, path = "/v1/metrics", tag = "metrics", security(("key" = [])),
    responses((status = 200, description = "Metrics with their definitions", body = serde_json::Value), (status = 401, description = "No key", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<serde_json::Value>, Problem> {
    caller.access()?;
    serde_json::to_value(state.deployment.warehouse.list_metrics()).map(Json).map_err(Problem::internal)
}
