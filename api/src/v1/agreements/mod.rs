//! `/v1/agreements`.

pub mod list;
