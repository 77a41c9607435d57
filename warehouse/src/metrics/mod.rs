//! Metrics: each figure defined once, as data, and compiled in one place.
//!
//! A metric is a numerator and perhaps a denominator over one table. Its value for any cut is their quotient (or the
//! numerator alone), so that counts of a cut add up to the whole and rates are never averaged. A [`MetricQuery`] says which
//! metrics and how they are cut; every word of it is found or refused ([`cut`]), one statement is made of it ([`compile`]), and
//! small cells are withheld from whoever reads for statistics alone ([`withhold`]). The headline figures of `mart_overview`,
//! the SQL table function `metric`, pages, reports and the API are all made so. At each release the laws of figures are
//! checked ([`laws`]).

mod answer;
mod cells;
mod compile;
mod cut;
mod definition;
mod function;
mod laws;
mod names;
mod overview;
mod period;
mod query;
mod withhold;
mod words;

pub(crate) use self::answer::CELLS_MAX;
pub use self::answer::MetricAnswer;
pub(crate) use self::cut::{Cut, ROWS_MAX};
pub(crate) use self::definition::builtin_metrics;
pub use self::definition::{Changed, Drill, Metric};
pub(crate) use self::function::{FUNCTION, MetricFunction};
pub(crate) use self::laws::check_laws;
pub use self::laws::{Law, LawCheck};
pub use self::names::Part;
pub(crate) use self::overview::{OVERVIEW, SMALLEST_COUNT, WITHHELD, overview_model};
pub use self::period::TimeGrain;
pub use self::query::{Compare, Condition, MetricQuery, Order, Way};
pub(crate) use self::withhold::SMALLEST_CELL;
pub use self::words::{Clock, Counted, Direction, TimeColumn, Unit};
