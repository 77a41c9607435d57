//! `/v1/department-answers`: what departments say of golden records, for stewards.

pub mod list;
pub mod take_note;
