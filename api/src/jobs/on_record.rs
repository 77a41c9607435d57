//! What jobs put into the audit trail: which job, what it did, to what, and in what numbers.

use kanak_model::Caller;
use kanak_store::AuditEvent;

use crate::deployment::Deployment;

/// Puts on record what a job did. `detail` holds ids and counts, never values of people.
///
/// # Errors
/// When the hub cannot be written.
pub async fn record(
    deployment: &Deployment,
    job: &str,
    action: &str,
    subject: String,
    detail: serde_json::Value,
) -> anyhow::Result<()> {
    let event =
        AuditEvent { actor: Caller::system(job).name, action: action.to_owned(), subject, purpose: None, detail };
    deployment.store.audit(event).await?;
    Ok(())
}
