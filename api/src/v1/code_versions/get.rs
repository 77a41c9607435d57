//! A version that was proposed here, and what it changes.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::Role;

use super::refusal;
use super::view::{CodeVersionView, ComparedVersionView};
use crate::jobs::code_versions::look_at;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Gets a version that was proposed in this deployment, whatever became of it, and how it differs from the one before it. Who proposed
/// and who decided is told to stewards and auditors.
#[utoipa::path(get, path = "/v1/code-systems/{system}/versions/{version}", tag = "codes", security(("key" = [])),
    params(("system" = String, Path, description = "A code system's name"), ("version" = String, Path, description = "The version")),
    responses((status = 200, description = "The version and the difference", body = ComparedVersionView),
              (status = 404, description = "No such version was proposed here", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, version)): Path<(String, String)>,
) -> Result<Json<ComparedVersionView>, Problem> {
    let (about, difference) = look_at(&state.deployment, &system, &version).await.map_err(refusal)?;
    let version = CodeVersionView::from(about);
    let curates = [Role::Steward, Role::Auditor].into_iter().any(|role| caller.caller.has(role));
    let version = if curates { version } else { version.without_people() };
    Ok(Json(ComparedVersionView { version, difference }))
}
