//! Whether two departments speak of one person, without either's number.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{access, check_domain, reference, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A reference in its domain.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceIn {
    /// The department domain; the hub's own is `hub`.
    domain: String,
    /// The reference: 22 small letters.
    reference: String,
}

/// Two references.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoReferences {
    /// One.
    left: ReferenceIn,
    /// The other.
    right: ReferenceIn,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub struct SamePersonView {
    /// Whether both stand for the same number; an unknown reference stands for none.
    same_person: bool,
}

/// Tells whether two references stand for the same Aadhaar number. The vault compares; no number comes out.
#[utoipa::path(post, path = "/v1/vault/same-person", tag = "vault", security(("key" = [])), request_body = TwoReferences,
    params(("Purpose" = String, Header, description = "`stewardship` or `audit`")),
    responses((status = 200, description = "The answer", body = SamePersonView), (status = 400, description = "A domain or reference is none", body = Problem),
              (status = 403, description = "Only a steward or auditor of the whole state asks", body = Problem)))]
pub async fn same_person(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(body): Json<TwoReferences>,
) -> Result<Json<SamePersonView>, Problem> {
    let (left, right) = (reference(&body.left.reference)?, reference(&body.right.reference)?);
    check_domain(&body.left.domain)?;
    check_domain(&body.right.domain)?;
    let subject = format!("vault:{}:{} {}:{}", body.left.domain, left.as_str(), body.right.domain, right.as_str());
    let access = access(&state, &caller, subject).await?;
    let (left, right) = ((body.left.domain.as_str(), &left), (body.right.domain.as_str(), &right));
    let vault = &state.deployment.vault;
    let same_person = vault.same_person(&state.deployment.store, &access, left, right).await.map_err(refusal)?;
    Ok(Json(SamePersonView { same_person }))
}
