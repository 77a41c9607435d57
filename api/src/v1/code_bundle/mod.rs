//! `/v1/code-bundle`: public, no key needed.

pub mod get;
