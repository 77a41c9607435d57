//! `dim_dates`: the calendar by which the state counts; `dim_district_dates`: where a district's differs.
//!
//! Days are India's. Financial years run April to March. The list that is given ([`Holidays`]) says which days are
//! working days: Monday to Friday unless it names other days of the week, and no holiday. `working_day_number` counts
//! them, so that the n-th working day after a day is one equality away.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use kanak_codes::{Day, Holidays};

use crate::error::WarehouseError;
use crate::schema::{Column, ColumnType, arrow_schema};

/// The working days of districts that keep holidays of their own.
pub(crate) const DISTRICT_DATES: &str = "dim_district_dates";
/// The first day of the calendar: before any event that a register of today still carries.
const FIRST_YEAR: i32 = 1990;
/// How many years the calendar runs on after the present, so that every limit has a due day.
const YEARS_AHEAD: i32 = 6;

/// Days since 1970-01-01, as Arrow and Parquet count.
pub(crate) fn days_since_epoch(day: NaiveDate) -> i32 {
    day.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// The day so many days after 1970-01-01.
pub(crate) fn day_of(days: i32) -> NaiveDate {
    let epoch = NaiveDate::default();
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let day = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
    day.unwrap_or(epoch)
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The columns of `dim_dates`.
pub(crate) fn columns() -> Vec<Column> {
    use ColumnType::{Day, Flag, Integer, Text};
    [
        ("day", Day),
        ("year", Integer),
        ("month", Integer),
        ("month_start", Day),
        ("financial_year", Integer),
        ("financial_year_label", Text),
        ("financial_quarter", Integer),
        ("weekday", Integer),
        ("weekday_name", Text),
        ("is_weekend", Flag),
        ("is_holiday", Flag),
        ("holiday_name", Text),
        ("is_working_day", Flag),
        ("working_day_number", Integer),
    ]
    .map(|(name, kind)| Column { name: name.to_owned(), kind })
    .to_vec()
}

/// Every day of the calendar: from 1990 to the end of the sixth financial year after `today`.
fn days_of_calendar(today: NaiveDate) -> Vec<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).unwrap_or_default();
    let last = NaiveDate::from_ymd_opt(today.year() + YEARS_AHEAD, 3, 31).unwrap_or(today);
    first.iter_days().take_while(|day| *day <= last).collect()
}

/// `dim_district_dates`: every day of each district that keeps holidays of its own, sorted by district and day. Elsewhere
/// the working days are those of `dim_dates`.
pub(crate) fn district_dates(holidays: &Holidays, today: NaiveDate) -> Result<RecordBatch, WarehouseError> {
    let days = days_of_calendar(today);
    let (mut districts, mut on, mut works, mut numbers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for district in holidays.districts() {
        let calendar = holidays.calendar_of_district(district);
        let mut worked = 0_i64;
        for day in days.iter().map(|day| days_since_epoch(*day)) {
            let is_working_day = calendar.is_working_day(Day::from_days(day));
            worked += i64::from(is_working_day);
            districts.push(district);
            on.push(day);
            works.push(is_working_day);
            numbers.push(worked);
        }
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(districts)),
        Arc::new(Date32Array::from(on)),
        Arc::new(BooleanArray::from(works)),
        Arc::new(Int64Array::from(numbers)),
    ];
    let columns = [
        ("district", ColumnType::Text),
        ("day", ColumnType::Day),
        ("is_working_day", ColumnType::Flag),
        ("working_day_number", ColumnType::Integer),
    ]
    .map(|(name, kind)| Column { name: name.to_owned(), kind });
    RecordBatch::try_new(arrow_schema(&columns), arrays)
        .map_err(|error| WarehouseError::Batch { table: DISTRICT_DATES.to_owned(), message: error.to_string() })
}

/// `dim_dates` from 1990 to the end of the sixth financial year after `today`.
pub(crate) fn dates(holidays: &Holidays, today: NaiveDate) -> Result<RecordBatch, WarehouseError> {
    let days = days_of_calendar(today);
    let calendar = holidays.calendar();
    let works: Vec<bool> =
        days.iter().map(|day| calendar.is_working_day(Day::from_days(days_since_epoch(*day)))).collect();
    let holidays: Vec<Option<&str>> = days.iter().map(|day| holidays.find(&day.to_string())).collect();
    let mut worked = 0;
    let numbers = works.iter().map(|works| {
        worked += i64::from(*works);
        worked
    });
    let numbers = Int64Array::from_iter_values(numbers);
    let integers =
        |of: &dyn Fn(&NaiveDate) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(days.iter().map(of))) };
    let flags = |of: &dyn Fn(&NaiveDate) -> bool| -> ArrayRef {
        Arc::new(days.iter().map(|day| Some(of(day))).collect::<BooleanArray>())
    };
    let texts = |of: &dyn Fn(&NaiveDate) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(days.iter().map(of)))
    };
    let columns_of_days: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from_iter_values(days.iter().map(|day| days_since_epoch(*day)))),
        integers(&|day| i64::from(day.year())),
        integers(&|day| i64::from(day.month())),
        Arc::new(Date32Array::from_iter_values(
            days.iter().map(|day| days_since_epoch(day.with_day(1).unwrap_or(*day))),
        )),
        integers(&|day| i64::from(financial_year(*day))),
        texts(&|day| format!("{}-{:02}", financial_year(*day), (financial_year(*day) + 1) % 100)),
        integers(&|day| i64::from((day.month0() + 9) % 12 / 3 + 1)),
        integers(&|day| i64::from(day.weekday().number_from_monday())),
        texts(&|day| day.format("%A").to_string()),
        flags(&|day| is_weekend(*day)),
        Arc::new(holidays.iter().map(|name| Some(name.is_some())).collect::<BooleanArray>()),
        Arc::new(StringArray::from(holidays)),
        Arc::new(BooleanArray::from(works)),
        Arc::new(numbers),
    ];
    RecordBatch::try_new(arrow_schema(&columns()), columns_of_days)
        .map_err(|error| WarehouseError::Batch { table: "dim_dates".to_owned(), message: error.to_string() })
}

/// The financial year of a day, by its first calendar year.
pub(crate) fn financial_year(day: NaiveDate) -> i32 {
    if day.month() >= 4 { day.year() } else { day.year() - 1 }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_and_holidays_are_no_working_days() {
        let list = "on,name\n01-26,Republic Day\n2026-01-28,a day of this year\n";
        let batch = dates(&Holidays::parse("h.csv", list).unwrap(), day("2027-10-01")).unwrap();
        let first = batch["day"].as_primitive::<arrow::datatypes::Date32Type>().value(0);
        for (text, expected) in [
            ("2026-01-23", true),
            ("2026-01-24", false),
            ("2026-01-25", false),
            ("2026-01-26", false),
            ("2026-01-27", true),
            ("2026-01-28", false),
            ("2027-01-28", true),
        ] {
            let row = (days_since_epoch(day(text)) - first) as usize;
            assert_eq!(batch["is_working_day"].as_boolean().value(row), expected, "{text}");
        }
    }

    #[test]
    fn only_districts_with_holidays_of_their_own_have_a_calendar_of_their_own() {
        let list = "on,name,state,district\n01-26,Republic Day,,\n2026-01-28,a fair,3,27\n2026-01-28,far away,6,80\n";
        let batch = district_dates(&Holidays::parse("h.csv", list).unwrap(), day("2026-10-01")).unwrap();
        let first = batch["day"].as_primitive::<arrow::datatypes::Date32Type>().value(0);
        assert!(batch["district"].as_string::<i32>().iter().all(|district| district == Some("27")));
        let numbers = batch["working_day_number"].as_primitive::<Int64Type>();
        let number = |text: &str| numbers.value((days_since_epoch(day(text)) - first) as usize);
        // Friday 23 January; Tuesday is the first working day after it, and Wednesday is the fair.
        assert_eq!(number("2026-01-28"), number("2026-01-23") + 1);
        assert_eq!(number("2026-01-29"), number("2026-01-23") + 2);
        let none = district_dates(&Holidays::parse("h.csv", "on,name\n01-26,x\n").unwrap(), day("2026-10-01")).unwrap();
        assert_eq!(none.num_rows(), 0);
    }

    #[test]
    fn the_calendar_has_every_day_once_and_counts_working_days() {
        let batch = dates(&Holidays::builtin(), day("2026-10-01")).unwrap();
        let days = batch["day"].as_primitive::<arrow::datatypes::Date32Type>();
        assert_eq!(days.value(0), days_since_epoch(day("1990-01-01")));
        assert_eq!(days.value(days.len() - 1), days_since_epoch(day("2032-03-31")));
        assert!(days.values().windows(2).all(|pair| pair[1] == pair[0] + 1));
        let numbers = batch["working_day_number"].as_primitive::<Int64Type>();
        let row = |text: &str| (days_since_epoch(day(text)) - days.value(0)) as usize;
        // Friday, the weekend, Republic Day on a Monday, Tuesday.
        let friday = numbers.value(row("2026-01-23"));
        assert_eq!(numbers.value(row("2026-01-26")), friday);
        assert_eq!(numbers.value(row("2026-01-27")), friday + 1);
    }

    #[test]
    fn financial_years_and_quarters_begin_in_april() {
        let batch = dates(&Holidays::builtin(), day("2026-10-01")).unwrap();
        let first = days_since_epoch(day("1990-01-01"));
        let row = |text: &str| (days_since_epoch(day(text)) - first) as usize;
        let years = batch["financial_year"].as_primitive::<Int64Type>();
        let quarters = batch["financial_quarter"].as_primitive::<Int64Type>();
        for (text, year, quarter) in
            [("2026-03-31", 2025, 4), ("2026-04-01", 2026, 1), ("2026-12-31", 2026, 3), ("2027-01-01", 2026, 4)]
        {
            assert_eq!((years.value(row(text)), quarters.value(row(text))), (year, quarter), "{text}");
        }
        assert_eq!(batch["financial_year_label"].as_string::<i32>().value(row("2000-01-01")), "1999-00");
    }

    #[test]
    fn days_read_back_as_they_were_counted() {
        for text in ["1969-12-31", "1970-01-01", "2026-02-28"] {
            assert_eq!(day_of(days_since_epoch(day(text))), day(text));
        }
    }
}
