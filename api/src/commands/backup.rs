//! `kanak backup`: hub, vault, lake and landing to a folder. Keys stay out: keep them apart.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_model::Access;
use kanak_store::AuditEvent;

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
    let name = dir.file_name().with_context(|| format!("{} does not name a folder", dir.display()))?;
    let unfinished = dir.with_file_name(format!("{}.unfinished", name.to_string_lossy()));
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)
            .with_context(|| format!("cannot remove {}, left by an earlier backup", unfinished.display()))?;
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&unfinished)
        .with_context(|| format!("cannot make {}", unfinished.display()))?;
    // First, so that the copy itself holds the entry: nothing leaves the hub unrecorded.
    let access = Access::operation("command line");
    deployment.store.audit(AuditEvent::read(&access, "backed up", dir.display().to_string())).await?;
    let copied = deployment.store.backup(&unfinished, deployment.vault.vault()).await?;
    for folder in ["lake", "landing"] {
        let from = deployment.data.join(folder);
        if from.exists() {
            copy_folder(&from, &unfinished.join(folder))?;
        }
    }
    std::fs::rename(&unfinished, dir).with_context(|| format!("cannot name {}", dir.display()))?;
    let vault = match (&copied.vault, &deployment.config.vault.at) {
        (Some(_), _) => VaultLeft::Copied,
        (None, Some(_)) => VaultLeft::Elsewhere,
        (None, None) => VaultLeft::None,
    };
    output.note(words(dir, &deployment.data.join("keys"), copied.hub.as_deref(), vault));
    Ok(())
}

/// What became of the vault in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VaultLeft {
    /// It is in it.
    Copied,
    /// It is a service of its own.
    Elsewhere,
    /// There is none.
    None,
}

/// What was copied and what was not, with what is left to do.
fn words(dir: &Path, keys: &Path, hub: Option<&Path>, vault: VaultLeft) -> String {
    let parts = [hub.map(|_| "hub, "), (vault == VaultLeft::Copied).then_some("vault, "), Some("lake and landing")];
    let copied: String = parts.into_iter().flatten().collect();
    let hub_left = match hub {
        Some(_) => "",
        None => " The hub is on PostgreSQL and not in it: copy that with pg_dump, before each backup.",
    };
    let vault_left = match vault {
        VaultLeft::Elsewhere => {
            " The vault is a service of its own and not in it: run `kanak vault backup FILE` there now."
        }
        VaultLeft::Copied | VaultLeft::None => "",
    };
    format!(
        "Copied {copied} to {}.{hub_left}{vault_left} The keys are not in it: copy {} somewhere else, or the vault and the landing cannot be read again",
        dir.display(),
        keys.display()
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    #[test]
    fn a_hub_that_was_not_copied_is_not_said_to_be() {
        let (dir, keys) = (Path::new("copy"), Path::new("data/keys"));
        let hub = Some(Path::new("copy/hub.sqlite"));
        assert!(words(dir, keys, hub, VaultLeft::Copied).starts_with("Copied hub, vault, lake"));
        assert!(words(dir, keys, hub, VaultLeft::None).starts_with("Copied hub, lake"));
        assert!(words(dir, keys, hub, VaultLeft::Elsewhere).contains("kanak vault backup"));
        let left = words(dir, keys, None, VaultLeft::Copied);
        assert!(left.starts_with("Copied vault, lake") && left.contains("pg_dump"), "{left}");
    }

    #[tokio::test]
    async fn a_backup_replaces_what_a_cut_off_one_left_is_private_and_is_on_record_in_itself() {
        use std::os::unix::fs::PermissionsExt as _;
        let house = House::new().await;
        let dir = house.folder().join("copy.2026");
        let left = house.folder().join("copy.2026.unfinished");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("hub.sqlite"), "half").unwrap();
        run(&dir, &house.deployment, &Output::silent()).await.unwrap();
        assert!(dir.join("hub.sqlite").exists() && dir.join("vault.sqlite").exists() && !left.exists());
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let url = kanak_store::HubUrl::Sqlite(dir.join("hub.sqlite"));
        let copy = kanak_store::Store::open(&url, house.deployment.clock.clone()).await.unwrap();
        let entries = copy.list_audit_events(0, 10).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.event.action == "backed up").count(), 1);
    }
}
