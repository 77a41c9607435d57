//! Taking a decision back.

use axum::extract::{Path, State};
use axum::response::Response;
use kanak_model::StewardTaskId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::refusals::read_body;
use crate::server::state::AppState;
use crate::v1::stewardship::{AppliedView, ProposedView, answer, refusal};

/// Why a decision is taken back. The body may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Why, for those who look later.
    #[serde(default)]
    pub(super) reason: String,
}

impl Undo {
    /// A body as it was sent; an empty one gives no reason.
    pub(super) fn read(body: &str) -> Result<Self, Problem> {
        if body.trim().is_empty() { Ok(Self::default()) } else { read_body(body) }
    }
}

/// Undoes a decision: golden records and ids are as they were before it. Where the deployment wanted a second steward for the decision, the
/// undoing is a proposal until one approves it. A person does so: a key cannot.
#[utoipa::path(post, path = "/v1/steward-tasks/{id}/undo", tag = "stewardship", security(("session" = [])), request_body = Option<Undo>,
    params(("id" = i64, Path, description = "The task")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 202, description = "It waits for a second steward", body = ProposedView), (status = 403, description = "Only a signed-in steward undoes", body = Problem),
              (status = 404, description = "No such task in the caller's districts", body = Problem),
              (status = 409, description = "The task is not decided, it was escalated to a further role, the reason cannot be kept, or the undoing waits for a second steward already", body = Problem)))]
pub async fn undo(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
    body: String,
) -> Result<Response, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let Undo { reason } = Undo::read(&body)?;
    let done = Actions(state).undo_task(&caller.caller, StewardTaskId(id), &reason).await.map_err(refusal)?;
    Ok(answer(done))
}
