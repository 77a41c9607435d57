//! The hub as a resolution reads and writes it.

use kanak_model::access::Filter;
use kanak_model::golden_record::ValueOverride;
use kanak_model::match_pair::Constraint;
use kanak_model::{Access, RuleSetVersion, SourceRecord, SourceRecordId, Timestamp};
use kanak_store::{Arrivals, Link, RestatedLink, SourceSystemRow, Store, StoreError};

/// The hub as it is committed, or with rows that arrive in a transaction under way.
pub enum Hub<'h> {
    /// As every reader sees it.
    Committed(&'h Store),
    /// As the transaction sees it.
    Arriving(&'h mut Arrivals),
}

impl Hub<'_> {
    /// A setting's value.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        match self {
            Self::Committed(store) => store.get_setting(name).await,
            Self::Arriving(arrivals) => arrivals.get_setting(name).await,
        }
    }

    /// When the last resolution of an entity type was recorded.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn last_resolved(&mut self, entity: &str) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Committed(store) => store.last_resolved(entity).await,
            Self::Arriving(arrivals) => arrivals.last_resolved(entity).await,
        }
    }

    /// The version of the rules in force of an entity type.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn find_rule_set_version(&mut self, entity: &str) -> Result<Option<RuleSetVersion>, StoreError> {
        match self {
            Self::Committed(store) => store.find_rule_set_version(entity).await,
            Self::Arriving(arrivals) => arrivals.find_rule_set_version(entity).await,
        }
    }

    /// All registers.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_source_systems(&mut self) -> Result<Vec<SourceSystemRow>, StoreError> {
        match self {
            Self::Committed(store) => store.list_source_systems().await,
            Self::Arriving(arrivals) => arrivals.list_source_systems().await,
        }
    }

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

    /// What their source records stated then, where that is something else now.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_restated_links_around(
        &mut self,
        ids: &[SourceRecordId],
    ) -> Result<Vec<RestatedLink>, StoreError> {
        match self {
            Self::Committed(store) => store.list_restated_links_around(ids).await,
            Self::Arriving(arrivals) => arrivals.list_restated_links_around(ids).await,
        }
    }

    /// All that stewards decided and confirmed of an entity type, and what is left to them.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_decisions(&mut self, entity: &str) -> Result<Vec<Constraint>, StoreError> {
        match self {
            Self::Committed(store) => {
                let mut all = store.list_constraints(entity).await?;
                all.extend(store.list_confirmed(entity).await?);
                all.extend(store.list_asked(entity).await?);
                Ok(all)
            }
            Self::Arriving(arrivals) => arrivals.list_decisions(entity).await,
        }
    }

    /// Those of some source records whose golden record lies outside a scope.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn list_outside(
        &mut self,
        scope: &Filter,
        ids: &[SourceRecordId],
    ) -> Result<Vec<SourceRecordId>, StoreError> {
        match self {
            Self::Committed(store) => store.list_outside(scope, ids).await,
            Self::Arriving(arrivals) => arrivals.list_outside(scope, ids).await,
        }
    }

    /// Leaves it to a steward whether a row is one with each of others; gives how many of these pairs are new.
    ///
    /// # Errors
    /// When the hub cannot be written.
    pub async fn leave_to_steward(
        &mut self,
        entity: &str,
        row: SourceRecordId,
        others: &[SourceRecordId],
    ) -> Result<u64, StoreError> {
        match self {
            Self::Committed(store) => store.leave_to_steward(entity, row, others).await,
            Self::Arriving(arrivals) => arrivals.leave_to_steward(entity, row, others).await,
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
