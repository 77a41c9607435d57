//! `/v1/agreements`.

pub mod approve;
pub mod list;
