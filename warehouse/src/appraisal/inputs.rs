//! What an appraisal is made of, as plain rows that can be kept: cases, postings, targets.

use std::fmt;
use std::str::FromStr;

use kanak_codes::Day;
use serde::{Deserialize, Serialize};

/// A financial year, April to March: `2025-26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    year: i32,
}

impl Period {
    /// The calendar year in which it begins.
    pub fn year(self) -> i32 {
        self.year
    }

    /// Its first day.
    pub fn first(self) -> Day {
        Day::from_ymd(self.year, 4, 1).expect("every year has a first of April")
    }

    /// Its last day.
    pub fn last(self) -> Day {
        Day::from_ymd(self.year + 1, 3, 31).expect("every year has an end of March")
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no financial year; write it as 2025-26");
        let (first, second) = text.split_once('-').ok_or_else(wrong)?;
        let is_number = |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(first, 4) || !is_number(second, 2) {
            return Err(wrong());
        }
        let year: i32 = first.parse().map_err(|_| wrong())?;
        let next: i32 = second.parse().map_err(|_| wrong())?;
        if (1900..=9000).contains(&year) && (year + 1) % 100 == next { Ok(Self { year }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{:02}", self.year, (self.year + 1) % 100)
    }
}

impl Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// An application for a service.
    Application,
    /// A grievance.
    Grievance,
}

impl CaseKind {
    /// The word in rows and keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Grievance => "grievance",
        }
    }
}

/// One case that was decided, or fell due, in the period. It says nothing about the citizen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Source system and number: `service_applications:APP-1`.
    pub id: String,
    /// What it is.
    pub kind: CaseKind,
    /// The service or the complaint type by its code; empty where none is stated.
    pub service: String,
    /// The LGD code of its district; empty where none is known.
    pub district: String,
    /// The office by its code.
    pub office: String,
    /// The golden key of the officer whom it names.
    pub officer: Option<String>,
    /// When it came in.
    pub received_on: Day,
    /// When the officer got it, where that is recorded.
    pub assigned_on: Option<Day>,
    /// The last day on which it is in time.
    pub due_on: Option<Day>,
    /// When it was decided.
    pub decided_on: Option<Day>,
    /// The day to whose period it belongs: of its decision, or the due day where it was not decided by then.
    pub judged_on: Day,
    /// Whether it was decided in time; `None` without a due day.
    pub is_in_time: Option<bool>,
    /// Whether a closed grievance was opened again.
    pub is_reopened: Option<bool>,
    /// Whether a grievance went above the officer.
    pub is_appealed: Option<bool>,
    /// From 1 to 5.
    pub rating: Option<i64>,
    /// How many checks of what was entered apply.
    pub checks: i64,
    /// How many of them it passes.
    pub checks_passed: i64,
}

/// An officer in a post at an office for a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// The officer's golden key.
    pub officer: String,
    /// The office by its code.
    pub office: String,
    /// The designation; empty where none is stated.
    pub designation: String,
    /// The LGD code of the office's district; empty where it has none.
    pub district: String,
    /// Its first day: the officer's first posting begins with the day of joining, a later one when the hub learned of it. `None`
    /// where nobody knows.
    pub from: Option<Day>,
    /// The first day on which it no longer held; `None` while it does.
    pub to: Option<Day>,
}

impl Posting {
    /// For how many of the days from `first` to `last`, both counted, it held.
    pub(crate) fn days_within(&self, first: Day, last: Day) -> i64 {
        let begin = self.from.map_or(first, |from| from.max(first));
        let end = self.to.map_or(last.plus_days(1), |to| to.min(last.plus_days(1)));
        i64::from(end.days() - begin.days()).max(0)
    }
}

/// A scheme's target in a district and year, as its source states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Source system and number.
    pub id: String,
    /// The scheme by its code.
    pub scheme: String,
    /// The LGD code of the district.
    pub district: String,
    /// What was to be achieved; above 0.
    pub target: i64,
    /// What was.
    pub achieved: i64,
}

/// A target and the office that answers for it: the district office of the scheme's department.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetOfOffice {
    /// The target.
    pub target: Target,
    /// The office by its code.
    pub office: String,
}

/// Everything that an appraisal is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The period.
    pub period: Period,
    /// All cases of all offices, by id.
    pub cases: Vec<Case>,
    /// All postings, by officer.
    pub postings: Vec<Posting>,
    /// Targets of the period with their offices.
    pub targets: Vec<TargetOfOffice>,
}

impl Inputs {
    /// The same in the one order in which it is kept and reckoned.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.cases.sort();
        self.postings.sort();
        self.targets.sort();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reads_as_it_is_written_and_runs_from_april_to_march() {
        let period: Period = "1999-00".parse().unwrap();
        assert_eq!((period.to_string(), period.year()), ("1999-00".to_owned(), 1999));
        assert_eq!((period.first().to_string(), period.last().to_string()), ("1999-04-01".into(), "2000-03-31".into()));
        for wrong in ["2025", "2025-27", "2025-2026", "25-26", "", "+025-26", "0000-01"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_of_a_posting_are_counted_within_bounds_both_ends_of_the_bounds_included() {
        let day = |text: &str| Day::parse(text).unwrap();
        let posting = |from: Option<&str>, to: Option<&str>| Posting {
            officer: "K-1".to_owned(),
            office: "O".to_owned(),
            designation: String::new(),
            district: String::new(),
            from: from.map(day),
            to: to.map(day),
        };
        let days = |posting: Posting| posting.days_within(day("2025-04-01"), day("2025-04-10"));
        assert_eq!(days(posting(None, None)), 10);
        assert_eq!(days(posting(Some("2025-04-10"), None)), 1);
        assert_eq!(days(posting(Some("2025-04-11"), None)), 0);
        assert_eq!(days(posting(Some("2020-01-01"), Some("2025-04-02"))), 1);
        assert_eq!(days(posting(None, Some("2025-04-01"))), 0);
    }
}
