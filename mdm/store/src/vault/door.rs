//! The hub's way to a vault. What a person asks goes to the hub's trail first, and what cannot be written there is not asked.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kanak_model::{Access, Timestamp};
use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use super::same_person::{ASKED, REFUSED, check_may_compare, subject};
use super::{
    By, EventsChecked, Numbers, Reference, RevealAct, RevealDecision, RevealDone, RevealRequest, RevealRequestId,
    Revealed, RotatedKey, Vault, VaultAnswer, VaultCall, VaultError, VaultService, VaultStanding,
};
use crate::Store;
use crate::audit_events::AuditEvent;

/// Numbers in one call: some 300 kB, and few enough that others get their turn.
const NUMBERS_A_CALL: usize = 20_000;
/// References in one call.
const REFERENCES_A_CALL: u32 = 50_000;

/// The way to the vault in this process, to one that is a service of its own, or to none.
#[derive(Clone)]
pub struct VaultDoor {
    service: Arc<dyn VaultService>,
    /// The vault in this process.
    here: Option<Vault>,
}

impl std::fmt::Debug for VaultDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultDoor(..)")
    }
}

/// No vault: a deployment whose models have no Aadhaar. Nothing is in it, and nothing can be put in.
struct NoVault;

impl VaultService for NoVault {
    fn call(&self, call: VaultCall) -> Pin<Box<dyn Future<Output = Result<VaultAnswer, VaultError>> + Send + '_>> {
        let answer = match call {
            VaultCall::Holds { numbers } => Ok(VaultAnswer::Held(vec![false; numbers.count()])),
            VaultCall::HasNewReferences { .. } => Ok(VaultAnswer::Is(false)),
            VaultCall::ListReferences { .. } => Ok(VaultAnswer::References(Vec::new())),
            VaultCall::CheckEvents => Ok(VaultAnswer::Events(EventsChecked::default())),
            _ => Err(VaultError::None),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Unpacks the answer that a call has; another one is a fault of the service. A macro, because which variant it must be is no value
/// that a function could take.
macro_rules! answer {
    ($answer:expr, $variant:path) => {
        match $answer {
            $variant(value) => Ok(value),
            _ => Err(VaultError::Failed("it answers another question than it was asked".to_owned())),
        }
    };
}

impl VaultDoor {
    /// The way to the vault in this process.
    pub fn here(vault: Vault) -> Self {
        Self { service: Arc::new(vault.clone()), here: Some(vault) }
    }

    /// The way to a vault that is a service of its own.
    pub fn to(service: Arc<dyn VaultService>) -> Self {
        Self { service, here: None }
    }

    /// The way to none.
    pub fn none() -> Self {
        Self { service: Arc::new(NoVault), here: None }
    }

    /// The vault in this process, if it is there: its file is this process's to copy.
    pub fn vault(&self) -> Option<&Vault> {
        self.here.as_ref()
    }

    /// [`Vault::tokenise`], any count of numbers. Cut off in between, some numbers are in the vault and none is lost: the same
    /// call once more gives the same references.
    pub async fn tokenise(&self, domain: &str, digits: &[&str]) -> Result<Vec<Reference>, VaultError> {
        let mut references = Vec::with_capacity(digits.len());
        for (count, chunk) in digits.chunks(NUMBERS_A_CALL).enumerate() {
            let call = VaultCall::Tokenise { domain: domain.to_owned(), numbers: Numbers::new(chunk) };
            let given = match self.service.call(call).await {
                Ok(answer) => answer!(answer, VaultAnswer::References)?,
                Err(VaultError::NotANumber { place }) => {
                    return Err(VaultError::NotANumber { place: count * NUMBERS_A_CALL + place });
                }
                Err(other) => return Err(other),
            };
            references.extend(given);
        }
        Ok(references)
    }

    /// [`Vault::holds`], any count of numbers.
    pub async fn holds(&self, digits: &[&str]) -> Result<Vec<bool>, VaultError> {
        let mut held = Vec::with_capacity(digits.len());
        for chunk in digits.chunks(NUMBERS_A_CALL) {
            let call = VaultCall::Holds { numbers: Numbers::new(chunk) };
            held.extend(answer!(self.service.call(call).await?, VaultAnswer::Held)?);
        }
        Ok(held)
    }

    /// Whether two references, each in its domain, stand for the same number. An unknown one stands for none. The question is
    /// recorded in the hub first; when it cannot be, it is not asked. A refusal is recorded as well.
    ///
    /// # Errors
    /// [`VaultError::Denied`].
    pub async fn same_person(
        &self,
        store: &Store,
        access: &Access,
        left: (&str, &Reference),
        right: (&str, &Reference),
    ) -> Result<bool, VaultError> {
        let permitted = check_may_compare(access);
        let action = if permitted.is_ok() { ASKED } else { REFUSED };
        store.audit(AuditEvent::read(access, action, subject(left, right))).await?;
        let owned = |(domain, reference): (&str, &Reference)| (domain.to_owned(), reference.clone());
        // One that is refused is asked all the same: the vault writes it down as well, and refuses.
        let call = VaultCall::SamePerson { by: By::of(access), left: owned(left), right: owned(right) };
        let answer = self.service.call(call).await;
        permitted?;
        answer!(answer?, VaultAnswer::Is)
    }

    /// Asks for the number behind a reference. Another auditor decides within a day, else the request lapses. Recorded in the hub
    /// first, as are refusals. The reason is kept in the vault.
    ///
    /// # Errors
    /// As [`Vault::reveal`].
    pub async fn request_reveal(
        &self,
        store: &Store,
        access: &Access,
        domain: &str,
        reference: &Reference,
        reason: &str,
    ) -> Result<RevealRequestId, VaultError> {
        let act = RevealAct::Ask { domain: domain.to_owned(), reference: reference.clone(), reason: reason.to_owned() };
        answer!(self.take_step(store, access, act).await?, RevealDone::Asked)
    }

    /// Decides a request that another person made. An approval holds for an hour. Recorded in the hub first, as are refusals.
    ///
    /// # Errors
    /// As [`Vault::reveal`].
    pub async fn decide_reveal(
        &self,
        store: &Store,
        access: &Access,
        id: RevealRequestId,
        decision: RevealDecision,
    ) -> Result<(), VaultError> {
        self.take_step(store, access, RevealAct::Decide { id, decision }).await.map(drop)
    }

    /// Takes the number out that was asked for: to who asked, once, within an hour of another person's approval. The event is
    /// recorded in the hub first; when it cannot be, nothing is revealed. A refusal is recorded as well.
    ///
    /// # Errors
    /// As [`Vault::reveal`].
    pub async fn reveal(&self, store: &Store, access: &Access, id: RevealRequestId) -> Result<Revealed, VaultError> {
        answer!(self.take_step(store, access, RevealAct::Take { id }).await?, RevealDone::Taken)
    }

    async fn take_step(&self, store: &Store, access: &Access, act: RevealAct) -> Result<RevealDone, VaultError> {
        let by = By::of(access);
        let call = VaultCall::WeighReveal { by: by.clone(), act: act.clone() };
        let VaultAnswer::Weighed { subject, detail, refused } = self.service.call(call).await? else {
            return Err(VaultError::Failed("it does not say whether the step may be taken".to_owned()));
        };
        if let Some(why) = refused.map(VaultError::from) {
            record(store, access, "reveal_refused", subject, json!({ "why": why.to_string() })).await?;
            return Err(why);
        }
        record(store, access, act.word(), subject, detail).await?;
        answer!(self.service.call(VaultCall::Reveal { by, act }).await?, VaultAnswer::Revealed)
    }

    /// [`Vault::list_reveal_requests`].
    pub async fn list_reveal_requests(&self, access: &Access, limit: u32) -> Result<Vec<RevealRequest>, VaultError> {
        let call = VaultCall::ListRevealRequests { by: By::of(access), limit };
        answer!(self.service.call(call).await?, VaultAnswer::Requests)
    }

    /// [`Vault::has_new_references`].
    pub async fn has_new_references(&self, domain: &str, since: Timestamp) -> Result<bool, VaultError> {
        let call = VaultCall::HasNewReferences { domain: domain.to_owned(), since };
        answer!(self.service.call(call).await?, VaultAnswer::Is)
    }

    /// Takes out the references of a domain that were given out before an instant and are used nowhere, and the
    /// numbers that no reference is left of; gives how many references went. Whoever calls it sees that meanwhile nothing is
    /// taken in: a number that comes again gets the reference it had, and that must not be on its way out.
    pub async fn sweep_orphans(
        &self,
        domain: &str,
        used: &FxHashSet<Reference>,
        created_before: Timestamp,
    ) -> Result<u64, VaultError> {
        let (mut gone, mut after) = (0, None);
        loop {
            let (domain, limit) = (domain.to_owned(), REFERENCES_A_CALL);
            let call = VaultCall::ListReferences { domain: domain.clone(), created_before, after, limit };
            let mut references = answer!(self.service.call(call).await?, VaultAnswer::References)?;
            after = references.last().cloned();
            if after.is_none() {
                return Ok(gone);
            }
            references.retain(|one| !used.contains(one));
            if !references.is_empty() {
                let call = VaultCall::TakeOut { domain, references, created_before };
                gone += answer!(self.service.call(call).await?, VaultAnswer::Count)?;
            }
        }
    }

    /// [`Vault::erase`].
    pub async fn erase(&self, domain: &str, references: &[Reference]) -> Result<u64, VaultError> {
        if references.is_empty() {
            return Ok(0);
        }
        let call = VaultCall::Erase { domain: domain.to_owned(), references: references.to_vec() };
        answer!(self.service.call(call).await?, VaultAnswer::Count)
    }

    /// [`Vault::standing`].
    pub async fn standing(&self) -> Result<VaultStanding, VaultError> {
        answer!(self.service.call(VaultCall::Standing).await?, VaultAnswer::Standing)
    }

    /// [`Vault::check_events`].
    pub async fn check_events(&self) -> Result<EventsChecked, VaultError> {
        answer!(self.service.call(VaultCall::CheckEvents).await?, VaultAnswer::Events)
    }

    /// [`Vault::rotate_key`].
    pub async fn rotate_key(&self) -> Result<RotatedKey, VaultError> {
        answer!(self.service.call(VaultCall::RotateKey).await?, VaultAnswer::Rotated)
    }

    /// Seals every number anew under new data keys, batch by batch, while others come in; `progress` is told how many numbers each batch
    /// had. Gives how many data keys are gone.
    ///
    /// # Errors
    /// As [`Vault::rotate_data_batch`].
    pub async fn rotate_data(&self, mut progress: impl FnMut(u64)) -> Result<u64, VaultError> {
        answer!(self.service.call(VaultCall::BeginDataRotation).await?, VaultAnswer::Count)?;
        let mut after = 0;
        loop {
            let batch = self.service.call(VaultCall::RotateDataBatch { after }).await?;
            let Some((last, numbers)) = answer!(batch, VaultAnswer::Batch)? else { break };
            progress(numbers);
            after = last;
        }
        answer!(self.service.call(VaultCall::EndDataRotation).await?, VaultAnswer::Count)
    }
}

/// Writes to the hub what is about to be done, or refused: what cannot be recorded is not done.
async fn record(
    store: &Store,
    access: &Access,
    action: &str,
    subject: String,
    detail: Value,
) -> Result<(), VaultError> {
    let (actor, purpose) = (access.caller().name.clone(), Some(access.purpose()));
    store.audit(AuditEvent { actor, action: action.to_owned(), subject, purpose, detail }).await?;
    Ok(())
}
