//! What the hub would correct in a register.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::register;
use super::view::CorrectionView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// The `next` of the page before.
    #[serde(default)]
    after: String,
    /// So many or a few more: those of one row stay together. Up to 500.
    #[serde(default = "hundred")]
    limit: usize,
}

fn hundred() -> usize {
    100
}

/// A page of corrections.
#[derive(Serialize, ToSchema)]
pub struct Corrections {
    /// In the order of the register's keys.
    corrections: Vec<CorrectionView>,
    /// Where to go on; left out at the end. A page may be empty and still be followed by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists where golden records differ from what the rows of the caller's own register state: value, evidence, and what the department
/// answered. One that the register has taken over is no longer among them.
#[utoipa::path(get, path = "/v1/sources/{source}/corrections", tag = "registers", security(("key" = [])),
    params(("source" = String, Path, description = "The register"), Page, ("Purpose" = String, Header, description = "`service_delivery`")),
    responses((status = 200, description = "Corrections", body = Corrections),
              (status = 403, description = "Not the key's own register, or not the purpose", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(source): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Corrections>, Problem> {
    let (_, model, id, access) = register(&state, &caller, &source).await?;
    let limit = page.limit.clamp(1, 500);
    let found = state.deployment.store.list_corrections(&access, model, id, &page.after, limit).await;
    let (corrections, next) = found.map_err(Problem::internal)?;
    let subjects: BTreeSet<String> = corrections.iter().map(|one| one.golden_id.to_string()).collect();
    if !subjects.is_empty() {
        audited(&state, &access, "read corrections", subjects).await?;
    }
    let corrections = corrections.into_iter().map(|one| CorrectionView::new(one, &access)).collect();
    Ok(Json(Corrections { corrections, next }))
}
