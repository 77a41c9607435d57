//! What the state promises of a service: fee, documents, time, officer, and whom to appeal to, as of a day.

use std::sync::OnceLock;

use crate::{
    calendar::{Calendar, StopClock},
    codes::Codes,
    concept::{Concept, Validity},
    day::Day,
    error::CodesError,
    language::Language,
};

const APPEALS: &str = include_str!("../data/charters/appeals.csv");

/// The charter of one service.
///
/// ```
/// let codes = kanak_codes::Codes::builtin()?;
/// let demarcation = codes.find_charter("SVC-002")?.unwrap();
/// assert_eq!(demarcation.limit_on("2012-06-01".parse().unwrap()), Some(21));
/// assert_eq!(demarcation.limit_on("2020-06-01".parse().unwrap()), Some(45));
/// # Ok::<_, kanak_codes::CodesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ServiceCharter<'a> {
    service: Concept<'a>,
    limits: Vec<WorkingDayLimit>,
}

/// How many working days a service may take, while that was so. An application keeps the limit of the day it was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingDayLimit {
    /// The limit.
    pub working_days: u32,
    /// When it holds.
    pub validity: Validity,
}

/// One stage of appeal against a decision on a service, or against silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealStage {
    /// The Act that provides for it.
    pub act: &'static str,
    /// First or second.
    pub level: AppealLevel,
    /// Who decides.
    pub authority: &'static str,
    /// Days to appeal in, from the rejection or the end of the limit; `None` where no source gives them.
    pub appeal_within_days: Option<u32>,
    /// Days to decide in; `None` where no source gives them.
    pub decide_within_days: Option<u32>,
    /// When it holds.
    pub validity: Validity,
    /// Whether a readable text of the law gave it. What is not confirmed is a default that the law department must look at.
    pub is_confirmed: bool,
    /// Where it comes from.
    pub source: &'static str,
}

/// The stages of appeal, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppealLevel {
    /// To the appellate authority.
    First,
    /// To the second appellate authority, under the Act of 2018 a revision by the Commission.
    Second,
}

impl Codes {
    /// The charter of a service; `None` for a code that is no service.
    ///
    /// # Errors
    /// [`CodesError::Table`] when its limits do not read.
    pub fn find_charter(&self, service: &str) -> Result<Option<ServiceCharter<'_>>, CodesError> {
        self.get_system("service")?.lookup(service).map(ServiceCharter::read).transpose()
    }

    /// The charter of every service, in the order of the list.
    ///
    /// # Errors
    /// [`CodesError::Table`] naming the first service whose limits do not read.
    pub fn charters(&self) -> Result<Vec<ServiceCharter<'_>>, CodesError> {
        self.get_system("service")?.concepts().map(ServiceCharter::read).collect()
    }
}

impl<'a> ServiceCharter<'a> {
    /// Reads the charter that the properties of a concept of `service` state.
    ///
    /// # Errors
    /// [`CodesError::Table`] when `limit_history` is not `date:working days` parted by semicolons, oldest first.
    pub fn read(service: Concept<'a>) -> Result<Self, CodesError> {
        let history = service.property("limit_history").unwrap_or_default();
        let limits = parse_limits(history).ok_or_else(|| CodesError::Table {
            system: "service".to_owned(),
            problem: format!(
                "the limit_history of {} is not `2012-01-01:21;2016-01-01:45`, oldest first: `{history}`",
                service.code()
            ),
        })?;
        Ok(Self { service, limits })
    }

    /// The code of the service.
    pub fn code(&self) -> &'a str {
        self.service.code()
    }

    /// The name of the service in a language, in English where that is not known.
    pub fn name(&self, language: Language) -> &'a str {
        self.service.display_in(language)
    }

    /// The department that answers for it, a code of `department`.
    pub fn department(&self) -> Option<&'a str> {
        self.service.property("department")
    }

    /// What it costs, in paise.
    pub fn fee_paise(&self) -> Option<u64> {
        self.service.property("fee_paise")?.parse().ok()
    }

    /// What the applicant has to bring; empty where it is not known.
    pub fn documents(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.service.property("documents").into_iter().flat_map(|list| list.split('|'))
    }

    /// Who has to deliver it in time.
    pub fn designated_officer(&self) -> Option<&'a str> {
        self.service.property("designated_officer")
    }

    /// What the source says about the limit beside the number, such as more days where police help is needed.
    pub fn limit_note(&self) -> Option<&'a str> {
        self.service.property("limit_note")
    }

    /// Whether the service as a whole is made up. [`made_up_fields`](Self::made_up_fields) tells of one that is not.
    pub fn is_made_up(&self) -> bool {
        self.service.property("made_up") != Some("false")
    }

    /// Which fields of a real service are made up.
    pub fn made_up_fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.service.property("made_up_fields").into_iter().flat_map(|list| list.split('|'))
    }

    /// Whether what a column of the list of services says of this one is made up: all of it where the service is.
    pub fn is_made_up_field(&self, column: &str) -> bool {
        self.is_made_up() || self.made_up_fields().any(|made_up| made_up == column)
    }

    /// Every limit there was, oldest first.
    pub fn limits(&self) -> &[WorkingDayLimit] {
        &self.limits
    }

    /// How many working days an application of a day may take; `None` before the first limit.
    pub fn limit_on(&self, day: Day) -> Option<u32> {
        self.limits.iter().find(|limit| limit.validity.holds_on(day)).map(|limit| limit.working_days)
    }

    /// The day by which an application of `applied_on` has to be decided: the last of its working days. `None` when there was no
    /// limit on that day, and in the cases of [`Calendar::add_working_days`].
    pub fn due_on(&self, applied_on: Day, calendar: Calendar<'_>) -> Option<Day> {
        self.due_with_stops(applied_on, calendar, StopClock::RUNNING)
    }

    /// The same with a clock that stood still, say while the office waited for the applicant.
    pub fn due_with_stops(&self, applied_on: Day, calendar: Calendar<'_>, clock: StopClock<'_>) -> Option<Day> {
        calendar.due_on(applied_on, self.limit_on(applied_on)?, clock)
    }

    /// The stages of appeal that are open against a decision of a day, first to second.
    pub fn appeals_on(&self, day: Day) -> impl Iterator<Item = &'static AppealStage> + use<> {
        appeal_stages().iter().filter(move |stage| stage.validity.holds_on(day))
    }

    /// The last day to appeal on at a stage: so many days after the rejection, or after the limit ran out in silence. `None` where
    /// no source gives the days.
    pub fn appeal_until(stage: &AppealStage, rejected_or_due_on: Day) -> Option<Day> {
        Some(rejected_or_due_on.plus_days(i32::try_from(stage.appeal_within_days?).ok()?))
    }
}

/// Every stage of appeal that there was, by Act and level.
pub fn appeal_stages() -> &'static [AppealStage] {
    static STAGES: OnceLock<Vec<AppealStage>> = OnceLock::new();
    STAGES.get_or_init(|| parse_stages(APPEALS).expect("the built-in list of stages reads; a test reads it"))
}

fn parse_stages(text: &'static str) -> Option<Vec<AppealStage>> {
    let days = |cell: &str| if cell.is_empty() { Some(None) } else { cell.parse().ok().map(Some) };
    let bound = |cell: &str| if cell.is_empty() { Some(None) } else { Day::parse(cell).map(Some) };
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.splitn(9, ',').collect();
        let [act, level, authority, appeal, decide, from, until, confirmed, source] = cells[..] else { return None };
        Some(AppealStage {
            act,
            level: match level {
                "first" => AppealLevel::First,
                "second" => AppealLevel::Second,
                _ => return None,
            },
            authority,
            appeal_within_days: days(appeal)?,
            decide_within_days: days(decide)?,
            validity: Validity { from: bound(from)?, until: bound(until)? },
            is_confirmed: confirmed == "true",
            source,
        })
    });
    rows.collect()
}

/// Reads `date:working days;...`, oldest first. A limit holds until the next one.
fn parse_limits(history: &str) -> Option<Vec<WorkingDayLimit>> {
    let entries: Vec<(Day, u32)> = history
        .split(';')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (day, limit) = entry.split_once(':')?;
            Some((Day::parse(day)?, limit.parse().ok()?))
        })
        .collect::<Option<_>>()?;
    if entries.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
        return None;
    }
    let ends = entries.iter().skip(1).map(|(day, _)| Some(*day)).chain([None]);
    let limits = entries.iter().zip(ends).map(|((from, working_days), until)| WorkingDayLimit {
        working_days: *working_days,
        validity: Validity { from: Some(*from), until },
    });
    Some(limits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_not_dated_or_not_in_order_are_refused() {
        for history in [
            "21",
            "2012-01-01",
            "2012-01-01:x",
            "2016-01-01:45;2012-01-01:21",
            "2012-01-01:21;2012-01-01:45",
            "2012-1-1:21",
        ] {
            assert_eq!(parse_limits(history), None, "{history}");
        }
        assert_eq!(parse_limits("").unwrap(), []);
    }

    #[test]
    fn a_limit_ends_where_the_next_one_begins() {
        let limits = parse_limits("2012-01-01:21;2016-01-01:45").unwrap();
        assert_eq!(limits[0].validity.until, limits[1].validity.from);
        assert_eq!((limits[0].working_days, limits[1].working_days, limits[1].validity.until), (21, 45, None));
    }

    #[test]
    fn the_built_in_stages_read_and_each_act_has_a_first_and_a_second_one() {
        let stages = appeal_stages();
        for pair in stages.chunks(2) {
            assert_eq!((pair[0].level, pair[1].level), (AppealLevel::First, AppealLevel::Second));
            assert_eq!((pair[0].act, pair[0].validity), (pair[1].act, pair[1].validity));
        }
        assert!(stages.iter().all(|stage| !stage.source.is_empty() && !stage.authority.is_empty()));
    }
}
