//! `/v1/schemes`: who may have a benefit, as dated rules. Public, no key needed.
//!
//! What comes out is advice to a person who decides: it is by itself no ground to stop a benefit, and a fact that nobody stated fails nothing.
//! The facts that are sent are neither kept nor logged.

pub mod evaluate;
pub mod get;
pub mod list;
pub mod view;
