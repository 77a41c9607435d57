//! `kanak restore`: a backup becomes a data folder at another place, and holds what the hub held.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use kanak_model::{Access, Clock, SystemClock};
use kanak_store::{
    AuditEvent, AuditSigner, Checksums, FileKeyStore, HubUrl, POSTGRES_COPY, SQLITE_COPY, Store, Vault,
    read_sqlite_copy,
};
use serde_json::json;

use crate::cli::{Global, RestoreArgs};
use crate::jobs::backup_manifest::{self, Manifest, check_room, copy_file, list_files, make_folder, sync_folders};
use crate::output::{Output, grouped};

/// Runs the command.
///
/// # Errors
/// When the place is taken or has no room, a file is not as the manifest says, or what comes out is not what was backed up. Then
/// there is no data folder.
pub async fn run(args: &RestoreArgs, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let data = &global.data;
    let is_taken = data.exists() && std::fs::read_dir(data).map_or(true, |mut entries| entries.next().is_some());
    if is_taken {
        bail!("{} is not empty; name a new folder with --data", data.display());
    }
    let manifest = Manifest::read(&args.dir)?;
    let hub = hub_of(&manifest, global)?;
    check_room(data, manifest.bytes())?;
    let name = data.file_name().with_context(|| format!("{} does not name a folder", data.display()))?;
    let unfinished = data.with_file_name(format!("{}.unfinished", name.to_string_lossy()));
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)
            .with_context(|| format!("cannot remove {}, left by an earlier restore", unfinished.display()))?;
    }
    make_folder(&unfinished)?;
    let restored = match restore(args, &manifest, hub.as_ref(), &unfinished).await {
        Ok(restored) => restored,
        Err(error) => {
            // What is half-done must not be taken for a data folder; the first error is the one to tell.
            drop(std::fs::remove_dir_all(&unfinished));
            return Err(error);
        }
    };
    std::fs::rename(&unfinished, data).with_context(|| format!("cannot name {}", data.display()))?;
    if output.json {
        output.document(&json!({
            "data": data, "checksum": restored.checksums.overall(), "feed_position": manifest.hub.feed_position,
            "lake": manifest.lake, "files": manifest.files.len(), "keys": restored.has_keys,
        }))?;
    } else {
        output.note(words(data, &manifest, &restored));
    }
    Ok(ExitCode::SUCCESS)
}

/// The database that takes the hub in; `None` for a file in the data folder.
fn hub_of(manifest: &Manifest, global: &Global) -> anyhow::Result<Option<HubUrl>> {
    let named = global.hub.as_deref().map(HubUrl::parse).transpose()?;
    match (manifest.hub.file.as_str(), named) {
        (SQLITE_COPY, None) => Ok(None),
        (SQLITE_COPY, Some(_)) => bail!(
            "this is the backup of a hub on SQLite, which is a file of the data folder; leave --hub out, and move the file afterwards where it should be elsewhere"
        ),
        (POSTGRES_COPY, Some(url @ HubUrl::Postgres(_))) => Ok(Some(url)),
        (POSTGRES_COPY, _) => {
            bail!("this is the backup of a hub on PostgreSQL; name an empty database with --hub postgres://..")
        }
        (other, _) => bail!("the manifest names {other} as the hub's copy, which this kanak does not know"),
    }
}

/// What came out.
struct Restored {
    checksums: Checksums,
    has_keys: bool,
}

async fn restore(
    args: &RestoreArgs,
    manifest: &Manifest,
    hub: Option<&HubUrl>,
    unfinished: &Path,
) -> anyhow::Result<Restored> {
    copy_files(&args.dir, manifest, unfinished)?;
    let has_keys = match &args.keys {
        Some(keys) => copy_keys(keys, unfinished)?,
        None => false,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let copy = unfinished.join(&manifest.hub.file);
    let (checksums, store) = match hub {
        None => {
            let (checksums, _) = read_sqlite_copy(&copy).await?;
            check_same(manifest, &checksums)?;
            (checksums, Store::open(&HubUrl::Sqlite(copy), Arc::clone(&clock)).await?)
        }
        Some(url) => {
            let store = Store::open(url, Arc::clone(&clock)).await?;
            let checksums = store.take_in(&copy).await?;
            check_same(manifest, &checksums)?;
            std::fs::remove_file(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
            (checksums, store)
        }
    };
    let position = store.feed_position().await?;
    ensure!(
        position.0 == manifest.hub.feed_position,
        "the restored feed ends at {position} and the manifest says {}",
        manifest.hub.feed_position
    );
    let store = if has_keys { check_keys(unfinished, store, clock).await? } else { store };
    let access = Access::operation("command line");
    store.audit(AuditEvent::read(&access, "restored", args.dir.display().to_string())).await?;
    store.close().await;
    sync_folders(unfinished)?;
    Ok(Restored { checksums, has_keys })
}

/// Copies every file, and sees that it is as the manifest says.
fn copy_files(backup: &Path, manifest: &Manifest, to: &Path) -> anyhow::Result<()> {
    for (name, part) in &manifest.files {
        let path = Path::new(name);
        let stays_below = path.components().all(|one| matches!(one, std::path::Component::Normal(_)));
        ensure!(stays_below, "the manifest names {name}, which does not lie in a backup");
        let target = to.join(path);
        make_folder(target.parent().unwrap_or(to))?;
        let copied = copy_file(&backup.join(path), &target)?;
        ensure!(
            copied == *part,
            "{} is not as it was backed up ({} bytes of {}, sum {}); take another copy of the backup",
            backup.join(path).display(),
            copied.bytes,
            part.bytes,
            if copied.sha256 == part.sha256 { "the same" } else { "another" }
        );
    }
    for found in list_files(backup)? {
        let name = found.to_string_lossy();
        ensure!(
            name == backup_manifest::FILE || manifest.files.contains_key(name.as_ref()),
            "{} is not in the manifest of the backup; take it out",
            backup.join(&found).display()
        );
    }
    Ok(())
}

/// Takes the keys in, for their owner alone.
fn copy_keys(from: &Path, data: &Path) -> anyhow::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let to: PathBuf = data.join("keys");
    let files = list_files(from)?;
    ensure!(!files.is_empty(), "{} holds no keys; name the folder `keys` that belongs to the backup", from.display());
    make_folder(&to)?;
    for file in files {
        let target = to.join(&file);
        make_folder(target.parent().unwrap_or(&to))?;
        copy_file(&from.join(&file), &target)?;
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(true)
}

fn check_same(manifest: &Manifest, restored: &Checksums) -> anyhow::Result<()> {
    let different = manifest.hub.tables.list_different(restored);
    ensure!(
        different.is_empty(),
        "the restored hub does not hold what was backed up; other rows in {}; take another copy of the backup",
        different.join(", ")
    );
    Ok(())
}

/// The keys belong to this vault and sign this audit trail.
async fn check_keys(data: &Path, store: Store, clock: Arc<dyn Clock>) -> anyhow::Result<Store> {
    let keys = Arc::new(FileKeyStore::open(&data.join("keys"))?);
    let vault = Vault::open(&data.join("vault.sqlite"), keys.clone(), clock)
        .await
        .context("the keys that --keys names are not those of this backup")?;
    vault.close().await;
    let signer = AuditSigner::open(keys.as_ref())?;
    if let Some(last) = store.find_audit_checkpoint().await? {
        let ours = signer.public_key().to_string();
        ensure!(
            last.signed_by == ours,
            "the key audit-sign of --keys did not sign the audit trail of this backup; name the keys that belong to it"
        );
    }
    Ok(store.signed_by(signer))
}

fn words(data: &Path, manifest: &Manifest, restored: &Restored) -> String {
    let keys = if restored.has_keys {
        "Its keys are in place".to_owned()
    } else {
        format!(
            "Its keys are missing: put the folder `keys` that belongs to it at {} before any command, or restore with --keys",
            data.join("keys").display()
        )
    };
    let lake = manifest.lake.map_or_else(
        || "no release of the lake".to_owned(),
        |lake| format!("release {} of the lake at feed position {}", lake.release, grouped(lake.feed_position)),
    );
    format!(
        "Restored {}: {} files, the hub at feed position {}, {lake}; checksum {} as it was backed up. {keys}. Put kanak.toml, models and sources beside it, then run `kanak verify`",
        data.display(),
        grouped(manifest.files.len() as i64),
        grouped(manifest.hub.feed_position),
        restored.checksums.overall()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::backup;
    use crate::deployment::{Absent, Deployment, Opened};
    use crate::jobs::verify::{Outcome, verify};
    use crate::testing::House;

    struct Kept {
        house: House,
        dir: PathBuf,
    }

    async fn kept() -> Kept {
        let house = House::with_two_people().await;
        let dir = house.folder().join("copy");
        backup::run(&dir, &house.deployment, &Output::silent()).await.unwrap();
        Kept { house, dir }
    }

    impl Kept {
        fn global(&self, data: &str) -> Global {
            Global { data: self.house.folder().join(data), hub: None, json: false, quiet: true }
        }

        async fn restore(&self, data: &str, keys: Option<PathBuf>) -> anyhow::Result<ExitCode> {
            let args = RestoreArgs { dir: self.dir.clone(), keys };
            run(&args, &self.global(data), &Output::silent()).await
        }

        fn keys(&self) -> PathBuf {
            self.house.deployment.data.join("keys")
        }

        async fn refused(&self, data: &str, keys: Option<PathBuf>, words: &[&str]) {
            let error = format!("{:#}", self.restore(data, keys).await.unwrap_err());
            for word in words {
                assert!(error.contains(word), "it should say {word}: {error}");
            }
            for left in [data.to_owned(), format!("{data}.unfinished")] {
                assert!(!self.house.folder().join(&left).exists(), "{left} was left");
            }
        }
    }

    #[tokio::test]
    async fn what_is_restored_holds_what_was_backed_up_and_every_invariant() {
        let kept = kept().await;
        kept.restore("new", Some(kept.keys())).await.unwrap();
        let Opened::Here(restored) = Deployment::open_or_find_owner(&kept.global("new"), Absent::Refuse).await.unwrap()
        else {
            panic!("nobody serves it")
        };
        for check in verify(&restored, &Output::silent()).await.unwrap() {
            assert_eq!(check.outcome, Outcome::Holds, "{}: {}", check.name, check.detail);
        }
        let release = restored.warehouse.release().unwrap();
        assert_eq!(Some(release.number), kept.house.deployment.warehouse.release().map(|release| release.number));
    }

    #[tokio::test]
    async fn a_bit_flipped_in_any_part_of_a_backup_is_found_and_named() {
        let kept = kept().await;
        let manifest = Manifest::read(&kept.dir).unwrap();
        let of = |prefix: &str| manifest.files.keys().find(|name| name.starts_with(prefix)).unwrap().clone();
        for name in [of("hub"), of("vault"), of("lake/"), of("landing/")] {
            let path = kept.dir.join(&name);
            let right = std::fs::read(&path).unwrap();
            let mut wrong = right.clone();
            let middle = wrong.len() / 2;
            wrong[middle] ^= 1;
            std::fs::write(&path, &wrong).unwrap();
            kept.refused("new", None, &[&name, "not as it was backed up"]).await;
            std::fs::write(&path, &right[..middle]).unwrap();
            kept.refused("new", None, &[&name, "not as it was backed up"]).await;
            std::fs::remove_file(&path).unwrap();
            kept.refused("new", None, &[&name, "cannot read"]).await;
            std::fs::write(&path, right).unwrap();
        }
        std::fs::write(kept.dir.join("lake/stray.parquet"), "x").unwrap();
        kept.refused("new", None, &["stray.parquet", "not in the manifest"]).await;
    }

    #[tokio::test]
    async fn a_place_that_is_taken_a_folder_that_is_no_backup_and_foreign_keys_are_refused() {
        let kept = kept().await;
        let error = kept.restore("kanak-data", None).await.unwrap_err().to_string();
        assert!(error.contains("is not empty") && error.contains("--data"), "{error}");
        let other = House::with_two_people().await;
        kept.refused("new", Some(other.deployment.data.join("keys")), &["--keys"]).await;
        kept.refused("new", Some(kept.house.folder().join("nowhere")), &["holds no keys"]).await;
        let elsewhere = RestoreArgs { dir: kept.house.folder().to_owned(), keys: None };
        let error = run(&elsewhere, &kept.global("new"), &Output::silent()).await.unwrap_err();
        assert!(format!("{error:#}").contains("manifest.json"), "{error:#}");
    }

    #[tokio::test]
    async fn without_its_keys_a_restored_folder_is_opened_by_no_command_and_gets_no_new_ones() {
        let kept = kept().await;
        kept.restore("new", None).await.unwrap();
        let refused = Deployment::open_or_find_owner(&kept.global("new"), Absent::Refuse).await.err().unwrap();
        assert!(refused.to_string().contains("keys"), "{refused}");
        let data = kept.house.folder().join("new");
        copy_keys(&kept.keys(), &data).unwrap();
        assert!(Deployment::open_or_find_owner(&kept.global("new"), Absent::Refuse).await.is_ok());
    }
}
