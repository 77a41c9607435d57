//! Rule sets: frozen match weights, frequencies and thresholds, by entity type and version.

use kanak_model::feed::{Publication, Published};
use kanak_model::{RuleSetVersion, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::audit_events::hex;
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;
use crate::feed_events;

/// A published rule set.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSet {
    /// From 1, by entity type.
    pub version: RuleSetVersion,
    /// The rules, as the engine wrote them.
    pub body: serde_json::Value,
    /// When it was published.
    pub created: Timestamp,
}

#[derive(FromRow)]
struct Row {
    version: i64,
    body: Json<serde_json::Value>,
    created_us: i64,
}

impl From<Row> for RuleSet {
    fn from(row: Row) -> Self {
        Self { version: RuleSetVersion(row.version), body: row.body.0, created: Timestamp(row.created_us) }
    }
}

/// SHA-256 over the rules as JSON with sorted names, hex.
pub(crate) fn body_hash(body: &serde_json::Value) -> String {
    hex(&Sha256::digest(body.to_string().as_bytes()))
}

/// See [`Store::find_rule_set_version`].
pub(crate) async fn latest_version(tx: &mut Tx, entity: &str) -> Result<Option<RuleSetVersion>, StoreError> {
    const SQL: &str = "SELECT max(version) FROM rule_sets WHERE entity = $1";
    let version: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(entity).fetch_one(c).await)?;
    Ok(version.map(RuleSetVersion))
}

impl Store {
    /// The latest rule set of an entity type.
    pub async fn find_rule_set(&self, entity: &str) -> Result<Option<RuleSet>, StoreError> {
        const SQL: &str =
            "SELECT version, body, created_us FROM rule_sets WHERE entity = $1 ORDER BY version DESC LIMIT 1";
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(entity).fetch_optional(c).await)?;
        Ok(row.map(RuleSet::from))
    }

    /// The version of the latest rule set of an entity type.
    pub async fn find_rule_set_version(&self, entity: &str) -> Result<Option<RuleSetVersion>, StoreError> {
        latest_version(&mut self.db.begin_read().await?, entity).await
    }

    /// The rule set of one version.
    ///
    /// # Errors
    /// [`StoreError::NoRuleSet`] when it was never published.
    pub async fn get_rule_set(&self, entity: &str, version: RuleSetVersion) -> Result<RuleSet, StoreError> {
        const SQL: &str = "SELECT version, body, created_us FROM rule_sets WHERE entity = $1 AND version = $2";
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(entity).bind(version.0).fetch_optional(c).await)?;
        row.map(RuleSet::from).ok_or_else(|| StoreError::NoRuleSet { entity: entity.to_owned(), version })
    }

    /// Publishes rules, and tells so in the feed. Equal to the latest ones, they keep that version and are not told.
    pub async fn put_rule_set(&self, entity: &str, body: &serde_json::Value) -> Result<RuleSetVersion, StoreError> {
        const SQL: &str = "INSERT INTO rule_sets (entity, version, body, created_us)
             VALUES ($1, (SELECT coalesce(max(version), 0) + 1 FROM rule_sets WHERE entity = $1), $2, $3) RETURNING version, body";
        const FREEZE: &str = "UPDATE rule_sets SET body_hash = $3 WHERE entity = $1 AND version = $2";
        if let Some(latest) = self.find_rule_set(entity).await?
            && latest.body == *body
        {
            return Ok(latest.version);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let (version, stored): (i64, Json<serde_json::Value>) =
            on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).bind(Json(body)).bind(now).fetch_one(c).await)?;
        // Of the body as it reads back: an engine may write its numbers otherwise.
        let hash = body_hash(&stored.0);
        on_tx!(tx, |c| sqlx::query(FREEZE).bind(entity).bind(version).bind(hash).execute(c).await.map(drop))?;
        let (kind, name, version_text) = (Published::Rules, entity.to_owned(), version.to_string());
        let publication = Publication { kind, name, version: version_text, counts: None, codes: None };
        feed_events::append_publication(&mut tx, &publication).await?;
        tx.commit().await?;
        Ok(RuleSetVersion(version))
    }
}
