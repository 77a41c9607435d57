//! What departments agreed and citizens consented to, as it bears on this deployment: on reads and on links.

use std::collections::BTreeMap;

use kanak_model::access::{Denied, LegalBasis, OfDepartment, Terms};
use kanak_model::sharing::AgreedLinks;
use kanak_model::{Access, Caller, Purpose};
use kanak_store::StoreError;

use crate::config::Shared;
use crate::deployment::Deployment;

#[cfg(test)]
pub(crate) mod tests;

impl Deployment {
    /// What bears on a caller's reads for these purposes, each on a legal basis or on the one that holds when none is stated, as it stands
    /// now.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn terms(
        &self,
        caller: &Caller,
        asked: impl IntoIterator<Item = (Purpose, Option<LegalBasis>)>,
    ) -> Result<Terms, StoreError> {
        let purposes = self.config.declared_purposes();
        let (mut agreed, mut of_department) = (None, OfDepartment::No);
        if self.config.sharing.reads == Shared::Agreed {
            let (department, registers) = self.store.agreed_registers(caller).await?;
            (agreed, of_department) = (Some(registers.into_iter().collect()), department);
        }
        let mut receipts = BTreeMap::new();
        for (purpose, basis) in asked {
            let basis = basis.or_else(|| purposes.bases(purpose).first().copied());
            if basis == Some(LegalBasis::Consent) && !receipts.contains_key(&purpose) {
                receipts.insert(purpose, self.store.list_receipts(purpose).await?);
            }
        }
        Ok(Terms { purposes, agreed, of_department, receipts })
    }

    /// What a caller may read for a purpose, as agreements and receipts stand now.
    ///
    /// # Errors
    /// When the hub cannot be read; the inner error when the caller may not.
    pub async fn decide(
        &self,
        caller: &Caller,
        purpose: Purpose,
        basis: Option<LegalBasis>,
    ) -> Result<Result<Access, Denied>, StoreError> {
        let terms = self.terms(caller, [(purpose, basis)]).await?;
        Ok(Access::decide_under(caller, purpose, basis, &terms))
    }

    /// Which registers may stand together in one golden record, as agreements stand now; `None` where they need none.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn agreed_links(&self) -> Result<Option<AgreedLinks>, StoreError> {
        match self.config.sharing.links {
            Shared::All => Ok(None),
            Shared::Agreed => Ok(Some(self.store.list_agreed_links().await?)),
        }
    }
}
