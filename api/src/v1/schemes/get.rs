//! One scheme.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::Day;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{SchemeView, find_scheme};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::read_day;
use crate::v1::code_systems::only::Only;

/// On which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct On {
    /// By the rules of this day, such as `2019-07-01`; left out: of today.
    as_of: Option<String>,
}

impl On {
    /// The day.
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn day(&self) -> Result<Option<Day>, Problem> {
        read_day(self.as_of.as_deref())
    }
}

/// Gets one scheme: its clauses that hold on a day, and the facts that they ask for.
#[utoipa::path(get, path = "/v1/schemes/{code}", tag = "codes",
    params(("code" = String, Path, description = "A code of `scheme`, such as `SCH-05`"), On),
    responses((status = 200, description = "The scheme", body = SchemeView), (status = 304, description = "Not changed"),
              (status = 400, description = "`as_of` is no day", body = Problem),
              (status = 404, description = "No such scheme", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((on,)): Only<(On,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let day = on.day()?.unwrap_or(day_of(state.deployment.clock.now()));
    hashed(&headers, &SchemeView::new(find_scheme(&code)?, day))
}
