//! The server: state, middleware, the whole URL table, and how it starts and stops.

pub mod actions;
pub mod admit;
pub mod any_site;
pub mod attempts;
pub mod code_gauges;
pub mod docs;
pub mod health;
pub mod identify;
pub mod lease;
pub mod listen;
pub mod problem;
pub mod public_rate;
pub mod refusals;
pub mod router;
pub mod schedule;
pub mod security;
pub mod sign_in;
pub mod state;
pub mod telemetry;
pub mod unread;
pub mod unstalled;
pub mod weak_tags;
