//! Legal holds: what may not be erased, whose hold it is and why. Like stewards' words they speak of source records, because golden
//! records come and go.

use kanak_model::{GoldenId, Timestamp};

use crate::Store;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::erasures::{subjects, with_redirected};
use crate::error::StoreError;
use crate::golden_records::follow;
use crate::stewardship::{check_reason, check_text};
use crate::trail_agreement::WORDS;

/// A hold as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// Its number in the ledger.
    pub id: i64,
    /// The entity type.
    pub entity: String,
    /// Whose hold it is.
    pub authority: String,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed: Timestamp,
    /// The golden records that it keeps now, ascending.
    pub golden: Vec<GoldenId>,
}

/// A row of the ledger: id, entity type, authority, reason, who and when.
type Found = (i64, String, String, String, String, i64);

/// Refuses what a hold keeps.
///
/// # Errors
/// [`StoreError::Held`] names the first hold.
pub(crate) async fn check(tx: &mut Tx, golden_id: GoldenId, ids: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "SELECT h.id, h.authority, h.reason FROM legal_holds h WHERE h.removed_us IS NULL
         AND h.id IN (SELECT m.legal_hold_id FROM legal_hold_members m WHERE m.source_record_id IN (SELECT id FROM {ids $1} AS i))
         ORDER BY h.id LIMIT 1";
    let engine = tx.engine();
    let held: Option<(i64, String, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(ids)).fetch_optional(c).await)?;
    match held {
        None => Ok(()),
        Some((hold, authority, reason)) => Err(StoreError::Held { golden_id, hold, authority, reason }),
    }
}

impl Store {
    /// Places a hold on a golden record, with all that it holds and held last: none of it is erased until the hold is removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such golden record, or it was erased; [`StoreError::Text`] and [`StoreError::Reason`] when authority or
    /// reason cannot be kept.
    pub async fn place_hold(
        &self,
        id: GoldenId,
        authority: &str,
        reason: &str,
        actor: &str,
    ) -> Result<i64, StoreError> {
        const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM legal_holds";
        const HOLD: &str = "INSERT INTO legal_holds (id, entity, authority, reason, placed_by, placed_us)
             VALUES ($1, $2, $3, $4, $5, $6)";
        const MEMBERS: &str = "INSERT INTO legal_hold_members (legal_hold_id, source_record_id)
             SELECT $2, id FROM {ids $1} AS i";
        let (authority, reason) = (check_text("the authority", authority)?, check_reason(reason)?);
        let mut tx = self.db.begin(&*self.clock).await?;
        let none = || StoreError::NotFound { what: "golden record that holds anything", id: id.to_string() };
        let (golden_id, entity) = follow(&mut tx, id).await?.ok_or_else(none)?;
        let golden = with_redirected(&mut tx, golden_id).await?;
        let members = subjects(&mut tx, &golden).await?;
        if members.is_empty() {
            return Err(none());
        }
        let hold: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
        let (now, engine) = (tx.now.0, tx.engine());
        on_tx!(tx, |c| sqlx::query(HOLD)
            .bind(hold)
            .bind(&entity)
            .bind(authority)
            .bind(reason)
            .bind(actor)
            .bind(now)
            .execute(c)
            .await
            .map(drop))?;
        on_tx!(tx, |c| sqlx::query(sql(engine, MEMBERS)).bind(json(&members)).bind(hold).execute(c).await.map(drop))?;
        let words = audit_events::words_hash([authority, reason]);
        let detail = serde_json::json!({ "hold": hold, "source_records": members.len(), WORDS: words });
        audit_events::append_act(&mut tx, actor, "hold_placed", id.to_string(), detail).await?;
        tx.commit().await?;
        Ok(hold)
    }

    /// Removes a hold. The ledger keeps it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none that holds.
    pub async fn remove_hold(&self, hold: i64, actor: &str) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE legal_holds SET removed_by = $2, removed_us = $3 WHERE id = $1 AND removed_us IS NULL RETURNING id";
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let removed: Option<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(hold).bind(actor).bind(now).fetch_optional(c).await)?;
        if removed.is_none() {
            return Err(StoreError::NotFound { what: "legal hold", id: hold.to_string() });
        }
        audit_events::append_act(&mut tx, actor, "hold_removed", format!("legal hold {hold}"), serde_json::json!({}))
            .await?;
        tx.commit().await
    }

    /// The holds that stand, in their order.
    pub async fn list_holds(&self) -> Result<Vec<LegalHold>, StoreError> {
        const HOLDS: &str = "SELECT id, entity, authority, reason, placed_by, placed_us FROM legal_holds
             WHERE removed_us IS NULL ORDER BY id";
        const GOLDEN: &str = "SELECT DISTINCT m.legal_hold_id, x.golden_id FROM legal_hold_members m
             JOIN legal_holds h ON h.id = m.legal_hold_id AND h.removed_us IS NULL
             JOIN crosswalks x ON x.source_record_id = m.source_record_id AND x.recorded_to_us IS NULL
             ORDER BY m.legal_hold_id, x.golden_id";
        let golden: Vec<(i64, i64)> = on_db!(&self.db, |c| sqlx::query_as(GOLDEN).fetch_all(c).await)?;
        let rows: Vec<Found> = on_db!(&self.db, |c| sqlx::query_as(HOLDS).fetch_all(c).await)?;
        let hold = |(id, entity, authority, reason, placed_by, placed): Found| LegalHold {
            golden: golden.iter().filter(|(hold, _)| *hold == id).map(|(_, golden)| GoldenId(*golden)).collect(),
            id,
            entity,
            authority,
            reason,
            placed_by,
            placed: Timestamp(placed),
        };
        Ok(rows.into_iter().map(hold).collect())
    }
}
