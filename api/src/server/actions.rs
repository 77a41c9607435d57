//! What stewards do on pages, carried through by the jobs.

use axum::http::StatusCode;
use kanak_dashboards::actions::{ActionError, ExplanationView, StewardActions};
use kanak_model::match_pair::Decision;
use kanak_model::{Access, Caller, Purpose, Role, SourceRecordId, StewardTaskId, UserId};

use crate::server::state::AppState;

/// The server's own way of doing them.
pub struct Actions(pub AppState);

/// The signed-in steward who acts.
///
/// # Errors
/// 403 for anyone else.
pub fn steward_of(caller: &Caller) -> Result<UserId, (StatusCode, String)> {
    match caller.user {
        Some(user) if caller.has(Role::Steward) => Ok(user),
        _ => Err((StatusCode::FORBIDDEN, "only a signed-in steward decides; ask an administrator for the role".to_owned())),
    }
}
