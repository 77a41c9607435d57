//! Another person's word on a request.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanak_store::{RevealDecision, RevealRequestId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{access, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What the second person says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealDecided {
    /// `approved` or `refused`.
    decision: Decision,
}

/// The words for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// The number may be given out, once and within an hour.
    Approved,
    /// It may not.
    Refused,
}

/// Decides a request that another person made. An approval holds for an hour.
#[utoipa::path(post, path = "/v1/vault/requests/{id}/decision", tag = "vault", security(("session" = [])), request_body = RevealDecided,
    params(("id" = i64, Path, description = "A request"), ("Purpose" = String, Header, description = "`audit`")),
    responses((status = 204, description = "It is decided"),
              (status = 403, description = "Only a signed-in auditor of the whole state decides, and never about an own request", body = Problem),
              (status = 404, description = "No such request", body = Problem),
              (status = 409, description = "It was decided already, or nobody decided in time", body = Problem)))]
pub async fn decide(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    Json(body): Json<RevealDecided>,
) -> Result<StatusCode, Problem> {
    let access = access(&state, &caller, format!("reveal request {id}")).await?;
    let decision = match body.decision {
        Decision::Approved => RevealDecision::Approved,
        Decision::Refused => RevealDecision::Refused,
    };
    let (vault, store) = (&state.deployment.vault, &state.deployment.store);
    vault.decide_reveal(store, &access, RevealRequestId(id), decision).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}
