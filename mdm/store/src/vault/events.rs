//! The vault's own trail: what was asked of it and done to it, each event chained to the one before by its hash and
//! written in the transaction that does it. The hub has a trail beside it; who changed one would have to change both.

use std::collections::BTreeSet;

use kanak_model::{Access, Purpose};
use serde_json::{Value, json};
use sqlx::{Executor, Sqlite, Transaction};

use super::reveal::{COLUMNS, Row};
use super::steps::{RevealStep, Told};
use super::{Vault, VaultError};
use crate::audit_events::EntryRow;

/// The actor of what the hub does by itself.
const HUB: &str = "system:hub";
/// Events that are checked at a time.
const PAGE: i64 = 5_000;

/// Who does something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actor<'a> {
    name: &'a str,
    purpose: Option<Purpose>,
}

impl<'a> Actor<'a> {
    /// The hub by itself.
    pub(super) const HUB: Actor<'static> = Actor { name: HUB, purpose: None };

    /// A person or program.
    pub(super) fn of(access: &'a Access) -> Self {
        Self { name: &access.caller().name, purpose: Some(access.purpose()) }
    }
}

impl Vault {
    /// Writes an event down, in the transaction that does it.
    pub(super) async fn record(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        actor: Actor<'_>,
        action: &str,
        subject: &str,
        mut detail: Value,
    ) -> Result<(), VaultError> {
        const LAST: &str = "SELECT number, hash FROM vault_events ORDER BY number DESC LIMIT 1";
        const INSERT: &str =
            "INSERT INTO vault_events (number, at_us, actor, action, subject, purpose, detail, previous_hash, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let last: Option<(i64, String)> = sqlx::query_as(LAST).fetch_optional(&mut **tx).await?;
        let (number, previous_hash) = last.unwrap_or_default();
        detail["client"] = json!(*self.client);
        let mut event = EntryRow {
            chain: 0,
            number: number + 1,
            at_us: self.clock.now().0,
            actor: actor.name.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            purpose: actor.purpose.map(|purpose| purpose.word().to_owned()),
            detail: detail.to_string(),
            previous_hash,
            hash: String::new(),
        };
        event.hash = event.own_hash();
        sqlx::query(INSERT)
            .bind(event.number)
            .bind(event.at_us)
            .bind(event.actor)
            .bind(event.action)
            .bind(event.subject)
            .bind(event.purpose)
            .bind(event.detail)
            .bind(event.previous_hash)
            .bind(event.hash)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// The vault's events after a number, in order: who, what, to what.
    pub async fn list_events(&self, after: u64, limit: u32) -> Result<Vec<VaultEvent>, VaultError> {
        let rows = event_rows(&self.pool, after as i64, i64::from(limit)).await?;
        Ok(rows.into_iter().map(VaultEvent::from).collect())
    }

    /// Whether every event is as it was written and follows the one before, and whether the requests for numbers are what the events
    /// tell; names the first that is not. That the last events were cut off shows only beside the hub's trail, which tells of the
    /// same steps ([`crate::Store::list_reveal_steps`]).
    pub async fn check_events(&self) -> Result<EventsChecked, VaultError> {
        let mut checked = EventsChecked::default();
        let (mut hash, mut told) = (String::new(), Told::default());
        // One view of both: meanwhile others may ask.
        let mut tx = self.begin().await?;
        loop {
            let page = event_rows(&mut *tx, checked.events as i64, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let follows = row.number == checked.events as i64 + 1 && row.previous_hash == hash;
                if !follows || row.own_hash() != row.hash {
                    return Ok(EventsChecked { first_broken: Some(checked.events + 1), ..checked });
                }
                told.hear(&row);
                checked.events += 1;
                hash = row.hash;
            }
        }
        let text = format!("{COLUMNS} ORDER BY id");
        let requests: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(&mut *tx).await?;
        checked.requests = requests.len() as u64;
        checked.first_unlike = told.first_unlike(&requests);
        checked.steps = told.steps();
        Ok(checked)
    }
}

async fn event_rows<'e>(
    executor: impl Executor<'e, Database = Sqlite>,
    after: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, VaultError> {
    const SQL: &str = "SELECT 0 AS chain, number, at_us, actor, action, subject, purpose, detail, previous_hash, hash
         FROM vault_events WHERE number > $1 ORDER BY number LIMIT $2";
    Ok(sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(executor).await?)
}

/// An event of the vault's own trail.
#[derive(Debug, Clone, PartialEq)]
pub struct VaultEvent {
    /// From 1, without gaps.
    pub number: u64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More: `client` is who was connected.
    pub detail: Value,
}

impl From<EntryRow> for VaultEvent {
    fn from(row: EntryRow) -> Self {
        Self {
            number: row.number as u64,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        }
    }
}

/// What [`Vault::check_events`] saw.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct EventsChecked {
    /// How many events follow each other unbroken.
    pub events: u64,
    /// The first that does not follow, if one does not.
    pub first_broken: Option<u64>,
    /// How many requests for numbers there are; not counted where the events are broken.
    #[serde(default)]
    pub requests: u64,
    /// The first request that is another than the events tell: changed, gone, or put in.
    #[serde(default)]
    pub first_unlike: Option<i64>,
    /// The decisions and answers that the events tell of.
    #[serde(default)]
    pub steps: BTreeSet<RevealStep>,
}
