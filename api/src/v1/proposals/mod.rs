//! `/v1/proposals`: what one steward wants and a second one has to approve.

pub mod approve;
pub mod list;
pub mod turn_down;
