//! One metric's figures.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_warehouse::{MetricQuery, rows_json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// How it is cut.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Cut {
    /// A dimension to group by, of those the metric may be cut by.
    #[serde(default)]
    by: Option<String>,
    /// Only this district (LGD code).
    #[serde(default)]
    district: Option<String>,
    /// Only this office (code).
    #[serde(default)]
    office: Option<String>,
}

/// Gets a metric's figures: one row, or one a member of the dimension.
#[utoipa::path(get, path = "/v1/metrics/{name}", tag = "metrics", security(("key" = [])),
    params(("name" = String, Path, description = "The metric"), Cut),
    responses((status = 200, description = "Figures", body = serde_json::Value), (status = 400, description = "The metric cannot be cut so", body = Problem),
              (status = 503, description = "The warehouse has no release yet", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(name): Path<String>,
    Query(cut): Query<Cut>,
) -> Result<Json<serde_json::Value>, Problem> {
    let access = caller.access()?;
    let filters = [("district", cut.district), ("office", cut.office)];
    let query = MetricQuery {
        filters: filters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        group_by: cut.by.into_iter().collect(),
    };
    let result = state.deployment.warehouse.metric(&access, &name, &query).await?;
    Ok(Json(serde_json::json!({ "metric": name, "as_of": result.as_of.to_string(), "rows": rows_json(&result) })))
}
