//! The golden record behind a department's own key.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanak_model::kind::Class;
use kanak_model::source_system::RowsAre;

use crate::jobs::as_of::find_by_key_as_of;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;
use crate::v1::golden_records::Known;
use crate::v1::golden_records::view::GoldenRecordView;

/// Gets the golden record to which a source record is linked, was by `known_at`, or stood for on a day: departments recycle their keys, and
/// the answer lists the epochs of this one.
#[utoipa::path(get, path = "/v1/crosswalks/{source}/{key}", tag = "golden records", security(("key" = [])),
    params(("source" = String, Path, description = "The source system"), ("key" = String, Path, description = "The department's own key"), Known,
           ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "The golden record", body = GoldenRecordView), (status = 400, description = "`known_at` is no time, or `as_of` no day", body = Problem), (status = 403, description = "No role serves the purpose, or the purpose shows no personal data", body = Problem),
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
    let entity = state.deployment.find_register(&source).and_then(|register| match register.rows {
        RowsAre::Entity(entity) => Some(entity),
        RowsAre::Event(_) => None,
    });
    let entity = entity.ok_or_else(|| Problem::not_found(format!("no source `{source}` with golden records")))?;
    let model = state.deployment.get_model(&entity).map_err(Problem::internal)?;
    let store = &state.deployment.store;
    let (known_at, as_of) = (known.at()?, known.as_of()?);
    let golden = match (as_of, known_at) {
        (Some(as_of), _) => {
            find_by_key_as_of(&state.deployment, &access, model, (source.as_str(), key.as_str()), as_of).await
        }
        (None, Some(known_at)) => {
            store.find_golden_by_crosswalk_at(&access, model, &source, &key, known_at).await.map_err(Into::into)
        }
        (None, None) => store.find_golden_by_crosswalk(&access, model, &source, &key).await.map_err(Into::into),
    };
    let golden = golden
        .map_err(Problem::internal)?
        .ok_or_else(|| Problem::not_found(format!("no source record with this key in `{source}` that you may see")))?;
    audited(&state, &access, "read golden record", [golden.record.id]).await?;
    let epochs =
        store.list_key_epochs(&access, &source, &key, Some(golden.known_at)).await.map_err(Problem::internal)?;
    let view = GoldenRecordView::of_golden(&golden, model, &access).with_life(model, &golden.record);
    Ok(Json(view.with_day(as_of).with_key_epochs(epochs)))
}
