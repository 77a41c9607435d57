//! The golden records that name a code.

use axum::Json;
use axum::extract::{Path, State};

use super::only::Only;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::relations::{RelationsView, Wanted, audited_page};

/// Lists the golden records that name a code: who was posted at an office on a day, which assets lie in a district.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes/{code}/relations", tag = "golden records", security(("key" = [])),
    params(("system" = String, Path, description = "A code system's name, such as `office`"), ("code" = String, Path, description = "The code"), Wanted,
           ("Purpose" = Option<String>, Header, description = "Why")),
    responses((status = 200, description = "A page of relations that lead to the code", body = RelationsView), (status = 400, description = "`as_of` is no day, `known_at` no time or `after` no cursor", body = Problem), (status = 404, description = "No such code system or code", body = Problem)))]
pub async fn relations(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, code)): Path<(String, String)>,
    Only((wanted,)): Only<(Wanted,)>,
) -> Result<Json<RelationsView>, Problem> {
    let access = caller.access()?;
    let query = wanted.query()?;
    let deployment = &state.deployment;
    if state.codes().get_system(&system)?.lookup(&code).is_none() {
        return Err(Problem::not_found(format!("no code `{code}` in {system}")));
    }
    let page = deployment.store.list_relations_to_code(&access, &deployment.models, (&system, &code), &query).await;
    let page = page.map_err(Problem::internal)?;
    audited_page(&state, &access, format!("{system} {code}"), &page).await?;
    Ok(Json(RelationsView::new(&deployment.models, page)))
}
