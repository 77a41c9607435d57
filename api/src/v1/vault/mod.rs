//! `/v1/vault`: questions to the vault. None is answered that was not recorded first, and refusals are on record too.

pub mod decide;
pub mod list;
pub mod request;
pub mod reveal;
pub mod same_person;
pub mod view;

use axum::http::StatusCode;
use kanak_model::Access;
use kanak_store::{AuditEvent, Reference, Vault, VaultError};

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What the caller may read; that none of the caller's roles serves the purpose is put on record.
async fn access(state: &AppState, caller: &ApiCaller, subject: String) -> Result<Access, Problem> {
    let denied = match Access::decide_under(&caller.caller, caller.purpose, caller.basis, &caller.terms) {
        Ok(access) => return Ok(access),
        Err(denied) => denied,
    };
    let event = AuditEvent {
        actor: denied.caller.clone(),
        action: "vault_refused".to_owned(),
        subject,
        purpose: Some(denied.purpose),
        detail: serde_json::json!({ "why": "no role serves the purpose" }),
    };
    state.deployment.store.audit(event).await.map_err(Problem::internal)?;
    Err(caller.refused(denied))
}

fn reference(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text).ok_or_else(|| {
        Problem::bad_request("a reference is 22 small letters, as the hub keeps it in place of an Aadhaar number")
    })
}

/// Refuses what is no domain before it stands in any entry of the audit trail.
fn check_domain(text: &str) -> Result<(), Problem> {
    Vault::check_domain(text).map_err(refusal)
}

/// What a client learns where the vault is away; what it has to do with the vault waits, and nothing else does.
pub fn away(error: &VaultError) -> Problem {
    tracing::error!(%error, "A question could not be put to the vault: {error}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the vault does not answer now; try again later")
}

/// What a client learns of a question that was not answered.
fn refusal(error: VaultError) -> Problem {
    match error {
        VaultError::Denied { .. } | VaultError::OwnRequest | VaultError::NotYours(_) => {
            Problem::forbidden(error.to_string())
        }
        VaultError::RequestState { .. } | VaultError::Reason { .. } => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        VaultError::Domain => Problem::bad_request(error.to_string()),
        VaultError::NotFound { .. } | VaultError::NoRequest(_) | VaultError::None => {
            Problem::not_found(error.to_string())
        }
        VaultError::Away { .. } => away(&error),
        other => Problem::internal(other),
    }
}
