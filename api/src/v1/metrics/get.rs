//! One metric's figures.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_warehouse::{Compare, Condition, MetricQuery, TimeGrain, rows_json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// How it is cut.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Cut {
    /// A dimension to group by, of those the metric may be cut by; or `month`, `quarter`, `financial_year`.
    #[serde(default)]
    by: Option<String>,
    /// Only this district (LGD code).
    #[serde(default)]
    district: Option<String>,
    /// Only this office (code).
    #[serde(default)]
    office: Option<String>,
    /// Only this time: days from the first of a month to the last of one (`2026-04-01..2026-06-30`), a month (`2026-04-01`), a
    /// quarter (`2026-27 Q1`) or a financial year (`2026-27`).
    #[serde(default)]
    time: Option<String>,
    /// A row for each `month`, `quarter` or `financial_year`, April to March.
    #[serde(default)]
    grain: Option<String>,
    /// What each period is set beside: `previous_period` or `previous_year`.
    #[serde(default)]
    compare: Option<String>,
}

/// Gets a metric's figures: one row, or one a member of the dimension and period. Figures of fewer things than may be told (10,
/// unless the deployment says otherwise) are withheld from whoever reads for statistics alone, with others that would give them
/// away. `POST /v1/metrics/query` asks for several metrics and more cuts at once.
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
    let filters = [("district", cut.district), ("office", cut.office), ("time", cut.time)];
    let condition = |name: &str, value: String| match name {
        "time" => Condition::parse(&value),
        _ => Condition::In(vec![value]),
    };
    let query = MetricQuery {
        by: cut.by.into_iter().collect(),
        filters: filters
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), condition(name, value?))))
            .collect(),
        grain: cut.grain.map(|word| TimeGrain::get(&word)).transpose()?,
        compare: cut.compare.map(|word| Compare::get(&word)).transpose()?,
        ..MetricQuery::of(&name)
    };
    let result = state.deployment.warehouse.metrics(&access, &query).await?.result;
    Ok(Json(serde_json::json!({ "metric": name, "as_of": result.as_of.to_string(), "release": result.release,
        "rows": rows_json(&result) })))
}
