//! Periods of the state's calendar: months, quarters and years from April to March.
//!
//! A month is numbered `year * 12 + month - 1`, so that periods are told apart, put in order and set side by side by
//! whole numbers alone. A quarter or year is the number of its first month.

use kanak_codes::Day;
use kanak_model::toml_text::choices;
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;
use crate::metrics::cut::{refused, shown};

/// How fine a figure is cut by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeGrain {
    /// A month.
    Month,
    /// Three months: the first quarter is April to June.
    Quarter,
    /// April to March.
    FinancialYear,
}

impl TimeGrain {
    /// All of them, finest first.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::FinancialYear];

    /// The word in queries, and the column of an answer.
    pub fn word(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::FinancialYear => "financial_year",
        }
    }

    /// Reads [`TimeGrain::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| grain.word() == word)
    }

    /// Reads [`TimeGrain::word`].
    ///
    /// # Errors
    /// [`WarehouseError::MetricQuery`], which names the grains.
    pub fn get(word: &str) -> Result<Self, WarehouseError> {
        Self::find(word).ok_or_else(|| no_such("grain", word, &Self::ALL.map(Self::word)))
    }

    /// How many months a period has.
    pub fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::FinancialYear => 12,
        }
    }

    /// The first month of the period that holds a month.
    pub(crate) fn first_month(self, month: i64) -> i64 {
        match self {
            Self::Month => month,
            Self::Quarter => month - month.rem_euclid(3),
            Self::FinancialYear => month - (month + 9).rem_euclid(12),
        }
    }

    /// [`TimeGrain::first_month`] in SQL.
    pub(crate) fn first_month_sql(self, month: &str) -> String {
        match self {
            Self::Month => month.to_owned(),
            Self::Quarter => format!("{month} - {month} % 3"),
            Self::FinancialYear => format!("{month} - ({month} + 9) % 12"),
        }
    }

    /// What a period is called, in SQL, by the number of its first month: the first day of a month, `2025-26 Q1`, `2025-26`.
    pub(crate) fn name_sql(self, first: &str) -> String {
        let year_of = |april: &str| {
            format!(
                "CAST({april} / 12 AS VARCHAR) || '-' || substr(CAST(100 + ({april} / 12 + 1) % 100 AS VARCHAR), 2)"
            )
        };
        match self {
            Self::Month => format!("make_date(CAST({first} / 12 AS INTEGER), CAST({first} % 12 + 1 AS INTEGER), 1)"),
            Self::Quarter => {
                let year = year_of(&format!("({first} - ({first} + 9) % 12)"));
                format!("{year} || ' Q' || CAST(({first} % 12 + 9) % 12 / 3 + 1 AS VARCHAR)")
            }
            Self::FinancialYear => year_of(first),
        }
    }

    /// What a reader may write for a period.
    pub(crate) fn form(self) -> &'static str {
        match self {
            Self::Month => "the first day of a month, such as 2026-04-01",
            Self::Quarter => "a quarter of an April-March year, such as 2025-26 Q1",
            Self::FinancialYear => "an April-March year, such as 2025-26",
        }
    }

    /// The months of a period by what it is called.
    pub(crate) fn find_months(self, name: &str) -> Option<Months> {
        let first = match self {
            Self::Month => {
                let (year, month, day) = Day::parse(name)?.ymd();
                (day == 1).then(|| month_number(year, month))?
            }
            Self::Quarter => {
                let (year, quarter) = name.split_once(" Q")?;
                let quarter = ["1", "2", "3", "4"].iter().position(|known| *known == quarter)? as i64;
                first_of_year(year)? + quarter * 3
            }
            Self::FinancialYear => first_of_year(name)?,
        };
        Some(Months { first, last: first + self.months() - 1 })
    }
}

/// The error for a word that is none of those there are.
pub(crate) fn no_such(what: &str, word: &str, known: &[&str]) -> WarehouseError {
    refused(format!("no {what} `{}`; there are {}", shown(word), choices(known.iter().copied())))
}

/// The number of April of a year called `2025-26`.
fn first_of_year(name: &str) -> Option<i64> {
    let (year, next) = name.split_once('-')?;
    let is_digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(year, 4) || !is_digits(next, 2) {
        return None;
    }
    let year: i64 = year.parse().ok()?;
    (next.parse::<i64>().ok()? == (year + 1) % 100).then_some(year * 12 + 3)
}

fn month_number(year: i64, month: i32) -> i64 {
    year * 12 + i64::from(month) - 1
}

/// The number of the month that holds a day.
pub(crate) fn month_of(day: Day) -> i64 {
    let (year, month, _) = day.ymd();
    month_number(year, month)
}

/// Whole months, from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Months {
    /// The first.
    pub(crate) first: i64,
    /// The last, with it.
    pub(crate) last: i64,
}

impl Months {
    /// The months from one day to another; `None` where the days do not begin and end months.
    pub(crate) fn between(from: Day, to: Day) -> Option<Self> {
        let begins = from.ymd().2 == 1;
        let ends = to.plus_days(1).ymd().2 == 1;
        let months = Self { first: month_of(from), last: month_of(to) };
        (begins && ends && months.first <= months.last).then_some(months)
    }

    /// How many they are.
    pub(crate) fn count(self) -> i64 {
        self.last - self.first + 1
    }

    /// Whether they are whole periods of a grain.
    pub(crate) fn are_whole(self, grain: TimeGrain) -> bool {
        grain.first_month(self.first) == self.first && grain.first_month(self.last + 1) == self.last + 1
    }

    /// The grain of which they are one period.
    pub(crate) fn find_grain(self) -> Option<TimeGrain> {
        TimeGrain::ALL.into_iter().find(|grain| grain.months() == self.count() && self.are_whole(*grain))
    }

    /// Those that both have.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn named(grain: TimeGrain, name: &str, days: Option<(&str, &str)>) {
        let months = days.and_then(|(from, to)| Months::between(Day::parse(from)?, Day::parse(to)?));
        assert_eq!(days.is_some(), months.is_some());
        assert_eq!(grain.find_months(name), months, "{name}");
    }

    #[test]
    fn a_period_is_read_by_its_name_and_by_no_other() {
        named(TimeGrain::Month, "2026-02-01", Some(("2026-02-01", "2026-02-28")));
        named(TimeGrain::Month, "2026-02-02", None);
        named(TimeGrain::Quarter, "2025-26 Q1", Some(("2025-04-01", "2025-06-30")));
        named(TimeGrain::Quarter, "2025-26 Q4", Some(("2026-01-01", "2026-03-31")));
        named(TimeGrain::Quarter, "2025-26 Q5", None);
        named(TimeGrain::FinancialYear, "2025-26", Some(("2025-04-01", "2026-03-31")));
        named(TimeGrain::FinancialYear, "1999-00", Some(("1999-04-01", "2000-03-31")));
        for no in ["2025-27", "2025", "2025-2026", "+025-26", "2025-26 ", "' OR 1=1"] {
            named(TimeGrain::FinancialYear, no, None);
        }
    }

    #[test]
    fn months_of_a_year_lie_in_it_and_in_one_of_its_quarters() {
        for month in 2025 * 12 + 3..2026 * 12 + 3 {
            assert_eq!(TimeGrain::FinancialYear.first_month(month), 2025 * 12 + 3, "{month}");
            assert_eq!(TimeGrain::Quarter.first_month(month), 2025 * 12 + 3 + (month - 2025 * 12 - 3) / 3 * 3);
        }
    }

    #[test]
    fn days_that_do_not_begin_and_end_months_are_no_months() {
        let between = |from: &str, to: &str| Months::between(Day::parse(from).unwrap(), Day::parse(to).unwrap());
        assert!(between("2026-04-01", "2026-06-29").is_none() && between("2026-04-02", "2026-06-30").is_none());
        assert!(between("2026-05-01", "2026-04-30").is_none());
        let quarter = between("2026-04-01", "2026-06-30").unwrap();
        assert_eq!((quarter.count(), quarter.find_grain()), (3, Some(TimeGrain::Quarter)));
        let other = between("2026-05-01", "2026-07-31").unwrap();
        assert_eq!((other.count(), other.find_grain()), (3, None));
        assert_eq!(quarter.common(other), between("2026-05-01", "2026-06-30"));
    }
}
