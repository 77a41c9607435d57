//! The schemes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::Schemes;

use super::view::SchemeView;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::OnDay;
use crate::v1::code_systems::only::Only;

/// Lists the schemes with their rules as they stand on a day, those among them that are not in force then.
#[utoipa::path(get, path = "/v1/schemes", tag = "codes", params(OnDay),
    responses((status = 200, description = "All of them, by code", body = [SchemeView]), (status = 304, description = "Not changed"),
              (status = 400, description = "`as_of` is no day", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    Only((on,)): Only<(OnDay,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let day = on.day(&state)?;
    hashed(&headers, &Schemes::builtin()?.iter().map(|scheme| SchemeView::new(scheme, day)).collect::<Vec<_>>())
}
