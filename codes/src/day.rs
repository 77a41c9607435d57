//! A day of the calendar, without a clock and without a time zone.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A day, counted from 1 January 1970. It is written and read as `YYYY-MM-DD`.
///
/// ```
/// use kanak_codes::Day;
/// let split = Day::parse("2021-05-14").expect("a day");
/// assert_eq!(split.days(), 18_761);
/// assert_eq!(split.to_string(), "2021-05-14");
/// assert!(Day::parse("2021-02-29").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// Why a text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day; write `YYYY-MM-DD`, such as 2021-05-14")]
pub struct NotADay;

impl Day {
    /// Before every day that can be written.
    pub(crate) const MIN: Self = Self(i32::MIN);

    /// Reads `YYYY-MM-DD` with a month and a day that the year has.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0i32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
        };
        Self::from_ymd(number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..])?)
    }

    /// The day of a year from 1 to 9999, a month from 1 and a day of the month from 1; `None` when there is none such.
    pub fn from_ymd(year: i32, month: i32, day: i32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) {
            return None;
        }
        // A year that begins in March has its leap day at its end.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Self(era * 146_097 + day_of_era - 719_468))
    }

    /// The day so many days after 1 January 1970, or before it.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// How many days after 1 January 1970 it is.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day so many days later, or earlier; the last day that can be counted where there is none.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day of the week, from 0 for Monday to 6 for Sunday.
    pub const fn weekday(self) -> u8 {
        // The day from which days are counted was a Thursday.
        ((self.0 as i64 + 3).rem_euclid(7)) as u8
    }

    /// Year, month and day of the month, the last two from 1.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013), as is its reverse.
    pub fn ymd(self) -> (i64, i32, i32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097) as i32;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let year = i64::from(year_of_era) + era * 400;
        if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
    }
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        Self::parse(text).ok_or(NotADay)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is {NotADay}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_through_leap_years_and_centuries() {
        let mut day = Day::from_ymd(1, 1, 1).unwrap();
        for year in 1..=9999 {
            for month in 1..=12 {
                for of_month in 1..=days_of_month(year, month) {
                    assert_eq!(day.ymd(), (i64::from(year), month, of_month));
                    assert_eq!(Day::from_ymd(year, month, of_month), Some(day));
                    day = Day::from_days(day.days() + 1);
                }
            }
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day::from_days(0)));
        assert_eq!(Day::parse("9999-12-31").unwrap().days() + 1, day.days());
    }

    #[test]
    fn a_text_that_is_no_day_is_refused() {
        for text in [
            "",
            "2021-13-01",
            "2021-00-10",
            "2021-02-30",
            "1900-02-29",
            "21-05-14",
            "2021-5-14",
            "2021/05/14",
            "+021-05-14",
            "2021-05-14 ",
            "ਕਖਗ-",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(Day::parse("2000-02-29").is_some());
    }

    #[test]
    fn every_day_that_can_be_counted_can_be_shown() {
        assert!(Day::MIN.to_string().starts_with('-') && Day::from_days(i32::MAX).to_string().len() > 10);
    }
}
