//! What a department says to a correction.

use axum::Json;
use axum::extract::{Path, State};
use kanak_store::{NewAnswer, Says, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::register;
use super::view::AnswerView;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What a department says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `accept`: the register will be mended. `reject`: the register is right.
    answer: Word,
    /// Why; needed with `reject`. Stewards read it.
    #[serde(default)]
    reason: String,
}

/// Accept or reject.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Word {
    Accept,
    Reject,
}

/// Answers to a correction of one's own row. It decides nothing: what is accepted ends by itself when the register states the golden
/// value, and what is rejected waits until a steward has taken note of it. A later answer replaces an earlier one.
#[utoipa::path(put, path = "/v1/sources/{source}/corrections/{key}/{attribute}", tag = "registers", security(("key" = [])), request_body = Answer,
    params(("source" = String, Path, description = "The register"), ("key" = String, Path, description = "The department's own key"),
           ("attribute" = String, Path, description = "The attribute"), ("Purpose" = String, Header, description = "`service_delivery`")),
    responses((status = 200, description = "It is kept", body = AnswerView), (status = 400, description = "A rejection without a reason, or one that cannot be kept", body = Problem),
              (status = 403, description = "Not the key's own register, or not the purpose", body = Problem),
              (status = 404, description = "The golden record does not differ there", body = Problem)))]
pub async fn answer(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((source, key, attribute)): Path<(String, String, String)>,
    Json(body): Json<Answer>,
) -> Result<Json<AnswerView>, Problem> {
    let (_, model, id, access) = register(&state, &caller, &source).await?;
    let says = match body.answer {
        Word::Accept => Says::Accepts,
        Word::Reject => Says::Rejects,
    };
    let new = NewAnswer { key: &key, attribute: &attribute, says, reason: &body.reason };
    let kept =
        state.deployment.store.answer_correction(&access, model, id, new).await.map_err(|error| match error {
            StoreError::Reason { .. } => Problem::bad_request(error.to_string()),
            StoreError::NotFound { .. } => Problem::not_found("the golden record does not differ from the row there"),
            other => Problem::internal(other),
        })?;
    Ok(Json(AnswerView::new(kept, &|_| String::new())))
}
