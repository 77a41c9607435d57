//! Golden values, chosen from what source records state: from those in memory, or from those that are read when it is asked.

use std::collections::HashMap;
use std::sync::Arc;

use kanak_engine::survivorship::{Member, survive_with};
use kanak_model::golden_record::{Survived, ValueOverride};
use kanak_model::{Access, EntityModel, SourceRecord, SourceRecordId, SourceSystemId};
use kanak_store::{Choose, Store, StoreError};

use super::{Register, Registers, rank};

/// What golden values are chosen from.
pub(super) struct Survivorship<'a> {
    model: &'a EntityModel,
    registers: &'a Registers,
    records: HashMap<SourceRecordId, &'a SourceRecord>,
    trust: HashMap<SourceSystemId, TrustOf<'a>>,
    stated: HashMap<SourceRecordId, Vec<&'a ValueOverride>>,
}

impl<'a> Survivorship<'a> {
    pub(super) fn new(
        model: &'a EntityModel,
        records: &'a [SourceRecord],
        registers: &'a Registers,
        overrides: &'a [ValueOverride],
    ) -> Self {
        let trust_of =
            |register: &'a Register| Box::new(|attribute: &str| register.trust_for(attribute)) as TrustOf<'a>;
        let mut stated: HashMap<SourceRecordId, Vec<&ValueOverride>> = HashMap::new();
        for one in overrides {
            stated.entry(one.subject).or_default().push(one);
        }
        let records = records.iter().map(|record| (record.id, record)).collect();
        let trust = registers.iter().map(|(id, register)| (*id, trust_of(register))).collect();
        Self { model, registers, records, trust, stated }
    }

    /// The status and values of a group of these source records.
    pub(super) fn survive(&self, members: &[SourceRecordId]) -> Survived {
        let stated: Vec<&ValueOverride> =
            members.iter().filter_map(|id| self.stated.get(id)).flatten().copied().collect();
        let members: Vec<Member<'_>> = members.iter().map(|id| self.member(self.records[id])).collect();
        survive_with(self.model, &members, &stated)
    }

    fn member(&self, record: &'a SourceRecord) -> Member<'_> {
        Member {
            id: record.id,
            rank: rank(self.registers, record),
            version: record.version,
            values: &record.values,
            updated: record.updated,
            recorded_from: record.recorded_from,
            trust: self.trust.get(&record.source_system).map_or(&|_: &str| 0.0, |trust| trust.as_ref()),
        }
    }
}

/// How far one register is trusted, by attribute.
type TrustOf<'a> = Box<dyn Fn(&str) -> f64 + Sync + 'a>;

/// Chooses golden values by what source records state when it is asked.
pub(super) struct Chooser {
    pub(super) store: Store,
    pub(super) model: EntityModel,
    pub(super) registers: Registers,
    pub(super) overrides: Vec<ValueOverride>,
}

impl Chooser {
    pub(super) fn choose(self: Arc<Self>) -> Choose {
        Arc::new(move |groups| Box::pin(Arc::clone(&self).survive(groups)))
    }

    async fn survive(self: Arc<Self>, groups: Vec<Vec<SourceRecordId>>) -> Result<Vec<Survived>, StoreError> {
        let ids = groups.concat();
        let records = self.store.list_source_records_of(&Access::operation("resolve"), &ids).await?;
        if records.len() != ids.len() {
            let what = format!("{} of {} source records were retired meanwhile", ids.len() - records.len(), ids.len());
            return Err(StoreError::Stale { what });
        }
        let work = move || {
            let survivorship = Survivorship::new(&self.model, &records, &self.registers, &self.overrides);
            groups.iter().map(|members| survivorship.survive(members)).collect()
        };
        Ok(tokio::task::spawn_blocking(work).await.expect("survivorship does not panic"))
    }
}
