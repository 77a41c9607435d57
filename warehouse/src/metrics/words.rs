//! The words of a metric's file: each of a closed set.

use serde::{Deserialize, Serialize};

/// What a metric's value is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things counted.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// Rupees.
    Rupees,
    /// Working days.
    WorkingDays,
    /// Days of the calendar.
    Days,
    /// Hours.
    Hours,
    /// Marks from 1 to 5.
    Rating,
}

impl Unit {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Rupees => "rupees",
            Self::WorkingDays => "working_days",
            Self::Days => "days",
            Self::Hours => "hours",
            Self::Rating => "rating",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Neither: it describes.
    None,
}

impl Direction {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::None => "none",
        }
    }
}

/// By what time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Days on which offices work.
    WorkingDays,
    /// Every day.
    CalendarDays,
    /// Every hour.
    Hours,
}

impl Clock {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::WorkingDays => "working_days",
            Self::CalendarDays => "calendar_days",
            Self::Hours => "hours",
        }
    }
}

/// A column that tells time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeColumn {
    /// The first day of a month.
    Month,
    /// The first calendar year of an April-March year.
    FinancialYear,
}

impl TimeColumn {
    /// The column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::FinancialYear => "financial_year",
        }
    }
}

/// A part of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// What is divided, or the figure itself.
    Numerator,
    /// What it is divided by.
    Denominator,
}

impl Counted {
    /// The column of an answer.
    pub fn word(self) -> &'static str {
        match self {
            Self::Numerator => "numerator",
            Self::Denominator => "denominator",
        }
    }
}
