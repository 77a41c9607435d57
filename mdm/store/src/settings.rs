//! Settings that an administrator changes while the hub runs.

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;

impl Store {
    /// A setting's value; `None` when nobody set it.
    pub async fn get_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT value FROM settings WHERE name = $1";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await)?)
    }

    /// Sets it.
    pub async fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        put(&mut tx, name, value).await?;
        tx.commit().await
    }
}

/// A setting's value as a transaction sees it.
pub(crate) async fn find(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT value FROM settings WHERE name = $1";
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await)?)
}

/// Sets a setting together with what it speaks of.
pub(crate) async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on_tx!(tx, |c| sqlx::query(SQL).bind(name).bind(value).execute(c).await.map(drop))?;
    Ok(())
}
