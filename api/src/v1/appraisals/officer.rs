//! One officer's sheet.

use axum::Json;
use axum::extract::{Path, State};
use kanak_model::Class;
use serde_json::{Value, json};

use super::{is_within, read};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// Gets one officer's sheet of a frozen appraisal, with objections and what they came to. The cases behind the figures are there where
/// the stated purpose shows facts about single citizens (such as `stewardship`), and null elsewhere.
#[utoipa::path(get, path = "/v1/appraisals/{id}/officers/{officer}", tag = "appraisals", security(("key" = [])),
    params(("id" = String, Path, description = "The appraisal"), ("officer" = String, Path, description = "The officer's golden key"),
           ("Purpose" = Option<String>, Header, description = "Why; `statistics` shows figures alone")),
    responses((status = 200, description = "The sheet", body = serde_json::Value),
              (status = 404, description = "No such appraisal, or no sheet of this officer for the caller", body = Problem)))]
pub async fn officer(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((id, officer)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let access = caller.access()?;
    let asked = (id.clone(), officer.clone());
    let reading = read(&state, move |all| Ok((all.sheet(&asked.0, &asked.1)?, all.contests(&asked.0)?)));
    let (sheet, contests) = reading.await?;
    if !is_within(&caller.caller, &sheet.sheet) {
        return Err(Problem::not_found(format!("appraisal `{id}` has no sheet of officer `{officer}` for you")));
    }
    audited(&state, &access, "read appraisal", [format!("{id} {officer}")]).await?;
    let cases = access.shows(Class::Personal).then_some(&sheet.cases);
    let own = contests.iter().filter(|one| one.about().0 == officer);
    let contests: Vec<Value> = own.map(|one| json!({ "objection": one.entry, "decision": one.decision })).collect();
    Ok(Json(json!({ "sheet": sheet.sheet, "cases": cases, "contests": contests })))
}
