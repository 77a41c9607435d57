//! The audit trail: who did what and why. Each writer chains its entries by hash in a chain of its own: the hub's changes
//! in the transactions that make them, and each process its reads ([`crate::audit_recorder`]). Never values of people.

use kanak_codes::identifiers::redact_aadhaar_like;
use kanak_model::{Access, Purpose, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

/// The action of a read that the caller was refused.
pub const READ_REFUSED: &str = "read refused";
/// The action of a read that found nothing which the caller may see.
pub const READ_FOUND_NOTHING: &str = "read found nothing";

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
    /// Ascends in the order in which the entries of all chains were stored; a cursor for lists.
    pub position: i64,
    /// Its chain.
    pub chain: i64,
    /// Its number in its chain, from 1.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: AuditEvent,
    /// Its hash, hex; the next entry of its chain is chained to it.
    pub hash: String,
}

/// An entry as it is stored and exported: its hash covers every field but the chain, to which the chain's first entry is
/// bound by what it is chained to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryRow {
    pub(crate) chain: i64,
    pub(crate) number: i64,
    pub(crate) at_us: i64,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) purpose: Option<String>,
    pub(crate) detail: String,
    pub(crate) previous_hash: String,
    pub(crate) hash: String,
}

impl EntryRow {
    /// Each field goes in with its length, so that no two entries spell the same bytes.
    pub(crate) fn own_hash(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.number.to_be_bytes());
        hasher.update(self.at_us.to_be_bytes());
        let purpose = self.purpose.as_deref().unwrap_or_default();
        for field in [&self.actor, &self.action, &self.subject, purpose, &self.detail, &self.previous_hash] {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        hex(&hasher.finalize())
    }
}

/// The chain of the hub's own changes. It was the only chain once.
pub(crate) const CHANGES: i64 = 1;

/// What the first entry of a chain is chained to. It names the chain, so that no chain can pass for another.
pub(crate) fn genesis(chain: i64) -> String {
    if chain == CHANGES { String::new() } else { hex(&Sha256::digest(format!("kanak audit chain {chain}"))) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}

/// SHA-256 over words that stand in the ledger and stay out of the trail, hex: there is no changing them unseen. Each goes in with its
/// length.
pub(crate) fn words_hash<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let mut hasher = Sha256::new();
    for word in words {
        hasher.update((word.len() as u64).to_be_bytes());
        hasher.update(word.as_bytes());
    }
    hex(&hasher.finalize())
}

/// The last entry of a chain, whose row the transaction holds: no one else appends to the chain until it ends.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Head {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) hash: String,
}

/// Appends an act to the chain of changes, in the transaction that makes the change.
pub(crate) async fn append_act(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    subject: String,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    append_all(tx, vec![AuditEvent::act(actor, action, subject, detail)]).await
}

/// The same for several events.
pub(crate) async fn append_all(tx: &mut Tx, events: Vec<AuditEvent>) -> Result<(), StoreError> {
    const HOLD: &str = "UPDATE audit_chains SET number = number WHERE id = $1 RETURNING id, number, hash";
    let head: Option<Head> = on_tx!(tx, |c| sqlx::query_as(HOLD).bind(CHANGES).fetch_optional(c).await)?;
    let missing =
        StoreError::Stored { table: "audit_chains", row: CHANGES, column: "id", expected: "chain of changes" };
    let at = tx.now;
    extend(tx, head.ok_or(missing)?, at, events).await
}

/// Chains entries to a head that the transaction holds.
pub(crate) async fn extend(
    tx: &mut Tx,
    mut head: Head,
    at: Timestamp,
    events: impl IntoIterator<Item = AuditEvent>,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO audit_events (chain, number, at_us, actor, action, subject, purpose, detail, previous_hash, hash)
         SELECT $2, number, $3, actor, action, subject, purpose, detail, previous_hash, hash
         FROM {rows $1: number int, actor text, action text, subject text, purpose text, detail text,
             previous_hash text, hash text} AS r";
    const HEAD: &str = "UPDATE audit_chains SET number = $2, hash = $3 WHERE id = $1";
    let engine = tx.engine();
    let mut rows = Vec::new();
    for event in events {
        head.number += 1;
        let mut row = EntryRow {
            chain: head.id,
            number: head.number,
            at_us: at.0,
            actor: event.actor.replace('\0', ""),
            action: event.action,
            // A subject may be what a caller asked for, word for word.
            subject: redact_aadhaar_like(&event.subject).unwrap_or(event.subject).replace('\0', ""),
            purpose: event.purpose.map(|purpose| purpose.word().to_owned()),
            detail: event.detail.to_string(),
            previous_hash: std::mem::take(&mut head.hash),
            hash: String::new(),
        };
        row.hash = row.own_hash();
        head.hash.clone_from(&row.hash);
        rows.push(row);
    }
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        let arguments: Vec<_> = chunk
            .iter()
            .map(|r| (r.number, &r.actor, &r.action, &r.subject, &r.purpose, &r.detail, &r.previous_hash, &r.hash))
            .collect();
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
            .bind(json(&arguments))
            .bind(head.id)
            .bind(at.0)
            .execute(c)
            .await
            .map(drop))?;
    }
    on_tx!(tx, |c| sqlx::query(HEAD).bind(head.id).bind(head.number).bind(&head.hash).execute(c).await.map(drop))?;
    Ok(())
}

#[derive(FromRow)]
pub(crate) struct Listed {
    pub(crate) position: i64,
    #[sqlx(flatten)]
    pub(crate) row: EntryRow,
}

pub(crate) const COLUMNS: &str =
    "SELECT position, chain, number, at_us, actor, action, subject, purpose, detail, previous_hash, hash
     FROM audit_events";

impl From<Listed> for AuditEntry {
    fn from(Listed { position, row }: Listed) -> Self {
        Self {
            position,
            chain: row.chain,
            number: row.number,
            at: Timestamp(row.at_us),
            hash: row.hash,
            event: AuditEvent {
                actor: row.actor,
                action: row.action,
                subject: row.subject,
                purpose: row.purpose.as_deref().and_then(Purpose::find),
                detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            },
        }
    }
}

/// Entries after a position, in order.
pub(crate) async fn page(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<Listed>, StoreError> {
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE position > $1 ORDER BY position LIMIT $2"));
    Ok(on_tx!(tx, |c| sqlx::query_as(text).bind(after).bind(i64::from(limit)).fetch_all(c).await)?)
}

impl Store {
    /// Records one event that is no change of the hub: a read, a copy. It is durable when this returns.
    pub async fn audit(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.audit_many(vec![event]).await
    }

    /// Records events, all of them or none. What many callers record at once is committed together; each is answered when
    /// its own entries are durable.
    pub async fn audit_many(&self, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        self.recorder.record(self, events).await
    }

    /// Records that a caller reads personal data, one entry a subject. Call it before the data is shown: a read that
    /// cannot be recorded is not answered.
    pub async fn record_reads(
        &self,
        access: &Access,
        action: &str,
        subjects: impl IntoIterator<Item = impl std::fmt::Display>,
    ) -> Result<(), StoreError> {
        self.audit_many(
            subjects.into_iter().map(|subject| AuditEvent::read(access, action, subject.to_string())).collect(),
        )
        .await
    }

    /// Entries of all chains after a position, in the order in which they were stored. Positions may have gaps; the
    /// numbers of a chain have none.
    pub async fn list_audit_events(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        Ok(page(&mut tx, after, limit).await?.into_iter().map(AuditEntry::from).collect())
    }

    /// The position of the newest entry; 0 where there is none.
    pub async fn last_audit_position(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT coalesce(max(position), 0) FROM audit_events";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?)
    }
}
