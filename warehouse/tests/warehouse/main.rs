//! The warehouse from the outside: loads, releases, access, and every figure against a second opinion.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod access;
mod appraisal;
mod benefits;
mod case_events;
mod forty;
mod grievances;
mod metrics;
mod quality;
mod relations;
mod releases;
mod revenue;
mod service_delivery;
mod sql;
mod support;
