//! The last signed checkpoint of the audit trail, kept in a file beside the hub: an older copy of the hub in its place does not hold it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use kanak_store::AuditCheckpoint;

use crate::deployment::Deployment;
use crate::output::write_private;

/// Its name in the data folder.
const FILE: &str = "audit-checkpoint.json";

/// Makes a checkpoint when one is due, and keeps it. One that the hub does not hold stays what is kept: it tells that the hub is an older
/// copy.
///
/// # Errors
/// When the hub cannot be written.
pub async fn checkpoint_if_due(deployment: &Deployment) -> anyhow::Result<()> {
    let Some(made) = deployment.store.checkpoint_audit_if_due().await? else { return Ok(()) };
    if find_fault(deployment).await?.is_some() {
        tracing::warn!("The hub does not hold the checkpoint that was kept beside it; `kanak verify` tells more");
    } else if let Err(error) = keep(&deployment.data, &made) {
        // The hub holds it: what was asked for is done, and the next one is kept.
        tracing::warn!("Checkpoint {} of the audit trail could not be kept beside the hub: {error:#}", made.id);
    }
    Ok(())
}

/// Why the hub cannot be the one beside which the last checkpoint was kept, in words; `None` where it can.
///
/// # Errors
/// When the hub cannot be read.
pub async fn find_fault(deployment: &Deployment) -> anyhow::Result<Option<String>> {
    let fault = match find(&deployment.data) {
        Ok(Some(kept)) => deployment.store.find_fault_of_kept(&kept).await?,
        Ok(None) => None,
        Err(error) => Some(format!("{error:#}")),
    };
    Ok(fault
        .map(|fault| format!("{fault}; where an older hub was put back on purpose, remove {FILE} of the data folder")))
}

/// Keeps a checkpoint that the hub holds: the whole of it, or still the one before.
fn keep(data: &Path, made: &AuditCheckpoint) -> anyhow::Result<()> {
    let (file, new) = (data.join(FILE), data.join(format!("{FILE}.new")));
    let text = serde_json::to_string(made).context("a checkpoint is always written")?;
    write_private(&new, &text)
        .and_then(|()| fs::rename(&new, &file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The checkpoint that was kept last; `None` before the first.
fn find(data: &Path) -> anyhow::Result<Option<AuditCheckpoint>> {
    let file = data.join(FILE);
    let text = match fs::read_to_string(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("cannot read {}", file.display()))?,
    };
    serde_json::from_str(&text).map(Some).with_context(|| format!("{} is no checkpoint of a trail", file.display()))
}
