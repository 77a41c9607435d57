//! Golden records by their words.

use axum::Json;
use axum::extract::{Query, State};
use kanak_model::GoldenRecord;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Known;
use super::view::GoldenRecordView;
use crate::jobs::as_of::search_as_of;
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

/// Searches golden records of one entity type, as they are, were held, or were on a day. There is an index of the present alone: a search of
/// the past looks through all of them.
#[utoipa::path(get, path = "/v1/golden-records", tag = "golden records", security(("key" = [])),
    params(Search, Known, ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The best first", body = [GoldenRecordView]), (status = 400, description = "Unknown entity type, `known_at` no time, or `as_of` no day", body = Problem),
              (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn search(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(query): Query<Search>,
    Query(known): Query<Known>,
) -> Result<Json<Vec<GoldenRecordView>>, Problem> {
    let access = caller.access()?;
    let model = state.deployment.get_model(&query.entity).map_err(|error| Problem::bad_request(format!("{error}")))?;
    let (store, text, limit) = (&state.deployment.store, query.search.as_str(), query.limit.min(100));
    let (known_at, as_of) = (known.at()?, known.as_of()?);
    let found = match (as_of, known_at) {
        (Some(as_of), _) => {
            let found = search_as_of(&state.deployment, &access, model, (text, limit), as_of).await;
            found.map(|found| found.into_iter().map(|golden| golden.record).collect())
        }
        (None, Some(at)) => store.search_golden_at(&access, model, text, limit, at).await.map_err(Into::into),
        (None, None) => store.search_golden(&access, model, text, limit).await.map_err(Into::into),
    };
    let found: Vec<GoldenRecord> = found.map_err(Problem::internal)?;
    // Each golden record that is shown is a read of its own; a search that shows none is on record as such.
    let subjects: Vec<String> = match found.as_slice() {
        [] => vec![format!("{}, nothing found", query.entity)],
        shown => shown.iter().map(|golden| golden.id.to_string()).collect(),
    };
    audited(&state, &access, "searched golden records", subjects).await?;
    Ok(Json(found.iter().map(|golden| GoldenRecordView::of_record(golden, &access).with_day(as_of)).collect()))
}
