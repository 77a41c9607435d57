//! The API, version 1: one endpoint, one file.

pub mod code_systems;
pub mod crosswalks;
pub mod feed;
pub mod golden_records;
pub mod metrics;
pub mod sources;
pub mod steward_tasks;
pub mod vault;

use kanak_model::Access;
use kanak_store::AuditEvent;

use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Writes who read what and why, one entry a subject; a read that cannot be recorded is not answered.
///
/// # Errors
/// 500 when the audit trail cannot be written.
pub async fn audited(
    state: &AppState,
    access: &Access,
    action: &str,
    subjects: impl IntoIterator<Item = impl std::fmt::Display>,
) -> Result<(), Problem> {
    let events = subjects.into_iter().map(|subject| AuditEvent::read(access, action, subject.to_string())).collect();
    state.deployment.store.audit_many(events).await.map_err(Problem::internal)?;
    Ok(())
}
