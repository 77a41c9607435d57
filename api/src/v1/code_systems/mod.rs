//! `/v1/code-systems`: public, no key needed; only who names a code is told to those who may see them.

pub mod get;
pub mod list;
pub mod lookup;
pub mod relations;
pub mod search;
pub mod view;
