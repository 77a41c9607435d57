//! Settings that an administrator changes while the hub runs.

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;

const GET: &str = "SELECT value FROM settings WHERE name = $1";

/// A setting as a transaction sees it.
pub(crate) async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(GET).bind(name).fetch_optional(c).await)?)
}

/// Sets a setting within a transaction.
pub(crate) async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on_tx!(tx, |c| sqlx::query(SQL).bind(name).bind(value).execute(c).await.map(drop))?;
    Ok(())
}

impl Store {
    /// A setting's value; `None` when nobody set it.
    pub async fn get_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(GET).bind(name).fetch_optional(c).await)?)
    }

    /// Sets it.
    pub async fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        put(&mut tx, name, value).await?;
        tx.commit().await
    }
}
