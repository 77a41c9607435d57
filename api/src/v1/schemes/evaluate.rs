//! Whether some facts meet a scheme.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use super::view::{EligibilityView, find_scheme, read_facts};
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::asked::OnDay;
use crate::v1::code_systems::only::Only;

/// Holds facts against a scheme, clause by clause, by the rules of a day: eligible, not eligible with the clauses that fail, or unknown with
/// the facts that are missing. Advice to a person who decides; nothing of it is kept.
///
/// Send an object of facts, `{"age": 60, "is_widow": true, "residence_state": "3"}`: whole numbers (ages in years, money in paise, land in
/// marlas), texts and truth values. A fact that the scheme does not ask for is refused by its name.
#[utoipa::path(post, path = "/v1/schemes/{code}/evaluate", tag = "codes",
    params(("code" = String, Path, description = "A code of `scheme`, such as `SCH-05`"), OnDay),
    request_body(content = serde_json::Value, description = "What is known, by the name of the fact"),
    responses((status = 200, description = "What the rules say", body = EligibilityView),
              (status = 400, description = "`as_of` is no day, or the body is no JSON", body = Problem),
              (status = 404, description = "No such scheme", body = Problem),
              (status = 422, description = "A fact that the scheme does not ask for, or of another kind than it asks for", body = Problem)))]
pub async fn evaluate(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Only((on,)): Only<(OnDay,)>,
    Json(stated): Json<Map<String, Value>>,
) -> Result<impl IntoResponse, Problem> {
    let day = on.day(&state)?;
    let scheme = find_scheme(&code)?;
    let facts = read_facts(scheme, stated)?;
    // What is said of somebody is nobody else's to keep.
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(EligibilityView::judge(scheme, &facts, day)?)))
}
