//! The charter of a service.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::view::CharterView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::OnDay;
use crate::v1::code_systems::only::Only;

/// Gets the charter of a service: its fee, its documents, how many working days it may take, who answers for it and to whom to appeal;
/// and of each what is made up.
#[utoipa::path(get, path = "/v1/services/{code}/charter", tag = "codes",
    params(("code" = String, Path, description = "A code of `service`, such as `SVC-002`"), OnDay),
    responses((status = 200, description = "The charter", body = CharterView), (status = 304, description = "Not changed"),
              (status = 400, description = "`as_of` is no day", body = Problem),
              (status = 404, description = "No such service, or not on that day", body = Problem)))]
pub async fn charter(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((on,)): Only<(OnDay,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let day = on.day(&state)?;
    hashed(&headers, &CharterView::find(&state.codes(), &code, day)?)
}
