//! What is asked of a vault, and what it answers: plain data, the same in one process and between machines. Many numbers travel
//! in one call, so that an ingest is not a call a number.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use kanak_model::{Access, Caller, Purpose, Role, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroize;

use super::{
    DataKeyStanding, EventsChecked, Reference, RevealAct, RevealDone, RevealRequest, RevealRequestId, RotatedKey,
    Vault, VaultError,
};
use crate::error::StoreError;

/// Twelve-digit numbers on their way into a vault. `Debug` does not show them; memory is wiped when they are dropped.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Numbers(Vec<String>);

impl Numbers {
    /// Takes numbers along.
    pub fn new(digits: &[&str]) -> Self {
        Self(digits.iter().map(|&digits| digits.to_owned()).collect())
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn digits(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Numbers({})", self.0.len())
    }
}

/// Who asks, and why: an [`Access`] as it travels. The vault decides anew what it permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    user: Option<UserId>,
    name: String,
    roles: BTreeSet<Role>,
    districts: Option<BTreeSet<String>>,
    purpose: Purpose,
}

impl By {
    /// Who has this access.
    pub fn of(access: &Access) -> Self {
        let Caller { user, name, roles, districts } = access.caller().clone();
        Self { user, name, roles, districts, purpose: access.purpose() }
    }

    fn access(self) -> Result<Access, VaultError> {
        let Self { user, name, roles, districts, purpose } = self;
        Access::decide(&Caller { user, name, roles, districts }, purpose).map_err(|denied| VaultError::Denied {
            caller: denied.caller,
            what: format!("ask the vault for the purpose `{}`", purpose.word()).into(),
            needed: "a role that serves it".into(),
        })
    }
}

/// A question or an order to a vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultCall {
    /// [`Vault::tokenise`].
    Tokenise {
        /// The domain of the references.
        domain: String,
        /// The numbers.
        numbers: Numbers,
    },
    /// [`Vault::holds`].
    Holds {
        /// The numbers.
        numbers: Numbers,
    },
    /// [`Vault::same_person`].
    SamePerson {
        /// Who asks.
        by: By,
        /// One reference in its domain.
        left: (String, Reference),
        /// The other.
        right: (String, Reference),
    },
    /// [`Vault::weigh_reveal`].
    WeighReveal {
        /// Who wants to take the step.
        by: By,
        /// The step.
        act: RevealAct,
    },
    /// [`Vault::reveal`].
    Reveal {
        /// Who takes the step.
        by: By,
        /// The step.
        act: RevealAct,
    },
    /// [`Vault::list_reveal_requests`].
    ListRevealRequests {
        /// Who reads.
        by: By,
        /// At most so many.
        limit: u32,
    },
    /// [`Vault::has_new_references`].
    HasNewReferences {
        /// The domain.
        domain: String,
        /// Since when.
        since: Timestamp,
    },
    /// [`Vault::list_references`].
    ListReferences {
        /// The domain.
        domain: String,
        /// Given out before.
        created_before: Timestamp,
        /// After this one.
        after: Option<Reference>,
        /// At most so many.
        limit: u32,
    },
    /// [`Vault::take_out`].
    TakeOut {
        /// The domain.
        domain: String,
        /// References that are used nowhere.
        references: Vec<Reference>,
        /// Only those given out before.
        created_before: Timestamp,
    },
    /// [`Vault::erase`].
    Erase {
        /// The domain.
        domain: String,
        /// Whose numbers go.
        references: Vec<Reference>,
    },
    /// [`Vault::standing`].
    Standing,
    /// [`Vault::check_events`].
    CheckEvents,
    /// [`Vault::rotate_key`].
    RotateKey,
    /// [`Vault::begin_data_rotation`].
    BeginDataRotation,
    /// [`Vault::rotate_data_batch`].
    RotateDataBatch {
        /// After the number of this id.
        after: i64,
    },
    /// [`Vault::end_data_rotation`].
    EndDataRotation,
}

/// How a vault stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultStanding {
    /// How many numbers it holds.
    pub numbers: u64,
    /// Where its keys are.
    pub keys: String,
    /// Its data keys.
    pub data_keys: Vec<DataKeyStanding>,
}

/// What a vault answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultAnswer {
    /// References, in the order that was asked for.
    References(Vec<Reference>),
    /// Yes or no for each.
    Held(Vec<bool>),
    /// Yes or no.
    Is(bool),
    /// How many.
    Count(u64),
    /// Whether a step may be taken.
    Weighed {
        /// What it is about.
        subject: String,
        /// More.
        detail: Value,
        /// Why it may not.
        refused: Option<VaultRefusal>,
    },
    /// What came of a step.
    Revealed(RevealDone),
    /// Requests.
    Requests(Vec<RevealRequest>),
    /// How it stands.
    Standing(VaultStanding),
    /// What its own trail looks like.
    Events(EventsChecked),
    /// The key that wraps now.
    Rotated(RotatedKey),
    /// The last id and the count of a batch.
    Batch(Option<(i64, u64)>),
}

/// What answers: the vault in this process, one that is a service of its own, or none.
pub trait VaultService: Send + Sync {
    /// Answers one call.
    fn call(&self, call: VaultCall) -> Pin<Box<dyn Future<Output = Result<VaultAnswer, VaultError>> + Send + '_>>;
}

impl VaultService for Vault {
    fn call(&self, call: VaultCall) -> Pin<Box<dyn Future<Output = Result<VaultAnswer, VaultError>> + Send + '_>> {
        Box::pin(self.answer(call))
    }
}

impl Vault {
    /// How it stands: how many numbers it holds, and under which keys.
    pub async fn standing(&self) -> Result<VaultStanding, VaultError> {
        let (numbers, data_keys) = (self.count().await?, self.list_data_keys().await?);
        Ok(VaultStanding { numbers, keys: self.keys_place.to_string(), data_keys })
    }

    async fn answer(&self, call: VaultCall) -> Result<VaultAnswer, VaultError> {
        Ok(match call {
            VaultCall::Tokenise { domain, numbers } => {
                VaultAnswer::References(self.tokenise(&domain, &numbers.digits()).await?)
            }
            VaultCall::Holds { numbers } => VaultAnswer::Held(self.holds(&numbers.digits()).await?),
            VaultCall::SamePerson { by, left, right } => {
                let (left, right) = ((left.0.as_str(), &left.1), (right.0.as_str(), &right.1));
                VaultAnswer::Is(self.same_person(&by.access()?, left, right).await?)
            }
            VaultCall::WeighReveal { by, act } => {
                let super::Weighed { subject, detail, refused } = self.weigh_reveal(&by.access()?, &act).await?;
                VaultAnswer::Weighed { subject, detail, refused: refused.map(VaultRefusal::from) }
            }
            VaultCall::Reveal { by, act } => VaultAnswer::Revealed(self.reveal(&by.access()?, &act).await?),
            VaultCall::ListRevealRequests { by, limit } => {
                VaultAnswer::Requests(self.list_reveal_requests(&by.access()?, limit).await?)
            }
            VaultCall::HasNewReferences { domain, since } => {
                VaultAnswer::Is(self.has_new_references(&domain, since).await?)
            }
            VaultCall::ListReferences { domain, created_before, after, limit } => {
                VaultAnswer::References(self.list_references(&domain, created_before, after.as_ref(), limit).await?)
            }
            VaultCall::TakeOut { domain, references, created_before } => {
                VaultAnswer::Count(self.take_out(&domain, &references, created_before).await?)
            }
            VaultCall::Erase { domain, references } => VaultAnswer::Count(self.erase(&domain, &references).await?),
            VaultCall::Standing => VaultAnswer::Standing(self.standing().await?),
            VaultCall::CheckEvents => VaultAnswer::Events(self.check_events().await?),
            VaultCall::RotateKey => VaultAnswer::Rotated(self.rotate_key().await?),
            VaultCall::BeginDataRotation => VaultAnswer::Count(self.begin_data_rotation().await?),
            VaultCall::RotateDataBatch { after } => VaultAnswer::Batch(self.rotate_data_batch(after).await?),
            VaultCall::EndDataRotation => VaultAnswer::Count(self.end_data_rotation().await?),
        })
    }
}

/// Why a vault did not do what it was asked, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultRefusal {
    /// [`VaultError::NotANumber`].
    NotANumber {
        /// Its place in the batch.
        place: usize,
    },
    /// [`VaultError::Domain`].
    Domain,
    /// [`VaultError::NotFound`].
    NotFound {
        /// The domain.
        domain: String,
    },
    /// [`VaultError::Denied`].
    Denied {
        /// Who asked.
        caller: String,
        /// What for.
        what: String,
        /// Who may.
        needed: String,
    },
    /// [`VaultError::OwnRequest`].
    OwnRequest,
    /// [`VaultError::NotYours`].
    NotYours(RevealRequestId),
    /// [`VaultError::RequestState`].
    RequestState {
        /// The request.
        id: RevealRequestId,
        /// Where it stands.
        state: String,
        /// What would help.
        remedy: String,
    },
    /// [`VaultError::NoRequest`].
    NoRequest(RevealRequestId),
    /// [`VaultError::Reason`].
    Reason {
        /// What is wrong.
        why: String,
    },
    /// Anything that the vault's operator must see to.
    Failed(String),
}

impl From<VaultError> for VaultRefusal {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NotANumber { place } => Self::NotANumber { place },
            VaultError::Domain => Self::Domain,
            VaultError::NotFound { domain } => Self::NotFound { domain },
            VaultError::Denied { caller, what, needed } => {
                Self::Denied { caller, what: what.into_owned(), needed: needed.into_owned() }
            }
            VaultError::OwnRequest => Self::OwnRequest,
            VaultError::NotYours(id) => Self::NotYours(id),
            VaultError::RequestState { id, state, remedy } => {
                Self::RequestState { id, state: state.into_owned(), remedy: remedy.into_owned() }
            }
            VaultError::NoRequest(id) => Self::NoRequest(id),
            VaultError::Reason { why } => Self::Reason { why: why.into_owned() },
            VaultError::Store(StoreError::Reason { why }) => Self::Reason { why: why.to_owned() },
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<VaultRefusal> for VaultError {
    fn from(refusal: VaultRefusal) -> Self {
        match refusal {
            VaultRefusal::NotANumber { place } => Self::NotANumber { place },
            VaultRefusal::Domain => Self::Domain,
            VaultRefusal::NotFound { domain } => Self::NotFound { domain },
            VaultRefusal::Denied { caller, what, needed } => {
                Self::Denied { caller, what: what.into(), needed: needed.into() }
            }
            VaultRefusal::OwnRequest => Self::OwnRequest,
            VaultRefusal::NotYours(id) => Self::NotYours(id),
            VaultRefusal::RequestState { id, state, remedy } => {
                Self::RequestState { id, state: state.into(), remedy: remedy.into() }
            }
            VaultRefusal::NoRequest(id) => Self::NoRequest(id),
            VaultRefusal::Reason { why } => Self::Reason { why: why.into() },
            VaultRefusal::Failed(message) => Self::Failed(message),
        }
    }
}
