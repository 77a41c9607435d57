//! A second steward publishes a version.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::CodeVersionView;
use super::{curator, refusal};
use crate::jobs::code_references::Removals;
use crate::jobs::code_versions::publish_version;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What is accepted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// `true`: publish it though it removes codes that others name; these references will point to nothing.
    #[serde(default)]
    accept_removed: bool,
}

/// Publishes a version that another steward proposed: it is in use at once, for ever under this name, and the change feed names its codes.
#[utoipa::path(post, path = "/v1/code-systems/{system}/versions/{version}/publication", tag = "codes", security(("session" = [])),
    params(("system" = String, Path, description = "A code system's name"), ("version" = String, Path, description = "The version"), Terms),
    responses((status = 200, description = "It is published", body = CodeVersionView),
              (status = 403, description = "Only a signed-in steward of the whole state curates code systems", body = Problem),
              (status = 404, description = "No such version was proposed here", body = Problem),
              (status = 409, description = "The caller proposed it, it no longer waits, it removes codes that others name (says which, and who names them), or another version was published meanwhile", body = Problem)))]
pub async fn publish(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((system, version)): Path<(String, String)>,
    Query(terms): Query<Terms>,
) -> Result<Json<CodeVersionView>, Problem> {
    let who = curator(&caller)?;
    let removals = Removals::from(terms.accept_removed);
    let published = publish_version(&state.deployment, (&system, &version), who, "", removals).await;
    let (published, _) = published.map_err(refusal)?;
    Ok(Json(published.into()))
}
