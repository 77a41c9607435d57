//! By when an application has to be decided.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::due_view::DueView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::read_day_named;
use crate::v1::code_systems::only::Only;

/// Which application.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Application {
    /// The day on which it was received, such as `2026-11-02`.
    received: String,
    /// The district whose offices decide, by its LGD code: its own holidays do not count either. Left out: those of the whole state alone.
    district: Option<String>,
}

/// Tells the last working day of the limit of a service, by the charter that was in force when the application was received, and which days
/// did not count.
#[utoipa::path(get, path = "/v1/services/{code}/due", tag = "codes",
    params(("code" = String, Path, description = "A code of `service`, such as `SVC-002`"), Application),
    responses((status = 200, description = "The day", body = DueView), (status = 304, description = "Not changed"),
              (status = 400, description = "`received` is no day, or `district` no district of Punjab", body = Problem),
              (status = 404, description = "No such service, or none with a limit on that day", body = Problem)))]
pub async fn due(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((application,)): Only<(Application,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::bad_request("`received` is empty; send the day on which the application was received");
    let received = read_day_named("received", Some(&application.received))?.ok_or_else(missing)?;
    let district = application.district.as_deref().map(str::trim).filter(|district| !district.is_empty());
    let holidays = state.deployment.warehouse.holidays();
    hashed(&headers, &DueView::find(&state.codes(), &holidays, &code, received, district)?)
}
