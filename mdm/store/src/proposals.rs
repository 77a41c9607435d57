//! Proposals: what one steward wants and a second one has to approve before it is in force. A ledger: each is approved, rejected or
//! withdrawn once, or lapses with its task. Approved, it is in force in the name of who proposed it; who approved it stands here.

use kanak_model::match_pair::{Constraint, Decision};
use kanak_model::steward_task::StewardTask;
use kanak_model::{FieldCheckId, GoldenId, OverrideId, ProposalId, SourceRecordId, StewardTaskId, Timestamp, UserId};
use sqlx::FromRow;

use crate::audit_events;
use crate::confirmations::live_members;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::overrides::{self, NewOverride};
use crate::steward_tasks::{allowed, get_due, take};
use crate::stewardship::{HeldDecisions, NewDecision, check_reason, check_words_of, enact, find_obstacle};
use crate::{Store, users};

/// What one steward wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The entity type.
    pub entity: String,
    /// What is to be done.
    pub act: ProposedAct,
    /// Why the deployment wants a second steward.
    pub policy: String,
    /// The steward's words.
    pub reason: String,
    /// Who proposes.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// How it ended; `None` while it waits.
    pub ended: Option<ProposalEnd>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposedAct {
    /// A steward task is to be decided.
    Decide {
        /// The task.
        task: StewardTaskId,
        /// `Match` or `NoMatch`.
        decision: Decision,
        /// The field check that the decision names.
        evidence: Option<FieldCheckId>,
    },
    /// A value of a golden record is to be stated.
    Override {
        /// The golden record as it was when this was proposed.
        golden_id: GoldenId,
        /// The attribute.
        attribute: String,
        /// The value, in the standard form of its kind. Personal: show it by the access to its attribute's class.
        value: String,
        /// From when on it would no longer hold.
        expires: Option<Timestamp>,
    },
}

/// How a proposal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalEnd {
    /// How.
    pub outcome: ProposalOutcome,
    /// Who ended it; `None` when it lapsed.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// The words of who rejected it.
    pub reason: Option<String>,
}

/// How a proposal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalOutcome {
    /// A second steward approved it.
    Approved,
    /// A second steward rejected it.
    Rejected,
    /// Who proposed it took it back.
    Withdrawn,
    /// Its task lapsed.
    Lapsed,
}

impl ProposalOutcome {
    /// The word in tables and requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    fn find(word: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected, Self::Withdrawn, Self::Lapsed].into_iter().find(|one| one.word() == word)
    }
}

/// What an approval put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The entity type.
    pub entity: String,
    /// The source records that wait for a resolution by it.
    pub touched: Vec<SourceRecordId>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    entity: String,
    steward_task_id: Option<i64>,
    decision: Option<String>,
    field_check_id: Option<i64>,
    golden_id: Option<i64>,
    attribute: Option<String>,
    value: Option<String>,
    expires_us: Option<i64>,
    policy: String,
    reason: String,
    proposed_by: i64,
    proposed_us: i64,
    outcome: Option<String>,
    ended_by: Option<i64>,
    ended_us: Option<i64>,
    ended_reason: Option<String>,
}

const COLUMNS: &str = "SELECT p.id, p.entity, p.steward_task_id, p.decision, p.field_check_id, p.golden_id, p.attribute, p.value,
     p.expires_us, p.policy, p.reason, p.proposed_by, p.proposed_us, p.outcome, p.ended_by, p.ended_us, p.ended_reason FROM proposals p";

impl TryFrom<Row> for Proposal {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored = |column, expected| StoreError::Stored { table: "proposals", row: row.id, column, expected };
        let decision = row.decision.as_deref().and_then(Decision::find);
        let act = match (row.steward_task_id.zip(decision), row.golden_id, row.attribute, row.value) {
            (Some((task, decision)), ..) => ProposedAct::Decide {
                task: StewardTaskId(task),
                decision,
                evidence: row.field_check_id.map(FieldCheckId),
            },
            (None, Some(golden), Some(attribute), Some(value)) => ProposedAct::Override {
                golden_id: GoldenId(golden),
                attribute,
                value,
                expires: row.expires_us.map(Timestamp),
            },
            _ => return Err(stored("decision", "decision or stated value")),
        };
        let ended = match (row.outcome.as_deref(), row.ended_us) {
            (None, None) => None,
            (Some(word), Some(at)) => Some(ProposalEnd {
                outcome: ProposalOutcome::find(word).ok_or_else(|| stored("outcome", "outcome"))?,
                by: row.ended_by.map(UserId),
                at: Timestamp(at),
                reason: row.ended_reason,
            }),
            _ => return Err(stored("ended_us", "end of a proposal")),
        };
        Ok(Self {
            id: ProposalId(row.id),
            entity: row.entity,
            act,
            policy: row.policy,
            reason: row.reason,
            by: UserId(row.proposed_by),
            at: Timestamp(row.proposed_us),
            ended,
        })
    }
}

/// A proposal to be written.
pub(crate) struct NewProposal<'a> {
    pub(crate) entity: &'a str,
    pub(crate) act: &'a ProposedAct,
    pub(crate) policy: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) by: UserId,
}

/// Writes a proposal.
pub(crate) async fn insert(tx: &mut Tx, new: &NewProposal<'_>) -> Result<ProposalId, StoreError> {
    const SQL: &str = "INSERT INTO proposals (id, entity, steward_task_id, decision, field_check_id, golden_id, attribute, value,
         expires_us, policy, reason, proposed_by, proposed_us)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM proposals), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id";
    let now = tx.now.0;
    let decided = match new.act {
        ProposedAct::Decide { task, decision, evidence } => Some((task.0, decision.word(), evidence.map(|one| one.0))),
        ProposedAct::Override { .. } => None,
    };
    let stated = match new.act {
        ProposedAct::Override { golden_id, attribute, value, expires } => {
            Some((golden_id.0, attribute.as_str(), value.as_str(), expires.map(|at| at.0)))
        }
        ProposedAct::Decide { .. } => None,
    };
    let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(new.entity)
        .bind(decided.map(|one| one.0))
        .bind(decided.map(|one| one.1))
        .bind(decided.and_then(|one| one.2))
        .bind(stated.map(|one| one.0))
        .bind(stated.map(|one| one.1))
        .bind(stated.map(|one| one.2))
        .bind(stated.and_then(|one| one.3))
        .bind(new.policy)
        .bind(new.reason)
        .bind(new.by.0)
        .bind(now)
        .fetch_one(c)
        .await)?;
    Ok(ProposalId(id))
}

/// Ends the open proposals whose task no longer waits for a second steward: it lapsed.
pub(crate) async fn lapse(tx: &mut Tx) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE proposals SET outcome = 'lapsed', ended_us = $1 WHERE outcome IS NULL AND steward_task_id IS NOT NULL
         AND steward_task_id IN (SELECT t.id FROM steward_tasks t WHERE t.state = 'lapsed')";
    let now = tx.now.0;
    on_tx!(tx, |c| sqlx::query(SQL).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

/// Ends the open proposals of values of golden records that are erased.
pub(crate) async fn lapse_values(tx: &mut Tx, golden: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE proposals SET outcome = 'lapsed', ended_us = $2
         WHERE outcome IS NULL AND golden_id IN (SELECT id FROM {ids $1} AS i)";
    let (engine, now) = (tx.engine(), tx.now.0);
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(golden)).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

async fn get(tx: &mut Tx, id: ProposalId) -> Result<Proposal, StoreError> {
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE p.id = $1"));
    let row: Option<Row> = on_tx!(tx, |c| sqlx::query_as(text).bind(id.0).fetch_optional(c).await)?;
    row.ok_or_else(|| StoreError::NotFound { what: "proposal", id: id.to_string() })?.try_into()
}

/// A proposal that still waits.
async fn get_open(tx: &mut Tx, id: ProposalId) -> Result<Proposal, StoreError> {
    let proposal = get(tx, id).await?;
    match &proposal.ended {
        Some(end) => Err(StoreError::ProposalEnded { proposal: id, outcome: end.outcome.word() }),
        None => Ok(proposal),
    }
}

async fn end(
    tx: &mut Tx,
    id: ProposalId,
    outcome: ProposalOutcome,
    by: UserId,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE proposals SET outcome = $2, ended_by = $3, ended_us = $4, ended_reason = $5 WHERE id = $1";
    let now = tx.now.0;
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(id.0)
        .bind(outcome.word())
        .bind(by.0)
        .bind(now)
        .bind(reason)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

async fn audit(
    tx: &mut Tx,
    by: UserId,
    action: &str,
    id: ProposalId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let actor = users::actor(tx, by).await?;
    audit_events::append_act(tx, &actor, action, format!("proposal {id}"), detail).await
}

impl Store {
    /// Proposes a value of a golden record: it is stated once a second steward approves it.
    ///
    /// # Errors
    /// As [`Store::state_override`].
    pub async fn propose_override(
        &self,
        new: NewOverride<'_>,
        by: UserId,
        policy: &str,
    ) -> Result<ProposalId, StoreError> {
        let reason = check_reason(new.reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        if new.expires.is_some_and(|expires| expires <= tx.now) {
            return Err(StoreError::ExpiresPast);
        }
        let (entity, _) = live_members(&mut tx, new.golden_id).await?;
        let act = ProposedAct::Override {
            golden_id: new.golden_id,
            attribute: new.attribute.to_owned(),
            value: new.value.to_owned(),
            expires: new.expires,
        };
        let proposal = NewProposal { entity: &entity, act: &act, policy, reason, by };
        let id = insert(&mut tx, &proposal).await?;
        let detail = serde_json::json!({ "golden_record": new.golden_id.to_string(), "attribute": new.attribute });
        audit(&mut tx, by, "override_proposed", id, detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Approves what another steward proposed: it is in force, in the name of who proposed it.
    ///
    /// # Errors
    /// [`StoreError::OwnProposal`] for who proposed it; [`StoreError::ProposalEnded`] when it no longer waits; else what the act itself
    /// is refused for: see [`Store::decide_task`] and [`Store::state_override`]. Then it goes on waiting.
    pub async fn approve_proposal(&self, id: ProposalId, by: UserId) -> Result<Approved, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let proposal = get_open(&mut tx, id).await?;
        if proposal.by == by {
            return Err(StoreError::OwnProposal(id));
        }
        let approved = match &proposal.act {
            ProposedAct::Decide { task, decision, evidence } => {
                let task = get_due(&mut tx, *task).await?;
                let step = allowed(&mut tx, &task, by, StewardTask::approve).await?;
                let mut held = HeldDecisions::default();
                let constraint = find_obstacle(&mut tx, &mut held, &task, *decision, *evidence).await?;
                let new = NewDecision { by: proposal.by, decision: *decision, reason: &proposal.reason, batch: None };
                enact(&mut tx, &mut held, &task, new, *evidence, constraint).await?;
                let actor = users::actor(&mut tx, by).await?;
                let detail = serde_json::json!({ "decision": decision.word(), "proposal": id.0 });
                take(&mut tx, &step, &actor, detail).await?;
                let Constraint { left, right, .. } = constraint;
                Approved { entity: task.entity, touched: vec![left, right] }
            }
            ProposedAct::Override { golden_id, attribute, value, expires } => {
                let new = NewOverride {
                    golden_id: *golden_id,
                    attribute,
                    value,
                    reason: &proposal.reason,
                    expires: *expires,
                };
                let (OverrideId(stated), entity, members) = overrides::insert(&mut tx, new, proposal.by).await?;
                audit(&mut tx, by, "override_approved", id, serde_json::json!({ "override": stated })).await?;
                Approved { entity, touched: members.into_iter().map(SourceRecordId).collect() }
            }
        };
        end(&mut tx, id, ProposalOutcome::Approved, by, None).await?;
        tx.commit().await?;
        Ok(approved)
    }

    /// Turns a proposal down: who proposed it withdraws it, another steward rejects it with a reason. Its task waits as before.
    ///
    /// # Errors
    /// [`StoreError::ProposalEnded`] when it no longer waits; [`StoreError::Reason`] when another steward gives no reason that can be
    /// kept; [`StoreError::TaskStep`] when its task waits for a role that the steward lacks.
    pub async fn turn_down_proposal(&self, id: ProposalId, by: UserId, reason: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let proposal = get_open(&mut tx, id).await?;
        let (outcome, reason) = if proposal.by == by {
            (ProposalOutcome::Withdrawn, check_words_of(reason)?)
        } else {
            (ProposalOutcome::Rejected, Some(check_reason(reason)?))
        };
        match &proposal.act {
            ProposedAct::Decide { task, .. } => {
                let task = get_due(&mut tx, *task).await?;
                let step = allowed(&mut tx, &task, by, |task, actor, _| task.turn_down(actor)).await?;
                let actor = users::actor(&mut tx, by).await?;
                take(&mut tx, &step, &actor, serde_json::json!({ "proposal": id.0 })).await?;
            }
            ProposedAct::Override { .. } => {
                let action =
                    if outcome == ProposalOutcome::Withdrawn { "proposal_withdrawn" } else { "proposal_rejected" };
                audit(&mut tx, by, action, id, serde_json::json!({})).await?;
            }
        }
        end(&mut tx, id, outcome, by, reason).await?;
        tx.commit().await
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id.
    pub async fn get_proposal(&self, id: ProposalId) -> Result<Proposal, StoreError> {
        let mut tx = self.db.begin_read().await?;
        get(&mut tx, id).await
    }

    /// The proposals that wait, the oldest first. Whether a caller may see one is decided by its task or its golden record.
    pub async fn list_open_proposals(&self, limit: u32) -> Result<Vec<Proposal>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE p.outcome IS NULL ORDER BY p.id LIMIT $1"));
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(text).bind(i64::from(limit)).fetch_all(c).await)?;
        rows.into_iter().map(Proposal::try_from).collect()
    }

    /// The proposal of a task that waits for a second steward.
    pub async fn find_proposal_of_task(&self, task: StewardTaskId) -> Result<Option<Proposal>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE p.steward_task_id = $1 AND p.outcome IS NULL"));
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(text).bind(task.0).fetch_optional(c).await)?;
        row.map(Proposal::try_from).transpose()
    }

    /// The values of a golden record that wait for a second steward, the oldest first.
    pub async fn list_proposals_of_golden(&self, id: GoldenId) -> Result<Vec<Proposal>, StoreError> {
        let text = format!("{COLUMNS} WHERE p.golden_id = $1 AND p.outcome IS NULL ORDER BY p.id");
        let text = sqlx::AssertSqlSafe(text);
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(text).bind(id.0).fetch_all(c).await)?;
        rows.into_iter().map(Proposal::try_from).collect()
    }
}
