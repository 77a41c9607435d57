//! `/v1/consents`.

pub mod list;
pub mod record;
pub mod withdraw;

use kanak_model::Role;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// The department of a caller that takes consents; 403 for any other.
async fn taker(state: &AppState, caller: &ApiCaller) -> Result<String, Problem> {
    let none = || {
        Problem::forbidden(
            "consents are taken by departments; ask an administrator for the role `department`, and to say whose you are",
        )
    };
    if !caller.caller.has(Role::Department) {
        return Err(none());
    }
    state.deployment.store.find_department(&caller.caller).await.map_err(Problem::internal)?.ok_or_else(none)
}
