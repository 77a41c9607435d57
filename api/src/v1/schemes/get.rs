//! One scheme.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::{SchemeView, find_scheme};
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::OnDay;
use crate::v1::code_systems::only::Only;

/// Gets one scheme: its clauses that hold on a day, and the facts that they ask for.
#[utoipa::path(get, path = "/v1/schemes/{code}", tag = "codes",
    params(("code" = String, Path, description = "A code of `scheme`, such as `SCH-05`"), OnDay),
    responses((status = 200, description = "The scheme", body = SchemeView), (status = 304, description = "Not changed"),
              (status = 400, description = "`as_of` is no day", body = Problem),
              (status = 404, description = "No such scheme", body = Problem)))]
pub async fn get(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((on,)): Only<(OnDay,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let day = on.day(&state)?;
    hashed(&headers, &SchemeView::new(find_scheme(&code)?, day))
}
