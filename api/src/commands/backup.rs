//! `kanak backup`: hub, vault and lake to a folder. Keys stay out: keep them apart.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the folder exists, or something cannot be copied.
pub async fn run(dir: &Path, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    if dir.exists() {
        bail!("{} exists; a backup makes its own folder", dir.display());
    }
    let unfinished = dir.with_extension("unfinished");
    std::fs::create_dir_all(&unfinished).with_context(|| format!("cannot make {}", unfinished.display()))?;
    deployment.store.backup(&unfinished, &deployment.vault).await?;
    for folder in ["lake", "landing"] {
        let from = deployment.data.join(folder);
        if from.exists() {
            copy_folder(&from, &unfinished.join(folder))?;
        }
    }
    std::fs::rename(&unfinished, dir).with_context(|| format!("cannot name {}", dir.display()))?;
    output.note(format!(
        "Copied hub, vault, lake and landing to {}. The keys are not in it: copy {} somewhere else, or the vault and the landing cannot be read again",
        dir.display(),
        deployment.data.join("keys").display()
    ));
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
