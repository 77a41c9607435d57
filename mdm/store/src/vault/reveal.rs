//! Taking a number out: one person asks, another one approves, and the asker is answered once.

use kanak_model::{Access, Purpose, Role, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};

use super::events::Actor;
use super::{Reference, Revealed, Vault, VaultError};
use crate::audit_events::words_hash;
use crate::error::StoreError;
use crate::stewardship::check_reason;
use crate::trail_agreement::WORDS;

/// A request that nobody decides within this time lapses: a day.
pub const APPROVE_WITHIN_US: i64 = 24 * 3600 * 1_000_000;
/// An approval that is not used within this time lapses: an hour.
pub const REVEAL_WITHIN_US: i64 = 3600 * 1_000_000;

/// The words of the steps in audit trails.
pub(super) const REQUESTED: &str = "reveal_requested";
pub(super) const DECIDED: &str = "reveal_decided";
pub(super) const TAKEN: &str = "reveal";

const NEEDED: &str = "a signed-in person with the role auditor for the whole state, and the purpose audit";

/// A request to take a number out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevealRequestId(pub i64);

impl std::fmt::Display for RevealRequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What another person says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealDecision {
    /// The number may be given out, once and soon.
    Approved,
    /// It may not.
    Refused,
}

impl RevealDecision {
    fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }
}

/// A step on the way of a number out of the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealAct {
    /// To ask for the number behind a reference. Another auditor decides within a day, else the request lapses.
    Ask {
        /// The domain of the reference.
        domain: String,
        /// Whose number is asked for.
        reference: Reference,
        /// The asker's words; the vault keeps them.
        reason: String,
    },
    /// To decide a request that another person made. An approval holds for an hour.
    Decide {
        /// The request.
        id: RevealRequestId,
        /// What is said to it.
        decision: RevealDecision,
    },
    /// To take the number that was asked for: by who asked, once, within an hour of another person's approval.
    Take {
        /// The request.
        id: RevealRequestId,
    },
}

impl RevealAct {
    /// The word in audit trails.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ask { .. } => REQUESTED,
            Self::Decide { .. } => DECIDED,
            Self::Take { .. } => TAKEN,
        }
    }

    fn sentence(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask for a number of the vault",
            Self::Decide { .. } => "decide about a number of the vault",
            Self::Take { .. } => "take a number out of the vault",
        }
    }
}

/// What came of a step.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealDone {
    /// The request that was made.
    Asked(RevealRequestId),
    /// The request is decided.
    Decided,
    /// The number.
    Taken(Revealed),
}

/// Whether a step may be taken, and what to write down of it.
#[derive(Debug)]
pub struct Weighed {
    /// What it is about, for audit trails.
    pub subject: String,
    /// More.
    pub detail: Value,
    /// Why it may not be taken.
    pub refused: Option<VaultError>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealState {
    /// Nobody decided yet.
    Waiting,
    /// The asker may have the number.
    Approved,
    /// The other one said no.
    Refused,
    /// The number was given out.
    Answered,
    /// Nobody decided, or the asker did not come, in time.
    Lapsed,
}

impl RevealState {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Answered => "answered",
            Self::Lapsed => "lapsed",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Waiting => "waits for another person's decision",
            Self::Approved => "is approved already",
            Self::Refused => "was refused",
            Self::Answered => "was answered",
            Self::Lapsed => "has lapsed",
        }
    }
}

/// A request as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealRequest {
    /// Its id.
    pub id: RevealRequestId,
    /// The domain of the reference.
    pub domain: String,
    /// Whose number is asked for.
    pub reference: Reference,
    /// The asker's words.
    pub reason: String,
    /// Who asks.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided: Option<Timestamp>,
    /// Where it stands.
    pub state: RevealState,
}

/// A request as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: i64,
    domain: String,
    reference: String,
    pub(super) reason: String,
    pub(super) requested_by: i64,
    pub(super) requested_us: i64,
    pub(super) decision: Option<String>,
    pub(super) decided_by: Option<i64>,
    pub(super) decided_us: Option<i64>,
    pub(super) answered_us: Option<i64>,
}

pub(super) const COLUMNS: &str =
    "SELECT id, domain, reference, reason, requested_by, requested_us, decision, decided_by, decided_us,
     answered_us FROM reveal_requests";

impl Row {
    fn state(&self, now: Timestamp) -> RevealState {
        let lapsed = |since: i64, within: i64| now.0 >= since.saturating_add(within);
        match (self.decision.as_deref(), self.decided_us) {
            _ if self.answered_us.is_some() => RevealState::Answered,
            (None, _) if lapsed(self.requested_us, APPROVE_WITHIN_US) => RevealState::Lapsed,
            (None, _) => RevealState::Waiting,
            (Some("approved"), Some(decided)) if !lapsed(decided, REVEAL_WITHIN_US) => RevealState::Approved,
            (Some("approved"), _) => RevealState::Lapsed,
            (Some(_), _) => RevealState::Refused,
        }
    }

    pub(super) fn subject(&self) -> String {
        format!("vault:{}:{}", self.domain, self.reference)
    }

    fn request(self, now: Timestamp) -> RevealRequest {
        RevealRequest {
            state: self.state(now),
            id: RevealRequestId(self.id),
            domain: self.domain,
            reference: Reference(self.reference),
            reason: self.reason,
            by: UserId(self.requested_by),
            at: Timestamp(self.requested_us),
            decided_by: self.decided_by.map(UserId),
            decided: self.decided_us.map(Timestamp),
        }
    }
}

/// The signed-in person who may ask and decide.
fn permitted(access: &Access) -> Option<UserId> {
    let caller = access.caller();
    let may = access.purpose() == Purpose::Audit && caller.has(Role::Auditor) && caller.districts.is_none();
    caller.user.filter(|_| may)
}

fn denied(access: &Access, what: &'static str) -> VaultError {
    VaultError::Denied { caller: access.caller().name.clone(), what: what.into(), needed: NEEDED.into() }
}

fn not_in_state(id: RevealRequestId, state: RevealState, remedy: &'static str) -> VaultError {
    VaultError::RequestState { id, state: state.sentence().into(), remedy: remedy.into() }
}

/// A step that is open to who wants to take it.
enum Open {
    Ask { user: UserId, domain: String, reference: Reference, reason: String },
    Decide { user: UserId, row: Row, decision: RevealDecision },
    Take { row: Row },
}

/// What is written down of a step, and the step if it is open.
struct Judged {
    subject: String,
    detail: Value,
    step: Result<Open, VaultError>,
}

impl Vault {
    /// Whether a step may be taken now. The hub asks it and writes the answer down before the step is taken: what cannot be recorded is
    /// not done. A refusal is written down here as well.
    pub async fn weigh_reveal(&self, access: &Access, act: &RevealAct) -> Result<Weighed, VaultError> {
        let mut tx = self.begin().await?;
        let Judged { subject, detail, step } = self.judge(&mut tx, access, act).await?;
        let refused = step.err();
        if let Some(why) = &refused {
            self.record_refusal(&mut tx, access, &subject, why).await?;
        }
        tx.commit().await?;
        Ok(Weighed { subject, detail, refused })
    }

    /// Takes a step, weighed once more, and writes it down in the vault's own trail at once.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::OwnRequest`], [`VaultError::NotYours`], [`VaultError::RequestState`],
    /// [`VaultError::NoRequest`], [`VaultError::Reason`]; [`VaultError::NotFound`] for a reference that is none, or is gone since.
    pub async fn reveal(&self, access: &Access, act: &RevealAct) -> Result<RevealDone, VaultError> {
        let mut tx = self.begin().await?;
        let Judged { subject, mut detail, step } = self.judge(&mut tx, access, act).await?;
        let open = match step {
            Ok(open) => open,
            Err(why) => {
                self.record_refusal(&mut tx, access, &subject, &why).await?;
                tx.commit().await?;
                return Err(why);
            }
        };
        let done = match open {
            Open::Ask { user, domain, reference, reason } => {
                let id = self.ask(&mut tx, &domain, &reference, &reason, user).await?;
                detail = json!({ "request": id.0, "user": user.0, WORDS: words_hash([reason.as_str()]) });
                RevealDone::Asked(id)
            }
            Open::Decide { user, row, decision } => {
                self.decide(&mut tx, row.id, decision, user).await?;
                RevealDone::Decided
            }
            Open::Take { row } => RevealDone::Taken(self.take(&mut tx, row).await?),
        };
        self.record(&mut tx, Actor::of(access), act.word(), &subject, detail).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn record_refusal(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        access: &Access,
        subject: &str,
        why: &VaultError,
    ) -> Result<(), VaultError> {
        self.record(tx, Actor::of(access), "reveal_refused", subject, json!({ "why": why.to_string() })).await
    }

    async fn judge(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        access: &Access,
        act: &RevealAct,
    ) -> Result<Judged, VaultError> {
        if let RevealAct::Ask { domain, .. } = act {
            Self::check_domain(domain)?;
        }
        let user = permitted(access).ok_or_else(|| denied(access, act.sentence()));
        let (subject, detail, step) = match act {
            RevealAct::Ask { domain, reference, reason } => {
                let step = match user {
                    Ok(user) => self.judge_asking(tx, domain, reference, reason).await?.map(|reason| {
                        let (domain, reference) = (domain.clone(), reference.clone());
                        Open::Ask { user, domain, reference, reason }
                    }),
                    Err(why) => Err(why),
                };
                (format!("vault:{domain}:{}", reference.as_str()), json!({}), step)
            }
            RevealAct::Decide { id, .. } | RevealAct::Take { id } => {
                let unknown = format!("reveal request {id}");
                match (user, self.find_request(tx, *id).await?) {
                    (Err(why), _) => (unknown, json!({}), Err(why)),
                    (_, None) => (unknown, json!({}), Err(VaultError::NoRequest(*id))),
                    (Ok(user), Some(row)) => self.judge_request(act, *id, user, row),
                }
            }
        };
        Ok(Judged { subject, detail, step })
    }

    async fn judge_asking(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        domain: &str,
        reference: &Reference,
        reason: &str,
    ) -> Result<Result<String, VaultError>, VaultError> {
        const KNOWN: &str = "SELECT count(*) FROM aadhaar_references WHERE domain = $1 AND reference = $2";
        let reason = match check_reason(reason) {
            Ok(reason) => reason,
            Err(StoreError::Reason { why }) => return Ok(Err(VaultError::Reason { why: why.into() })),
            Err(other) => return Err(other.into()),
        };
        let known: i64 = sqlx::query_scalar(KNOWN).bind(domain).bind(reference.as_str()).fetch_one(&mut **tx).await?;
        if known == 0 { Ok(Err(VaultError::NotFound { domain: domain.to_owned() })) } else { Ok(Ok(reason.to_owned())) }
    }

    fn judge_request(
        &self,
        act: &RevealAct,
        id: RevealRequestId,
        user: UserId,
        row: Row,
    ) -> (String, Value, Result<Open, VaultError>) {
        let (subject, state) = (row.subject(), row.state(self.clock.now()));
        if let RevealAct::Decide { decision, .. } = act {
            let detail = json!({ "request": id.0, "user": user.0, "decision": decision.word() });
            let step = if row.requested_by == user.0 {
                Err(VaultError::OwnRequest)
            } else if state != RevealState::Waiting {
                Err(not_in_state(id, state, "ask for the number anew"))
            } else {
                Ok(Open::Decide { user, row, decision: *decision })
            };
            return (subject, detail, step);
        }
        let detail = json!({ "request": id.0, "approved_by": row.decided_by });
        let step = if row.requested_by != user.0 {
            Err(VaultError::NotYours(id))
        } else if state == RevealState::Waiting {
            Err(not_in_state(id, state, "ask another auditor of the whole state to approve it"))
        } else if state != RevealState::Approved {
            Err(not_in_state(id, state, "ask for the number anew"))
        } else {
            Ok(Open::Take { row })
        };
        (subject, detail, step)
    }

    async fn ask(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        domain: &str,
        reference: &Reference,
        reason: &str,
        user: UserId,
    ) -> Result<RevealRequestId, VaultError> {
        const INSERT: &str = "INSERT INTO reveal_requests (domain, reference, reason, requested_by, requested_us)
             VALUES ($1, $2, $3, $4, $5) RETURNING id";
        let id: i64 = sqlx::query_scalar(INSERT)
            .bind(domain)
            .bind(reference.as_str())
            .bind(reason)
            .bind(user.0)
            .bind(self.clock.now().0)
            .fetch_one(&mut **tx)
            .await?;
        Ok(RevealRequestId(id))
    }

    async fn decide(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        id: i64,
        decision: RevealDecision,
        user: UserId,
    ) -> Result<(), VaultError> {
        const UPDATE: &str = "UPDATE reveal_requests SET decision = $2, decided_by = $3, decided_us = $4 WHERE id = $1";
        sqlx::query(UPDATE)
            .bind(id)
            .bind(decision.word())
            .bind(user.0)
            .bind(self.clock.now().0)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn take(&self, tx: &mut Transaction<'static, Sqlite>, row: Row) -> Result<Revealed, VaultError> {
        const ANSWERED: &str = "UPDATE reveal_requests SET answered_us = $2 WHERE id = $1";
        const NUMBER: &str = "SELECT n.id, n.index_hmac, n.sealed, n.data_key_id FROM aadhaar_references r
             JOIN aadhaar_numbers n ON n.id = r.aadhaar_id WHERE r.domain = $1 AND r.reference = $2";
        type Number = (i64, Vec<u8>, Vec<u8>, i64);
        sqlx::query(ANSWERED).bind(row.id).bind(self.clock.now().0).execute(&mut **tx).await?;
        let number: Option<Number> =
            sqlx::query_as(NUMBER).bind(&row.domain).bind(&row.reference).fetch_optional(&mut **tx).await?;
        let (number, index, sealed, data_key) = number.ok_or(VaultError::NotFound { domain: row.domain })?;
        self.open_number(tx, number, &index, &sealed, data_key).await
    }

    /// The latest requests, the latest first, for those who may ask and decide. The hub records the read.
    ///
    /// # Errors
    /// [`VaultError::Denied`].
    pub async fn list_reveal_requests(&self, access: &Access, limit: u32) -> Result<Vec<RevealRequest>, VaultError> {
        if permitted(access).is_none() {
            return Err(denied(access, "read what was asked of the vault"));
        }
        let now = self.clock.now();
        let text = format!("{COLUMNS} ORDER BY id DESC LIMIT $1");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| row.request(now)).collect())
    }

    async fn find_request(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        id: RevealRequestId,
    ) -> Result<Option<Row>, VaultError> {
        let text = format!("{COLUMNS} WHERE id = $1");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&mut **tx).await?)
    }
}
