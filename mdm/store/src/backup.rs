//! Copies of the hub and the vault, taken while they are in use.

use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use kanak_model::FeedPosition;
use kanak_model::source_record::Values;
use rustc_hash::FxHashSet;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::types::Json;
use sqlx::{ConnectOptions, Connection};

use crate::Store;
use crate::checksums::{self, Checksums, LEFT_OUT};
use crate::db::{Pools, make_private, on_db, schema_version};
use crate::error::StoreError;
use crate::export;
use crate::vault::{Reference, Vault, VaultError};

/// The file of a copied hub on `SQLite`.
pub const SQLITE_COPY: &str = "hub.sqlite";
/// The file of a copied hub on `PostgreSQL`.
pub const POSTGRES_COPY: &str = "hub.ndjson";

/// What a backup wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The copy of the hub.
    pub hub: HubCopy,
    /// The copy of the vault; `None` where this process has none: it is a service of its own, or there is no Aadhaar.
    pub vault: Option<PathBuf>,
}

/// A copy of a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubCopy {
    /// A `SQLite` file, or the lines of a hub on `PostgreSQL`.
    pub path: PathBuf,
    /// The version of its tables.
    pub schema: i64,
    /// Where its feed ends.
    pub position: FeedPosition,
    /// What it holds.
    pub checksums: Checksums,
}

/// Takes out what does not belong in a copy.
async fn leave_out(copy: &Path) -> Result<(), StoreError> {
    let mut connection = SqliteConnectOptions::new().filename(copy).pragma("secure_delete", "ON").connect().await?;
    for table in LEFT_OUT {
        sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

/// Reads what the file of a `SQLite` hub's copy holds, and does not bring it up to this version.
///
/// # Errors
/// [`StoreError::Database`] when it is none.
pub async fn read_sqlite_copy(path: &Path) -> Result<(Checksums, FeedPosition), StoreError> {
    checksums::of_file(path).await
}

impl Store {
    /// Copies hub and vault into a folder: the hub first ([`SQLITE_COPY`] or [`POSTGRES_COPY`], as one transaction saw it), then
    /// `vault.sqlite`. The vault is written before the hub, so its later copy has every reference that the hub's copy names. Their
    /// owner alone can read the copies, and nobody is signed in to the hub's copy. A checkpoint of the audit trail is made first,
    /// and stands in the copy.
    ///
    /// # Errors
    /// [`StoreError::File`] when the folder cannot be made or holds a backup already.
    pub async fn backup(&self, folder: &Path, vault: Option<&Vault>) -> Result<Backup, VaultError> {
        if self.signer.is_some() {
            self.checkpoint_audit().await?;
        }
        let file = |path: &Path, source| StoreError::File { path: path.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(|source| file(folder, source))?;
        let hub_path = folder.join(match &self.db.pools {
            Pools::Sqlite { .. } => SQLITE_COPY,
            Pools::Postgres { .. } => POSTGRES_COPY,
        });
        let vault_path = folder.join("vault.sqlite");
        for path in [&hub_path, &vault_path] {
            if path.exists() {
                return Err(file(path, std::io::ErrorKind::AlreadyExists.into()).into());
            }
        }
        let (checksums, position) = match &self.db.pools {
            Pools::Sqlite { read, .. } => {
                make_private(&hub_path)?;
                let copied = sqlx::query("VACUUM INTO $1").bind(hub_path.display().to_string()).execute(read).await;
                copied.map_err(|error| StoreError::from(error).doing("copy"))?;
                leave_out(&hub_path).await?;
                checksums::of_file(&hub_path).await?
            }
            Pools::Postgres { .. } => export::write(&mut self.db.begin_read().await?, &hub_path).await?,
        };
        let vault = match vault {
            Some(vault) => {
                make_private(&vault_path)?;
                vault.copy_to(&vault_path.display().to_string()).await?;
                Some(vault_path)
            }
            None => None,
        };
        for path in std::iter::once(&hub_path).chain(&vault) {
            std::fs::File::open(path).and_then(|copy| copy.sync_all()).map_err(|source| file(path, source))?;
        }
        let schema = schema_version(self.db.engine());
        let hub = HubCopy { path: hub_path, schema, position, checksums };
        Ok(Backup { hub, vault })
    }

    /// The vault's references that stand in source records, earlier versions included: what [`crate::VaultDoor::sweep_orphans`] must keep.
    /// Every value that reads as a reference counts, whatever its attribute is called now: a model may have been declared anew.
    pub async fn list_references(&self) -> Result<FxHashSet<Reference>, StoreError> {
        const ALL: &str = "SELECT stated FROM source_records UNION ALL SELECT stated FROM source_record_versions";
        let mut references = FxHashSet::default();
        on_db!(&self.db, |c| {
            let mut rows = sqlx::query_scalar::<_, Json<Values>>(ALL).fetch(c);
            while let Some(stated) = rows.try_next().await? {
                references.extend(stated.0.iter().filter_map(|(_, value)| Reference::parse(&value.standard)));
            }
        });
        Ok(references)
    }
}
