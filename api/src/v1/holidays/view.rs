//! Wire types of holidays: what the API answers and `kanak codes holidays` prints.

use kanak_codes::{Codes, Day, Holiday, Holidays};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::problem::Problem;
use crate::v1::services::due_view::find_district;

/// The working days of a year, of the state or of a district.
#[derive(Serialize, ToSchema)]
pub struct CalendarView {
    /// The year.
    pub year: i32,
    /// The district whose own holidays are listed as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// How many days of the year offices work.
    pub working_days: u32,
    /// How many of the holidays were not notified when the list was made.
    pub made_up: usize,
    /// The holidays, by day; those on closed days of the week as well.
    pub holidays: Vec<ListedHoliday>,
}

/// A holiday as the list states it.
#[derive(Serialize, ToSchema)]
pub struct ListedHoliday {
    /// The day.
    pub on: String,
    /// Its name.
    pub name: String,
    /// What kind of holiday, such as `national` or `gazetted`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Whether no notification of the day was at hand, so that it was computed or taken to be one.
    pub made_up: bool,
    /// Who says so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl CalendarView {
    /// The year of a list of holidays, in a district or the whole state.
    ///
    /// # Errors
    /// 400 for a district that is none of Punjab, and for a year that no calendar has.
    pub fn find(codes: &Codes, holidays: &Holidays, year: i32, district: Option<&str>) -> Result<Self, Problem> {
        let unknown = || Problem::bad_request(format!("`year` is {year}; send one from 1900 to 2200"));
        let in_range = (1900..=2200).contains(&year);
        let days = Day::from_ymd(year, 1, 1).zip(Day::from_ymd(year, 12, 31)).filter(|_| in_range);
        let (first, last) = days.ok_or_else(unknown)?;
        let district = district.map(|district| find_district(codes, district)).transpose()?;
        let calendar = match &district {
            Some(district) => holidays.calendar_of_district(district),
            None => holidays.calendar(),
        };
        let before = first.plus_days(-1);
        let holidays: Vec<ListedHoliday> =
            calendar.holidays_between(before, last).map(|(on, holiday)| ListedHoliday::new(on, holiday)).collect();
        Ok(Self {
            year,
            working_days: calendar.working_days_between(before, last),
            made_up: holidays.iter().filter(|holiday| holiday.made_up).count(),
            holidays,
            district,
        })
    }
}

impl ListedHoliday {
    fn new(on: Day, holiday: &Holiday) -> Self {
        Self {
            on: on.to_string(),
            name: holiday.name.clone(),
            kind: holiday.kind.clone(),
            made_up: holiday.is_made_up,
            source: holiday.source.clone(),
        }
    }
}
