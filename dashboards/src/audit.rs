//! Reads of personal data by pages: written down before they are shown.

use std::fmt::Display;

use kanak_model::Access;

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
    state.store.record_reads(access, action, subjects).await.map_err(PageError::inside)
}
