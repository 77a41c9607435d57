//! Dates as registers know them: often only the year.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};

/// A date known to the day, the month or only the year. Written `1985-03-01`, `1985-03` or `1985`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

/// A word that is not a date of the form `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date; write 1985-03-01, 1985-03 or 1985")]
pub struct NotADate;

impl PartialDate {
    /// A date known to the day.
    pub fn of_day(day: NaiveDate) -> Self {
        Self { year: day.year(), month: Some(day.month()), day: Some(day.day()) }
    }

    /// A date of which only the year is known.
    pub fn of_year(year: i32) -> Self {
        Self { year, month: None, day: None }
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12, where it is known.
    pub fn month(self) -> Option<u32> {
        self.month
    }

    /// The day of the month, where it is known.
    pub fn day(self) -> Option<u32> {
        self.day
    }

    /// The calendar day, where it is known.
    pub fn to_day(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month?, self.day?)
    }

    /// The first calendar day that this date may mean.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
            .expect("a partial date is checked when it is made")
    }

    /// The last calendar day that this date may mean.
    pub fn last_day(self) -> NaiveDate {
        let first = self.first_day();
        let next = match (self.month, self.day) {
            (Some(_), Some(_)) => return first,
            (Some(_), None) => first.checked_add_months(Months::new(1)),
            (None, _) => first.checked_add_months(Months::new(12)),
        };
        next.and_then(|next| next.pred_opt()).unwrap_or(first)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

impl FromStr for PartialDate {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut parts = text.split('-');
        let year_text = parts.next().ok_or(NotADate)?;
        let number = |part: &str, width: usize| -> Result<u32, NotADate> {
            if part.len() == width && part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().map_err(|_| NotADate)
            } else {
                Err(NotADate)
            }
        };
        let year = i32::try_from(number(year_text, 4)?).map_err(|_| NotADate)?;
        let month = parts.next().map(|part| number(part, 2)).transpose()?;
        let day = parts.next().map(|part| number(part, 2)).transpose()?;
        if parts.next().is_some() {
            return Err(NotADate);
        }
        NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1)).ok_or(NotADate)?;
        Ok(Self { year, month, day })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, good: bool) {
        let parsed = text.parse::<PartialDate>();
        assert_eq!(parsed.is_ok(), good, "{text}");
        if let Ok(date) = parsed {
            assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn a_date_known_to_the_month_or_year_may_mean_any_day_of_it() {
        for (text, first, last) in [
            ("1985-03-01", "1985-03-01", "1985-03-01"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("1985-12", "1985-12-01", "1985-12-31"),
            ("1985", "1985-01-01", "1985-12-31"),
        ] {
            let date: PartialDate = text.parse().unwrap();
            assert_eq!((date.first_day().to_string().as_str(), date.last_day().to_string().as_str()), (first, last));
        }
    }

    #[test]
    fn dates_are_read_with_the_precision_they_have() {
        for good in ["1985", "1985-03", "1985-03-01", "2024-02-29"] {
            check(good, true);
        }
        for bad in ["", "85", "1985-3-1", "1985-13", "2023-02-29", "1985-03-01-01", "+985"] {
            check(bad, false);
        }
    }
}
