//! A data folder of which only the keys and the vault are used: the vault's own machine, and care that needs no hub.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use kanak_model::SystemClock;
use kanak_store::{KeyStore, Vault};

use crate::cli::Global;
use crate::config::Config;
use crate::deployment;
use crate::keys;

/// Keys and settings of a data folder, which stays locked while this lives.
pub struct VaultHouse {
    /// The folder.
    pub data: PathBuf,
    /// Its settings.
    pub config: Config,
    /// Its keys.
    pub keys: Arc<dyn KeyStore>,
    _lock: File,
}

impl VaultHouse {
    /// Opens a data folder, making it when it is not there.
    ///
    /// # Errors
    /// When another process owns the folder, or the keys cannot be opened.
    pub fn open(global: &Global) -> anyhow::Result<Self> {
        let data = global.data.clone();
        let Some(lock) = deployment::lock_folder(&data)? else {
            bail!("another kanak process owns {}; stop it first, or name another folder with --data", data.display());
        };
        let config = Config::read_beside(&data)?;
        let keys = keys::open(&config.keys, config.keys.store, &data)?;
        Ok(Self { data, config, keys, _lock: lock })
    }

    /// Where its vault stands.
    pub fn vault_path(&self) -> PathBuf {
        self.data.join("vault.sqlite")
    }

    /// Opens its vault, making it when it is not there.
    ///
    /// # Errors
    /// When the file or the keys cannot be used.
    pub async fn vault(&self) -> anyhow::Result<Vault> {
        Ok(Vault::open(&self.vault_path(), Arc::clone(&self.keys), Arc::new(SystemClock)).await?)
    }
}
