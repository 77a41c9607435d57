//! Rotating keys: what wraps the data keys at once, and what seals the numbers in batches.

use kanak_model::Timestamp;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::events::Actor;
use super::{Legacy, Vault, VaultError, take_one};
use crate::audit_events::hex;
use crate::dialect::{Engine, json as rows_json, sql};
use crate::key_store::{KeyStore, copy_names};

/// What events of this file are about.
const KEYS: &str = "keys";

/// Numbers sealed anew in one transaction: between two of them whoever takes numbers in has its turn.
const BATCH: i64 = 2_000;

/// What [`Vault::rotate_key`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedKey {
    /// The version of `vault-kek` in force.
    pub version: u32,
    /// Data keys that it wraps now: all of them.
    pub data_keys: u64,
}

/// A data key as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataKeyStanding {
    /// Its id.
    pub id: i64,
    /// The version of `vault-kek` that wraps it.
    pub kek_version: u32,
    /// How often it sealed.
    pub sealed: u64,
    /// When it was made.
    pub created: Timestamp,
    /// Since when its numbers are to be sealed under another one.
    pub retired: Option<Timestamp>,
}

impl Vault {
    /// Wraps every data key under a new version of the key store's key. No number is opened. The earlier versions stay in the
    /// key store: backups of the vault need them, and once no such backup is kept they may be destroyed, which makes numbers
    /// unreadable that were erased since but stand in a lost copy.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when a data key does not open; then nothing is wrapped anew.
    pub async fn rotate_key(&self) -> Result<RotatedKey, VaultError> {
        let mut tx = self.begin().await?;
        let (version, data_keys) = self.data_keys.rotate(&mut tx).await?;
        let detail = json!({ "version": version, "data_keys": data_keys });
        self.record(&mut tx, Actor::HUB, "key_rotated", KEYS, detail).await?;
        tx.commit().await?;
        self.data_keys.forget();
        self.truncate_log().await?;
        Ok(RotatedKey { version, data_keys })
    }

    /// Moves the keys to another key store: those without versions are taken over, and every data key is wrapped under a new version
    /// there. No number is opened. What was in the former store stays there, for backups of the vault. This vault goes on
    /// with the former store and must not be used any more: open it with the other one.
    ///
    /// # Errors
    /// As [`Vault::rotate_key`]; [`crate::KeyError::Taken`] when the other store has other keys. Then nothing has moved.
    pub async fn move_keys(self, to: &dyn KeyStore) -> Result<RotatedKey, VaultError> {
        copy_names(self.data_keys.store(), to)?;
        let mut tx = self.begin().await?;
        let (version, data_keys) = self.data_keys.rewrap(&mut tx, to).await?;
        let detail = json!({ "version": version, "data_keys": data_keys, "store": to.kind().word() });
        self.record(&mut tx, Actor::HUB, "keys_moved", KEYS, detail).await?;
        tx.commit().await?;
        self.truncate_log().await?;
        self.close().await;
        Ok(RotatedKey { version, data_keys })
    }

    /// Begins to seal all numbers anew: data keys retire, and the numbers that come in from now on are sealed under new ones.
    /// While numbers of an earlier such rotation are left, that one is carried on and no further key retires. Gives how many
    /// numbers are to be sealed anew.
    pub async fn begin_data_rotation(&self) -> Result<u64, VaultError> {
        const LEFT: &str = "SELECT count(*) FROM aadhaar_numbers
             WHERE data_key_id IN (SELECT id FROM data_keys WHERE retired_us IS NOT NULL)";
        const RETIRE: &str = "UPDATE data_keys SET retired_us = $1 WHERE retired_us IS NULL AND sealed_count > 0";
        let mut tx = self.begin().await?;
        let mut left: i64 = sqlx::query_scalar(LEFT).fetch_one(&mut *tx).await?;
        if left == 0 {
            sqlx::query(RETIRE).bind(self.clock.now().0).execute(&mut *tx).await?;
            self.record(&mut tx, Actor::HUB, "data_rotation_begun", KEYS, json!({})).await?;
            left = sqlx::query_scalar(LEFT).fetch_one(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(left as u64)
    }

    /// Seals a bounded batch of numbers anew whose data key retired, those after the id `after` (0 for the first); gives the
    /// last one's id and how many they were, `None` when there were none. Killed in between, nothing is lost: the next rotation
    /// goes on.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] names a number that cannot be opened.
    pub async fn rotate_data_batch(&self, after: i64) -> Result<Option<(i64, u64)>, VaultError> {
        self.seal_anew(after, None).await
    }

    /// Takes out the data keys that retired and seal nothing any more; gives how many. What they sealed in an earlier copy of the
    /// vault opens there alone.
    pub async fn end_data_rotation(&self) -> Result<u64, VaultError> {
        const SQL: &str = "DELETE FROM data_keys WHERE retired_us IS NOT NULL
             AND id NOT IN (SELECT DISTINCT data_key_id FROM aadhaar_numbers)";
        let mut tx = self.begin().await?;
        let gone = sqlx::query(SQL).execute(&mut *tx).await?.rows_affected();
        self.record(&mut tx, Actor::HUB, "data_rotated", KEYS, json!({ "data_keys_gone": gone })).await?;
        tx.commit().await?;
        self.data_keys.forget();
        self.truncate_log().await?;
        Ok(gone)
    }

    /// The data keys, in the order in which they were made.
    pub async fn list_data_keys(&self) -> Result<Vec<DataKeyStanding>, VaultError> {
        const SQL: &str = "SELECT id, kek_version, sealed_count, created_us, retired_us FROM data_keys ORDER BY id";
        let rows: Vec<(i64, u32, i64, i64, Option<i64>)> = sqlx::query_as(SQL).fetch_all(&self.pool).await?;
        let standing =
            |(id, kek_version, sealed, created, retired): (i64, u32, i64, i64, Option<i64>)| DataKeyStanding {
                id,
                kek_version,
                sealed: sealed as u64,
                created: Timestamp(created),
                retired: retired.map(Timestamp),
            };
        Ok(rows.into_iter().map(standing).collect())
    }

    /// Seals the numbers of a vault from before data keys, batch by batch; killed in between, the next opening goes on.
    pub(super) async fn bring_up(&self, legacy: &Legacy) -> Result<(), VaultError> {
        let mut after = 0;
        while let Some((last, _)) = self.seal_anew(after, Some(legacy)).await? {
            after = last;
        }
        Ok(())
    }

    async fn seal_anew(&self, after: i64, legacy: Option<&Legacy>) -> Result<Option<(i64, u64)>, VaultError> {
        const LIST: &str = "SELECT id, index_hmac, sealed, data_key_id FROM aadhaar_numbers WHERE id > $1
             AND (data_key_id = 0 OR data_key_id IN (SELECT id FROM data_keys WHERE retired_us IS NOT NULL))
             ORDER BY id LIMIT $2";
        const UPDATE: &str = "UPDATE aadhaar_numbers SET data_key_id = r.key, sealed = unhex(r.sealed)
             FROM {rows $1: id int, key int, sealed text} AS r WHERE aadhaar_numbers.id = r.id";
        let mut tx = self.begin().await?;
        let rows: Vec<(i64, Vec<u8>, Vec<u8>, i64)> =
            sqlx::query_as(LIST).bind(after).bind(BATCH).fetch_all(&mut *tx).await?;
        let Some(last) = rows.last().map(|row| row.0) else { return Ok(None) };
        let count = u32::try_from(rows.len()).expect("a batch is small");
        let mut rooms = self.data_keys.take_room(&mut tx, count, self.clock.now()).await?.into_iter();
        let mut room = rooms.next();
        let mut anew = Vec::with_capacity(rows.len());
        for (id, index, sealed, key) in rows {
            let digits = match legacy {
                Some(legacy) if key == 0 => legacy.open(id, &index, &sealed)?,
                _ => self.open_number(&mut tx, id, &index, &sealed, key).await?,
            };
            let room = take_one(&mut room, &mut rooms);
            anew.push((id, room.key, hex(&self.seal(room, id, digits.digits()))));
        }
        sqlx::query(sql(Engine::Sqlite, UPDATE)).bind(rows_json(&anew)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Some((last, u64::from(count))))
    }
}
