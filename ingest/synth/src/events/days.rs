//! Days and hours of offices: working days, opening hours, and how extracts write them.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use kanak_codes::{Day, Holidays};

use crate::chance::Chance;
use crate::ratios::EVENT_YEARS;

/// The same list by which the warehouse counts working days.
static HOLIDAYS: LazyLock<Holidays> = LazyLock::new(Holidays::builtin);

/// Whether offices work on a day.
pub(crate) fn is_working(day: NaiveDate) -> bool {
    HOLIDAYS.calendar().is_working_day(to_day(day))
}

/// The day on which the `count`-th working day after `day` falls.
pub(crate) fn add_working_days(day: NaiveDate, count: u32) -> NaiveDate {
    let due = HOLIDAYS.calendar().add_working_days(to_day(day), count);
    due.map_or(day, |due| day + Days::new(u64::from(due.days().abs_diff(to_day(day).days()))))
}

fn to_day(day: NaiveDate) -> Day {
    Day::from_days(day.signed_duration_since(NaiveDate::default()).num_days() as i32)
}

/// The first day of the years of events.
pub(crate) fn first_day(end: NaiveDate) -> NaiveDate {
    end.with_year(end.year() - EVENT_YEARS).unwrap_or(end - Days::new(365 * 3))
}

/// A time within opening hours on some working day of the years of events; later ones are a little more likely.
pub(crate) fn draw_time(end: NaiveDate, chance: &mut Chance) -> NaiveDateTime {
    let first = first_day(end);
    let span = (end - first).num_days();
    loop {
        let days = (span as f64 * chance.unit().powf(0.85)) as u64;
        let day = first + Days::new(days);
        if is_working(day) && day < end {
            return at_office_hours(day, chance);
        }
    }
}

/// A time within opening hours of a day.
pub(crate) fn at_office_hours(day: NaiveDate, chance: &mut Chance) -> NaiveDateTime {
    let second = (9.0 + 8.0 * chance.unit()) * 3_600.0;
    day.and_time(NaiveTime::from_num_seconds_from_midnight_opt(second as u32, 0).unwrap_or(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(day: (i32, u32, u32), count: u32, expected: (i32, u32, u32)) {
        let date = |(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        assert_eq!(add_working_days(date(day), count), date(expected));
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        check((2026, 10, 30), 1, (2026, 11, 2));
        check((2026, 8, 14), 1, (2026, 8, 17));
        check((2026, 1, 23), 1, (2026, 1, 27));
        check((2026, 11, 2), 0, (2026, 11, 2));
    }
}
