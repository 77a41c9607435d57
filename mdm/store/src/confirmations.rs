//! Confirmations: golden records that a steward looked at and found to be one. Rules alone never join two of them.
//!
//! Two stewards' confirmed golden records belong together when a must-link says so, and in no other way. What a confirmation
//! speaks of are source records, because golden records come and go with resolutions: all that the golden record held when it was
//! confirmed. A must-link confirms what both golden records held. A later confirmation that has an earlier one before it, in the
//! same golden record, speaks of the same one; where it is another by then, what both held belongs to the later.

use std::collections::BTreeMap;

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use kanak_model::{GoldenId, ProposalId, SourceRecordId, Timestamp, UserId};
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::FromRow;

use crate::audit_events;
use crate::constraints::Groups;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::proposals::{NewProposal, ProposedAct};
use crate::stewardship::check_reason;
use crate::trail_agreement::WORDS;
use crate::{Store, proposals, resolution, users};

/// Who confirmed a golden record, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The steward's words.
    pub reason: String,
    /// Whether it came with the decision of a steward task: then it goes when that decision is undone.
    pub by_decision: bool,
}

/// A confirmation that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    /// The source records that stand for it: both of a must-link, else the first that it held.
    ends: Vec<i64>,
    /// What it speaks of, ascending.
    members: Vec<i64>,
}

/// A confirmation to be written.
pub(crate) struct NewConfirmation<'a> {
    /// Source records of the golden records that are confirmed as one.
    pub(crate) of: &'a [i64],
    pub(crate) constraint: Option<i64>,
    pub(crate) by: UserId,
    pub(crate) reason: &'a str,
}

/// Writes a confirmation of all that the golden records of some source records hold; gives which source records those are.
pub(crate) async fn insert(tx: &mut Tx, entity: &str, new: &NewConfirmation<'_>) -> Result<Vec<i64>, StoreError> {
    const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM confirmations";
    const INSERT: &str = "INSERT INTO confirmations (id, entity, constraint_id, reason, confirmed_by, confirmed_us) VALUES ($1, $2, $3, $4, $5, $6)";
    const MEMBERS: &str = "SELECT m.source_record_id FROM crosswalks m WHERE m.recorded_to_us IS NULL
         AND m.golden_id IN (SELECT e.golden_id FROM crosswalks e
                             WHERE e.source_record_id IN (SELECT id FROM {ids $1} AS i) AND e.recorded_to_us IS NULL)";
    const INSERT_MEMBERS: &str =
        "INSERT INTO confirmation_members (confirmation_id, source_record_id) SELECT $2, id FROM {ids $1} AS i";
    let (now, engine) = (tx.now.0, tx.engine());
    let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
    on_tx!(tx, |c| sqlx::query(INSERT)
        .bind(id)
        .bind(entity)
        .bind(new.constraint)
        .bind(new.reason)
        .bind(new.by.0)
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    let mut members: Vec<i64> =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, MEMBERS)).bind(json(new.of)).fetch_all(c).await)?;
    members.extend(new.of);
    members.sort_unstable();
    members.dedup();
    on_tx!(tx, |c| sqlx::query(sql(engine, INSERT_MEMBERS)).bind(json(&members)).bind(id).execute(c).await.map(drop))?;
    Ok(members)
}

/// Withdraws the confirmation that came with a must-link; gives the source records that it spoke of.
pub(crate) async fn withdraw_of_constraints(
    tx: &mut Tx,
    constraints: &[i64],
    by: UserId,
) -> Result<Vec<i64>, StoreError> {
    const WHICH: &str = "SELECT id FROM confirmations
         WHERE constraint_id IN (SELECT id FROM {ids $1} AS i) AND withdrawn_us IS NULL";
    let engine = tx.engine();
    let ids: Vec<i64> =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, WHICH)).bind(json(constraints)).fetch_all(c).await)?;
    withdraw(tx, &ids, by).await
}

/// Withdraws confirmations; gives the source records that they spoke of, ascending.
async fn withdraw(tx: &mut Tx, ids: &[i64], by: UserId) -> Result<Vec<i64>, StoreError> {
    const WITHDRAW: &str = "UPDATE confirmations SET withdrawn_by = $2, withdrawn_us = $3
         WHERE id IN (SELECT id FROM {ids $1} AS i) AND withdrawn_us IS NULL";
    const MEMBERS: &str = "SELECT DISTINCT source_record_id FROM confirmation_members
         WHERE confirmation_id IN (SELECT id FROM {ids $1} AS i) ORDER BY source_record_id";
    let (now, engine) = (tx.now.0, tx.engine());
    on_tx!(tx, |c| sqlx::query(sql(engine, WITHDRAW)).bind(json(ids)).bind(by.0).bind(now).execute(c).await.map(drop))?;
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql(engine, MEMBERS)).bind(json(ids)).fetch_all(c).await)?)
}

/// Which of these golden records are confirmed.
pub(crate) async fn confirmed(tx: &mut Tx, golden: &[i64]) -> Result<FxHashSet<i64>, StoreError> {
    const SQL: &str = "SELECT DISTINCT x.golden_id FROM crosswalks x
         JOIN confirmation_members m ON m.source_record_id = x.source_record_id
         JOIN confirmations c ON c.id = m.confirmation_id AND c.withdrawn_us IS NULL
         WHERE x.golden_id IN (SELECT id FROM {ids $1} AS i) AND x.recorded_to_us IS NULL";
    let engine = tx.engine();
    let rows: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(golden)).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

#[derive(FromRow)]
struct MemberOf {
    id: i64,
    left_id: Option<i64>,
    right_id: Option<i64>,
    source_record_id: i64,
    retired_us: Option<i64>,
}

/// The live source records of each confirmed golden record of an entity type; all ascending.
pub(crate) async fn list_groups(tx: &mut Tx, entity: &str) -> Result<Vec<Vec<i64>>, StoreError> {
    const SQL: &str = "SELECT c.id, k.left_id, k.right_id, m.source_record_id, r.retired_us FROM confirmations c
         JOIN confirmation_members m ON m.confirmation_id = c.id JOIN source_records r ON r.id = m.source_record_id
         LEFT JOIN constraints k ON k.id = c.constraint_id
         WHERE c.entity = $1 AND c.withdrawn_us IS NULL ORDER BY c.id, m.source_record_id";
    let rows: Vec<MemberOf> = on_tx!(tx, |c| sqlx::query_as(SQL).bind(entity).fetch_all(c).await)?;
    let retired: FxHashSet<i64> =
        rows.iter().filter(|row| row.retired_us.is_some()).map(|row| row.source_record_id).collect();
    let holding: Vec<Holding> = rows
        .chunk_by(|one, other| one.id == other.id)
        .map(|rows| {
            let members: Vec<i64> = rows.iter().map(|row| row.source_record_id).collect();
            let ends = rows[0].left_id.into_iter().chain(rows[0].right_id).collect::<Vec<_>>();
            Holding { ends: if ends.is_empty() { vec![members[0]] } else { ends }, members }
        })
        .collect();
    let mut groups = groups(&holding);
    for members in &mut groups {
        members.retain(|member| !retired.contains(member));
    }
    groups.retain(|members| !members.is_empty());
    groups.sort_unstable();
    Ok(groups)
}

/// Which source records belong to which confirmed golden record: every one to the latest confirmation that speaks of it, and
/// confirmations to one golden record when the later speaks of what stands for the earlier.
fn groups(holding: &[Holding]) -> Vec<Vec<i64>> {
    let mut same = Groups::default();
    let mut standing: FxHashMap<i64, usize> = FxHashMap::default();
    let mut latest: BTreeMap<i64, usize> = BTreeMap::new();
    for (at, one) in holding.iter().enumerate() {
        for member in one.members.iter().chain(&one.ends) {
            if let Some(earlier) = standing.get(member) {
                same.join(*earlier as i64, at as i64);
            }
            latest.insert(*member, at);
        }
        standing.extend(one.ends.iter().map(|end| (*end, at)));
    }
    let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (member, at) in latest {
        groups.entry(same.root(at as i64)).or_default().push(member);
    }
    groups.into_values().collect()
}

/// A confirmed golden record as matching hears of it: its first source record with each of them.
pub(crate) fn as_constraints(group: &[i64]) -> impl Iterator<Item = Constraint> {
    let kind = ConstraintKind::Confirmed;
    let pair =
        move |first: i64, other: &i64| Constraint { left: SourceRecordId(first), right: SourceRecordId(*other), kind };
    let first = group.first().copied();
    group.iter().filter_map(move |member| Some(pair(first?, member)))
}

/// Golden records that hold source records of two confirmed ones although nothing in them waits for a resolution.
pub(crate) async fn list_joined(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    const ENTITIES: &str = "SELECT DISTINCT entity FROM confirmations WHERE withdrawn_us IS NULL ORDER BY entity";
    const LINKS: &str = "SELECT source_record_id, golden_id FROM crosswalks
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_to_us IS NULL";
    const WAITING: &str = "SELECT DISTINCT x.golden_id FROM unresolved_source_records u
         JOIN crosswalks x ON x.source_record_id = u.source_record_id AND x.recorded_to_us IS NULL";
    let engine = tx.engine();
    let entities: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(ENTITIES).fetch_all(c).await)?;
    let waiting: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(WAITING).fetch_all(c).await)?;
    let waiting: FxHashSet<i64> = waiting.into_iter().collect();
    let mut joined = Vec::new();
    for entity in entities {
        let mut group_of: FxHashMap<i64, usize> = FxHashMap::default();
        for (at, group) in list_groups(tx, &entity).await?.iter().enumerate() {
            group_of.extend(group.iter().map(|member| (*member, at)));
        }
        let members: Vec<i64> = group_of.keys().copied().collect();
        let links: Vec<(i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, LINKS)).bind(json(&members)).fetch_all(c).await)?;
        let mut held: FxHashMap<i64, usize> = FxHashMap::default();
        for (source, golden) in links.into_iter().filter(|link| !waiting.contains(&link.1)) {
            if *held.entry(golden).or_insert(group_of[&source]) != group_of[&source] {
                joined.push(golden);
            }
        }
    }
    joined.sort_unstable();
    joined.dedup();
    Ok(joined)
}

/// See [`Store::list_confirmed`].
pub(crate) async fn confirmed_of(tx: &mut Tx, entity: &str) -> Result<Vec<Constraint>, StoreError> {
    let groups = list_groups(tx, entity).await?;
    Ok(groups.iter().flat_map(|group| as_constraints(group)).collect())
}

impl Store {
    /// What stewards confirmed of an entity type: of each confirmed golden record its first live source record with each of them.
    /// [`Store::list_constraints`] does not give these.
    pub async fn list_confirmed(&self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        confirmed_of(&mut self.db.begin_read().await?, entity).await
    }

    /// Who confirmed a golden record last; `None` where it is not confirmed.
    pub async fn find_confirmation(&self, id: GoldenId) -> Result<Option<Confirmation>, StoreError> {
        const SQL: &str = "SELECT c.confirmed_by, c.confirmed_us, c.reason, c.constraint_id FROM confirmations c
             WHERE c.withdrawn_us IS NULL AND c.id = (SELECT max(m.confirmation_id) FROM crosswalks x
                 JOIN confirmation_members m ON m.source_record_id = x.source_record_id
                 JOIN confirmations h ON h.id = m.confirmation_id AND h.withdrawn_us IS NULL
                 WHERE x.golden_id = $1 AND x.recorded_to_us IS NULL)";
        type Row = (i64, i64, String, Option<i64>);
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).fetch_optional(c).await)?;
        Ok(row.map(|(by, at, reason, constraint)| Confirmation {
            by: UserId(by),
            at: Timestamp(at),
            reason,
            by_decision: constraint.is_some(),
        }))
    }

    /// Confirms a golden record as it is: from now on rules join it with no other that is confirmed. Nothing changes in it.
    ///
    /// # Errors
    /// [`StoreError::Reason`] when the reason cannot be kept; [`StoreError::NotFound`] when there is no such live golden record.
    pub async fn confirm_golden(&self, id: GoldenId, by: UserId, reason: &str) -> Result<(), StoreError> {
        let reason = check_reason(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let (entity, members) = live_members(&mut tx, id).await?;
        let new = NewConfirmation { of: &members, constraint: None, by, reason };
        insert(&mut tx, &entity, &new).await?;
        resolution::mark_unresolved(&mut tx, &entity, &members).await?;
        let detail = serde_json::json!({ WORDS: audit_events::words_hash([reason]) });
        audit(&mut tx, by, "golden_record_confirmed", id, detail).await?;
        tx.commit().await
    }

    /// Withdraws what stewards confirmed of a golden record by itself, or proposes that where the policy wants a second steward to agree.
    /// Its source records wait for a resolution, which may join it by rule again. What a decision confirmed stays until that is undone.
    /// Gives the proposal where it is one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such live golden record, or nothing to withdraw; [`StoreError::ProposalWaits`].
    pub async fn withdraw_confirmation_under(
        &self,
        policy: &FourEyes,
        id: GoldenId,
        by: UserId,
    ) -> Result<Option<ProposalId>, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let (entity, ids) = find_by_itself(&mut tx, id).await?;
        let proposed = match policy.find_reason_to_keep_confirmed() {
            None => {
                withdraw_found(&mut tx, id, by, (&entity, &ids)).await?;
                None
            }
            Some(policy) => {
                let act = ProposedAct::WithdrawConfirmation { golden_id: id };
                let new = NewProposal { entity: &entity, act: &act, policy: &policy, reason: "", by };
                Some(proposals::propose_taking_back(&mut tx, &new).await?)
            }
        };
        tx.commit().await?;
        Ok(proposed)
    }
}

/// The entity type of a live golden record, and what stewards confirmed of it by itself.
async fn find_by_itself(tx: &mut Tx, id: GoldenId) -> Result<(String, Vec<i64>), StoreError> {
    const WHICH: &str =
        "SELECT DISTINCT c.id FROM confirmations c JOIN confirmation_members m ON m.confirmation_id = c.id
         JOIN crosswalks x ON x.source_record_id = m.source_record_id AND x.recorded_to_us IS NULL
         WHERE x.golden_id = $1 AND c.constraint_id IS NULL AND c.withdrawn_us IS NULL";
    let (entity, _) = live_members(tx, id).await?;
    let ids: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(WHICH).bind(id.0).fetch_all(c).await)?;
    if ids.is_empty() {
        return Err(StoreError::NotFound { what: "confirmation of golden record", id: id.to_string() });
    }
    Ok((entity, ids))
}

async fn withdraw_found(
    tx: &mut Tx,
    id: GoldenId,
    by: UserId,
    (entity, ids): (&str, &[i64]),
) -> Result<Vec<i64>, StoreError> {
    let members = withdraw(tx, ids, by).await?;
    resolution::mark_unresolved(tx, entity, &members).await?;
    audit(tx, by, "confirmation_withdrawn", id, serde_json::json!({})).await?;
    Ok(members)
}

/// Withdraws what stewards confirmed of a golden record by itself; gives its entity type and the source records that it spoke of.
pub(crate) async fn withdraw_of_golden(
    tx: &mut Tx,
    id: GoldenId,
    by: UserId,
) -> Result<(String, Vec<i64>), StoreError> {
    let (entity, ids) = find_by_itself(tx, id).await?;
    let members = withdraw_found(tx, id, by, (&entity, &ids)).await?;
    Ok((entity, members))
}

/// Takes the words out of confirmations that speak of source records that are erased, or that came with decisions whose words go.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64], constraints: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE confirmations SET reason = 'erased' WHERE id IN (SELECT confirmation_id
         FROM confirmation_members WHERE source_record_id IN (SELECT id FROM {ids $1} AS i))
         OR constraint_id IN (SELECT id FROM {ids $2} AS c)";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
        .bind(json(sources))
        .bind(json(constraints))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The entity type and the source records of a live golden record, ascending.
pub(crate) async fn live_members(tx: &mut Tx, id: GoldenId) -> Result<(String, Vec<i64>), StoreError> {
    const ENTITY: &str = "SELECT entity FROM golden_records WHERE id = $1 AND state = 'live'";
    const MEMBERS: &str = "SELECT source_record_id FROM crosswalks WHERE golden_id = $1 AND recorded_to_us IS NULL
         ORDER BY source_record_id";
    let entity: Option<String> = on_tx!(tx, |c| sqlx::query_scalar(ENTITY).bind(id.0).fetch_optional(c).await)?;
    let entity = entity.ok_or_else(|| StoreError::NotFound { what: "live golden record", id: id.to_string() })?;
    let members: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(MEMBERS).bind(id.0).fetch_all(c).await)?;
    Ok((entity, members))
}

async fn audit(
    tx: &mut Tx,
    by: UserId,
    action: &str,
    id: GoldenId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let actor = users::actor(tx, by).await?;
    audit_events::append_act(tx, &actor, action, id.to_string(), detail).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(holding: &[(&[i64], &[i64])], expected: &[&[i64]]) {
        let holding: Vec<Holding> =
            holding.iter().map(|(ends, members)| Holding { ends: ends.to_vec(), members: members.to_vec() }).collect();
        assert_eq!(groups(&holding), expected);
    }

    #[test]
    fn what_stewards_confirmed_separately_stays_separate() {
        check(&[], &[]);
        check(&[(&[1], &[1, 2])], &[&[1, 2]]);
        check(&[(&[1, 2], &[1, 2, 3]), (&[5, 6], &[5, 6, 7])], &[&[1, 2, 3], &[5, 6, 7]]);
    }

    #[test]
    fn a_later_decision_about_the_same_golden_record_speaks_of_the_same_one() {
        // Rules had joined 1 to 4 before either decision; 2 and 3 were decided about one after the other.
        check(&[(&[2, 9], &[1, 2, 3, 4, 9]), (&[3, 8], &[1, 2, 3, 4, 8, 9])], &[&[1, 2, 3, 4, 8, 9]]);
        // A chain of must-links.
        check(&[(&[1, 2], &[1, 2]), (&[3, 4], &[3, 4]), (&[2, 3], &[1, 2, 3, 4])], &[&[1, 2, 3, 4]]);
    }

    #[test]
    fn who_moved_on_belongs_to_the_later_confirmation() {
        // 3 was confirmed with 1 and 2, and later with 5 after it had moved there by itself.
        check(&[(&[1, 2], &[1, 2, 3]), (&[5, 6], &[3, 5, 6])], &[&[1, 2], &[3, 5, 6]]);
    }
}
