//! Requests on the wire.

use kanak_model::UserId;
use kanak_store::RevealRequest;
use serde::Serialize;
use utoipa::ToSchema;

/// A request to take a number out of the vault.
#[derive(Serialize, ToSchema)]
pub struct RevealRequestView {
    /// Its id.
    id: i64,
    /// The domain of the reference.
    domain: String,
    /// Whose number is asked for.
    reference: String,
    /// The asker's words.
    reason: String,
    /// Who asks.
    requested_by: String,
    /// When.
    requested: String,
    /// `waiting`, `approved`, `refused`, `answered` or `lapsed`.
    state: &'static str,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<String>,
}

impl RevealRequestView {
    /// A request, with what people are called.
    pub fn of(request: RevealRequest, name: impl Fn(UserId) -> String) -> Self {
        Self {
            id: request.id.0,
            reference: request.reference.as_str().to_owned(),
            requested_by: name(request.by),
            requested: request.at.to_string(),
            state: request.state.word(),
            decided_by: request.decided_by.map(&name),
            decided: request.decided.map(|at| at.to_string()),
            domain: request.domain,
            reason: request.reason,
        }
    }
}
