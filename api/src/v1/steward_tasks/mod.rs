//! `/v1/steward-tasks`.

pub mod claim;
pub mod decide;
pub mod decide_many;
pub mod defer;
pub mod escalate;
pub mod field_checks;
pub mod get;
pub mod list;
pub mod release;
pub mod undo;
pub mod undo_many;
pub mod view;

use axum::Json;
use kanak_dashboards::TaskAct;
use kanak_model::{Access, Purpose, StewardTaskId};
use kanak_store::{StoreError, TaskView};

use self::view::StewardTaskDetail;
use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::refusal;
use crate::v1::{audited, user_names};

/// A task as a caller may see it.
async fn find(state: &AppState, access: &Access, id: StewardTaskId) -> Result<TaskView, Problem> {
    let store = &state.deployment.store;
    let not_seen = || Problem::not_found(format!("no steward task {id} in the districts you work for"));
    let entity = store.find_steward_task_entity(id).await.map_err(Problem::internal)?.ok_or_else(not_seen)?;
    let model = state.deployment.get_model(&entity).map_err(Problem::internal)?;
    store.get_steward_task(access, model, id).await.map_err(|error| match error {
        StoreError::NotFound { .. } => not_seen(),
        other => Problem::internal(other),
    })
}

/// Does something short of deciding with a task, for a signed-in steward; answers with the task as it is then.
async fn step(state: AppState, caller: &ApiCaller, id: i64, act: TaskAct) -> Result<Json<StewardTaskDetail>, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let id = StewardTaskId(id);
    Actions(state.clone()).step_task(&caller.caller, id, &act).await.map_err(refusal)?;
    let access = Access::decide_under(&caller.caller, Purpose::Stewardship, None, &caller.terms)?;
    let view = find(&state, &access, id).await?;
    audited(&state, &access, "read steward task", [format!("steward task {id}")]).await?;
    Ok(Json(StewardTaskDetail::new(&view, &user_names(&state).await?)))
}
