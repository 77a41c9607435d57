//! What a caller asks of metrics, in words.

use std::collections::BTreeMap;

use kanak_codes::Day;
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;
use crate::metrics::period::{TimeGrain, no_such};

/// Measures, and how they are cut. The default asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricQuery {
    /// The metrics, each once.
    pub measures: Vec<String>,
    /// One row for each combination of values of these dimensions; none gives one row. A word of [`TimeGrain`] here is the
    /// same as `grain`.
    pub by: Vec<String>,
    /// By dimension, what its value must be; by `time`, `month`, `quarter` or `financial_year`, when.
    pub filters: BTreeMap<String, Condition>,
    /// One row a period.
    pub grain: Option<TimeGrain>,
    /// What each period is set beside.
    pub compare: Option<Compare>,
    /// How rows are ordered; then by the dimensions and the period, which is also the order when nothing is said.
    pub order: Vec<Order>,
    /// At most so many rows, once they are in order.
    pub limit: Option<usize>,
}

impl MetricQuery {
    /// One metric over all rows that the caller sees.
    pub fn of(measure: &str) -> Self {
        Self { measures: vec![measure.to_owned()], ..Self::default() }
    }

    /// The same, by these dimensions.
    #[must_use]
    pub fn by(mut self, names: &[&str]) -> Self {
        self.by = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// The same, where a dimension has a value.
    #[must_use]
    pub fn filter(mut self, name: &str, condition: impl Into<Condition>) -> Self {
        self.filters.insert(name.to_owned(), condition.into());
        self
    }
}

/// What the value of a dimension must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One of these.
    In(Vec<String>),
    /// In whole months between these days, both with it: for `time` alone.
    Between {
        /// The first day of the first month.
        from: Day,
        /// The last day of the last month.
        to: Day,
    },
}

impl From<&str> for Condition {
    fn from(value: &str) -> Self {
        Self::In(vec![value.to_owned()])
    }
}

impl Condition {
    /// Reads what stands for it in a URL or a command: `2026-04-01..2026-06-30` is days, everything else the value.
    pub fn parse(text: &str) -> Self {
        let days = text.split_once("..").and_then(|(from, to)| Some((Day::parse(from)?, Day::parse(to)?)));
        days.map_or_else(|| Self::from(text), |(from, to)| Self::Between { from, to })
    }
}

/// What a period is set beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// The one before it, of the same length.
    PreviousPeriod,
    /// The same twelve months earlier.
    PreviousYear,
}

impl Compare {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::PreviousPeriod, Self::PreviousYear];

    /// The word in queries.
    pub fn word(self) -> &'static str {
        match self {
            Self::PreviousPeriod => "previous_period",
            Self::PreviousYear => "previous_year",
        }
    }

    /// Reads [`Compare::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compare| compare.word() == word)
    }

    /// Reads [`Compare::word`].
    ///
    /// # Errors
    /// [`WarehouseError::MetricQuery`], which names the words.
    pub fn get(word: &str) -> Result<Self, WarehouseError> {
        Self::find(word).ok_or_else(|| no_such("comparison", word, &Self::ALL.map(Self::word)))
    }
}

/// One thing that rows are ordered by. Rows that do not have it come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// A measure, a dimension of the cut or the grain.
    pub by: String,
    /// From where to where.
    pub way: Way,
}

/// From where to where rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The smallest first.
    Up,
    /// The largest first.
    Down,
}

impl Order {
    /// Reads `timeliness`, or `-timeliness` for the largest first.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(by) => Self { by: by.to_owned(), way: Way::Down },
            None => Self { by: text.to_owned(), way: Way::Up },
        }
    }
}
