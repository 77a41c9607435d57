//! What endpoints of stewardship share: who reads, what a client learns of an act, and of one that was not carried out.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kanak_dashboards::actions::ActionError;
use kanak_model::{Access, Purpose};
use kanak_store::Applied;
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::steward::Done;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;

/// What a decision changed.
#[derive(Serialize, ToSchema)]
pub struct AppliedView {
    /// Golden records that came to be.
    created: u64,
    /// Golden records whose values or members changed.
    updated: u64,
    /// Golden records that ended in another.
    merged: u64,
    /// Golden records that were parted.
    split: u64,
    /// Golden records that came back.
    restored: u64,
    /// The feed's position afterwards.
    feed_position: i64,
}

impl From<&Applied> for AppliedView {
    fn from(applied: &Applied) -> Self {
        Self {
            created: applied.created,
            updated: applied.updated,
            merged: applied.merged,
            split: applied.split,
            restored: applied.restored,
            feed_position: applied.feed_position.0,
        }
    }
}

/// That an act waits for a second steward.
#[derive(Serialize, ToSchema)]
pub struct ProposedView {
    /// The proposal: `/v1/proposals/{id}/approval` puts it in force.
    proposal: i64,
}

/// What a client learns of an act: what it changed, or that it waits for a second steward.
pub(super) fn answer(done: Done) -> Response {
    match done {
        Done::Applied(applied) => Json(AppliedView::from(&applied)).into_response(),
        Done::Proposed(id) => (StatusCode::ACCEPTED, Json(ProposedView { proposal: id.0 })).into_response(),
    }
}

/// What a client learns of an act that was not carried out.
pub(super) fn refusal(error: ActionError) -> Problem {
    match error {
        ActionError::Refused(reason) | ActionError::Unfit { why: reason, .. } => {
            Problem::new(StatusCode::CONFLICT, reason)
        }
        ActionError::NotFound => Problem::not_found(error.to_string()),
        ActionError::Inside(detail) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail),
    }
}

/// What a caller may see of the words of stewards and officers about people: they are read for stewardship alone.
pub(super) fn access(caller: &ApiCaller) -> Result<Access, Problem> {
    caller.access_for(&[Purpose::Stewardship], "what stewards say is read for stewardship alone")
}
