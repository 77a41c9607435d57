//! A consent that a citizen gave.

use axum::Json;
use axum::extract::State;
use kanak_model::sharing::Covered;
use kanak_model::{Purpose, Timestamp};
use kanak_store::{NewConsent, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::taker;
use crate::commands::agreement::check_covered;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What was consented to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceipt {
    /// The register that knows the citizen: one of the caller's own.
    source: String,
    /// The department's own key.
    key: String,
    /// For what: `service_delivery`, `statistics` ...
    purpose: String,
    /// Which attributes: `all`, names, or `class:` and one of public, internal, personal and sensitive.
    covers: Vec<String>,
    /// How it was given, such as a form and its number.
    how: String,
    /// When, RFC 3339; left out: now.
    given: Option<String>,
    /// Until when, RFC 3339; left out: until it is withdrawn.
    until: Option<String>,
}

/// The receipt.
#[derive(Serialize, ToSchema)]
pub struct MadeReceipt {
    /// Its number, by which the consent is withdrawn.
    id: i64,
}

/// Records a consent that a citizen gave to a department, by the key under which one of its registers knows the citizen.
#[utoipa::path(post, path = "/v1/consents", tag = "sharing", security(("key" = [])), request_body = NewReceipt,
    responses((status = 200, description = "It stands", body = MadeReceipt), (status = 400, description = "A word is not known, or a time is none", body = Problem),
              (status = 403, description = "The caller is no department's, or the register is another's", body = Problem),
              (status = 404, description = "The register knows no such key", body = Problem), (status = 409, description = "It cannot be kept", body = Problem)))]
pub async fn record(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(new): Json<NewReceipt>,
) -> Result<Json<MadeReceipt>, Problem> {
    let department = taker(&state, &caller).await?;
    let deployment = &state.deployment;
    let sources = deployment.store.list_source_systems().await.map_err(Problem::internal)?;
    if !sources.iter().any(|source| source.name == new.source && source.department == department) {
        return Err(Problem::forbidden("a department records what was consented to by the keys of its own registers"));
    }
    let covers =
        Covered::parse(new.covers.iter().map(String::as_str)).map_err(|e| Problem::bad_request(e.to_string()))?;
    check_covered(&covers, deployment).map_err(|error| Problem::bad_request(format!("{error}")))?;
    let purpose = Purpose::find(&new.purpose).ok_or_else(|| Problem::bad_request("`purpose` is none that is known"))?;
    let time = |text: &String| {
        Timestamp::parse(text).ok_or_else(|| Problem::bad_request("a time is written as 2026-04-01T09:30:00Z"))
    };
    let consent = NewConsent {
        source: &new.source,
        key: &new.key,
        purpose,
        covers,
        how: &new.how,
        given: new.given.as_ref().map_or_else(|| Ok(deployment.clock.now()), time)?,
        until: new.until.as_ref().map(time).transpose()?,
    };
    let id = deployment.store.record_consent(&consent, &caller.caller.name).await.map_err(refusal)?;
    Ok(Json(MadeReceipt { id }))
}

fn refusal(error: StoreError) -> Problem {
    match error {
        StoreError::NotFound { .. } => Problem::not_found("the register knows no such key"),
        StoreError::Text { .. } => Problem::new(axum::http::StatusCode::CONFLICT, error.to_string()),
        other => Problem::internal(other),
    }
}
