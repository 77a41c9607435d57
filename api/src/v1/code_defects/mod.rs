//! `/v1/code-defects`.

pub mod list;
