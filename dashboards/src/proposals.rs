//! The proposals that a caller may see: those about tasks and golden records that the caller may read.

use kanak_model::{Access, EntityModel, ProposalId};
use kanak_store::{Proposal, ProposedAct, Store, StoreError};

/// A proposal that a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenProposal {
    /// The proposal.
    pub proposal: Proposal,
    /// The value that is to be stated, where the caller may see values of its class.
    pub value: Option<String>,
}

/// The proposals that wait and that the caller may see, the oldest first, after a cursor.
///
/// # Errors
/// [`StoreError`] when the hub cannot be read.
pub async fn list_seen(
    store: &Store,
    models: &[EntityModel],
    access: &Access,
    after: Option<ProposalId>,
    limit: u32,
) -> Result<Vec<SeenProposal>, StoreError> {
    let found = store.list_proposals(access, &entities(models), after, limit).await?;
    Ok(found.into_iter().map(|proposal| see(models, access, proposal)).collect())
}

/// The proposals that a second steward rejected and that the caller may see, the latest first.
///
/// # Errors
/// [`StoreError`] when the hub cannot be read.
pub(crate) async fn list_rejected(
    store: &Store,
    models: &[EntityModel],
    access: &Access,
    limit: u32,
) -> Result<Vec<SeenProposal>, StoreError> {
    let found = store.list_rejected_proposals(access, &entities(models), limit).await?;
    Ok(found.into_iter().map(|proposal| see(models, access, proposal)).collect())
}

fn entities(models: &[EntityModel]) -> Vec<&str> {
    models.iter().map(|model| model.name.as_str()).collect()
}

fn see(models: &[EntityModel], access: &Access, proposal: Proposal) -> SeenProposal {
    let model = models.iter().find(|model| model.name == proposal.entity);
    let value = match &proposal.act {
        ProposedAct::Override { attribute, value, .. } => model
            .and_then(|model| model.find_attribute(attribute))
            .filter(|attribute| !access.may_withhold() && access.shows(attribute.class))
            .map(|_| value.clone()),
        _ => None,
    };
    SeenProposal { proposal, value }
}
