//! `/v1/steward-tasks`.

pub mod decide;
pub mod list;
pub mod undo;
pub mod view;

use axum::http::StatusCode;
use kanak_store::StoreError;

use crate::server::actions::is_refusal;
use crate::server::problem::Problem;

/// What a client learns of a decision that was not carried out.
fn refusal(error: &anyhow::Error) -> Problem {
    match error.downcast_ref::<StoreError>() {
        Some(error) if is_refusal(error) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        _ => Problem::internal(format!("{error:#}")),
    }
}
