//! `/v1/crosswalks`.

pub mod get;
