//! The hub as a resolution reads and writes it.

use kanak_model::golden_record::ValueOverride;
use kanak_model::match_pair::Constraint;
use kanak_model::{Access, SourceRecord, SourceRecordId};
use kanak_store::{Arrivals, Link, Store, StoreError};

/// The hub as it is committed, or with rows that arrive in a transaction under way.
pub enum Hub<'h> {
    /// As every reader sees it.
    Committed(&'h Store),
    /// As the transaction sees it.
    Arriving(&'h mut Arrivals),
}

impl Hub<'_> {
    /// The live ones among these source records, by ascending id.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_source_records_of(&mut self, ids: &[SourceRecordId]) -> Result<Vec<SourceRecord>, StoreError> {
        let access = Access::operation("resolve");
        match self {
            Self::Committed(store) => store.list_source_records_of(&access, ids).await,
            Self::Arriving(arrivals) => arrivals.list_source_records_of(&access, ids).await,
        }
    }

    /// The links of all golden records that these source records belong to.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_links_around(&mut self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        match self {
            Self::Committed(store) => store.list_links_around(ids).await,
            Self::Arriving(arrivals) => arrivals.list_links_around(ids).await,
        }
    }

    /// What golden records that ended held at their end, of those that one of these source records ever belonged to.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_ended_links_around(&mut self, ids: &[SourceRecordId]) -> Result<Vec<Link>, StoreError> {
        match self {
            Self::Committed(store) => store.list_ended_links_around(ids).await,
            Self::Arriving(arrivals) => arrivals.list_ended_links_around(ids).await,
        }
    }

    /// All that stewards decided and confirmed of an entity type.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_decisions(&mut self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        match self {
            Self::Committed(store) => {
                let mut all = store.list_constraints(entity).await?;
                all.extend(store.list_confirmed(entity).await?);
                Ok(all)
            }
            Self::Arriving(arrivals) => arrivals.list_decisions(entity).await,
        }
    }

    /// The values of an entity type that stewards stated and that hold.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_overrides(&mut self, entity: &str) -> Result<Vec<ValueOverride>, StoreError> {
        match self {
            Self::Committed(store) => store.list_overrides(entity).await,
            Self::Arriving(arrivals) => arrivals.list_overrides(entity).await,
        }
    }
}
