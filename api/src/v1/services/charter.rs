//! The charter of a service.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::CharterView;
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
    /// As the charter stood on this day, such as `2019-07-01`; left out: today.
    as_of: Option<String>,
}

/// Gets the charter of a service: its fee, its documents, how many working days it may take, who answers for it and to whom to appeal;
/// and of each what is made up.
#[utoipa::path(get, path = "/v1/services/{code}/charter", tag = "codes",
    params(("code" = String, Path, description = "A code of `service`, such as `SVC-002`"), On),
    responses((status = 200, description = "The charter", body = CharterView), (status = 304, description = "Not changed"),
              (status = 400, description = "`as_of` is no day", body = Problem),
              (status = 404, description = "No such service, or not on that day", body = Problem)))]
pub async fn charter(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((on,)): Only<(On,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let day = read_day(on.as_of.as_deref())?.unwrap_or(day_of(state.deployment.clock.now()));
    hashed(&headers, &CharterView::find(&state.codes(), &code, day)?)
}
