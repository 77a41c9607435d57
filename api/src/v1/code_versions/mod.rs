//! `/v1/code-systems/{system}/versions`: versions that this deployment publishes itself, by two stewards.

pub mod get;
pub mod import;
pub mod publish;
pub mod refuse;
pub mod view;
pub mod withdraw;

use axum::http::StatusCode;
use kanak_codes::CodesError;
use kanak_store::{Curator, StoreError};

use crate::server::actions::steward_of;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;

/// The steward who acts: a person who has signed in.
fn curator(caller: &ApiCaller) -> Result<Curator<'static>, Problem> {
    steward_of(&caller.caller).map(Curator::SignedIn).map_err(|(status, detail)| Problem::new(status, detail))
}

/// What a client learns of what was not done.
fn refusal(error: anyhow::Error) -> Problem {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::NotFound { .. }) => return Problem::not_found(error.to_string()),
        Some(StoreError::NotACurator { .. }) => return Problem::forbidden(error.to_string()),
        Some(StoreError::Stale { .. }) => {
            let detail = "another version of a code system was published just now; look at the difference again";
            return Problem::new(StatusCode::CONFLICT, detail);
        }
        Some(known) if known.is_refusal() => return Problem::new(StatusCode::CONFLICT, error.to_string()),
        _ => {}
    }
    match error.downcast_ref::<CodesError>() {
        Some(CodesError::VersionExists { .. } | CodesError::StillNamed { .. }) => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        Some(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        None => Problem::internal(error),
    }
}
