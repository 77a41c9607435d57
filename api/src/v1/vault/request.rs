//! Asking for a number.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{access, check_domain, reference, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Whose number is asked for, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRevealRequest {
    /// The department domain of the reference; the hub's own is `hub`.
    domain: String,
    /// The reference: 22 small letters.
    reference: String,
    /// Why, for the one who decides and for those who look later.
    reason: String,
}

/// A request that was made.
#[derive(Serialize, ToSchema)]
pub struct MadeRequest {
    /// Its id.
    id: i64,
}

/// Asks for the Aadhaar number behind a reference. Another auditor of the whole state decides within a day; then the asker is answered
/// once. A person asks: a key cannot.
#[utoipa::path(post, path = "/v1/vault/requests", tag = "vault", security(("session" = [])), request_body = NewRevealRequest,
    params(("Purpose" = String, Header, description = "`audit`")),
    responses((status = 200, description = "It waits for another person", body = MadeRequest), (status = 400, description = "Domain or reference is none", body = Problem),
              (status = 403, description = "Only a signed-in auditor of the whole state asks", body = Problem),
              (status = 404, description = "No such reference in the domain", body = Problem),
              (status = 409, description = "The reason cannot be kept", body = Problem)))]
pub async fn request(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(body): Json<NewRevealRequest>,
) -> Result<Json<MadeRequest>, Problem> {
    let reference = reference(&body.reference)?;
    check_domain(&body.domain)?;
    let access = access(&state, &caller, format!("vault:{}:{}", body.domain, reference.as_str())).await?;
    let (vault, store) = (&state.deployment.vault, &state.deployment.store);
    let made = vault.request_reveal(store, &access, &body.domain, &reference, &body.reason).await.map_err(refusal)?;
    Ok(Json(MadeRequest { id: made.0 }))
}
