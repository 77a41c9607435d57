//! How current the code systems are: as of when, how much of the official list, and what is known to be missing.

use serde::Serialize;

use crate::{codes::Codes, day::Day, system::CodeSystem};

const GAPS: &str = include_str!("../data/currency/gaps.csv");

/// What is known about how current one code system is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Currency<'a> {
    /// The code system.
    pub system: &'a str,
    /// Its version.
    pub version: &'a str,
    /// As of when the source was, as precisely as is known; `None` where nobody states it.
    pub source_date: Option<&'a str>,
    /// Whether the whole of it is invented.
    pub is_made_up: bool,
    /// How many codes there are, made-up ones included.
    pub rows: usize,
    /// How many of them are not made up.
    pub rows_real: usize,
    /// How many codes the publisher's own count gives.
    pub rows_official: Option<usize>,
    /// What is known to be missing or wrong as a whole.
    pub gaps: Vec<&'static str>,
}

impl Currency<'_> {
    /// The share of the official list that is present, 0 to 1. `None` where the official count is not known, and where there are more
    /// rows than it gives, so that the two do not count the same.
    pub fn share_present(&self) -> Option<f64> {
        let official = self.rows_official.filter(|official| *official >= self.rows_real && *official > 0)?;
        Some(self.rows_real as f64 / official as f64)
    }

    /// Days from the date of the source to `today`, from the last day that the date may mean; of several dates, from the oldest. `None`
    /// where none is stated or the date does not read; 0 for one to come.
    pub fn age_days(&self, today: Day) -> Option<u32> {
        let dates = self.source_date?.split(',').map(|date| last_day_of(date.split_whitespace().next()?));
        let oldest = dates.collect::<Option<Vec<_>>>()?.into_iter().min()?;
        Some(u32::try_from(i64::from(today.days()) - i64::from(oldest.days())).unwrap_or(0))
    }
}

impl Codes {
    /// How current each code system is, by name.
    pub fn currency(&self) -> Vec<Currency<'_>> {
        self.systems().map(currency_of).collect()
    }
}

fn currency_of(system: &CodeSystem) -> Currency<'_> {
    let invented = |value: Option<&str>| value == Some("true");
    let rows_real = if system.is_made_up() {
        0
    } else if system.property_names().any(|name| name == "made_up") {
        system.concepts().filter(|concept| !invented(concept.property("made_up"))).count()
    } else {
        system.len()
    };
    Currency {
        system: system.name(),
        version: system.version(),
        source_date: system.stated_source_date(),
        is_made_up: system.is_made_up(),
        rows: system.len(),
        rows_real,
        rows_official: system.official_count(),
        gaps: gaps().filter(|(of, _)| *of == system.name()).map(|(_, gap)| gap).collect(),
    }
}

/// (system, gap), in the order of the list.
fn gaps() -> impl Iterator<Item = (&'static str, &'static str)> {
    GAPS.lines().skip(1).filter_map(|line| line.split_once(','))
}

/// The last day of a date known to the day, the month or the year: `2022-03-11`, `2022-03` or `2022`. `None` for what is none.
pub fn last_day_of(text: &str) -> Option<Day> {
    let end_of_month = |first: Day| {
        let (year, month, _) = first.ymd();
        let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        Some(Day::from_ymd(i32::try_from(year).ok()?, month, 1)?.plus_days(-1))
    };
    match text.len() {
        4 => Day::parse(&format!("{text}-12-31")),
        7 => Day::parse(&format!("{text}-01")).and_then(end_of_month),
        _ => Day::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_a_month_or_a_year_means_its_last_day() {
        for (text, expected) in [
            ("2022-03-11", Some("2022-03-11")),
            ("2024-02", Some("2024-02-29")),
            ("2021-12", Some("2021-12-31")),
            ("2008", Some("2008-12-31")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(last_day_of(text), expected.and_then(Day::parse), "{text}");
        }
    }

    #[test]
    fn every_gap_is_of_a_system_that_there_is() {
        let codes = Codes::builtin().unwrap();
        for (system, gap) in gaps() {
            assert!(codes.system(system).is_some() && !gap.is_empty() && !gap.contains(','), "{system}: {gap}");
        }
        assert_eq!(gaps().count(), GAPS.lines().count() - 1);
    }
}
