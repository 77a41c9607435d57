//! Hubs as every earlier version of the tables held them, brought up to this one: nothing is lost, every invariant holds, and work
//! goes on.
//!
//! Each earlier hub is made by the migrations up to its version, with the rows of `earlier/` put in on the way as they could stand
//! then: what a later migration does to rows of each age is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kanak_model::source_system::Load;
use kanak_store::testing::Admin;
use kanak_store::{FileKeyStore, HubUrl, Store, StoreError, Vault, VaultError};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::hub::{Hub, hub_at, on_both, runtime};

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// Rows of each table: the columns that they have, and their values as texts.
type Rows = BTreeMap<String, Vec<BTreeMap<String, Option<String>>>>;

/// A connection to a hub's database beside the store.
enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    async fn open(url: &str) -> Self {
        if url.starts_with("postgres") {
            return Self::Postgres(PgConnection::connect(url).await.unwrap());
        }
        let options = SqliteConnectOptions::new().filename(url).create_if_missing(true);
        Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
    }

    async fn migrations(&self) -> Migrator {
        let engine = if matches!(self, Self::Sqlite(_)) { "sqlite" } else { "postgres" };
        Migrator::new(folder("migrations").join(engine)).await.unwrap()
    }

    async fn migrate_to(&mut self, migrator: &Migrator, version: i64) {
        match self {
            Self::Sqlite(c) => migrator.run_to(version, c).await.unwrap(),
            Self::Postgres(c) => migrator.run_to(version, c).await.unwrap(),
        }
    }

    async fn run(&mut self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(text).execute(c).await.map(drop).unwrap(),
            Self::Postgres(c) => sqlx::raw_sql(text).execute(c).await.map(drop).unwrap(),
        }
    }

    async fn texts(&mut self, text: String) -> Vec<String> {
        let text = AssertSqlSafe(text);
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(text).fetch_all(c).await.unwrap(),
            Self::Postgres(c) => sqlx::query_scalar(text).fetch_all(c).await.unwrap(),
        }
    }

    /// All rows but those of the search index and of the migrator.
    async fn rows(&mut self) -> Rows {
        const SQLITE: &str =
            "SELECT m.name || ' ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
        const POSTGRES: &str =
            "SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = 'public'";
        let is_sqlite = matches!(self, Self::Sqlite(_));
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.texts(if is_sqlite { SQLITE } else { POSTGRES }.to_owned()).await {
            let (table, column) = line.split_once(' ').unwrap();
            if !["golden_search", "_sqlx", "sqlite_"].iter().any(|prefix| table.starts_with(prefix)) {
                columns.entry(table.to_owned()).or_default().push(column.to_owned());
            }
        }
        let mut rows = Rows::new();
        for (table, columns) in columns {
            let value = |name: &String| {
                if is_sqlite {
                    format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE quote(\"{name}\") END")
                } else {
                    format!("\"{name}\"::text")
                }
            };
            let values: Vec<String> = columns.iter().map(value).collect();
            let word = if is_sqlite { "json_array" } else { "json_build_array" };
            let text = format!("SELECT CAST({word}({}) AS TEXT) FROM \"{table}\"", values.join(", "));
            let read = self.texts(text).await.into_iter().map(|row| {
                let values: Vec<Option<String>> = serde_json::from_str(&row).unwrap();
                columns.iter().cloned().zip(values).collect()
            });
            rows.insert(table, read.collect());
        }
        rows
    }
}

/// Every row of an earlier hub is there still, in the columns that both have.
#[track_caller]
fn check_kept(version: i64, before: &Rows, after: &Rows) {
    for (table, rows) in before {
        let kept = after.get(table).unwrap_or_else(|| panic!("from version {version}: table {table} is gone"));
        for row in rows {
            let is_same = |other: &&BTreeMap<String, Option<String>>| {
                row.iter().all(|(column, value)| other.get(column).is_none_or(|held| held == value))
            };
            assert!(kept.iter().any(|other| is_same(&other)), "from version {version}: {table} lost {row:?}");
        }
    }
}

/// Makes a hub of an earlier version, brings it up, and works on with it.
async fn bring_up(url: &str, version: i64, fresh: &BTreeSet<(String, String, bool)>) {
    let mut raw = Raw::open(url).await;
    let migrator = raw.migrations().await;
    for step in migrator.iter().map(|migration| migration.version).filter(|step| *step <= version) {
        raw.migrate_to(&migrator, step).await;
        if let Ok(text) = std::fs::read_to_string(folder("tests/store/earlier").join(format!("{step:04}.sql"))) {
            raw.run(&text).await;
        }
    }
    let before = raw.rows().await;
    assert!(before["source_records"].len() >= 4, "an empty hub shows nothing");
    let address = HubUrl::parse(url).unwrap();
    let clock = std::sync::Arc::new(kanak_model::clock::FixedClock(kanak_model::Timestamp(9_000)));
    Store::open(&address, clock).await.unwrap().close().await;
    check_kept(version, &before, &raw.rows().await);
    let hub = hub_at(address).await;
    let columns = kanak_store::testing::columns(&hub.store).await.unwrap();
    assert_eq!(&columns, fresh, "from version {version}: other tables than a new hub's");
    check_sound(&hub, version).await;

    hub.clock.set(10_000);
    assert_eq!(hub.records().await.len(), 4);
    hub.load(Load::Delta, &[("a", "Name 11"), ("z", "Name 26")]).await.unwrap();
    check_sound(&hub, version).await;
    let new = hub.records().await.iter().map(|record| record.id.0).max().unwrap();
    let applied = hub.resolve(&[vec![1, 2], vec![3], vec![4], vec![new]]).await.unwrap();
    assert!(applied.created == 1 && applied.updated >= 1, "{applied:?}");
    check_sound(&hub, version).await;
    hub.store.close().await;
}

async fn check_sound(hub: &Hub, version: i64) {
    let checks = hub.store.check_invariants().await.unwrap();
    let broken: Vec<_> = checks.iter().filter(|check| !check.passed).map(|check| (check.name, &check.detail)).collect();
    assert!(broken.is_empty(), "from version {version}: {broken:?}");
}

fn versions() -> Vec<i64> {
    let mut versions: Vec<i64> = std::fs::read_dir(folder("migrations/sqlite"))
        .unwrap()
        .map(|file| file.unwrap().file_name().to_str().unwrap()[..4].parse().unwrap())
        .collect();
    versions.sort_unstable();
    versions
}

static DATABASES: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_hub_of_every_earlier_version_is_brought_up_with_all_that_it_holds() {
    let versions = versions();
    assert!(versions.len() > 8, "{versions:?}");
    on_both(async |hub: Hub| {
        let fresh = kanak_store::testing::columns(&hub.store).await.unwrap();
        for version in &versions {
            match &hub.url {
                HubUrl::Sqlite(_) => {
                    let file = hub.dir.path().join(format!("earlier-{version}.sqlite"));
                    bring_up(file.to_str().unwrap(), *version, &fresh).await;
                }
                HubUrl::Postgres(_) => {
                    let server = std::env::var("KANAK_TEST_POSTGRES").unwrap();
                    let name = format!("kanak_up_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::SeqCst));
                    let admin = Admin::connect(&server).await.unwrap();
                    admin.create(&name).await.unwrap();
                    let (base, _) = server.rsplit_once('/').unwrap();
                    bring_up(&format!("{base}/{name}"), *version, &fresh).await;
                    admin.drop(&name).await.unwrap();
                }
            }
        }
    });
}

#[test]
fn a_hub_that_a_later_version_wrote_is_refused_with_what_to_do() {
    on_both(async |hub: Hub| {
        kanak_store::testing::break_hub(&hub.url, LATER).await.unwrap();
        let error = Store::open(&hub.url, hub.clock.clone()).await.unwrap_err();
        let known = versions().pop().unwrap();
        assert!(
            matches!(error, StoreError::Newer { place: "hub", found: 9001, known: ours } if ours == known),
            "{error}"
        );
        let words = error.to_string();
        assert!(words.contains("9001") && words.contains("install that version"), "{words}");
    });
}

/// What the migrator writes of a migration that this version does not know.
const LATER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     SELECT 9001, 'later', success, checksum, 1 FROM _sqlx_migrations WHERE version = 1";

#[test]
fn a_vault_that_a_later_version_wrote_is_refused_too() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault.sqlite");
        let open = async || {
            let keys = std::sync::Arc::new(FileKeyStore::open(&dir.path().join("keys")).unwrap());
            let clock = std::sync::Arc::new(kanak_model::clock::FixedClock(kanak_model::Timestamp(1)));
            Vault::open(&path, keys, clock).await
        };
        open().await.unwrap().close().await;
        kanak_store::testing::break_vault(&path, LATER).await.unwrap();
        let error = open().await.unwrap_err();
        assert!(matches!(error, VaultError::Store(StoreError::Newer { place: "vault", found: 9001, .. })), "{error}");
    });
}

#[test]
fn a_migration_that_was_edited_after_it_was_applied_is_refused() {
    on_both(async |hub: Hub| {
        let edited = "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 2) WHERE version = 1";
        kanak_store::testing::break_hub(&hub.url, edited).await.unwrap();
        let error = Store::open(&hub.url, hub.clock.clone()).await.unwrap_err().to_string();
        assert!(error.contains("modified"), "{error}");
    });
}
