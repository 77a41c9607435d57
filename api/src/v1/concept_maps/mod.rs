//! `/v1/concept-maps`: from the codes of one system to those of another, and back. Public, no key needed.

pub mod get;
pub mod list;
pub mod translate;
pub mod view;
