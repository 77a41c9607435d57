//! `/v1/golden-records`.

pub mod find_matches;
pub mod get;
pub mod history;
pub mod search;
pub mod view;
