//! Reads of personal data by pages: written down before they are shown.

use std::fmt::Display;

use kanak_model::Access;
use kanak_store::AuditEvent;

use crate::error::PageError;
use crate::state::DashboardState;

/// Writes who reads what and why into the audit trail, one entry a subject.
///
/// # Errors
/// When the trail cannot be written: then nothing is shown.
pub(crate) async fn record(
    state: &DashboardState,
    access: &Access,
    action: &str,
    subjects: impl IntoIterator<Item = impl Display>,
) -> Result<(), PageError> {
    let events: Vec<AuditEvent> =
        subjects.into_iter().map(|subject| AuditEvent::read(access, action, subject.to_string())).collect();
    if !events.is_empty() {
        state.store.audit_many(events).await.map_err(PageError::inside)?;
    }
    Ok(())
}
