//! The holidays of a year.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::CalendarView;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// Of which year and where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The year, such as 2026; left out: this one.
    year: Option<i32>,
    /// The district whose own holidays are listed as well, by its LGD code. Left out: those of the whole state alone.
    district: Option<String>,
}

/// Lists the holidays of a year, with who states each and whether it was notified, and counts the working days. They are those by which due
/// days and figures are counted.
#[utoipa::path(get, path = "/v1/holidays", tag = "codes", params(Asked),
    responses((status = 200, description = "The year", body = CalendarView), (status = 304, description = "Not changed"),
              (status = 400, description = "`year` is none, or `district` no district of Punjab", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    Only((asked,)): Only<(Asked,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let this_year = day_of(state.deployment.clock.now()).ymd().0;
    let year = asked.year.or_else(|| i32::try_from(this_year).ok()).unwrap_or_default();
    let district = asked.district.as_deref().map(str::trim).filter(|district| !district.is_empty());
    let holidays = state.deployment.warehouse.holidays();
    hashed(&headers, &CalendarView::find(&state.codes(), &holidays, year, district)?)
}
