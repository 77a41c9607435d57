//! One golden record.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::GoldenId;
use kanak_model::kind::Class;

use super::view::GoldenRecordView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Gets a golden record with its crosswalks. A merged-away id answers with the record it was merged into.
#[utoipa::path(get, path = "/v1/golden-records/{id}", tag = "golden records", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id, such as `K-000001-1`"), ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The golden record", body = GoldenRecordView), (status = 403, description = "No role serves the purpose", body = Problem),
              (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<GoldenRecordView>, Problem> {
    let access = caller.access()?;
    let id: GoldenId = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let not_found = || Problem::not_found(format!("no golden record {id} that you may see"));
    let store = &state.deployment.store;
    let entity = store.find_golden_entity(id).await.map_err(Problem::internal)?.ok_or_else(not_found)?;
    let model = state.deployment.get_model(&entity).map_err(Problem::internal)?;
    let golden = store.find_golden(&access, model, id).await.map_err(Problem::internal)?.ok_or_else(not_found)?;
    audited(&state, &access, "read golden record", [golden.record.id]).await?;
    let view = GoldenRecordView::of_golden(&golden, &access);
    if !view.has_override() || !access.shows(Class::Personal) {
        return Ok(Json(view));
    }
    let overrides = store.list_overrides_of(&access, model, golden.record.id).await.map_err(Problem::internal)?;
    let users = store.list_users().await.map_err(Problem::internal)?;
    let name =
        |id| users.iter().find(|user| user.id == id).map_or_else(|| format!("user {id}"), |user| user.name.clone());
    Ok(Json(view.with_stewards(&overrides, &name)))
}
