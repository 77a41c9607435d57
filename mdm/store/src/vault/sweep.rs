//! Taking references out of the vault, and the numbers that none is left of.

use kanak_model::Timestamp;

use super::events::Actor;
use super::{Reference, Vault, VaultError};
use crate::dialect::{Engine, ROWS_A_STATEMENT, json, sql};

impl Vault {
    /// References of a domain that were given out before an instant, in their order, after one of them.
    pub async fn list_references(
        &self,
        domain: &str,
        created_before: Timestamp,
        after: Option<&Reference>,
        limit: u32,
    ) -> Result<Vec<Reference>, VaultError> {
        const LIST: &str = "SELECT reference FROM aadhaar_references
             WHERE reference > $3 AND domain = $1 AND created_us < $2 ORDER BY reference LIMIT $4";
        Self::check_domain(domain)?;
        let references: Vec<String> = sqlx::query_scalar(LIST)
            .bind(domain)
            .bind(created_before.0)
            .bind(after.map_or("", Reference::as_str))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(references.into_iter().map(Reference).collect())
    }

    /// Takes out references of a domain that are used nowhere, of those that were given out before an instant, and the numbers that
    /// no reference is left of; gives how many references went. See [`crate::VaultDoor::sweep_orphans`].
    pub async fn take_out(
        &self,
        domain: &str,
        references: &[Reference],
        created_before: Timestamp,
    ) -> Result<u64, VaultError> {
        const OF: &str = "SELECT DISTINCT aadhaar_id FROM aadhaar_references
             WHERE domain = $2 AND created_us < $3 AND reference IN (SELECT word FROM {texts $1} AS t)";
        const DELETE: &str = "DELETE FROM aadhaar_references
             WHERE domain = $2 AND created_us < $3 AND reference IN (SELECT word FROM {texts $1} AS t)";
        const NUMBERS: &str = "DELETE FROM aadhaar_numbers WHERE id IN (SELECT id FROM {ids $1} AS i)
             AND id NOT IN (SELECT aadhaar_id FROM aadhaar_references)";
        Self::check_domain(domain)?;
        let mut gone = 0;
        let mut tx = self.begin().await?;
        for chunk in references.chunks(ROWS_A_STATEMENT) {
            let ids: Vec<i64> = sqlx::query_scalar(sql(Engine::Sqlite, OF))
                .bind(json(chunk))
                .bind(domain)
                .bind(created_before.0)
                .fetch_all(&mut *tx)
                .await?;
            let done = sqlx::query(sql(Engine::Sqlite, DELETE))
                .bind(json(chunk))
                .bind(domain)
                .bind(created_before.0)
                .execute(&mut *tx)
                .await?;
            gone += done.rows_affected();
            sqlx::query(sql(Engine::Sqlite, NUMBERS)).bind(json(&ids)).execute(&mut *tx).await?;
        }
        if gone > 0 {
            let detail = serde_json::json!({ "references": gone });
            self.record(&mut tx, Actor::HUB, "swept", &format!("domain {domain}"), detail).await?;
        }
        tx.commit().await?;
        if gone > 0 {
            self.truncate_log().await?;
        }
        Ok(gone)
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
        let detail = serde_json::json!({ "numbers": ids.len() });
        self.record(&mut tx, Actor::HUB, "erased", &format!("domain {domain}"), detail).await?;
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
}
