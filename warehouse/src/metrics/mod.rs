//! Metrics: each figure defined once, as data, and compiled in one place.
//!
//! A metric is a numerator and perhaps a denominator over one table. Its value for any cut is their quotient (or the
//! numerator alone), so that counts of a cut add up to the whole and rates are never averaged. The headline figures of
//! `mart_overview` are these same metrics, compiled by the same function.

mod compile;
mod definition;

pub use self::compile::MetricQuery;
pub(crate) use self::compile::overview_model;
pub(crate) use self::definition::builtin_metrics;
pub use self::definition::{Changed, Clock, Counted, Direction, Drill, Metric, TimeColumn, Unit};
