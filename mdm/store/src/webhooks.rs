//! Webhooks: who is told of the change feed at which URL, how far each has been told, and what could not be delivered.
//!
//! The position is written after the receiver's answer. Killed in between, the same event is sent again under the same
//! id: at least once, in order. Times come from the caller, who decides when the next attempt is due.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use kanak_model::feed::Detail;
use kanak_model::{Caller, FeedPosition, Purpose, Timestamp};
use rand::CryptoRng;
use sha2::Sha256;
use sqlx::FromRow;
use sqlx::types::Json;
use zeroize::Zeroizing;

use crate::api_keys::ApiKeyId;
use crate::audit_events::{self, hex};
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;
use crate::{Key, Store};

/// The id of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(pub i64);

/// What a subscription is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Its name, unique among those that there are.
    pub name: String,
    /// Where messages are posted.
    pub url: String,
    /// The entity types it is about; `None` for all.
    pub entities: Option<BTreeSet<String>>,
    /// The name of the key whose access decides what it tells.
    pub key: String,
    /// Why its receiver reads.
    pub purpose: Purpose,
    /// Whether messages hold values.
    pub detail: Detail,
    /// The last position that it is not told of; `None` for the feed's end.
    pub after: Option<FeedPosition>,
}

/// A subscription, and how its deliveries stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// Its name.
    pub name: String,
    /// Where messages are posted.
    pub url: String,
    /// The entity types it is about; `None` for all.
    pub entities: Option<BTreeSet<String>>,
    /// The key whose access decides what it tells.
    pub key: ApiKeyId,
    /// Why its receiver reads.
    pub purpose: Purpose,
    /// Whether messages hold values.
    pub detail: Detail,
    /// Up to where the feed was delivered.
    pub position: FeedPosition,
    /// Failed attempts of the next message.
    pub attempts: u32,
    /// The next attempt is not made before.
    pub due: Timestamp,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// What the last failure was.
    pub problem: Option<String>,
    /// When it was paused.
    pub paused: Option<Timestamp>,
    /// How many of its dead letters wait to be sent again.
    pub dead_letters: u64,
    salt: String,
}

impl Webhook {
    /// The secret that its messages are signed with: `whsec_` and 32 bytes in base 64. Without the key, which is not in
    /// the hub, nobody learns it.
    pub fn secret(&self, key: &Key) -> Zeroizing<String> {
        secret(key, &self.salt)
    }
}

/// An event that a receiver did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub position: FeedPosition,
    /// What the last failure was.
    pub problem: String,
    /// When it was given up.
    pub failed: Timestamp,
}

/// What becomes of a subscription after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The event is sent again, not before this time.
    Retry(Timestamp),
    /// The event is kept as a dead letter; the next one is sent, not before this time.
    GiveUp(Timestamp),
    /// Nothing is sent until a person resumes it.
    Pause,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    url: String,
    entities: Option<Json<BTreeSet<String>>>,
    api_key_id: i64,
    purpose: String,
    detail: String,
    salt: String,
    position: i64,
    attempts: i64,
    due_us: i64,
    failing_since_us: Option<i64>,
    problem: Option<String>,
    paused_us: Option<i64>,
    dead_letters: i64,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored = |column| StoreError::Stored { table: "webhooks", row: row.id, column, expected: column };
        Ok(Self {
            id: WebhookId(row.id),
            name: row.name,
            url: row.url,
            entities: row.entities.map(|entities| entities.0),
            key: ApiKeyId(row.api_key_id),
            purpose: Purpose::find(&row.purpose).ok_or_else(|| stored("purpose"))?,
            detail: find_detail(&row.detail).ok_or_else(|| stored("detail"))?,
            position: FeedPosition(row.position),
            attempts: row.attempts as u32,
            due: Timestamp(row.due_us),
            failing_since: row.failing_since_us.map(Timestamp),
            problem: row.problem,
            paused: row.paused_us.map(Timestamp),
            dead_letters: row.dead_letters as u64,
            salt: row.salt,
        })
    }
}

fn detail_word(detail: Detail) -> &'static str {
    match detail {
        Detail::Changes => "changes",
        Detail::Values => "values",
    }
}

fn find_detail(word: &str) -> Option<Detail> {
    [Detail::Changes, Detail::Values].into_iter().find(|detail| detail_word(*detail) == word)
}

fn secret(key: &Key, salt: &str) -> Zeroizing<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("a key of any length is one");
    mac.update(b"webhook ");
    mac.update(salt.as_bytes());
    let bytes = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    Zeroizing::new(format!("whsec_{}", STANDARD.encode(*bytes)))
}

const COLUMNS: &str = "SELECT w.id, w.name, w.url, w.entities, w.api_key_id, w.purpose, w.detail, w.salt, w.position,
     w.attempts, w.due_us, w.failing_since_us, w.problem, w.paused_us,
     (SELECT count(*) FROM webhook_dead_letters d WHERE d.webhook_id = w.id AND d.redelivered_us IS NULL) AS dead_letters
     FROM webhooks w";

impl Store {
    /// Makes a subscription; `by` whom is audited. Gives its signing secret this once.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a name in use, [`StoreError::NotFound`] when no key of the name works,
    /// [`StoreError::FeedPosition`] for a position that the feed has not reached.
    pub async fn create_webhook(
        &self,
        by: &Caller,
        new: &NewWebhook,
        key: &Key,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Zeroizing<String>, StoreError> {
        const TAKEN: &str = "SELECT count(*) FROM webhooks WHERE name = $1 AND removed_us IS NULL";
        const KEY: &str = "SELECT id FROM api_keys
             WHERE name = $1 AND disabled_us IS NULL AND (expires_us IS NULL OR expires_us > $2)";
        const END: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
        const SQL: &str = "INSERT INTO webhooks (id, name, url, entities, api_key_id, purpose, detail, salt, position,
                 attempts, due_us, created_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM webhooks), $1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)
             RETURNING id";
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        let salt = hex(&bytes);
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let taken: i64 = on_tx!(tx, |c| sqlx::query_scalar(TAKEN).bind(&new.name).fetch_one(c).await)?;
        if taken > 0 {
            return Err(StoreError::Exists { what: "webhook", name: new.name.clone() });
        }
        let api_key: Option<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(KEY).bind(&new.key).bind(now).fetch_optional(c).await)?;
        let api_key = api_key.ok_or_else(|| StoreError::NotFound { what: "working key", id: new.key.clone() })?;
        let end: i64 = on_tx!(tx, |c| sqlx::query_scalar(END).fetch_one(c).await)?;
        let position = new.after.unwrap_or(FeedPosition(end));
        if position.0 < 0 || position.0 > end {
            return Err(StoreError::FeedPosition { asked: position, end: FeedPosition(end) });
        }
        let detail = detail_word(new.detail);
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(&new.name)
            .bind(&new.url)
            .bind(new.entities.as_ref().map(Json))
            .bind(api_key)
            .bind(new.purpose.word())
            .bind(detail)
            .bind(&salt)
            .bind(position.0)
            .bind(now)
            .fetch_one(c)
            .await)?;
        let about = serde_json::json!({
            "name": new.name, "key": new.key, "purpose": new.purpose.word(), "detail": detail,
        });
        record(&mut tx, by, "webhook_created", WebhookId(id), about).await?;
        tx.commit().await?;
        Ok(secret(key, &salt))
    }

    /// All subscriptions, by name.
    pub async fn list_webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let text = format!("{COLUMNS} WHERE w.removed_us IS NULL ORDER BY w.name");
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(c).await)?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// The subscription of this name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get_webhook(&self, name: &str) -> Result<Webhook, StoreError> {
        let text = format!("{COLUMNS} WHERE w.removed_us IS NULL AND w.name = $1");
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(name).fetch_optional(c).await)?;
        row.ok_or_else(|| StoreError::NotFound { what: "webhook", id: name.to_owned() })?.try_into()
    }

    /// The subscription of this id as it stands now; `None` when it was removed.
    pub async fn find_webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let text = format!("{COLUMNS} WHERE w.removed_us IS NULL AND w.id = $1");
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(c).await)?;
        row.map(Webhook::try_from).transpose()
    }

    /// Removes a subscription; `by` whom is audited. Nothing is sent any more.
    pub async fn remove_webhook(&self, by: &Caller, id: WebhookId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE webhooks SET removed_us = $2 WHERE id = $1 AND removed_us IS NULL";
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(now).execute(c).await.map(drop))?;
        record(&mut tx, by, "webhook_removed", id, serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Lets a paused subscription go on where it stands, at once; `by` whom is audited.
    pub async fn resume_webhook(&self, by: &Caller, id: WebhookId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE webhooks SET paused_us = NULL, attempts = 0, due_us = 0, failing_since_us = NULL,
                 problem = NULL WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).execute(c).await.map(drop))?;
        record(&mut tx, by, "webhook_resumed", id, serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Notes that the receiver took all up to a position, or that what is left of it is not the receiver's.
    pub async fn webhook_delivered(&self, id: WebhookId, through: FeedPosition) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE webhooks SET position = $2, attempts = 0, due_us = 0, failing_since_us = NULL,
                 problem = NULL WHERE id = $1 AND position < $2";
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(through.0).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// Notes that the receiver has nothing to be told up to a position. A failure before it is not forgotten.
    pub async fn webhook_passed(&self, id: WebhookId, through: FeedPosition) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE webhooks SET position = $2 WHERE id = $1 AND position < $2";
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(through.0).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// Notes that the receiver did not take an event, and what becomes of it.
    pub async fn webhook_failed(
        &self,
        id: WebhookId,
        event: FeedPosition,
        problem: &str,
        now: Timestamp,
        then: AfterFailure,
    ) -> Result<(), StoreError> {
        const FAILED: &str = "UPDATE webhooks SET problem = $2, failing_since_us = coalesce(failing_since_us, $3)
             WHERE id = $1";
        const RETRY: &str = "UPDATE webhooks SET attempts = attempts + 1, due_us = $2 WHERE id = $1";
        const PASS: &str =
            "UPDATE webhooks SET attempts = 0, due_us = $2, position = $3 WHERE id = $1 AND position < $3";
        const LETTER: &str = "INSERT INTO webhook_dead_letters (webhook_id, position, problem, failed_us)
             VALUES ($1, $2, $3, $4) ON CONFLICT (webhook_id, position) DO NOTHING";
        const PAUSE: &str = "UPDATE webhooks SET attempts = attempts + 1, paused_us = $2 WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(FAILED).bind(id.0).bind(problem).bind(now.0).execute(c).await.map(drop))?;
        match then {
            AfterFailure::Retry(due) => {
                on_tx!(tx, |c| sqlx::query(RETRY).bind(id.0).bind(due.0).execute(c).await.map(drop))?;
            }
            AfterFailure::GiveUp(due) => {
                on_tx!(tx, |c| sqlx::query(LETTER)
                    .bind(id.0)
                    .bind(event.0)
                    .bind(problem)
                    .bind(now.0)
                    .execute(c)
                    .await
                    .map(drop))?;
                on_tx!(tx, |c| sqlx::query(PASS).bind(id.0).bind(due.0).bind(event.0).execute(c).await.map(drop))?;
            }
            AfterFailure::Pause => {
                on_tx!(tx, |c| sqlx::query(PAUSE).bind(id.0).bind(now.0).execute(c).await.map(drop))?;
                let why = serde_json::json!({ "problem": problem });
                record(&mut tx, &Caller::system("webhooks"), "webhook_paused", id, why).await?;
            }
        }
        tx.commit().await
    }

    /// The dead letters of a subscription that wait to be sent again, in the feed's order.
    pub async fn list_dead_letters(&self, id: WebhookId) -> Result<Vec<DeadLetter>, StoreError> {
        const SQL: &str = "SELECT position, problem, failed_us FROM webhook_dead_letters
             WHERE webhook_id = $1 AND redelivered_us IS NULL ORDER BY position";
        let rows: Vec<(i64, String, i64)> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).fetch_all(c).await)?;
        let letter = |(position, problem, failed)| DeadLetter {
            position: FeedPosition(position),
            problem,
            failed: Timestamp(failed),
        };
        Ok(rows.into_iter().map(letter).collect())
    }

    /// Notes that the receiver took a dead letter after all.
    pub async fn dead_letter_delivered(&self, id: WebhookId, position: FeedPosition) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE webhook_dead_letters SET redelivered_us = $3 WHERE webhook_id = $1 AND position = $2";
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(position.0).bind(now).execute(c).await.map(drop))?;
        tx.commit().await
    }
}

async fn record(
    tx: &mut Tx,
    by: &Caller,
    action: &str,
    id: WebhookId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    audit_events::append_act(tx, &by.name, action, format!("webhook {}", id.0), detail).await
}
