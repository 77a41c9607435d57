//! What happens to people and businesses in three years: applications, grievances, receipts, payments, targets.

mod applications;
mod benefits;
mod days;
mod grievances;
mod offices;
mod receipts;
mod targets;

pub(crate) use applications::Applications;
pub(crate) use benefits::{Beneficiary, Benefits};
pub(crate) use grievances::Grievances;
pub(crate) use offices::Offices;
pub(crate) use receipts::Receipts;
pub(crate) use targets::write_targets;

/// A person who may apply, complain or be paid, with the keys under which registers know them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    pub(crate) place: usize,
    pub(crate) entity: u64,
    pub(crate) phone: Option<u64>,
    /// Key in the register of ration cards.
    pub(crate) food: Option<String>,
    /// Key in the electoral roll.
    pub(crate) election: Option<String>,
}
