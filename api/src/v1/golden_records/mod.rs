//! `/v1/golden-records`.

pub mod confirm;
pub mod find_matches;
pub mod get;
pub mod history;
pub mod overrides;
pub mod search;
pub mod view;

use axum::Json;
use kanak_dashboards::GoldenAct;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::steward_tasks::{refusal, view::AppliedView};

/// What a signed-in steward does to a golden record.
async fn act(state: AppState, caller: &ApiCaller, id: &str, act: GoldenAct) -> Result<Json<AppliedView>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let id = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let applied = Actions(state).act_on_golden(&caller.caller, id, &act).await.map_err(refusal)?;
    Ok(Json(AppliedView::from(&applied)))
}
