//! One golden record.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_model::kind::Class;

use super::view::GoldenRecordView;
use super::{Known, find_at};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::{audited, user_names};

/// Gets a golden record with its crosswalks, as it is, was held, or was on a day. A merged-away id answers with the record it was merged into.
#[utoipa::path(get, path = "/v1/golden-records/{id}", tag = "golden records", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id, such as `K-000001-1`"), Known, ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The golden record", body = GoldenRecordView), (status = 400, description = "`known_at` is no time, or `as_of` no day", body = Problem), (status = 403, description = "No role serves the purpose", body = Problem),
              (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(known): Query<Known>,
) -> Result<Json<GoldenRecordView>, Problem> {
    let access = caller.access()?;
    let (model, golden) = find_at(&state, &access, &id, &known).await?;
    audited(&state, &access, "read golden record", [golden.record.id]).await?;
    let as_of = known.as_of()?;
    let view = GoldenRecordView::of_golden(&golden, model, &access).with_life(model, &golden.record).with_day(as_of);
    if !view.has_override() || !access.shows(Class::Personal) {
        return Ok(Json(view));
    }
    let (store, id, known_at) = (&state.deployment.store, golden.record.id, golden.known_at);
    let overrides = store.list_overrides_of_at(&access, model, id, known_at).await.map_err(Problem::internal)?;
    let name = user_names(&state).await?;
    let held_at = as_of.map_or(known_at, |as_of| as_of.at.min(known_at));
    Ok(Json(view.with_stewards(&overrides, held_at, &name)))
}
