//! Taking a number out: one person asks, another one approves, and the asker is answered once.

use kanak_model::{Access, Purpose, Role, Timestamp, UserId};

use super::{Reference, Revealed, Vault, VaultError};
use crate::Store;
use crate::audit_events::AuditEvent;
use crate::stewardship::check_reason;

/// A request that nobody decides within this time lapses: a day.
pub const APPROVE_WITHIN_US: i64 = 24 * 3600 * 1_000_000;
/// An approval that is not used within this time lapses: an hour.
pub const REVEAL_WITHIN_US: i64 = 3600 * 1_000_000;

const NEEDED: &str = "a signed-in person with the role auditor for the whole state, and the purpose audit";

/// A request to take a number out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevealRequestId(pub i64);

impl std::fmt::Display for RevealRequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What another person says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    domain: String,
    reference: String,
    reason: String,
    requested_by: i64,
    requested_us: i64,
    decision: Option<String>,
    decided_by: Option<i64>,
    decided_us: Option<i64>,
    answered_us: Option<i64>,
}

const COLUMNS: &str =
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

    fn subject(&self) -> String {
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

/// Writes to the hub what is about to be done, or refused: what cannot be recorded is not done.
async fn record(
    store: &Store,
    access: &Access,
    action: &str,
    subject: String,
    detail: serde_json::Value,
) -> Result<(), VaultError> {
    let (actor, purpose) = (access.caller().name.clone(), Some(access.purpose()));
    store.audit(AuditEvent { actor, action: action.to_owned(), subject, purpose, detail }).await?;
    Ok(())
}

async fn refused<T>(store: &Store, access: &Access, subject: String, why: VaultError) -> Result<T, VaultError> {
    record(store, access, "reveal_refused", subject, serde_json::json!({ "why": why.to_string() })).await?;
    Err(why)
}

fn denied(access: &Access, what: &'static str) -> VaultError {
    VaultError::Denied { caller: access.caller().name.clone(), what, needed: NEEDED }
}

impl Vault {
    /// Asks for the number behind a reference. Another auditor decides within a day, else the request lapses. Recorded in the hub
    /// first, as are refusals. The reason is kept in the vault.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::NotFound`]; [`VaultError::Store`] for a reason that cannot be kept; [`VaultError::Domain`].
    pub async fn request_reveal(
        &self,
        store: &Store,
        access: &Access,
        domain: &str,
        reference: &Reference,
        reason: &str,
    ) -> Result<RevealRequestId, VaultError> {
        const KNOWN: &str = "SELECT count(*) FROM aadhaar_references WHERE domain = $1 AND reference = $2";
        const INSERT: &str = "INSERT INTO reveal_requests (domain, reference, reason, requested_by, requested_us)
             VALUES ($1, $2, $3, $4, $5) RETURNING id";
        Self::check_domain(domain)?;
        let subject = format!("vault:{domain}:{}", reference.as_str());
        let Some(user) = permitted(access) else {
            return refused(store, access, subject, denied(access, "ask for a number of the vault")).await;
        };
        let reason = check_reason(reason)?;
        let known: i64 = sqlx::query_scalar(KNOWN).bind(domain).bind(reference.as_str()).fetch_one(&self.pool).await?;
        if known == 0 {
            return refused(store, access, subject, VaultError::NotFound { domain: domain.to_owned() }).await;
        }
        record(store, access, "reveal_requested", subject, serde_json::json!({})).await?;
        let id: i64 = sqlx::query_scalar(INSERT)
            .bind(domain)
            .bind(reference.as_str())
            .bind(reason)
            .bind(user.0)
            .bind(self.clock.now().0)
            .fetch_one(&self.pool)
            .await?;
        Ok(RevealRequestId(id))
    }

    /// Decides a request that another person made. An approval holds for an hour. Recorded in the hub first, as are refusals.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::OwnRequest`], [`VaultError::RequestState`], [`VaultError::NoRequest`].
    pub async fn decide_reveal(
        &self,
        store: &Store,
        access: &Access,
        id: RevealRequestId,
        decision: RevealDecision,
    ) -> Result<(), VaultError> {
        const UPDATE: &str = "UPDATE reveal_requests SET decision = $2, decided_by = $3, decided_us = $4
             WHERE id = $1 AND decision IS NULL AND requested_by <> $3 RETURNING id";
        let now = self.clock.now();
        let Some(user) = permitted(access) else {
            let why = denied(access, "decide about a number of the vault");
            return refused(store, access, format!("reveal request {id}"), why).await;
        };
        let row = self.find_request(id).await?;
        let state = row.state(now);
        if row.requested_by == user.0 {
            return refused(store, access, row.subject(), VaultError::OwnRequest).await;
        }
        if state != RevealState::Waiting {
            let remedy = "ask for the number anew";
            let why = VaultError::RequestState { id, state: state.sentence(), remedy };
            return refused(store, access, row.subject(), why).await;
        }
        let detail = serde_json::json!({ "request": id.0, "decision": decision.word() });
        record(store, access, "reveal_decided", row.subject(), detail).await?;
        let done: Option<i64> = sqlx::query_scalar(UPDATE)
            .bind(id.0)
            .bind(decision.word())
            .bind(user.0)
            .bind(now.0)
            .fetch_optional(&self.pool)
            .await?;
        let taken = VaultError::RequestState { id, state: "was decided meanwhile", remedy: "list the requests again" };
        done.map(drop).ok_or(taken)
    }

    /// Takes the number out that was asked for: to who asked, once, within an hour of another person's approval. The event is
    /// recorded in the hub first; when it cannot be, nothing is revealed. A refusal is recorded as well.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::NotYours`], [`VaultError::RequestState`], [`VaultError::NoRequest`];
    /// [`VaultError::NotFound`] when the number is gone since.
    pub async fn reveal(&self, store: &Store, access: &Access, id: RevealRequestId) -> Result<Revealed, VaultError> {
        const TAKE: &str = "UPDATE reveal_requests SET answered_us = $2
             WHERE id = $1 AND answered_us IS NULL AND decision = 'approved' RETURNING id";
        const NUMBER: &str = "SELECT n.id, n.index_hmac, n.sealed, n.data_key_id FROM aadhaar_references r
             JOIN aadhaar_numbers n ON n.id = r.aadhaar_id WHERE r.domain = $1 AND r.reference = $2";
        type Number = (i64, Vec<u8>, Vec<u8>, i64);
        let now = self.clock.now();
        let Some(user) = permitted(access) else {
            let why = denied(access, "take a number out of the vault");
            return refused(store, access, format!("reveal request {id}"), why).await;
        };
        let row = self.find_request(id).await?;
        let state = row.state(now);
        if row.requested_by != user.0 {
            return refused(store, access, row.subject(), VaultError::NotYours(id)).await;
        }
        if state != RevealState::Approved {
            let remedy = match state {
                RevealState::Waiting => "ask another auditor of the whole state to approve it",
                _ => "ask for the number anew",
            };
            let why = VaultError::RequestState { id, state: state.sentence(), remedy };
            return refused(store, access, row.subject(), why).await;
        }
        let detail = serde_json::json!({ "request": id.0, "approved_by": row.decided_by });
        record(store, access, "reveal", row.subject(), detail).await?;
        let mut tx = self.begin().await?;
        let taken: Option<i64> = sqlx::query_scalar(TAKE).bind(id.0).bind(now.0).fetch_optional(&mut *tx).await?;
        if taken.is_none() {
            let remedy = "ask for the number anew";
            return Err(VaultError::RequestState { id, state: RevealState::Answered.sentence(), remedy });
        }
        let number: Option<Number> =
            sqlx::query_as(NUMBER).bind(&row.domain).bind(&row.reference).fetch_optional(&mut *tx).await?;
        let (number, index, sealed, data_key) =
            number.ok_or_else(|| VaultError::NotFound { domain: row.domain.clone() })?;
        let revealed = self.open_number(&mut tx, number, &index, &sealed, data_key).await?;
        tx.commit().await?;
        Ok(revealed)
    }

    /// The latest requests, the latest first, for those who may ask and decide. The caller records the read.
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

    async fn find_request(&self, id: RevealRequestId) -> Result<Row, VaultError> {
        let text = format!("{COLUMNS} WHERE id = $1");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.pool).await?;
        row.ok_or(VaultError::NoRequest(id))
    }
}
