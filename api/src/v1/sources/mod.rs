//! `/v1/sources`.

pub mod list;
