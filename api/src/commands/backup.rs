//! `kanak backup`: hub, vault, lake, landing, frozen appraisals and packs to a folder, with a manifest of it. Keys stay out: keep them apart.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_model::Access;
use kanak_store::{AuditEvent, HubUrl};
use serde_json::json;

use crate::deployment::Deployment;
use crate::jobs::backup_manifest::{
    HubPart, LakePart, Manifest, check_room, copy_file, list_files, make_folder, sum_file, sync_folders,
};
use crate::output::{Output, grouped};

/// What is copied beside hub and vault.
const FOLDERS: [&str; 4] = ["lake", "landing", "appraisals", "packs"];

/// Runs the command.
///
/// # Errors
/// When the folder exists, has no room, or something cannot be copied.
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
    check_room(dir, bytes_to_copy(deployment)?)?;
    make_folder(&unfinished)?;
    let manifest = match copy(dir, &unfinished, deployment).await {
        Ok(manifest) => manifest,
        Err(error) => {
            // What is half-done is no backup, and its room is wanted; the first error is the one to tell.
            drop(std::fs::remove_dir_all(&unfinished));
            return Err(error);
        }
    };
    std::fs::rename(&unfinished, dir).with_context(|| format!("cannot name {}", dir.display()))?;
    if let Some(above) = std::path::absolute(dir)?.parent() {
        std::fs::File::open(above)
            .and_then(|above| above.sync_all())
            .with_context(|| format!("cannot sync {}", above.display()))?;
    }
    if output.json {
        return output.document(&summary(dir, &manifest));
    }
    let vault = match (deployment.vault.vault(), &deployment.config.vault.at) {
        (Some(_), _) => VaultLeft::Copied,
        (None, Some(_)) => VaultLeft::Elsewhere,
        (None, None) => VaultLeft::None,
    };
    output.note(words(dir, &deployment.data.join("keys"), &manifest, vault));
    Ok(())
}

/// About so many bytes: the files of hub and vault, and all that is copied beside them.
fn bytes_to_copy(deployment: &Deployment) -> anyhow::Result<u64> {
    let mut files = vec![deployment.data.join("vault.sqlite")];
    if let HubUrl::Sqlite(hub) = &deployment.hub {
        files.push(hub.clone());
    }
    for folder in FOLDERS {
        let folder = deployment.data.join(folder);
        files.extend(list_files(&folder)?.into_iter().map(|path| folder.join(path)));
    }
    Ok(files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|about| about.len()).sum())
}

/// Copies everything into the unfinished folder, the manifest last.
async fn copy(dir: &Path, unfinished: &Path, deployment: &Deployment) -> anyhow::Result<Manifest> {
    let at = deployment.clock.now();
    // First, so that the copy itself holds the entry: nothing leaves the hub unrecorded.
    let access = Access::operation("command line");
    deployment.store.audit(AuditEvent::read(&access, "backed up", dir.display().to_string())).await?;
    let copied = deployment.store.backup(unfinished, deployment.vault.vault()).await?;
    // After the hub: landed files and the lake are ahead of what the hub's copy names, never behind.
    let lake = deployment.warehouse.release();
    let lake = lake.map(|release| LakePart { release: release.number, feed_position: release.feed_position });
    let mut files = BTreeMap::new();
    for path in std::iter::once(&copied.hub.path).chain(&copied.vault) {
        files.insert(name_below(unfinished, path), sum_file(path)?);
    }
    for folder in FOLDERS {
        let from = deployment.data.join(folder);
        for path in list_files(&from)? {
            let to = unfinished.join(folder).join(&path);
            make_folder(to.parent().unwrap_or(unfinished))?;
            files.insert(name_below(unfinished, &to), copy_file(&from.join(&path), &to)?);
        }
    }
    let hub = HubPart {
        file: name_below(unfinished, &copied.hub.path),
        schema: copied.hub.schema,
        feed_position: copied.hub.position.0,
        checksum: copied.hub.checksums.overall(),
        tables: copied.hub.checksums,
    };
    let manifest = Manifest::of(at, hub, lake, files);
    manifest.write(unfinished)?;
    sync_folders(unfinished)?;
    Ok(manifest)
}

fn name_below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

fn summary(dir: &Path, manifest: &Manifest) -> serde_json::Value {
    json!({ "backup": dir, "checksum": manifest.hub.checksum, "feed_position": manifest.hub.feed_position,
            "lake": manifest.lake, "files": manifest.files.len(), "bytes": manifest.bytes() })
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
fn words(dir: &Path, keys: &Path, manifest: &Manifest, vault: VaultLeft) -> String {
    let rows: u64 = manifest.hub.tables.tables.iter().map(|table| table.rows).sum();
    let (with_vault, vault_left) = match vault {
        VaultLeft::Copied => ("vault, ", ""),
        VaultLeft::Elsewhere => {
            ("", " The vault is a service of its own and not in it: run `kanak vault backup FILE` there now.")
        }
        VaultLeft::None => ("", ""),
    };
    format!(
        "Copied hub, {with_vault}lake, landing, appraisals and packs to {}: {} files, {} MB; the hub at feed position {}, {} rows, checksum {}.{vault_left} The keys are not in it: copy {} somewhere else, or the vault and the landing cannot be read again. kanak.toml, models and sources stand outside the data folder: keep them too",
        dir.display(),
        grouped(manifest.files.len() as i64),
        grouped(manifest.bytes().div_ceil(1_000_000)),
        grouped(manifest.hub.feed_position),
        grouped(rows),
        manifest.hub.checksum,
        keys.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    #[tokio::test]
    async fn a_backup_replaces_what_a_cut_off_one_left_is_private_and_is_on_record_in_itself() {
        use std::os::unix::fs::PermissionsExt as _;
        let house = House::with_two_people().await;
        let dir = house.folder().join("copy.2026");
        let left = house.folder().join("copy.2026.unfinished");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("hub.sqlite"), "half").unwrap();
        run(&dir, &house.deployment, &Output::silent()).await.unwrap();
        assert!(dir.join("hub.sqlite").exists() && dir.join("vault.sqlite").exists() && !left.exists());
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let url = HubUrl::Sqlite(dir.join("hub.sqlite"));
        let copy = kanak_store::Store::open(&url, house.deployment.clock.clone()).await.unwrap();
        let entries = copy.list_audit_events(0, 100).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.event.action == "backed up").count(), 1);
    }

    #[tokio::test]
    async fn the_manifest_names_every_file_with_its_sum_and_says_what_the_hub_holds() {
        let house = House::with_two_people().await;
        let dir = house.folder().join("copy");
        run(&dir, &house.deployment, &Output::silent()).await.unwrap();
        let manifest = Manifest::read(&dir).unwrap();
        let mut found: Vec<String> = list_files(&dir).unwrap().iter().map(|path| path.display().to_string()).collect();
        found.retain(|path| path != "manifest.json");
        assert_eq!(found, manifest.files.keys().cloned().collect::<Vec<_>>());
        assert!(
            found.iter().any(|path| path.starts_with("lake/")) && found.iter().any(|path| path.starts_with("landing/"))
        );
        for (path, part) in &manifest.files {
            assert_eq!(sum_file(&dir.join(path)).unwrap(), *part, "{path}");
        }
        // What the backup itself recorded came after nothing else changed.
        let held = house.deployment.store.checksums().await.unwrap();
        assert_eq!(manifest.hub.tables.list_different(&held), Vec::<String>::new());
        assert_eq!(manifest.hub.checksum, held.overall());
        let keys = house.deployment.data.join("keys");
        let told = words(&dir, &keys, &manifest, VaultLeft::Copied);
        assert!(told.starts_with("Copied hub, vault, lake") && told.contains(&held.overall()), "{told}");
        assert!(told.contains("keys are not in it"), "{told}");
        assert!(words(&dir, &keys, &manifest, VaultLeft::None).starts_with("Copied hub, lake"));
        assert!(words(&dir, &keys, &manifest, VaultLeft::Elsewhere).contains("kanak vault backup"));
    }
}
