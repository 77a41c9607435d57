//! `/v1/metrics`: figures with their definitions.

pub mod get;
pub mod list;
pub mod query;
