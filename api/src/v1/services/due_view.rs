//! Wire types of due days: what the API answers and `kanak codes due` prints.

use kanak_codes::{Codes, Day, DayOff, Holiday, Holidays, WorkingDayLimit};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{LimitView, charter_on};
use crate::server::problem::Problem;
use crate::v1::code_systems::lookup;

/// The LGD code of the state whose services and holidays these are.
const PUNJAB: &str = "3";

/// By when an application has to be decided.
#[derive(Serialize, ToSchema)]
pub struct DueView {
    /// The code of the service.
    pub service: String,
    /// The day on which the application was received.
    pub received: String,
    /// The limit that was in force on that day.
    pub limit: LimitView,
    /// Whether the limit is made up.
    pub made_up: bool,
    /// The last working day of the limit.
    pub due: String,
    /// The district whose holidays do not count either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// How many days were passed over because offices are closed on that day of the week.
    pub weekly_days_off: usize,
    /// The holidays that were passed over.
    pub holidays: Vec<HolidayView>,
}

/// A holiday that was passed over.
#[derive(Serialize, ToSchema)]
pub struct HolidayView {
    /// The day.
    pub on: String,
    /// Its name.
    pub name: String,
    /// Where the day was not notified when the list was made, but computed or taken to be one: who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<String>,
}

impl HolidayView {
    fn new(on: Day, holiday: &Holiday) -> Self {
        let unconfirmed = holiday.is_made_up.then(|| holiday.source.clone());
        Self { on: on.to_string(), name: holiday.name.clone(), unconfirmed }
    }
}

impl DueView {
    /// By when an application has to be decided that was received on a day, in a district or anywhere in the state.
    ///
    /// # Errors
    /// 400 for a district that is none of Punjab; 404 for a code that is no service on that day, and for one without a limit then.
    pub fn find(
        codes: &Codes,
        holidays: &Holidays,
        code: &str,
        received: Day,
        district: Option<&str>,
    ) -> Result<Self, Problem> {
        let (charter, _) = charter_on(codes, code, received)?;
        let holds = |limit: &&WorkingDayLimit| limit.validity.holds_on(received);
        let limit = charter.limits().iter().find(holds).ok_or_else(|| {
            Problem::not_found(format!(
                "`{}` had no limit on {received}; its charter lists those it has",
                charter.code()
            ))
        })?;
        let district = district.map(|district| find_district(codes, district)).transpose()?;
        let calendar = match &district {
            Some(district) => holidays.calendar_of_district(district),
            None => holidays.calendar(),
        };
        let due = charter.due_on(received, calendar).ok_or_else(|| {
            Problem::internal("the list of holidays leaves no working day for more than a year; correct it, in holidays.csv or the code system `holiday`")
        })?;
        let mut view = Self {
            service: charter.code().to_owned(),
            received: received.to_string(),
            limit: LimitView::from(limit),
            made_up: charter.is_made_up_field("limit_history"),
            due: due.to_string(),
            district: district.clone(),
            weekly_days_off: 0,
            holidays: Vec::new(),
        };
        let days_off = calendar.days_off_between(received, due);
        view.weekly_days_off = days_off.filter(|(_, why)| *why == DayOff::Weekly).count();
        let holidays = calendar.holidays_between(received, due);
        view.holidays = holidays.map(|(day, holiday)| HolidayView::new(day, holiday)).collect();
        Ok(view)
    }
}

/// The code of a district of the state, as its list writes it.
///
/// # Errors
/// 400 for one that is none of Punjab.
pub fn find_district(codes: &Codes, district: &str) -> Result<String, Problem> {
    let districts = codes.get_system("lgd-district")?.as_of(None);
    let concept = lookup::find(districts, district).map_err(|unknown| {
        let why = unknown.detail.unwrap_or_default();
        Problem::bad_request(format!("`district` is no code of `lgd-district`: {why}"))
    })?;
    if concept.parent() != Some(PUNJAB) {
        let detail = format!("`district` {} lies in another state; send one of Punjab, or none", concept.code());
        return Err(Problem::bad_request(detail));
    }
    Ok(concept.code().to_owned())
}
