//! The versions of a golden record.

use axum::Json;
use axum::extract::{Path, Query, State};

use super::view::GoldenRecordView;
use super::{Known, locate, not_known_yet, not_seen};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Lists the versions of a golden record, oldest first.
#[utoipa::path(get, path = "/v1/golden-records/{id}/history", tag = "golden records", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id"), Known, ("Purpose" = Option<String>, Header, description = "Why")),
    responses((status = 200, description = "Its versions", body = [GoldenRecordView]), (status = 400, description = "`known_at` is no time", body = Problem), (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn history(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(known): Query<Known>,
) -> Result<Json<Vec<GoldenRecordView>>, Problem> {
    let access = caller.access()?;
    let (model, id) = locate(&state, &id).await?;
    let store = &state.deployment.store;
    let versions = match known.at()? {
        Some(known_at) => store.list_history_at(&access, model, id, known_at).await,
        None => store.list_history(&access, model, id).await,
    }
    .map_err(Problem::internal)?;
    if versions.is_empty() {
        let not_yet = not_known_yet(&state, &access, model, id, known.at()?).await?;
        return Err(not_yet.unwrap_or_else(|| not_seen(id)));
    }
    audited(&state, &access, "read golden record history", [id]).await?;
    Ok(Json(versions.iter().map(|version| GoldenRecordView::of_record(version, &access)).collect()))
}
