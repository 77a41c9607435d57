//! Proposals: what one steward wants and a second one has to approve before it is in force. A ledger: each is approved, rejected or
//! withdrawn once, or lapses with its task. Approved, it is in force in the name of who proposed it; who approved it stands here.

use kanak_model::match_pair::{Constraint, Decision};
use kanak_model::steward_task::StewardTask;
use kanak_model::{
    Access, FieldCheckId, GoldenId, OverrideId, ProposalId, Role, SourceRecordId, StewardTaskId, Timestamp, UserId,
};
use sqlx::FromRow;

use crate::access_sql::compile;
use crate::audit_events;
use crate::confirmations::{self, live_members};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, json, sql};
use crate::error::StoreError;
use crate::overrides::{self, NewOverride};
use crate::steward_tasks::{allowed, get_due, take};
use crate::stewardship::{HeldDecisions, NewDecision, check_reason, check_words_of, enact, find_obstacle, undo};
use crate::trail_agreement::{IN_NAME_OF, WORDS};
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
    /// The decision of a steward task is to be undone.
    Undo {
        /// The task.
        task: StewardTaskId,
    },
    /// What stewards confirmed of a golden record by itself is to be withdrawn.
    WithdrawConfirmation {
        /// The golden record as it was when this was proposed.
        golden_id: GoldenId,
    },
    /// A stated value is to be withdrawn.
    WithdrawOverride {
        /// The golden record that it gave its value to when this was proposed.
        golden_id: GoldenId,
        /// The attribute.
        attribute: String,
        /// The override.
        stated: OverrideId,
    },
}

impl ProposedAct {
    /// The word in tables and requests.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Decide { .. } => "decide",
            Self::Override { .. } => "state_value",
            Self::Undo { .. } => "undo",
            Self::WithdrawConfirmation { .. } => "withdraw_confirmation",
            Self::WithdrawOverride { .. } => "withdraw_value",
        }
    }
}

/// That a proposal ended: how, when and by whom.
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

/// What became of a proposal that no longer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalOutcome {
    /// A second steward approved it.
    Approved,
    /// A second steward rejected it.
    Rejected,
    /// Who proposed it took it back.
    Withdrawn,
    /// Its task lapsed, or what it is about was erased.
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
    act: String,
    steward_task_id: Option<i64>,
    decision: Option<String>,
    field_check_id: Option<i64>,
    golden_id: Option<i64>,
    attribute: Option<String>,
    value: Option<String>,
    expires_us: Option<i64>,
    override_id: Option<i64>,
    policy: String,
    reason: String,
    proposed_by: i64,
    proposed_us: i64,
    outcome: Option<String>,
    ended_by: Option<i64>,
    ended_us: Option<i64>,
    ended_reason: Option<String>,
}

const COLUMNS: &str = "SELECT p.id, p.entity, p.act, p.steward_task_id, p.decision, p.field_check_id, p.golden_id, p.attribute, p.value,
     p.expires_us, p.override_id, p.policy, p.reason, p.proposed_by, p.proposed_us, p.outcome, p.ended_by, p.ended_us, p.ended_reason FROM proposals p";

impl TryFrom<Row> for Proposal {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored = |column, expected| StoreError::Stored { table: "proposals", row: row.id, column, expected };
        let task = row.steward_task_id.map(StewardTaskId);
        let golden_id = row.golden_id.map(GoldenId);
        let decision = row.decision.as_deref().and_then(Decision::find);
        let act = match (row.act.as_str(), task, golden_id, row.attribute) {
            ("decide", Some(task), ..) => ProposedAct::Decide {
                task,
                decision: decision.ok_or_else(|| stored("decision", "decision"))?,
                evidence: row.field_check_id.map(FieldCheckId),
            },
            ("undo", Some(task), ..) => ProposedAct::Undo { task },
            ("state_value", _, Some(golden_id), Some(attribute)) => ProposedAct::Override {
                golden_id,
                attribute,
                value: row.value.ok_or_else(|| stored("value", "value"))?,
                expires: row.expires_us.map(Timestamp),
            },
            ("withdraw_confirmation", _, Some(golden_id), _) => ProposedAct::WithdrawConfirmation { golden_id },
            ("withdraw_value", _, Some(golden_id), Some(attribute)) => ProposedAct::WithdrawOverride {
                golden_id,
                attribute,
                stated: row.override_id.map(OverrideId).ok_or_else(|| stored("override_id", "override"))?,
            },
            _ => return Err(stored("act", "proposed act")),
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
///
/// # Errors
/// [`StoreError::ProposalWaits`] where another one about the same task, confirmation or stated value waits already.
pub(crate) async fn insert(tx: &mut Tx, new: &NewProposal<'_>) -> Result<ProposalId, StoreError> {
    const SQL: &str = "INSERT INTO proposals (id, entity, act, steward_task_id, decision, field_check_id, golden_id, attribute, value,
         expires_us, override_id, policy, reason, proposed_by, proposed_us)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM proposals), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
    refuse_twice(tx, new.act).await?;
    let now = tx.now.0;
    let (mut task, mut decided, mut check) = (None, None, None);
    let (mut golden, mut named, mut stated, mut expires_us, mut withdrawn) = (None, None, None, None, None);
    match new.act {
        ProposedAct::Decide { task: id, decision, evidence } => {
            (task, decided, check) = (Some(id.0), Some(decision.word()), evidence.map(|one| one.0));
        }
        ProposedAct::Undo { task: id } => task = Some(id.0),
        ProposedAct::Override { golden_id, attribute, value, expires } => {
            (golden, named, stated) = (Some(golden_id.0), Some(attribute), Some(value));
            expires_us = expires.map(|at| at.0);
        }
        ProposedAct::WithdrawConfirmation { golden_id } => golden = Some(golden_id.0),
        ProposedAct::WithdrawOverride { golden_id, attribute, stated } => {
            (golden, named, withdrawn) = (Some(golden_id.0), Some(attribute), Some(stated.0));
        }
    }
    let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(new.entity)
        .bind(new.act.word())
        .bind(task)
        .bind(decided)
        .bind(check)
        .bind(golden)
        .bind(named)
        .bind(stated)
        .bind(expires_us)
        .bind(withdrawn)
        .bind(new.policy)
        .bind(new.reason)
        .bind(new.by.0)
        .bind(now)
        .fetch_one(c)
        .await)?;
    Ok(ProposalId(id))
}

/// Of a task, a confirmation and a stated value one proposal waits at a time. Of values to be stated several may.
async fn refuse_twice(tx: &mut Tx, act: &ProposedAct) -> Result<(), StoreError> {
    const TASK: &str = "SELECT id, proposed_by FROM proposals WHERE outcome IS NULL AND steward_task_id = $1";
    const CONFIRMATION: &str = "SELECT id, proposed_by FROM proposals WHERE outcome IS NULL AND golden_id = $1 AND act = 'withdraw_confirmation'";
    const OVERRIDE: &str = "SELECT id, proposed_by FROM proposals WHERE outcome IS NULL AND override_id = $1";
    let (text, of) = match act {
        ProposedAct::Override { .. } => return Ok(()),
        ProposedAct::Decide { task, .. } | ProposedAct::Undo { task } => (TASK, task.0),
        ProposedAct::WithdrawConfirmation { golden_id } => (CONFIRMATION, golden_id.0),
        ProposedAct::WithdrawOverride { stated, .. } => (OVERRIDE, stated.0),
    };
    let waits: Option<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(text).bind(of).fetch_optional(c).await)?;
    match waits {
        None => Ok(()),
        Some((id, by)) => {
            Err(StoreError::ProposalWaits { proposal: ProposalId(id), by: users::actor(tx, UserId(by)).await? })
        }
    }
}

/// Proposes that something is taken back; gives the proposal.
pub(crate) async fn propose_taking_back(tx: &mut Tx, new: &NewProposal<'_>) -> Result<ProposalId, StoreError> {
    let (action, detail) = match new.act {
        ProposedAct::Undo { task } => ("undo_proposed", serde_json::json!({ "steward_task": task.0 })),
        ProposedAct::WithdrawConfirmation { golden_id } => {
            ("withdrawal_proposed", serde_json::json!({ "golden_record": golden_id.to_string() }))
        }
        ProposedAct::WithdrawOverride { golden_id, attribute, stated } => (
            "withdrawal_proposed",
            serde_json::json!({ "golden_record": golden_id.to_string(), "attribute": attribute, "override": stated.0 }),
        ),
        ProposedAct::Decide { .. } | ProposedAct::Override { .. } => {
            return Err(StoreError::Internal("what is proposed takes nothing back"));
        }
    };
    let id = insert(tx, new).await?;
    audit(tx, new.by, action, id, detail).await?;
    Ok(id)
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

/// Takes words and values out of proposals about what is erased, and ends those that wait: about tasks of these source records, about these
/// golden records, and about those that held one of the source records when the proposal was made.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64], golden: &[i64]) -> Result<(), StoreError> {
    const FIND: &str = "SELECT p.id FROM proposals p WHERE p.golden_id IN (SELECT id FROM {ids $2} AS g)
         OR p.steward_task_id IN (SELECT t.id FROM steward_tasks t
             WHERE t.left_id IN (SELECT id FROM {ids $1} AS i) OR t.right_id IN (SELECT id FROM {ids $1} AS j))
         OR p.golden_id IN (SELECT x.golden_id FROM crosswalks x WHERE x.source_record_id IN (SELECT id FROM {ids $1} AS k)
             AND x.recorded_from_us <= p.proposed_us AND (x.recorded_to_us IS NULL OR x.recorded_to_us > p.proposed_us))";
    const WORDS: &str = "UPDATE proposals SET reason = 'erased', value = CASE WHEN value IS NOT NULL THEN '' END,
         ended_reason = CASE WHEN ended_reason IS NOT NULL THEN 'erased' END WHERE id IN (SELECT id FROM {ids $1} AS i)";
    const LAPSE: &str = "UPDATE proposals SET outcome = 'lapsed', ended_us = $2
         WHERE outcome IS NULL AND id IN (SELECT id FROM {ids $1} AS i)";
    let (engine, now) = (tx.engine(), tx.now.0);
    let found: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, FIND))
        .bind(json(sources))
        .bind(json(golden))
        .fetch_all(c)
        .await)?;
    on_tx!(tx, |c| sqlx::query(sql(engine, WORDS)).bind(json(&found)).execute(c).await.map(drop))?;
    on_tx!(tx, |c| sqlx::query(sql(engine, LAPSE)).bind(json(&found)).bind(now).execute(c).await.map(drop))?;
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

/// Whoever proposed something must still have the role for it when it comes in force.
async fn check_proposer(tx: &mut Tx, proposal: &Proposal, needed: Role) -> Result<(), StoreError> {
    if users::roles(tx, proposal.by).await?.contains(&needed) {
        return Ok(());
    }
    let by = users::actor(tx, proposal.by).await?;
    Err(StoreError::ProposerGone { proposal: proposal.id, by, needed: needed.word() })
}

fn as_ids(source_records: Vec<i64>) -> Vec<SourceRecordId> {
    source_records.into_iter().map(SourceRecordId).collect()
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
    /// [`StoreError::OwnProposal`] for who proposed it; [`StoreError::ProposalEnded`] when it no longer waits;
    /// [`StoreError::ProposerGone`] when who proposed it may not do so any more; else what the act itself is refused for: see
    /// [`Store::decide_task_under`], [`Store::state_override`], [`Store::undo_decision_under`],
    /// [`Store::withdraw_confirmation_under`] and [`Store::withdraw_override_under`]. Then it goes on waiting.
    pub async fn approve_proposal(&self, id: ProposalId, by: UserId) -> Result<Approved, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let proposal = get_open(&mut tx, id).await?;
        if proposal.by == by {
            return Err(StoreError::OwnProposal(id));
        }
        check_proposer(&mut tx, &proposal, Role::Steward).await?;
        let approved = match &proposal.act {
            ProposedAct::Decide { task, decision, evidence } => {
                let task = get_due(&mut tx, *task).await?;
                let step = allowed(&mut tx, &task, by, StewardTask::approve).await?;
                if let Some(escalation) = task.state.escalation() {
                    check_proposer(&mut tx, &proposal, escalation.to).await?;
                }
                let mut held = HeldDecisions::default();
                let constraint = find_obstacle(&mut tx, &mut held, &task, *decision, *evidence).await?;
                let new = NewDecision { by: proposal.by, decision: *decision, reason: &proposal.reason, batch: None };
                enact(&mut tx, &mut held, &task, new, *evidence, constraint).await?;
                let actor = users::actor(&mut tx, by).await?;
                let detail = serde_json::json!({
                    "decision": decision.word(), "proposal": id.0, IN_NAME_OF: users::actor(&mut tx, proposal.by).await?,
                    WORDS: audit_events::words_hash([proposal.reason.as_str()]),
                });
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
                Approved { entity, touched: as_ids(members) }
            }
            ProposedAct::Undo { task } => {
                let reason = check_words_of(&proposal.reason)?;
                let task = undo(&mut tx, *task, proposal.by, reason).await?;
                audit(&mut tx, by, "undo_approved", id, serde_json::json!({ "steward_task": task.id.0 })).await?;
                Approved { entity: task.entity, touched: vec![task.pair.left, task.pair.right] }
            }
            ProposedAct::WithdrawConfirmation { golden_id } => {
                let (entity, members) = confirmations::withdraw_of_golden(&mut tx, *golden_id, proposal.by).await?;
                let detail = serde_json::json!({ "golden_record": golden_id.to_string() });
                audit(&mut tx, by, "withdrawal_approved", id, detail).await?;
                Approved { entity, touched: as_ids(members) }
            }
            ProposedAct::WithdrawOverride { stated, .. } => {
                let members = overrides::withdraw(&mut tx, *stated, proposal.by).await?;
                audit(&mut tx, by, "withdrawal_approved", id, serde_json::json!({ "override": stated.0 })).await?;
                Approved { entity: proposal.entity.clone(), touched: as_ids(members) }
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
            ProposedAct::Override { .. }
            | ProposedAct::Undo { .. }
            | ProposedAct::WithdrawConfirmation { .. }
            | ProposedAct::WithdrawOverride { .. } => {
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

    /// The proposals about these entity types that wait and that the caller may read, the oldest first, after a cursor: those about
    /// steward tasks of which both source records lie where the caller may read, and about golden records that do (of a merged-away one,
    /// the one it ended in).
    pub async fn list_proposals(
        &self,
        access: &Access,
        entities: &[&str],
        after: Option<ProposalId>,
        limit: u32,
    ) -> Result<Vec<Proposal>, StoreError> {
        self.list_readable(access, entities, ("p.outcome IS NULL", "p.id"), after, limit).await
    }

    /// The proposals about these entity types that a second steward rejected and that the caller may read, the latest rejected first.
    pub async fn list_rejected_proposals(
        &self,
        access: &Access,
        entities: &[&str],
        limit: u32,
    ) -> Result<Vec<Proposal>, StoreError> {
        let which = ("p.outcome = 'rejected'", "p.ended_us DESC, p.id DESC");
        self.list_readable(access, entities, which, None, limit).await
    }

    async fn list_readable(
        &self,
        access: &Access,
        entities: &[&str],
        (condition, order): (&str, &str),
        after: Option<ProposalId>,
        limit: u32,
    ) -> Result<Vec<Proposal>, StoreError> {
        let engine = self.db.engine();
        let left = compile(access.filter(), engine, JsonColumn::Stated("l.stated"), 4);
        let right = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 4 + left.bind.len());
        let first = 4 + left.bind.len() + right.bind.len();
        let golden = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), first);
        let text = format!(
            "{COLUMNS} WHERE {condition} AND p.id > $1 AND p.entity IN (SELECT word FROM {{texts $2}} AS named)
             AND (EXISTS (SELECT 1 FROM steward_tasks t JOIN source_records l ON l.id = t.left_id
                     JOIN source_records r ON r.id = t.right_id WHERE t.id = p.steward_task_id AND {} AND {})
                 OR EXISTS (WITH RECURSIVE ended(id, redirect_to) AS (
                         SELECT g.id, g.redirect_to FROM golden_records g WHERE g.id = p.golden_id
                         UNION SELECT g.id, g.redirect_to FROM golden_records g JOIN ended e ON g.id = e.redirect_to)
                     SELECT 1 FROM ended e JOIN golden_records g ON g.id = e.id
                     JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
                     WHERE e.redirect_to IS NULL AND {}))
             ORDER BY {order} LIMIT $3",
            left.sql, right.sql, golden.sql
        );
        let rows: Vec<Row> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &text))
                .bind(after.map_or(0, |after| after.0))
                .bind(json(entities))
                .bind(i64::from(limit));
            for text in left.bind.into_iter().chain(right.bind).chain(golden.bind) {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        rows.into_iter().map(Proposal::try_from).collect()
    }

    /// What about a task waits for a second steward: its decision, or the undoing of it. The caller has read the task under the same
    /// access.
    pub async fn find_proposal_of_task(&self, task: StewardTaskId) -> Result<Option<Proposal>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE p.steward_task_id = $1 AND p.outcome IS NULL"));
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(text).bind(task.0).fetch_optional(c).await)?;
        row.map(Proposal::try_from).transpose()
    }

    /// What about a golden record waits for a second steward, the oldest first. The caller has read it under the same access.
    pub async fn list_proposals_of_golden(&self, id: GoldenId) -> Result<Vec<Proposal>, StoreError> {
        let text = format!("{COLUMNS} WHERE p.golden_id = $1 AND p.outcome IS NULL ORDER BY p.id");
        let text = sqlx::AssertSqlSafe(text);
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(text).bind(id.0).fetch_all(c).await)?;
        rows.into_iter().map(Proposal::try_from).collect()
    }
}
