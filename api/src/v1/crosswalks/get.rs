//! The golden record behind a department's own key.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_model::kind::Class;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;
use crate::v1::golden_records::Known;
use crate::v1::golden_records::view::GoldenRecordView;

/// Gets the golden record to which a source record is linked, or was by `known_at`: departments recycle their keys.
#[utoipa::path(get, path = "/v1/crosswalks/{source}/{key}", tag = "golden records", security(("key" = [])),
    params(("source" = String, Path, description = "The source system"), ("key" = String, Path, description = "The department's own key"), Known,
           ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The golden record", body = GoldenRecordView), (status = 400, description = "`known_at` is no time", body = Problem), (status = 403, description = "No role serves the purpose, or the purpose shows no personal data", body = Problem),
              (status = 404, description = "No such source record in the caller's scope", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((source, key)): Path<(String, String)>,
    Query(known): Query<Known>,
) -> Result<Json<GoldenRecordView>, Problem> {
    let access = caller.access()?;
    if !access.shows(Class::Personal) {
        return Err(Problem::forbidden(
            "a department's own key leads to a person; state the `Purpose` `service_delivery` or `stewardship`, and ask an \
             administrator for the role that serves it",
        ));
    }
    let declared = state.deployment.sources.find(&source);
    let entity = declared.and_then(|source| match &source.rows {
        kanak_model::source_system::RowsAre::Entity(entity) => Some(entity.clone()),
        kanak_model::source_system::RowsAre::Event(_) => None,
    });
    let entity = entity.ok_or_else(|| Problem::not_found(format!("no source `{source}` with golden records")))?;
    let model = state.deployment.get_model(&entity).map_err(Problem::internal)?;
    let store = &state.deployment.store;
    let golden = match known.at()? {
        Some(known_at) => store.find_golden_by_crosswalk_at(&access, model, &source, &key, known_at).await,
        None => store.find_golden_by_crosswalk(&access, model, &source, &key).await,
    };
    let golden = golden
        .map_err(Problem::internal)?
        .ok_or_else(|| Problem::not_found(format!("no source record with this key in `{source}` that you may see")))?;
    audited(&state, &access, "read golden record", [golden.record.id]).await?;
    Ok(Json(GoldenRecordView::of_golden(&golden, &access)))
}
