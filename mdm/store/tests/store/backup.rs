//! Copies, and what is on disk in the middle of a write.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use kanak_model::source_system::Load;
use kanak_model::{Caller, Role};
use kanak_store::{FileKeyStore, HubUrl, Store, Vault, VaultError};
use rand::SeedableRng;

use crate::hub::{Hub, all, file, model, on_both, record};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_opens_as_a_hub_that_holds_the_same() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Balbir")]).await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let keys = Arc::new(FileKeyStore::open(&hub.dir.path().join("keys")).unwrap());
        let vault = Vault::open(&hub.dir.path().join("vault.sqlite"), keys.clone(), hub.clock.clone()).await.unwrap();
        let reference = vault.tokenise("hub", &["999999990019"]).await.unwrap();
        let to = hub.dir.path().join("backup");
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let by = Caller::system("test");
        let roles = BTreeSet::from([Role::Steward]);
        let user = hub.store.create_user(&by, "deepa", "a long password", &roles, None, &mut rng).await.unwrap();
        let token = hub.store.start_session(user, 1_000_000, &mut rng).await.unwrap();
        let backup = hub.store.backup(&to, Some(&vault)).await.unwrap();
        for path in backup.hub.iter().chain(&backup.vault) {
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        let copy = Vault::open(&backup.vault.unwrap(), keys.clone(), hub.clock.clone()).await.unwrap();
        assert_eq!(copy.tokenise("hub", &["999999990019"]).await.unwrap(), reference);
        assert_eq!(backup.hub.is_some(), matches!(hub.url, HubUrl::Sqlite(_)));
        if let Some(path) = backup.hub {
            let copy = Store::open(&HubUrl::Sqlite(path), hub.clock.clone()).await.unwrap();
            let versions =
                |store: Store| async move { store.list_golden_versions(&all(), &model(), None, 9).await.unwrap() };
            assert_eq!(versions(copy.clone()).await, versions(hub.store.clone()).await);
            assert!(copy.check_invariants().await.unwrap().iter().all(|check| check.passed));
            assert!(copy.find_session(&token).await.unwrap().is_none(), "nobody is signed in to a copy");
            assert_eq!(copy.find_user_by_name("deepa").await.unwrap().unwrap().id, user);
            assert_eq!(copy.search_golden(&all(), &model(), "balbir", 9).await.unwrap().len(), 1);
        }
        let error = hub.store.backup(&to, Some(&vault)).await.unwrap_err();
        assert!(matches!(error, VaultError::Store(_)), "an earlier backup is not overwritten: {error}");
    });
}

#[test]
fn only_its_owner_can_read_a_hub_or_vault_file() {
    on_both(async |hub: Hub| {
        let HubUrl::Sqlite(path) = &hub.url else { return };
        hub.load(Load::Snapshot, &[("a", "Asha")]).await.unwrap();
        let keys = Arc::new(FileKeyStore::open(&hub.dir.path().join("keys")).unwrap());
        let vault_path = hub.dir.path().join("vault.sqlite");
        let open = || Vault::open(&vault_path, keys.clone(), hub.clock.clone());
        let vault = open().await.unwrap();
        vault.tokenise("hub", &["999999990019"]).await.unwrap();
        for path in [path, &vault_path] {
            for file in [path.display().to_string(), format!("{}-wal", path.display())] {
                assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
            }
        }
        vault.close().await;
        std::fs::set_permissions(&vault_path, std::fs::Permissions::from_mode(0o644)).unwrap();
        open().await.unwrap();
        assert_eq!(mode(&vault_path), 0o600, "one that others could read is closed to them");
    });
}

#[test]
fn what_is_on_disk_in_the_middle_of_a_run_opens_as_before_it() {
    on_both(async |hub: Hub| {
        let HubUrl::Sqlite(path) = &hub.url else { return };
        hub.load(Load::Snapshot, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1]]).await.unwrap();
        let mut run = hub.store.begin_ingest(hub.source, file("big.csv", Load::Delta)).await.unwrap();
        // Enough that the cache spills into the log before the commit.
        for batch in 0..4 {
            let rows = (0..1_000).map(|n| record(&format!("{batch}-{n}"), &"long name ".repeat(2_000))).collect();
            run.add(rows).await.unwrap();
        }
        let copy = hub.dir.path().join("killed.sqlite");
        let with = |suffix: &str| std::path::PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(path, &copy).unwrap();
        let log = std::fs::copy(with("-wal"), format!("{}-wal", copy.display())).unwrap();
        assert!(log > 10_000_000, "the log must hold unfinished work: {log}");
        let killed = Store::open(&HubUrl::Sqlite(copy), hub.clock.clone()).await.unwrap();
        assert_eq!(killed.list_source_records(&all(), "citizen").await.unwrap().len(), 1);
        assert!(killed.check_invariants().await.unwrap().iter().all(|check| check.passed));
        run.finish().await.unwrap();
        assert_eq!(hub.records().await.len(), 4_001);
    });
}
