//! What is wrong in the code systems, for those who have it put right.

use axum::Json;
use axum::extract::{Query, State};
use kanak_codes::Defect;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::jobs::code_currency::list_defects;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// The most of one answer.
const LIMIT_MAX: usize = 1_000;

/// Of what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The code system; left out: all of them.
    system: Option<String>,
    /// How many are left out at the beginning: to go on after an answer, as many as have come.
    #[serde(default)]
    skip: usize,
    /// At most this many, up to 1,000.
    #[serde(default = "hundred")]
    limit: usize,
}

fn hundred() -> usize {
    100
}

/// Known defects, by code system and code.
#[derive(Serialize, ToSchema)]
pub struct DefectsView {
    /// How many there are in all.
    total: usize,
    /// These.
    defects: Vec<DefectView>,
}

/// One thing wrong with one code.
#[derive(Serialize, ToSchema)]
pub struct DefectView {
    /// The code system.
    system: String,
    /// The code; of a missing parent, the code that is missing.
    code: String,
    /// What is wrong.
    what: String,
    /// What a steward can do about it.
    remedy: String,
}

impl From<&Defect> for DefectView {
    fn from(defect: &Defect) -> Self {
        let Defect { system, code, what, remedy } = defect.clone();
        Self { system, code, what, remedy }
    }
}

/// Lists what is known to be wrong in the code systems in use: what, in which code, and what can be done about it.
#[utoipa::path(get, path = "/v1/code-defects", tag = "codes", security(("key" = [])), params(Asked),
    responses((status = 200, description = "A part of the list", body = DefectsView),
              (status = 404, description = "No such code system", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    _caller: ApiCaller,
    Query(asked): Query<Asked>,
) -> Result<Json<DefectsView>, Problem> {
    let deployment = &state.deployment;
    if let Some(system) = &asked.system {
        deployment.codes().get_system(system).map_err(|error| Problem::not_found(error.to_string()))?;
    }
    let defects = list_defects(deployment).await.map_err(Problem::internal)?;
    let is_asked_for = |defect: &&Defect| asked.system.as_ref().is_none_or(|system| defect.system == *system);
    let all: Vec<&Defect> = defects.iter().filter(is_asked_for).collect();
    let shown = all.iter().skip(asked.skip).take(asked.limit.min(LIMIT_MAX)).map(|defect| DefectView::from(*defect));
    Ok(Json(DefectsView { total: all.len(), defects: shown.collect() }))
}
