//! Copies of the hub and the vault, taken while they are in use.

use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use kanak_model::source_record::Values;
use rustc_hash::FxHashSet;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::types::Json;
use sqlx::{ConnectOptions, Connection};

use crate::Store;
use crate::db::{Db, make_private, on_db};
use crate::error::StoreError;
use crate::vault::{Reference, Vault, VaultError};

/// What a backup wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The copy of the hub; `None` on `PostgreSQL`, whose own tools (`pg_dump`) must copy it before this is called.
    pub hub: Option<PathBuf>,
    /// The copy of the vault; `None` where this process has none: it is a service of its own, or there is no Aadhaar.
    pub vault: Option<PathBuf>,
}

async fn end_sessions(copy: &Path) -> Result<(), StoreError> {
    let mut connection = SqliteConnectOptions::new().filename(copy).pragma("secure_delete", "ON").connect().await?;
    sqlx::query("DELETE FROM sessions").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

impl Store {
    /// Copies hub and vault into a folder: `hub.sqlite` first, then `vault.sqlite`. The vault is written before the
    /// hub, so its later copy has every reference that the hub's copy names. Their owner alone can read the copies, and
    /// nobody is signed in to the hub's copy. A checkpoint of the audit trail is made first, and stands in the copy.
    ///
    /// # Errors
    /// [`StoreError::File`] when the folder cannot be made or holds a backup already.
    pub async fn backup(&self, folder: &Path, vault: Option<&Vault>) -> Result<Backup, VaultError> {
        if self.signer.is_some() {
            self.checkpoint_audit().await?;
        }
        let file = |path: &Path, source| StoreError::File { path: path.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(|source| file(folder, source))?;
        let (hub, vault_path) = (folder.join("hub.sqlite"), folder.join("vault.sqlite"));
        for path in [&hub, &vault_path] {
            if path.exists() {
                return Err(file(path, std::io::ErrorKind::AlreadyExists.into()).into());
            }
        }
        let hub = match &self.db {
            Db::Sqlite { read, .. } => {
                make_private(&hub)?;
                sqlx::query("VACUUM INTO $1").bind(hub.display().to_string()).execute(read).await?;
                end_sessions(&hub).await?;
                Some(hub)
            }
            Db::Postgres(_) => None,
        };
        let vault = match vault {
            Some(vault) => {
                make_private(&vault_path)?;
                vault.copy_to(&vault_path.display().to_string()).await?;
                Some(vault_path)
            }
            None => None,
        };
        for path in hub.iter().chain(&vault) {
            std::fs::File::open(path).and_then(|copy| copy.sync_all()).map_err(|source| file(path, source))?;
        }
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
