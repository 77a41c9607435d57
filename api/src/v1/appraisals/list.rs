//! The appraisals that are frozen.

use axum::Json;
use axum::extract::State;
use kanak_warehouse::appraisal::{Appraisals, Manifest};
use serde::Serialize;
use utoipa::ToSchema;

use super::read;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A frozen appraisal.
#[derive(Serialize, ToSchema)]
pub struct AppraisalView {
    /// Its id.
    id: String,
    /// The financial year.
    period: String,
    /// The cadre whose officers are in it; left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    cadre: Option<String>,
    /// Facts are as they were known then.
    known_at: String,
}

/// Lists the appraisals that are frozen.
#[utoipa::path(get, path = "/v1/appraisals", tag = "appraisals", security(("key" = [])),
    responses((status = 200, description = "Appraisals by id", body = [AppraisalView])))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<AppraisalView>>, Problem> {
    caller.access()?;
    let all = read(&state, Appraisals::list).await?;
    let view = |(id, manifest): (String, Manifest)| AppraisalView {
        id,
        period: manifest.period.to_string(),
        cadre: manifest.cadre,
        known_at: manifest.read.as_of.to_string(),
    };
    Ok(Json(all.into_iter().map(view).collect()))
}
