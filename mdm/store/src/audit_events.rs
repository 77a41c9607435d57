//! The audit trail: who did what and why, each entry chained to the one before by hash. Never values of people.

use kanak_model::{Access, Purpose, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

/// Something to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// A user name, a key's name or `system:job`: [`kanak_model::Caller::name`].
    pub actor: String,
    /// `read`, `reveal`, `decide` ...
    pub action: String,
    /// What it was done to, by id.
    pub subject: String,
    /// Why, for reads of personal data.
    pub purpose: Option<Purpose>,
    /// More. Never values of people.
    pub detail: serde_json::Value,
}

impl AuditEvent {
    /// A read of personal data: by whom, for what purpose and on what basis the access says.
    pub fn read(access: &Access, action: &str, subject: String) -> Self {
        Self {
            actor: access.caller().name.clone(),
            action: action.to_owned(),
            subject,
            purpose: Some(access.purpose()),
            detail: serde_json::json!({ "basis": access.basis() }),
        }
    }

    /// Something that was done to the hub itself.
    pub(crate) fn act(actor: &str, action: &str, subject: String, detail: serde_json::Value) -> Self {
        Self { actor: actor.to_owned(), action: action.to_owned(), subject, purpose: None, detail }
    }
}

/// A recorded entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub position: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: AuditEvent,
    /// Its hash, hex; the next entry is chained to it.
    pub hash: String,
}

/// What a check of the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditChain {
    /// How many entries were read.
    pub events: u64,
    /// The first entry that does not fit the one before it or its own hash.
    pub broken_at: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    position: i64,
    at_us: i64,
    actor: String,
    action: String,
    subject: String,
    purpose: Option<String>,
    detail: String,
    previous_hash: String,
    hash: String,
}

/// Each field goes in with its length, so that no two entries spell the same bytes.
fn chain_hash(row: &Row) -> String {
    let mut hasher = Sha256::new();
    hasher.update(row.position.to_be_bytes());
    hasher.update(row.at_us.to_be_bytes());
    let purpose = row.purpose.as_deref().unwrap_or_default();
    for field in [&row.actor, &row.action, &row.subject, purpose, &row.detail, &row.previous_hash] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hex(&hasher.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}

pub(crate) async fn append(tx: &mut Tx, events: Vec<AuditEvent>) -> Result<i64, StoreError> {
    const LAST: &str = "SELECT position, hash FROM audit_events ORDER BY position DESC LIMIT 1";
    const SQL: &str =
        "INSERT INTO audit_events (position, at_us, actor, action, subject, purpose, detail, previous_hash, hash)
         SELECT position, $2, actor, action, subject, purpose, detail, previous_hash, hash
         FROM {rows $1: position int, actor text, action text, subject text, purpose text, detail text,
             previous_hash text, hash text} AS r";
    let last: Option<(i64, String)> = on_tx!(tx, |c| sqlx::query_as(LAST).fetch_optional(c).await)?;
    let (mut position, mut previous_hash) = last.unwrap_or_default();
    let (engine, at_us) = (tx.engine(), tx.now.0);
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        position += 1;
        let mut row = Row {
            position,
            at_us,
            actor: event.actor.replace('\0', ""),
            action: event.action,
            subject: event.subject.replace('\0', ""),
            purpose: event.purpose.map(|purpose| purpose.word().to_owned()),
            detail: event.detail.to_string(),
            previous_hash: std::mem::take(&mut previous_hash),
            hash: String::new(),
        };
        row.hash = chain_hash(&row);
        previous_hash.clone_from(&row.hash);
        rows.push(row);
    }
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        let arguments: Vec<_> = chunk
            .iter()
            .map(|r| (r.position, &r.actor, &r.action, &r.subject, &r.purpose, &r.detail, &r.previous_hash, &r.hash))
            .collect();
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(&arguments)).bind(at_us).execute(c).await.map(drop))?;
    }
    Ok(position)
}

/// Entries read at a time.
const PAGE: u32 = 5_000;

impl Store {
    /// Records one event; gives its number.
    pub async fn audit(&self, event: AuditEvent) -> Result<i64, StoreError> {
        self.audit_many(vec![event]).await
    }

    /// Records events in one transaction; gives the number of the last entry.
    pub async fn audit_many(&self, events: Vec<AuditEvent>) -> Result<i64, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let position = append(&mut tx, events).await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Records that a caller reads personal data, one entry a subject, in one statement. Call it before the data is
    /// shown: a read that cannot be recorded is not answered.
    pub async fn record_reads(
        &self,
        access: &Access,
        action: &str,
        subjects: impl IntoIterator<Item = impl std::fmt::Display>,
    ) -> Result<(), StoreError> {
        let events: Vec<AuditEvent> =
            subjects.into_iter().map(|subject| AuditEvent::read(access, action, subject.to_string())).collect();
        if !events.is_empty() {
            self.audit_many(events).await?;
        }
        Ok(())
    }

    async fn audit_page(&self, after: i64, limit: u32) -> Result<Vec<Row>, StoreError> {
        const SQL: &str =
            "SELECT position, at_us, actor, action, subject, purpose, detail, previous_hash, hash FROM audit_events
             WHERE position > $1 ORDER BY position LIMIT $2";
        Ok(on_db!(&self.db, |c| sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).fetch_all(c).await)?)
    }

    /// Entries after a number, in order.
    pub async fn list_audit_events(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = self.audit_page(after, limit).await?;
        let entry = |row: Row| AuditEntry {
            position: row.position,
            at: Timestamp(row.at_us),
            hash: row.hash,
            event: AuditEvent {
                actor: row.actor,
                action: row.action,
                subject: row.subject,
                purpose: row.purpose.as_deref().and_then(Purpose::find),
                detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            },
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// Reads the whole trail and checks that no entry was changed, taken out or put in. What was cut off at its end
    /// only a copy of the last hash kept elsewhere can show.
    pub async fn verify_audit_chain(&self) -> Result<AuditChain, StoreError> {
        let mut previous = String::new();
        let mut position = 0;
        loop {
            let rows = self.audit_page(position, PAGE).await?;
            if rows.is_empty() {
                return Ok(AuditChain { events: position as u64, broken_at: None });
            }
            for row in rows {
                position += 1;
                if row.position != position || row.previous_hash != previous || row.hash != chain_hash(&row) {
                    return Ok(AuditChain { events: position as u64 - 1, broken_at: Some(row.position) });
                }
                previous = row.hash;
            }
        }
    }
}
