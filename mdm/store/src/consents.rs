//! Receipts of consent: who consented to what, how, until when. Like stewards' words they speak of source records, because golden records
//! come and go.

use kanak_model::sharing::{Covered, Receipts};
use kanak_model::{GoldenId, Purpose, SourceRecordId, Timestamp};
use sqlx::FromRow;

use crate::Store;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::stewardship::check_text;

/// A consent that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent<'a> {
    /// The register that knows the citizen.
    pub source: &'a str,
    /// Under which key.
    pub key: &'a str,
    /// For what.
    pub purpose: Purpose,
    /// Which attributes.
    pub covers: Covered,
    /// How it was given, such as a form and its number.
    pub how: &'a str,
    /// When.
    pub given: Timestamp,
    /// Until when; `None` until it is withdrawn.
    pub until: Option<Timestamp>,
}

/// A receipt of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub source_record: SourceRecordId,
    /// The golden record that this belongs to now.
    pub golden: Option<GoldenId>,
    /// For what; `None` where that cannot be read any more.
    pub purpose: Option<Purpose>,
    /// Which attributes.
    pub covers: Covered,
    /// How it was given.
    pub how: String,
    /// When.
    pub given: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Who recorded it, and when.
    pub recorded: (String, Timestamp),
    /// Who recorded that it was withdrawn, and when.
    pub withdrawn: Option<(String, Timestamp)>,
}

impl Consent {
    /// Whether it stands.
    pub fn stands(&self, at: Timestamp) -> bool {
        self.purpose.is_some()
            && self.given <= at
            && self.until.is_none_or(|until| until > at)
            && self.withdrawn.as_ref().is_none_or(|(_, withdrawn)| *withdrawn > at)
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    source_record_id: i64,
    golden_id: Option<i64>,
    purpose: String,
    covers: String,
    how: String,
    given_us: i64,
    until_us: Option<i64>,
    recorded_by: String,
    recorded_us: i64,
    withdrawn_by: Option<String>,
    withdrawn_us: Option<i64>,
}

impl From<Row> for Consent {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            source_record: SourceRecordId(row.source_record_id),
            golden: row.golden_id.map(GoldenId),
            purpose: Purpose::find(&row.purpose),
            covers: Covered::read(&row.covers),
            how: row.how,
            given: Timestamp(row.given_us),
            until: row.until_us.map(Timestamp),
            recorded: (row.recorded_by, Timestamp(row.recorded_us)),
            withdrawn: row.withdrawn_by.zip(row.withdrawn_us.map(Timestamp)),
        }
    }
}

/// Takes what receipts of erased source records cover, and how they were given, out; that there were some stays.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64]) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE consents SET how = 'erased', covers = '[]' WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(sources)).execute(c).await.map(drop))?;
    Ok(())
}

impl Store {
    /// Records a consent; gives the number of its receipt.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the register knows no such key; [`StoreError::Text`] when how it was given cannot be kept, it covers
    /// nothing or would be given in the future.
    pub async fn record_consent(&self, new: &NewConsent<'_>, actor: &str) -> Result<i64, StoreError> {
        const FIND: &str = "SELECT r.id FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
             WHERE s.name = $1 AND r.source_key = $2 AND s.rows_are = 'entity'";
        const SQL: &str = "INSERT INTO consents (id, source_record_id, purpose, covers, how, given_us, until_us, recorded_by,
             recorded_us) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM consents), $1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
        let how = check_text("how a consent was given", new.how)?;
        let refuse = |why| Err(StoreError::Text { what: "a consent", why });
        if new.covers.is_nothing() {
            return refuse("covers nothing; name attributes, classes or `all`");
        }
        if new.until.is_some_and(|until| until <= new.given) {
            return refuse("would end before it is given; name a later end");
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        if new.given.0 > now {
            return refuse("cannot be given in the future; name the day on which it was");
        }
        let found: Option<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(FIND).bind(new.source).bind(new.key).fetch_optional(c).await)?;
        let none = || StoreError::NotFound { what: "source record with this key of", id: new.source.to_owned() };
        let source_record = found.ok_or_else(none)?;
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(source_record)
            .bind(new.purpose.word())
            .bind(new.covers.stored())
            .bind(how)
            .bind(new.given.0)
            .bind(new.until.map(|until| until.0))
            .bind(actor)
            .bind(now)
            .fetch_one(c)
            .await)?;
        let detail = serde_json::json!({ "source_record": source_record, "purpose": new.purpose.word() });
        audit_events::append_act(&mut tx, actor, "consent_recorded", format!("consent {id}"), detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Records that a consent was withdrawn: from now on it does not stand.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no receipt that was not withdrawn.
    pub async fn withdraw_consent(&self, id: i64, actor: &str) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE consents SET withdrawn_by = $2, withdrawn_us = $3 WHERE id = $1 AND withdrawn_us IS NULL
             RETURNING id";
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let withdrawn: Option<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(id).bind(actor).bind(now).fetch_optional(c).await)?;
        if withdrawn.is_none() {
            return Err(StoreError::NotFound { what: "consent that was not withdrawn", id: id.to_string() });
        }
        audit_events::append_act(&mut tx, actor, "consent_withdrawn", format!("consent {id}"), serde_json::json!({}))
            .await?;
        tx.commit().await
    }

    /// Receipts after a number, in their order; of one golden record, where it is named.
    pub async fn list_consents(
        &self,
        golden: Option<GoldenId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        const SQL: &str =
            "SELECT k.id, k.source_record_id, x.golden_id, k.purpose, k.covers, k.how, k.given_us, k.until_us,
             k.recorded_by, k.recorded_us, k.withdrawn_by, k.withdrawn_us FROM consents k
             LEFT JOIN crosswalks x ON x.source_record_id = k.source_record_id AND x.recorded_to_us IS NULL
             WHERE k.id > $1 AND ($2 = 0 OR x.golden_id = $2) ORDER BY k.id LIMIT $3";
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL)
            .bind(after)
            .bind(golden.map_or(0, |golden| golden.0))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Consent::from).collect())
    }

    /// For which golden records receipts for a purpose stand now, and what they cover: whatever a golden record's source records
    /// brought along.
    pub async fn list_receipts(&self, purpose: Purpose) -> Result<Receipts, StoreError> {
        const SQL: &str = "SELECT x.golden_id, k.covers FROM consents k
             JOIN crosswalks x ON x.source_record_id = k.source_record_id AND x.recorded_to_us IS NULL
             WHERE k.purpose = $1 AND k.withdrawn_us IS NULL AND k.given_us <= $2 AND (k.until_us IS NULL OR k.until_us > $2)";
        let now = self.clock.now().0;
        let rows: Vec<(i64, String)> =
            on_db!(&self.db, |c| sqlx::query_as(SQL).bind(purpose.word()).bind(now).fetch_all(c).await)?;
        let mut receipts = Receipts::default();
        for (golden, covers) in rows {
            receipts.add(GoldenId(golden), Covered::read(&covers));
        }
        Ok(receipts)
    }
}
