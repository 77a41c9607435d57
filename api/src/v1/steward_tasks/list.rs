//! The queue.

use axum::Json;
use axum::extract::{Query, State};
use kanak_store::{CheckFilter, TaskCursor, TaskFilter, TaskQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::StewardTaskView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::access;
use crate::v1::user_names;

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open` (the default), `claimed`, `deferred`, `escalated`, `proposed`, `decided` or `lapsed`.
    #[serde(default)]
    state: Option<String>,
    /// Only of this entity type.
    #[serde(default)]
    entity: Option<String>,
    /// `true` for those that the signed-in steward holds, decided or escalated.
    #[serde(default)]
    mine: bool,
    /// Only those of which a source record lies in this district, by its LGD code.
    #[serde(default)]
    district: Option<String>,
    /// Only those of which a source record stands in a register of this department, by its code.
    #[serde(default)]
    department: Option<String>,
    /// Only those with at least this priority.
    #[serde(default)]
    priority_min: Option<f64>,
    /// `asked` for those of which a field check waits for its answer, `answered` for those where all are answered.
    #[serde(default)]
    field_check: Option<String>,
    /// The `cursor` of the last task of the page before.
    #[serde(default)]
    after: Option<String>,
    /// At most this many, up to 100.
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// Lists steward tasks, those on which most hangs first.
#[utoipa::path(get, path = "/v1/steward-tasks", tag = "stewardship", security(("key" = [])),
    params(Which, ("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "Tasks", body = [StewardTaskView]), (status = 400, description = "A filter that is none", body = Problem),
              (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<StewardTaskView>>, Problem> {
    let access = access(&caller)?;
    let query = read(&which, &caller)?;
    let tasks = state.deployment.store.list_steward_tasks(&access, &query).await.map_err(Problem::internal)?;
    let name = user_names(&state).await?;
    Ok(Json(tasks.iter().map(|task| StewardTaskView::new(task, &name)).collect()))
}

fn read<'w>(which: &'w Which, caller: &ApiCaller) -> Result<TaskQuery<'w>, Problem> {
    let state = which.state.as_deref().unwrap_or("open");
    let state = TaskFilter::find(state).ok_or_else(|| {
        let known = TaskFilter::ALL.map(|filter| format!("`{}`", filter.word())).join(", ");
        Problem::bad_request(format!("unknown state `{state}`; there are {known}"))
    })?;
    let of = match (which.mine, caller.caller.user) {
        (false, _) => None,
        (true, Some(user)) => Some(user),
        (true, None) => return Err(Problem::bad_request("a key holds no tasks; `mine` is for a signed-in steward")),
    };
    let field_check = match which.field_check.as_deref() {
        None => None,
        Some("asked") => Some(CheckFilter::Asked),
        Some("answered") => Some(CheckFilter::Answered),
        Some(_) => return Err(Problem::bad_request("`field_check` is `asked` or `answered`")),
    };
    let after = which.after.as_deref().map(str::parse::<TaskCursor>).transpose();
    Ok(TaskQuery {
        state,
        entity: which.entity.as_deref(),
        of,
        district: which.district.as_deref(),
        department: which.department.as_deref(),
        priority_min: which.priority_min.filter(|least| least.is_finite()),
        field_check,
        after: after.map_err(|error| Problem::bad_request(format!("`after`: {error}")))?,
        limit: which.limit.min(100),
    })
}
