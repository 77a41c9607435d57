//! Golden records by their words.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::GoldenRecordView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// The entity type, such as `citizen`.
    entity: String,
    /// Words of a name, or a key of a department.
    search: String,
    /// At most this many, up to 100.
    #[serde(default = "twenty")]
    limit: u32,
}

fn twenty() -> u32 {
    20
}

/// Searches golden records of one entity type.
#[utoipa::path(get, path = "/v1/golden-records", tag = "golden records", security(("key" = [])),
    params(Search, ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The best first", body = [GoldenRecordView]), (status = 400, description = "Unknown entity type", body = Problem),
              (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn search(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(query): Query<Search>,
) -> Result<Json<Vec<GoldenRecordView>>, Problem> {
    let access = caller.access()?;
    let model = state.deployment.get_model(&query.entity).map_err(|error| Problem::bad_request(format!("{error}")))?;
    let found = state
        .deployment
        .store
        .search_golden(&access, model, &query.search, query.limit.min(100))
        .await
        .map_err(Problem::internal)?;
    // Each golden record that is shown is a read of its own; a search that shows none is on record as such.
    let subjects: Vec<String> = match found.as_slice() {
        [] => vec![format!("{}, nothing found", query.entity)],
        shown => shown.iter().map(|golden| golden.id.to_string()).collect(),
    };
    audited(&state, &access, "searched golden records", subjects).await?;
    Ok(Json(found.iter().map(GoldenRecordView::of_record).collect()))
}
