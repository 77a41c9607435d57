//! Copies, and what is on disk in the middle of a write.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kanak_model::source_system::Load;
use kanak_model::{Caller, Role};
use kanak_store::testing::Admin;
use kanak_store::{
    Checksums, FileKeyStore, HubCopy, HubUrl, RESOLVER, Store, StoreError, Vault, VaultError, read_sqlite_copy,
};
use rand::SeedableRng;

use crate::hub::{Hub, all, doubtful, file, model, on_both, on_postgres, on_sqlite, record};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// An empty place for a copy on the same engine: a file is its own hub, a database is made for it.
struct Place {
    url: HubUrl,
    made: Option<(Admin, String)>,
}

impl Place {
    async fn beside(hub: &Hub, copy: &HubCopy) -> Self {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        if matches!(hub.url, HubUrl::Sqlite(_)) {
            return Self { url: HubUrl::Sqlite(copy.path.clone()), made: None };
        }
        let server = std::env::var("KANAK_TEST_POSTGRES").unwrap();
        let name = format!("kanak_back_{}_{}", std::process::id(), PLACES.fetch_add(1, Ordering::SeqCst));
        let admin = Admin::connect(&server).await.unwrap();
        admin.create(&name).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Self { url: HubUrl::parse(&format!("{base}/{name}")).unwrap(), made: Some((admin, name)) }
    }

    /// The copy as a hub, and what it was found to hold before it was opened as one.
    async fn open(&self, hub: &Hub, copy: &HubCopy) -> (Store, Checksums) {
        if matches!(self.url, HubUrl::Sqlite(_)) {
            let (held, position) = read_sqlite_copy(&copy.path).await.unwrap();
            assert_eq!(position, copy.position);
            return (Store::open(&self.url, hub.clock.clone()).await.unwrap(), held);
        }
        let store = Store::open(&self.url, hub.clock.clone()).await.unwrap();
        let held = store.take_in(&copy.path).await.unwrap();
        (store, held)
    }

    async fn end(self, store: Store) {
        store.close().await;
        if let Some((admin, name)) = self.made {
            admin.drop(&name).await.unwrap();
        }
    }
}

async fn vault(hub: &Hub) -> Vault {
    let keys = Arc::new(FileKeyStore::open(&hub.dir.path().join("keys")).unwrap());
    Vault::open(&hub.dir.path().join("vault.sqlite"), keys, hub.clock.clone()).await.unwrap()
}

#[test]
fn a_backup_opens_as_a_hub_that_holds_the_same_and_works_on() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Balbir \"x\" \\ \u{0a17}")]).await.unwrap();
        hub.resolve_with(&[vec![1], vec![2]], vec![doubtful(1, 2, 0.123_456_789_012_345_67)]).await.unwrap();
        let vault = vault(&hub).await;
        let reference = vault.tokenise("hub", &["999999990019"]).await.unwrap();
        let to = hub.dir.path().join("backup");
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let by = Caller::system("test");
        let roles = BTreeSet::from([Role::Steward]);
        let user = hub.store.create_user(&by, "deepa", "a long password", &roles, None, &mut rng).await.unwrap();
        let token = hub.store.start_session(user, 1_000_000, &mut rng).await.unwrap();
        hub.store.take_lease(RESOLVER, "a process", None, std::time::Duration::from_secs(600)).await.unwrap().unwrap();
        let backup = hub.store.backup(&to, Some(&vault)).await.unwrap();
        for path in std::iter::once(&backup.hub.path).chain(&backup.vault) {
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        assert_eq!(backup.hub.checksums, hub.store.checksums().await.unwrap());
        assert_eq!(backup.hub.position, hub.store.feed_position().await.unwrap());
        let keys = Arc::new(FileKeyStore::open(&hub.dir.path().join("keys")).unwrap());
        let copied_vault = Vault::open(backup.vault.as_ref().unwrap(), keys, hub.clock.clone()).await.unwrap();
        assert_eq!(copied_vault.tokenise("hub", &["999999990019"]).await.unwrap(), reference);

        let place = Place::beside(&hub, &backup.hub).await;
        let (copy, held) = place.open(&hub, &backup.hub).await;
        assert_eq!(held.list_different(&backup.hub.checksums), Vec::<String>::new());
        assert_eq!(held.overall(), backup.hub.checksums.overall());
        let versions =
            |store: Store| async move { store.list_golden_versions(&all(), &model(), None, 9).await.unwrap() };
        assert_eq!(versions(copy.clone()).await, versions(hub.store.clone()).await);
        assert!(copy.check_invariants().await.unwrap().iter().all(|check| check.passed));
        assert!(copy.find_session(&token).await.unwrap().is_none(), "nobody is signed in to a copy");
        assert_eq!(copy.find_lease(RESOLVER).await.unwrap(), None, "and no process holds its lease");
        assert_eq!(copy.find_user_by_name("deepa").await.unwrap().unwrap().id, user);
        assert_eq!(copy.search_golden(&all(), &model(), "balbir", 9).await.unwrap().len(), 1);

        let mut run = copy.begin_ingest(hub.source, file("later.csv", Load::Delta)).await.unwrap();
        run.add(vec![record("c", "Chitra")]).await.unwrap();
        run.finish().await.unwrap();
        copy.record_reads(&all(), "read", ["golden record 1"]).await.unwrap();
        assert!(copy.check_invariants().await.unwrap().iter().all(|check| check.passed));
        let different = copy.checksums().await.unwrap().list_different(&held);
        assert!(different.contains(&"source_records".to_owned()), "{different:?}");
        assert!(!different.contains(&"golden_versions".to_owned()), "{different:?}");
        let error = hub.store.backup(&to, Some(&vault)).await.unwrap_err();
        assert!(matches!(error, VaultError::Store(_)), "an earlier backup is not overwritten: {error}");
        place.end(copy).await;
    });
}

#[test]
fn a_backup_while_files_come_in_holds_whole_files_and_every_invariant() {
    on_both(async |hub: Hub| {
        let vault = vault(&hub).await;
        let (store, source) = (hub.store.clone(), hub.source);
        let writing = tokio::spawn(async move {
            for number in 0..12 {
                let mut run = store.begin_ingest(source, file(&format!("{number}.csv"), Load::Delta)).await.unwrap();
                run.add((0..50).map(|row| record(&format!("{number}-{row}"), "Asha")).collect()).await.unwrap();
                run.finish().await.unwrap();
            }
        });
        let mut seen = BTreeSet::new();
        for number in 0..4 {
            let backup = hub.store.backup(&hub.dir.path().join(format!("copy {number}")), Some(&vault)).await.unwrap();
            let place = Place::beside(&hub, &backup.hub).await;
            let (copy, held) = place.open(&hub, &backup.hub).await;
            assert_eq!(held, backup.hub.checksums);
            let count = copy.list_source_records(&all(), "citizen").await.unwrap().len();
            assert_eq!(count % 50, 0, "a file is in a copy whole or not at all");
            seen.insert(count);
            assert!(copy.check_invariants().await.unwrap().iter().all(|check| check.passed));
            place.end(copy).await;
        }
        writing.await.unwrap();
        println!("copies held {seen:?} source records");
    });
}

#[test]
fn a_copy_that_is_cut_off_of_another_version_or_for_a_hub_in_use_is_not_taken_in() {
    on_postgres(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Bina")]).await.unwrap();
        let backup = hub.store.backup(&hub.dir.path().join("copy"), Some(&vault(&hub).await)).await.unwrap();
        let error = hub.store.take_in(&backup.hub.path).await.unwrap_err();
        assert!(matches!(error, StoreError::NotEmpty), "{error}");
        let place = Place::beside(&hub, &backup.hub).await;
        let empty = Store::open(&place.url, hub.clock.clone()).await.unwrap();
        let text = std::fs::read_to_string(&backup.hub.path).unwrap();
        let without_end =
            text.lines().filter(|line| !line.contains("\"end\"")).fold(String::new(), |all, line| all + line + "\n");
        let without_row = {
            let row = text.lines().find(|line| line.contains("ASHA")).unwrap();
            text.replace(&format!("{row}\n"), "")
        };
        let of_another = text.replacen("\"schema\":", "\"schema\":9", 1);
        for (what, wrong) in [("no end", without_end), ("a row less", without_row), ("another version", of_another)] {
            let path = hub.dir.path().join("wrong.ndjson");
            std::fs::write(&path, wrong).unwrap();
            let error = empty.take_in(&path).await.unwrap_err();
            assert!(matches!(error, StoreError::Backup(_)), "{what}: {error}");
            assert!(empty.list_source_systems().await.unwrap().is_empty(), "{what}: something was taken in");
        }
        empty.take_in(&backup.hub.path).await.unwrap();
        place.end(empty).await;
    });
    on_sqlite(async |hub: Hub| {
        let error = hub.store.take_in(Path::new("hub.ndjson")).await.unwrap_err().to_string();
        assert!(error.contains("--hub postgres"), "{error}");
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
