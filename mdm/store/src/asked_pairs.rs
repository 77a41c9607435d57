//! Pairs that only a steward joins: a row whose writer is confined, and what lies outside the writer's scope.
//!
//! Whoever may write rows of some districts could state there what is known of somebody elsewhere, and read the golden record that the
//! row then joins. So such a row joins by rule only what its writer may read.

use kanak_model::SourceRecordId;
use kanak_model::access::Filter;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use rustc_hash::FxHashSet;

use crate::Store;
use crate::access_sql::compile;
use crate::db::{Tx, on_tx};
use crate::dialect::{JsonColumn, ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

/// Those of some source records whose golden record, as it is before the next resolution, lies outside a scope; one of none is judged
/// by what it states.
pub(crate) async fn outside(
    tx: &mut Tx,
    scope: &Filter,
    ids: &[SourceRecordId],
) -> Result<Vec<SourceRecordId>, StoreError> {
    let engine = tx.engine();
    let golden = compile(scope, engine, JsonColumn::Chosen("v.chosen"), 2);
    let stated = compile(scope, engine, JsonColumn::Stated("r.stated"), 2 + golden.bind.len());
    let text = format!(
        "SELECT x.source_record_id FROM {{ids $1}} AS i CROSS JOIN crosswalks x CROSS JOIN golden_records g
         CROSS JOIN golden_versions v WHERE x.source_record_id = i.id AND x.recorded_to_us IS NULL AND g.id = x.golden_id
         AND v.golden_id = g.id AND v.version = g.version AND {}
         UNION ALL SELECT r.id FROM {{ids $1}} AS j CROSS JOIN source_records r WHERE r.id = j.id AND NOT EXISTS (
             SELECT 1 FROM crosswalks y WHERE y.source_record_id = r.id AND y.recorded_to_us IS NULL) AND {}",
        golden.sql, stated.sql
    );
    let bind = [golden.bind, stated.bind].concat();
    let mut outside = Vec::new();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let within: Vec<i64> = on_tx!(tx, |c| {
            let mut query = sqlx::query_scalar(sql(engine, &text)).bind(json(chunk));
            for text in &bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let within: FxHashSet<i64> = within.into_iter().collect();
        outside.extend(chunk.iter().copied().filter(|id| !within.contains(&id.0)));
    }
    Ok(outside)
}

/// Leaves it to a steward whether a row is one with each of others; gives how many of these pairs are new.
pub(crate) async fn insert(
    tx: &mut Tx,
    entity: &str,
    row: SourceRecordId,
    others: &[SourceRecordId],
) -> Result<u64, StoreError> {
    const SQL: &str = "INSERT INTO asked_pairs (source_record_id, other_id, entity, asked_us)
         SELECT $2, id, $3, $4 FROM {ids $1} AS i WHERE 1 = 1 ON CONFLICT (source_record_id, other_id) DO NOTHING";
    let (now, engine) = (tx.now.0, tx.engine());
    let mut new = 0;
    for chunk in others.chunks(ROWS_A_STATEMENT) {
        new += on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
            .bind(json(chunk))
            .bind(row.0)
            .bind(entity)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
    }
    Ok(new)
}

/// See [`Store::list_asked`].
pub(crate) async fn live(tx: &mut Tx, entity: &str) -> Result<Vec<Constraint>, StoreError> {
    const SQL: &str = "SELECT a.source_record_id, a.other_id FROM asked_pairs a
         JOIN source_records l ON l.id = a.source_record_id AND l.retired_us IS NULL
         JOIN source_records r ON r.id = a.other_id AND r.retired_us IS NULL
         WHERE a.entity = $1 ORDER BY a.source_record_id, a.other_id";
    let rows: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
    let asked = |(row, other): (i64, i64)| Constraint {
        left: SourceRecordId(row.min(other)),
        right: SourceRecordId(row.max(other)),
        kind: ConstraintKind::Asked,
    };
    Ok(rows.into_iter().map(asked).collect())
}

impl Store {
    /// The pairs of live source records of an entity type that only a steward joins.
    pub async fn list_asked(&self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        live(&mut self.db.begin_read().await?, entity).await
    }

    /// Those of some source records whose golden record, as it is before the next resolution, lies outside a scope; one of none is judged
    /// by what it states.
    pub async fn list_outside(
        &self,
        scope: &Filter,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecordId>, StoreError> {
        outside(&mut self.db.begin_read().await?, scope, ids).await
    }

    /// Leaves it to a steward whether a row is one with each of others; gives how many of these pairs are new.
    pub async fn leave_to_steward(
        &self,
        entity: &str,
        row: SourceRecordId,
        others: &[SourceRecordId],
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let new = insert(&mut tx, entity, row, others).await?;
        tx.commit().await?;
        Ok(new)
    }
}
