//! Data keys: each seals a bounded count of numbers, and is itself wrapped under a version of the key store's `vault-kek`.
//!
//! So the key store's key changes without a number being opened, and what seals numbers changes batch by batch while
//! numbers come in.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use kanak_model::Timestamp;
use rustc_hash::FxHashMap;
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::VaultError;
use crate::key_store::{Key, KeyError, KeyStore, KeyStoreKind, VAULT_KEK};

/// Numbers that one data key seals. Far below what random nonces of 96 bits allow (2^32), and thirty keys for a state.
pub(super) const NUMBERS_A_KEY: NonZeroU32 = NonZeroU32::new(1 << 20).expect("it is not zero");

/// The data keys of an open vault, opened as they are needed.
#[derive(Clone)]
pub(super) struct DataKeys {
    keys: Arc<dyn KeyStore>,
    /// By the wrapped key, and not by its id: one that a broken-off transaction made must not be found under an id given again.
    open: Arc<Mutex<FxHashMap<Vec<u8>, Aes256Gcm>>>,
    pub(super) numbers_a_key: NonZeroU32,
}

/// A data key that has room for so many numbers more.
pub(super) struct Room {
    pub(super) key: i64,
    pub(super) cipher: Aes256Gcm,
    pub(super) numbers: u32,
}

/// What a data key is bound to when it is wrapped.
fn context(id: i64, kek_version: u32) -> Vec<u8> {
    [b"kanak vault: data key".as_slice(), &id.to_be_bytes(), &kek_version.to_be_bytes()].concat()
}

/// Sees that the data keys are wrapped in this kind of key store.
pub(super) async fn check_kind(pool: &SqlitePool, kind: KeyStoreKind) -> Result<(), VaultError> {
    const OTHER: &str = "SELECT kek_store FROM data_keys WHERE kek_store <> $1 LIMIT 1";
    let other: Option<String> = sqlx::query_scalar(OTHER).bind(kind.word()).fetch_optional(pool).await?;
    other.map_or(Ok(()), |of| Err(VaultError::OtherStore { of, named: kind.word() }))
}

impl DataKeys {
    pub(super) fn new(keys: Arc<dyn KeyStore>) -> Self {
        Self { keys, open: Arc::default(), numbers_a_key: NUMBERS_A_KEY }
    }

    fn open_wrapped(&self, id: i64, kek_version: u32, wrapped: &[u8]) -> Result<Key, VaultError> {
        self.keys.open_wrapped(VAULT_KEK, kek_version, wrapped, &context(id, kek_version)).map_err(
            |error| match error {
                KeyError::Wrapped { .. } => VaultError::WrongKey(VAULT_KEK),
                other => other.into(),
            },
        )
    }

    /// Opens every data key: with the wrong keys nothing is read and nothing is sealed.
    pub(super) async fn check(&self, pool: &SqlitePool) -> Result<(), VaultError> {
        let rows: Vec<(i64, u32, Vec<u8>)> =
            sqlx::query_as("SELECT id, kek_version, wrapped FROM data_keys").fetch_all(pool).await?;
        rows.into_iter().try_for_each(|(id, kek_version, wrapped)| self.cipher(id, kek_version, wrapped).map(drop))
    }

    fn cipher(&self, id: i64, kek_version: u32, wrapped: Vec<u8>) -> Result<Aes256Gcm, VaultError> {
        let opened = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&wrapped).cloned();
        if let Some(cipher) = opened {
            return Ok(cipher);
        }
        let key = self.open_wrapped(id, kek_version, &wrapped)?;
        let cipher = Aes256Gcm::new(key.bytes().into());
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(wrapped, cipher.clone());
        Ok(cipher)
    }

    /// A data key, to open what it sealed.
    pub(super) async fn get(&self, tx: &mut Transaction<'static, Sqlite>, id: i64) -> Result<Aes256Gcm, VaultError> {
        const SQL: &str = "SELECT kek_version, wrapped FROM data_keys WHERE id = $1";
        let row: Option<(u32, Vec<u8>)> = sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await?;
        let (kek_version, wrapped) = row.ok_or(VaultError::NoDataKey { id })?;
        self.cipher(id, kek_version, wrapped)
    }

    /// Data keys with room for so many numbers together, which are counted as sealed.
    pub(super) async fn take_room(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        mut numbers: u32,
        now: Timestamp,
    ) -> Result<Vec<Room>, VaultError> {
        const CURRENT: &str = "SELECT id, sealed_count FROM data_keys WHERE retired_us IS NULL AND sealed_count < $1
             ORDER BY id LIMIT 1";
        const COUNT: &str = "UPDATE data_keys SET sealed_count = sealed_count + $2 WHERE id = $1";
        let mut rooms = Vec::with_capacity(1);
        while numbers > 0 {
            let bound = self.numbers_a_key.get();
            let current: Option<(i64, u32)> = sqlx::query_as(CURRENT).bind(bound).fetch_optional(&mut **tx).await?;
            let (key, sealed) = match current {
                Some(current) => current,
                None => (self.make(tx, now).await?, 0),
            };
            let taken = numbers.min(bound - sealed);
            sqlx::query(COUNT).bind(key).bind(taken).execute(&mut **tx).await?;
            rooms.push(Room { key, cipher: self.get(tx, key).await?, numbers: taken });
            numbers -= taken;
        }
        Ok(rooms)
    }

    async fn make(&self, tx: &mut Transaction<'static, Sqlite>, now: Timestamp) -> Result<i64, VaultError> {
        const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM data_keys";
        const INSERT: &str = "INSERT INTO data_keys (id, kek_version, wrapped, sealed_count, created_us, kek_store) VALUES ($1, $2, $3, 0, $4, $5)";
        let kek_version = match self.keys.find_version(VAULT_KEK)? {
            Some(version) => version,
            None => self.keys.add_version(VAULT_KEK)?,
        };
        let id: i64 = sqlx::query_scalar(NEXT).fetch_one(&mut **tx).await?;
        let key = Key::random(&*self.keys)?;
        let wrapped = self.keys.wrap(VAULT_KEK, kek_version, &key, &context(id, kek_version))?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(kek_version)
            .bind(wrapped)
            .bind(now.0)
            .bind(self.keys.kind().word())
            .execute(&mut **tx)
            .await?;
        Ok(id)
    }

    /// Wraps every data key under the newest version of the key of `to`, a new one unless the newest wraps nothing yet;
    /// gives the version and how many keys.
    pub(super) async fn rewrap(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        to: &dyn KeyStore,
    ) -> Result<(u32, u64), VaultError> {
        const LIST: &str = "SELECT id, kek_version, kek_store, wrapped FROM data_keys ORDER BY id";
        const UPDATE: &str = "UPDATE data_keys SET kek_version = $2, kek_store = $3, wrapped = $4 WHERE id = $1";
        let rows: Vec<(i64, u32, String, Vec<u8>)> = sqlx::query_as(LIST).fetch_all(&mut **tx).await?;
        let kind = to.kind().word();
        // A version that wraps nothing was made by a rotation that was cut off.
        let unused = |newest: &u32| rows.iter().all(|row| row.2 != kind || row.1 < *newest);
        let version = match to.find_version(VAULT_KEK)?.filter(unused) {
            Some(newest) => newest,
            None => to.add_version(VAULT_KEK)?,
        };
        for (id, kek_version, _, wrapped) in &rows {
            let key = self.open_wrapped(*id, *kek_version, wrapped)?;
            let wrapped = to.wrap(VAULT_KEK, version, &key, &context(*id, version))?;
            sqlx::query(UPDATE).bind(id).bind(version).bind(kind).bind(wrapped).execute(&mut **tx).await?;
        }
        Ok((version, rows.len() as u64))
    }

    /// As [`DataKeys::rewrap`], in the key store that they are in.
    pub(super) async fn rotate(&self, tx: &mut Transaction<'static, Sqlite>) -> Result<(u32, u64), VaultError> {
        self.rewrap(tx, &*self.keys).await
    }

    /// The key store that they are in.
    pub(super) fn store(&self) -> &dyn KeyStore {
        &*self.keys
    }

    /// Forgets what was opened: keys that are gone or wrapped otherwise are not kept in memory.
    pub(super) fn forget(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
