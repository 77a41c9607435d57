//! `/v1/code-systems`: public, no key needed.

pub mod get;
pub mod list;
pub mod lookup;
pub mod search;
pub mod view;
