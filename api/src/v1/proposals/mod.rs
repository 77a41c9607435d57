//! `/v1/proposals`: what one steward wants and a second one has to approve.

pub mod approve;
pub mod list;
pub mod turn_down;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::steward::Done;
use crate::v1::steward_tasks::view::AppliedView;

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
