//! Taking references out of the vault, and the numbers that none is left of.

use kanak_model::Timestamp;
use rustc_hash::FxHashSet;

use super::{Reference, Vault, VaultError};
use crate::dialect::{Engine, ROWS_A_STATEMENT, json, sql};

impl Vault {
    /// Takes out the references of a domain that were given out before an instant and are used nowhere, and the
    /// numbers that no reference is left of; gives how many references went. Whoever calls it sees that meanwhile nothing is
    /// taken in: a number that comes again gets the reference it had, and that must not be on its way out.
    pub async fn sweep_orphans(
        &self,
        domain: &str,
        used: &FxHashSet<Reference>,
        created_before: Timestamp,
    ) -> Result<u64, VaultError> {
        const LIST: &str = "SELECT reference FROM aadhaar_references WHERE domain = $1 AND created_us < $2";
        Self::check_domain(domain)?;
        let mut tx = self.begin().await?;
        let all: Vec<String> = sqlx::query_scalar(LIST).bind(domain).bind(created_before.0).fetch_all(&mut *tx).await?;
        let gone: Vec<String> =
            all.into_iter().map(Reference).filter(|one| !used.contains(one)).map(|one| one.0).collect();
        self.take_out(&mut tx, domain, &gone).await?;
        tx.commit().await?;
        if !gone.is_empty() {
            self.truncate_log().await?;
        }
        Ok(gone.len() as u64)
    }

    /// Takes numbers out under an order, by their references in a domain, with the references that every other domain has of them; gives how
    /// many numbers went. The reasons of requests for them go too. In a copy of the vault they stay as they were: see
    /// [`Vault::rotate_key`].
    pub async fn erase(&self, domain: &str, references: &[Reference]) -> Result<u64, VaultError> {
        const OF: &str = "SELECT aadhaar_id FROM aadhaar_references
             WHERE domain = $2 AND reference IN (SELECT word FROM {texts $1} AS t)";
        const REASONS: &str = "UPDATE reveal_requests SET reason = 'erased' WHERE (domain, reference) IN (
             SELECT domain, reference FROM aadhaar_references WHERE aadhaar_id IN (SELECT id FROM {ids $1} AS i))";
        const REFERENCES: &str = "DELETE FROM aadhaar_references WHERE aadhaar_id IN (SELECT id FROM {ids $1} AS i)";
        const NUMBERS: &str = "DELETE FROM aadhaar_numbers WHERE id IN (SELECT id FROM {ids $1} AS i)";
        Self::check_domain(domain)?;
        let words: Vec<&str> = references.iter().map(Reference::as_str).collect();
        let mut tx = self.begin().await?;
        let ids: Vec<i64> =
            sqlx::query_scalar(sql(Engine::Sqlite, OF)).bind(json(&words)).bind(domain).fetch_all(&mut *tx).await?;
        for text in [REASONS, REFERENCES, NUMBERS] {
            sqlx::query(sql(Engine::Sqlite, text)).bind(json(&ids)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.truncate_log().await?;
        Ok(ids.len() as u64)
    }

    /// Whether the vault gave out references of a domain at or after an instant.
    pub async fn has_new_references(&self, domain: &str, since: Timestamp) -> Result<bool, VaultError> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM aadhaar_references WHERE domain = $1 AND created_us >= $2)";
        Self::check_domain(domain)?;
        Ok(sqlx::query_scalar(SQL).bind(domain).bind(since.0).fetch_one(&self.pool).await?)
    }

    async fn take_out(
        &self,
        tx: &mut sqlx::Transaction<'static, sqlx::Sqlite>,
        domain: &str,
        references: &[String],
    ) -> Result<(), VaultError> {
        const DELETE: &str =
            "DELETE FROM aadhaar_references WHERE domain = $2 AND reference IN (SELECT word FROM {texts $1} AS t)";
        const NUMBERS: &str = "DELETE FROM aadhaar_numbers WHERE id NOT IN (SELECT aadhaar_id FROM aadhaar_references)";
        for chunk in references.chunks(ROWS_A_STATEMENT) {
            sqlx::query(sql(Engine::Sqlite, DELETE)).bind(json(chunk)).bind(domain).execute(&mut **tx).await?;
        }
        if !references.is_empty() {
            sqlx::query(NUMBERS).execute(&mut **tx).await?;
        }
        Ok(())
    }
}
