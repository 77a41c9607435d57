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
use kanak_model::{Access, EntityModel, GoldenId, UserId};
use kanak_store::Golden;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::steward_tasks::{refusal, view::AppliedView};

/// The golden id that a path states, with the model of its entity type. Whether the caller may see it is still to be asked.
async fn locate<'s>(state: &'s AppState, id: &str) -> Result<(&'s EntityModel, GoldenId), Problem> {
    let id: GoldenId = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let entity = state.deployment.store.find_golden_entity(id).await.map_err(Problem::internal)?;
    let entity = entity.ok_or_else(|| not_seen(id))?;
    Ok((state.deployment.get_model(&entity).map_err(Problem::internal)?, id))
}

/// The golden record that a path states, as the caller may see it.
async fn find<'s>(state: &'s AppState, access: &Access, id: &str) -> Result<(&'s EntityModel, Golden), Problem> {
    let (model, id) = locate(state, id).await?;
    let golden = state.deployment.store.find_golden(access, model, id).await.map_err(Problem::internal)?;
    Ok((model, golden.ok_or_else(|| not_seen(id))?))
}

fn not_seen(id: GoldenId) -> Problem {
    Problem::not_found(format!("no golden record {id} that you may see"))
}

/// What people are called who sign in.
pub(super) async fn user_names(state: &AppState) -> Result<impl Fn(UserId) -> String, Problem> {
    let users = state.deployment.store.list_users().await.map_err(Problem::internal)?;
    let name = move |id| users.iter().find(|user| user.id == id).map(|user| user.name.clone());
    Ok(move |id| name(id).unwrap_or_else(|| format!("user {id}")))
}

/// What a signed-in steward does to a golden record.
async fn act(state: AppState, caller: &ApiCaller, id: &str, act: GoldenAct) -> Result<Json<AppliedView>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let id = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let applied = Actions(state).act_on_golden(&caller.caller, id, &act).await.map_err(refusal)?;
    Ok(Json(AppliedView::from(&applied)))
}
