//! `/v1/steward-tasks`.

pub mod decide;
pub mod list;
pub mod undo;
pub mod view;

use axum::http::StatusCode;
use kanak_dashboards::actions::ActionError;

use crate::server::problem::Problem;

/// What a client learns of a decision that was not carried out.
pub(super) fn refusal(error: ActionError) -> Problem {
    match error {
        ActionError::Refused(reason) => Problem::new(StatusCode::CONFLICT, reason),
        ActionError::NotFound => Problem::not_found(error.to_string()),
        ActionError::Inside(detail) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail),
    }
}
