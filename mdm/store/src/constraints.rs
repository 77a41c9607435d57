//! Constraints: stewards' decisions about pairs, a ledger in which undoing is a mark. No rule overturns them.

use kanak_model::match_pair::{Constraint, ConstraintKind};
use kanak_model::{SourceRecordId, UserId};
use rustc_hash::FxHashMap;
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;

/// A decision that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) id: i64,
    pub(crate) constraint: Constraint,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    left_id: i64,
    right_id: i64,
    kind: String,
}

impl From<Row> for Holding {
    fn from(row: Row) -> Self {
        let kind = if row.kind == "must_link" { ConstraintKind::MustLink } else { ConstraintKind::CannotLink };
        let constraint = Constraint { left: SourceRecordId(row.left_id), right: SourceRecordId(row.right_id), kind };
        Self { id: row.id, constraint }
    }
}

/// All decisions of an entity type that hold, those about retired source records among them.
pub(crate) async fn holding(tx: &mut Tx, entity: &str) -> Result<Vec<Holding>, StoreError> {
    const SQL: &str =
        "SELECT id, left_id, right_id, kind FROM constraints WHERE entity = $1 AND undone_us IS NULL ORDER BY id";
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Holding::from).collect())
}

/// The earlier decision that a new one contradicts, if there is one: must-links join source records into groups,
/// and no cannot-link may stand inside a group.
pub(crate) fn find_contradiction(held: &[Holding], new: Constraint) -> Option<Holding> {
    let mut groups = Groups::default();
    let must = |holding: &&Holding| holding.constraint.kind == ConstraintKind::MustLink;
    for holding in held.iter().filter(must) {
        groups.join(holding.constraint.left.0, holding.constraint.right.0);
    }
    let (left, right) = (groups.root(new.left.0), groups.root(new.right.0));
    match new.kind {
        ConstraintKind::MustLink => held.iter().filter(|holding| !must(holding)).copied().find(|holding| {
            let ends = (groups.root(holding.constraint.left.0), groups.root(holding.constraint.right.0));
            ends == (left, right) || ends == (right, left)
        }),
        ConstraintKind::CannotLink if left == right => {
            held.iter().filter(must).copied().find(|holding| groups.root(holding.constraint.left.0) == left)
        }
        ConstraintKind::CannotLink | ConstraintKind::Confirmed | ConstraintKind::Asked => None,
    }
}

/// The cannot-links between source records that must-links join, ascending by id. A sound hub has none.
pub(crate) fn list_contradicted(held: &[Holding]) -> Vec<i64> {
    let mut groups = Groups::default();
    let (must, cannot): (Vec<&Holding>, Vec<&Holding>) =
        held.iter().partition(|holding| holding.constraint.kind == ConstraintKind::MustLink);
    for holding in must {
        groups.join(holding.constraint.left.0, holding.constraint.right.0);
    }
    let mut is_within = |one: &Constraint| groups.root(one.left.0) == groups.root(one.right.0);
    cannot.into_iter().filter(|holding| is_within(&holding.constraint)).map(|holding| holding.id).collect()
}

/// Disjoint groups of source records.
#[derive(Default)]
pub(crate) struct Groups(FxHashMap<i64, i64>);

impl Groups {
    pub(crate) fn root(&mut self, mut id: i64) -> i64 {
        while let Some(parent) = self.0.get(&id).copied() {
            if let Some(above) = self.0.get(&parent).copied() {
                self.0.insert(id, above);
            }
            id = parent;
        }
        id
    }

    pub(crate) fn join(&mut self, left: i64, right: i64) {
        let (left, right) = (self.root(left), self.root(right));
        if left != right {
            self.0.insert(left.max(right), left.min(right));
        }
    }
}

/// A decision to be written.
pub(crate) struct NewConstraint<'a> {
    pub(crate) constraint: Constraint,
    pub(crate) task: i64,
    pub(crate) by: UserId,
    pub(crate) reason: &'a str,
    /// The answered field check that the decision names.
    pub(crate) field_check: Option<i64>,
    /// The decisions at once that it is one of.
    pub(crate) batch: Option<i64>,
}

/// Writes a decision; gives its number in the ledger.
pub(crate) async fn insert(tx: &mut Tx, entity: &str, new: &NewConstraint<'_>) -> Result<i64, StoreError> {
    const SQL: &str =
        "INSERT INTO constraints (id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by, decided_us, field_check_id, batch_id)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM constraints), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
    let now = tx.now.0;
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(entity)
        .bind(new.constraint.left.0)
        .bind(new.constraint.right.0)
        .bind(new.constraint.kind.word())
        .bind(new.task)
        .bind(new.reason)
        .bind(new.by.0)
        .bind(now)
        .bind(new.field_check)
        .bind(new.batch)
        .fetch_one(c)
        .await)?)
}

/// Marks the decision of a task as undone, with the words of who does it; gives its number in the ledger.
pub(crate) async fn undo(tx: &mut Tx, task: i64, by: UserId, reason: Option<&str>) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "UPDATE constraints SET undone_by = $2, undone_us = $3, undone_reason = $4
         WHERE steward_task_id = $1 AND undone_us IS NULL RETURNING id";
    let now = tx.now.0;
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(task).bind(by.0).bind(now).bind(reason).fetch_all(c).await)?)
}

/// Takes the words out of decisions about source records that are erased, and of those that were made at once with them and so have the
/// same words; gives which decisions these are.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64], batches: &[i64]) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "UPDATE constraints SET reason = 'erased',
         undone_reason = CASE WHEN undone_reason IS NOT NULL THEN 'erased' END WHERE left_id IN (SELECT id FROM {ids $1} AS i)
         OR right_id IN (SELECT id FROM {ids $1} AS j) OR batch_id IN (SELECT id FROM {ids $2} AS b) RETURNING id";
    let engine = tx.engine();
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(sources)).bind(json(batches)).fetch_all(c).await)?)
}

/// See [`Store::list_constraints`].
pub(crate) async fn live(tx: &mut Tx, entity: &str) -> Result<Vec<Constraint>, StoreError> {
    const SQL: &str = "SELECT c.id, c.left_id, c.right_id, c.kind FROM constraints c
         JOIN source_records l ON l.id = c.left_id AND l.retired_us IS NULL
         JOIN source_records r ON r.id = c.right_id AND r.retired_us IS NULL
         WHERE c.entity = $1 AND c.undone_us IS NULL ORDER BY c.id";
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|row| Holding::from(row).constraint).collect())
}

impl Store {
    /// The decisions that hold between live source records, in the order they were made.
    pub async fn list_constraints(&self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        live(&mut self.db.begin_read().await?, entity).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(left: i64, right: i64, kind: ConstraintKind) -> Constraint {
        Constraint { left: SourceRecordId(left), right: SourceRecordId(right), kind }
    }

    #[track_caller]
    fn check(held: &[(i64, i64, ConstraintKind)], new: (i64, i64, ConstraintKind), expected: Option<i64>) {
        let held: Vec<Holding> = held
            .iter()
            .zip(1..)
            .map(|((left, right, kind), id)| Holding { id, constraint: pair(*left, *right, *kind) })
            .collect();
        let found = find_contradiction(&held, pair(new.0, new.1, new.2));
        assert_eq!(found.map(|holding| holding.id), expected);
    }

    #[test]
    fn contradictions_are_found_through_chains_of_must_links() {
        use ConstraintKind::{CannotLink as No, MustLink as Must};
        check(&[], (1, 2, Must), None);
        check(&[(1, 2, No)], (1, 2, Must), Some(1));
        check(&[(1, 2, Must)], (1, 2, No), Some(1));
        check(&[(1, 2, Must), (3, 4, Must), (1, 4, No)], (2, 3, Must), Some(3));
        check(&[(1, 2, Must), (2, 3, Must)], (1, 3, No), Some(1));
        check(&[(1, 2, Must), (3, 4, Must)], (2, 3, No), None);
        check(&[(1, 2, No), (2, 3, No)], (1, 3, Must), None);
        check(&[(1, 2, Must), (1, 2, Must)], (1, 2, Must), None);
    }
}
