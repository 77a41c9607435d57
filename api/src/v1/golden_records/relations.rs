//! The relations of a golden record.

use axum::Json;
use axum::extract::{Path, Query, State};

use super::{locate, not_seen};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::relations::{RelationsView, Wanted, audited_page};

/// Lists the relations of a golden record, in both directions: what its source records state, then what those of others state of it.
#[utoipa::path(get, path = "/v1/golden-records/{id}/relations", tag = "golden records", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id"), Wanted, ("Purpose" = Option<String>, Header, description = "Why")),
    responses((status = 200, description = "A page of its relations", body = RelationsView), (status = 400, description = "`as_of` is no day, `known_at` no time or `after` no cursor", body = Problem), (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn relations(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RelationsView>, Problem> {
    let access = caller.access()?;
    let query = wanted.query()?;
    let (_, id) = locate(&state, &access, &id).await?;
    let models = &state.deployment.models;
    let page = state.deployment.store.list_relations_of(&access, models, id, &query).await;
    let page = page.map_err(Problem::internal)?.ok_or_else(|| not_seen(&access, id))?;
    audited_page(&state, &access, id.to_string(), &page).await?;
    Ok(Json(RelationsView::new(models, page)))
}
