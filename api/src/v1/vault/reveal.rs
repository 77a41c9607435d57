//! The number that was asked for.

use axum::Json;
use axum::extract::{Path, State};
use kanak_store::RevealRequestId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{access, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A number that was taken out of the vault.
#[derive(Serialize, ToSchema)]
pub struct RevealedView {
    /// The twelve digits. Keep them nowhere.
    aadhaar: String,
}

/// Answers a request that another person approved within the last hour: to who asked, once. The answer is kept by no cache.
#[utoipa::path(post, path = "/v1/vault/requests/{id}/number", tag = "vault", security(("session" = [])),
    params(("id" = i64, Path, description = "A request"), ("Purpose" = String, Header, description = "`audit`")),
    responses((status = 200, description = "The number, this once", body = RevealedView),
              (status = 403, description = "Only the auditor who asked is answered", body = Problem),
              (status = 404, description = "No such request, or the number is gone since", body = Problem),
              (status = 409, description = "It is not approved, was answered, or lapsed", body = Problem)))]
pub async fn reveal(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<RevealedView>, Problem> {
    let access = access(&state, &caller, format!("reveal request {id}")).await?;
    let (vault, store) = (&state.deployment.vault, &state.deployment.store);
    let revealed = vault.reveal(store, &access, RevealRequestId(id)).await.map_err(refusal)?;
    Ok(Json(RevealedView { aadhaar: revealed.digits().to_owned() }))
}
