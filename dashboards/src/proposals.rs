//! The proposals that a caller may see: those about tasks and golden records that the caller may read.

use kanak_model::{Access, EntityModel};
use kanak_store::{Proposal, ProposedAct, Store, StoreError};

/// A proposal that a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenProposal {
    /// The proposal.
    pub proposal: Proposal,
    /// The value that is to be stated, where the caller may see values of its class.
    pub value: Option<String>,
}

/// So many proposals are looked through.
const LISTED_MAX: u32 = 200;

/// The proposals that wait and that the caller may see, the oldest first; of the oldest 200.
///
/// # Errors
/// [`StoreError`] when the hub cannot be read.
pub async fn list_seen(
    store: &Store,
    models: &[EntityModel],
    access: &Access,
) -> Result<Vec<SeenProposal>, StoreError> {
    let mut seen = Vec::new();
    for proposal in store.list_open_proposals(LISTED_MAX).await? {
        let Some(model) = models.iter().find(|model| model.name == proposal.entity) else { continue };
        let (is_seen, value) = match &proposal.act {
            ProposedAct::Decide { task, .. } => match store.get_steward_task(access, model, *task).await {
                Ok(_) => (true, None),
                Err(StoreError::NotFound { .. }) => (false, None),
                Err(error) => return Err(error),
            },
            ProposedAct::Override { golden_id, attribute, value, .. } => {
                let shows = !access.may_withhold()
                    && model.find_attribute(attribute).is_some_and(|one| access.shows(one.class));
                let found = store.find_golden(access, model, *golden_id).await?;
                (found.is_some(), shows.then(|| value.clone()))
            }
        };
        if is_seen {
            seen.push(SeenProposal { proposal, value });
        }
    }
    Ok(seen)
}
