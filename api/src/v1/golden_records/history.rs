//! The versions of a golden record.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::GoldenId;

use super::view::GoldenRecordView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Lists the versions of a golden record, oldest first.
#[utoipa::path(get, path = "/v1/golden-records/{id}/history", tag = "golden records", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id"), ("Purpose" = Option<String>, Header, description = "Why")),
    responses((status = 200, description = "Its versions", body = [GoldenRecordView]), (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn history(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<GoldenRecordView>>, Problem> {
    let access = caller.access()?;
    let id: GoldenId = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let not_found = || Problem::not_found(format!("no golden record {id} that you may see"));
    let store = &state.deployment.store;
    let entity = store.find_golden_entity(id).await.map_err(Problem::internal)?.ok_or_else(not_found)?;
    let model = state.deployment.get_model(&entity).map_err(Problem::internal)?;
    let versions = store.list_history(&access, model, id).await.map_err(Problem::internal)?;
    if versions.is_empty() {
        return Err(not_found());
    }
    audited(&state, &access, "read golden record history", [id]).await?;
    Ok(Json(versions.iter().map(GoldenRecordView::of_record).collect()))
}
