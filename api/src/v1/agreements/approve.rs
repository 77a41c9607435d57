//! A second person's word on an agreement.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanak_model::Role;
use kanak_store::StoreError;

use super::list::AgreementView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Approves a sharing agreement that another person of the department which owns the register proposed: it has force within its time.
/// `kanak resolve` links and parts what follows from one about links. A person does so, who has signed in: a key cannot.
#[utoipa::path(post, path = "/v1/agreements/{id}/approval", tag = "sharing", security(("session" = [])),
    params(("id" = i64, Path, description = "The number of the agreement")),
    responses((status = 200, description = "The agreement", body = AgreementView),
              (status = 403, description = "Only a signed-in officer of a department approves", body = Problem),
              (status = 404, description = "No such agreement about a register of the caller's department", body = Problem),
              (status = 409, description = "The caller proposed it, or it was approved or ended before", body = Problem)))]
pub async fn approve(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<i64>,
) -> Result<Json<AgreementView>, Problem> {
    let officer = caller.caller.user.filter(|_| caller.caller.has(Role::Department)).ok_or_else(|| {
        Problem::forbidden(
            "an agreement is approved by an officer of the register's owner who has signed in; ask an administrator for the role \
             `department`, and to say whose you are",
        )
    })?;
    let deployment = &state.deployment;
    let approved = deployment.store.approve_agreement_as(id, officer).await.map_err(|error| match error {
        StoreError::NotFound { .. } | StoreError::NotOfOwner { .. } => {
            Problem::not_found(format!("no sharing agreement {id} about a register of yours"))
        }
        StoreError::SamePerson { .. } | StoreError::Text { .. } => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        other => Problem::internal(other),
    })?;
    Ok(Json(AgreementView::of(approved, deployment.clock.now())))
}
