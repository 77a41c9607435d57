//! Keys of programs that call the API. Only a hash of the key is kept; its beginning stands in lists.

use std::collections::BTreeSet;

use kanak_model::{Caller, Role, Timestamp};
use rand::CryptoRng;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::audit_events;
use crate::db::{on_db, on_tx};
use crate::error::StoreError;
use crate::sessions::token_hash;
use crate::users::{check_name, random_word, read_roles, role_words};

/// The id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(pub i64);

/// A program's key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// How it begins.
    pub prefix: String,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// LGD codes of the districts it is confined to; `None` for the whole state.
    pub districts: Option<BTreeSet<String>>,
    /// The code of the department whose registers it writes; `None` for none.
    pub department: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it works; `None` for ever.
    pub expires: Option<Timestamp>,
    /// When it was disabled.
    pub disabled: Option<Timestamp>,
}

impl ApiKey {
    /// Who reads, when this key does. A key's name cannot pose as the hub's own work.
    pub fn caller(&self) -> Caller {
        let name = format!("key:{}", self.name);
        Caller { user: None, name, roles: self.roles.clone(), districts: self.districts.clone() }
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    prefix: String,
    name: String,
    roles: Json<Vec<String>>,
    districts: Option<Json<BTreeSet<String>>>,
    department: Option<String>,
    created_us: i64,
    expires_us: Option<i64>,
    disabled_us: Option<i64>,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: ApiKeyId(row.id),
            prefix: row.prefix,
            name: row.name,
            roles: read_roles(&row.roles.0),
            districts: row.districts.map(|districts| districts.0),
            department: row.department,
            created: Timestamp(row.created_us),
            expires: row.expires_us.map(Timestamp),
            disabled: row.disabled_us.map(Timestamp),
        }
    }
}

/// How a key begins, and the whole of it.
fn new_secret(rng: &mut impl CryptoRng) -> (String, String) {
    let prefix = format!("kanak_{}", random_word(rng, 8));
    let secret = format!("{prefix}_{}", random_word(rng, 32));
    (prefix, secret)
}

impl Store {
    /// Makes a key; `by` whom is audited. Gives its secret this once: `kanak_<prefix>_<32 characters>`.
    ///
    /// # Errors
    /// [`StoreError::Exists`] while a key of the name works: keys are disabled by name; [`StoreError::Text`] for what is no name.
    pub async fn create_api_key(
        &self,
        by: &Caller,
        name: &str,
        roles: &BTreeSet<Role>,
        districts: Option<&BTreeSet<String>>,
        expires: Option<Timestamp>,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<String, StoreError> {
        const WORKING: &str = "SELECT count(*) FROM api_keys
             WHERE name = $1 AND disabled_us IS NULL AND (expires_us IS NULL OR expires_us > $2)";
        const SQL: &str =
            "INSERT INTO api_keys (id, prefix, secret_hash, name, roles, districts, created_us, expires_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM api_keys), $1, $2, $3, $4, $5, $6, $7) RETURNING id";
        check_name(name)?;
        let (prefix, secret) = new_secret(rng);
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let working: i64 = on_tx!(tx, |c| sqlx::query_scalar(WORKING).bind(name).bind(now).fetch_one(c).await)?;
        if working > 0 {
            return Err(StoreError::Exists { what: "key", name: name.to_owned() });
        }
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(&prefix)
            .bind(token_hash(&secret))
            .bind(name)
            .bind(Json(role_words(roles)))
            .bind(districts.map(Json))
            .bind(now)
            .bind(expires.map(|at| at.0))
            .fetch_one(c)
            .await)?;
        let detail = serde_json::json!({
            "name": name, "prefix": prefix, "roles": role_words(roles), "districts": districts,
            "expires_us": expires.map(|at| at.0),
        });
        audit_events::append_act(&mut tx, &by.name, "api_key_created", format!("api key {id}"), detail).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// The key with this secret, while it works.
    pub async fn find_api_key(&self, secret: &str) -> Result<Option<ApiKey>, StoreError> {
        const SQL: &str = "SELECT id, prefix, name, roles, districts, department, created_us, expires_us, disabled_us
             FROM api_keys
             WHERE secret_hash = $1 AND disabled_us IS NULL AND (expires_us IS NULL OR expires_us > $2)";
        let now = self.clock.now().0;
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(token_hash(secret)).bind(now).fetch_optional(c).await)?;
        Ok(row.map(ApiKey::from))
    }

    /// All keys by name.
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        const SQL: &str = "SELECT id, prefix, name, roles, districts, department, created_us, expires_us, disabled_us
             FROM api_keys
             ORDER BY name, id";
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    /// Gives a key that works another secret, this once, and takes the former from it; `by` whom is audited. What it may do, and the
    /// webhooks that go by it, stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when no key of the name works.
    pub async fn reset_api_key(
        &self,
        by: &Caller,
        name: &str,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<String, StoreError> {
        const SQL: &str = "UPDATE api_keys SET prefix = $2, secret_hash = $3
             WHERE name = $1 AND disabled_us IS NULL AND (expires_us IS NULL OR expires_us > $4) RETURNING id";
        let (prefix, secret) = new_secret(rng);
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let id: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(name)
            .bind(&prefix)
            .bind(token_hash(&secret))
            .bind(now)
            .fetch_optional(c)
            .await)?;
        let id = id.ok_or_else(|| StoreError::NotFound { what: "working key", id: name.to_owned() })?;
        let detail = serde_json::json!({ "name": name, "prefix": prefix });
        audit_events::append_act(&mut tx, &by.name, "api_key_reset", format!("api key {id}"), detail).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Disables a key for good; `by` whom is audited.
    pub async fn disable_api_key(&self, by: &Caller, id: ApiKeyId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_keys SET disabled_us = $2 WHERE id = $1 AND disabled_us IS NULL";
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let changed =
            on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(now).execute(c).await.map(|d| d.rows_affected()))?;
        if changed > 0 {
            audit_events::append_act(
                &mut tx,
                &by.name,
                "api_key_disabled",
                format!("api key {}", id.0),
                serde_json::json!({}),
            )
            .await?;
        }
        tx.commit().await
    }
}
