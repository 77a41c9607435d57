//! The codes as DIGIT's master data service: `POST /mdms-v2/v2/_search` and, as the first version answered,
//! `POST /egov-mdms-service/v1/_search` and `_get`. Which master is which code system, `masters.toml` says.

pub mod answer;
pub mod as_of;
mod expression;
pub mod filter;
pub mod get_v1;
pub mod masters;
mod pattern;
pub mod read_back;
mod reader;
pub mod search_v1;
pub mod search_v2;
