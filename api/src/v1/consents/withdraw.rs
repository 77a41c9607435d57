//! A consent that is withdrawn.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanak_store::StoreError;

use super::taker;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Records that a citizen withdrew a consent: from now on it does not stand. The department takes it by whose register it was given.
#[utoipa::path(delete, path = "/v1/consents/{id}", tag = "sharing", security(("key" = [])),
    params(("id" = i64, Path, description = "The number of the receipt")),
    responses((status = 204, description = "It does not stand any more"), (status = 403, description = "The caller is no department's", body = Problem),
              (status = 404, description = "No such receipt, or it was withdrawn before", body = Problem)))]
pub async fn withdraw(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let department = taker(&state, &caller).await?;
    if !is_of(&state, id, &department).await? {
        return Err(Problem::not_found(format!("no consent {id} of a register of yours")));
    }
    match state.deployment.store.withdraw_consent(id, &caller.caller.name).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error @ StoreError::NotFound { .. }) => Err(Problem::not_found(error.to_string())),
        Err(error) => Err(Problem::internal(error)),
    }
}

/// Whether a receipt is of a source record of a department's register.
async fn is_of(state: &AppState, id: i64, department: &str) -> Result<bool, Problem> {
    let store = &state.deployment.store;
    let found = store.list_consents(None, id.saturating_sub(1), 1).await.map_err(Problem::internal)?;
    let Some(consent) = found.into_iter().find(|consent| consent.id == id) else { return Ok(false) };
    let registers = store.list_registers_of(&[consent.source_record]).await.map_err(Problem::internal)?;
    let sources = store.list_source_systems().await.map_err(Problem::internal)?;
    let is_own =
        |register: &String| sources.iter().any(|source| source.name == *register && source.department == department);
    Ok(registers.values().any(is_own))
}
