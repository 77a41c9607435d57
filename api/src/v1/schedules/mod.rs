//! `/v1/schedules`: what a server does by itself, for administrators.

pub mod list;
pub mod runs;

use kanak_model::Role;
use kanak_store::Run;
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;

/// A run of a schedule: one interval, carried out or to be.
#[derive(Serialize, ToSchema)]
pub struct RunView {
    /// The id.
    id: i64,
    /// The interval begins.
    from: String,
    /// It ends.
    to: String,
    /// `waiting`, `running`, `done` or `failed`.
    state: &'static str,
    /// How often it was begun.
    attempt: u32,
    /// It is not begun before.
    due: String,
    /// When it was begun last.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    /// When it ended last, well or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// What it did, or what went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            from: run.from.to_string(),
            to: run.to.to_string(),
            state: run.state.word(),
            attempt: run.attempt,
            due: run.due.to_string(),
            started: run.started.map(|at| at.to_string()),
            ended: run.ended.map(|at| at.to_string()),
            message: run.message,
        }
    }
}

/// Lets administrators on, and nobody else.
///
/// # Errors
/// 403 for everybody but administrators.
fn check_administrator(caller: &ApiCaller) -> Result<(), Problem> {
    if caller.caller.has(Role::Administrator) {
        return Ok(());
    }
    Err(Problem::forbidden("schedules are for administrators; ask one for the role `administrator`"))
}
