//! Values that stewards state themselves.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kanak_dashboards::GoldenAct;
use kanak_model::OverrideId;
use kanak_store::OverrideView as Stored;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{act, find};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{self, AppliedView, ProposedView};
use crate::v1::{audited, user_names};

/// A value to be stated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// The attribute's name.
    attribute: String,
    /// The value, as a person writes it; dates as day, month, year or as 1985-03-01.
    value: String,
    /// Why, for those who look later.
    reason: String,
    /// The last day, in India, on which it holds, such as 2027-03-31; left out for always.
    #[serde(default)]
    until: Option<String>,
}

/// A value that a steward stated.
#[derive(Serialize, ToSchema)]
pub struct OverrideView {
    /// Its id.
    id: i64,
    /// The attribute.
    attribute: String,
    /// The value, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The steward's words.
    reason: String,
    /// Who stated it.
    stated_by: String,
    /// When.
    stated: String,
    /// The last day, in India, on which it holds: `until` as it was stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// The first instant at which it no longer holds: the end of `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// When it was withdrawn or expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Who withdrew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<String>,
}

/// States a value of a golden record: it wins over every source until it expires or is withdrawn. It is read like a value of a register,
/// goes along with a merge and comes back with its undoing. A person states it: a key cannot.
#[utoipa::path(post, path = "/v1/golden-records/{id}/overrides", tag = "stewardship", security(("session" = [])), request_body = NewOverride,
    params(("id" = String, Path, description = "A golden id")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 202, description = "It waits for a second steward", body = ProposedView), (status = 400, description = "`until` is no date", body = Problem),
              (status = 403, description = "Only a signed-in steward states values", body = Problem),
              (status = 404, description = "No such golden record in the caller's districts", body = Problem),
              (status = 409, description = "The value does not fit its attribute, the reason cannot be kept, or it would have expired already", body = Problem)))]
pub async fn state_value(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(body): Json<NewOverride>,
) -> Result<Response, Problem> {
    let until = body.until.as_deref().map(str::parse::<NaiveDate>).transpose();
    let until = until.map_err(|_| Problem::bad_request("`until` is a day such as 2027-03-31"))?;
    let NewOverride { attribute, value, reason, .. } = body;
    act(state, &caller, &id, GoldenAct::Override { attribute, value, reason, until }).await
}

/// Withdraws a value that a steward stated: what sources and earlier overrides state counts again. Where the deployment wants a second steward
/// for values of the attribute, the withdrawal is a proposal until one approves it.
#[utoipa::path(delete, path = "/v1/golden-records/{id}/overrides/{override_id}", tag = "stewardship", security(("session" = [])),
    params(("id" = String, Path, description = "A golden id"), ("override_id" = i64, Path, description = "The override")),
    responses((status = 200, description = "What it changed", body = AppliedView), (status = 202, description = "It waits for a second steward", body = ProposedView), (status = 403, description = "Only a signed-in steward withdraws", body = Problem),
              (status = 404, description = "No such golden record in the caller's districts", body = Problem),
              (status = 409, description = "No such override of it holds, or its withdrawal waits for a second steward already", body = Problem)))]
pub async fn withdraw_value(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((id, override_id)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    act(state, &caller, &id, GoldenAct::WithdrawOverride(OverrideId(override_id))).await
}

/// Lists what stewards ever stated of a golden record's source records, the latest first: those that hold and those that ended.
#[utoipa::path(get, path = "/v1/golden-records/{id}/overrides", tag = "stewardship", security(("key" = [])),
    params(("id" = String, Path, description = "A golden id"), ("Purpose" = Option<String>, Header, description = "`stewardship`")),
    responses((status = 200, description = "The latest first", body = [OverrideView]), (status = 403, description = "No role serves the purpose, or it is not stewardship", body = Problem),
              (status = 404, description = "No such golden record in the caller's scope", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<OverrideView>>, Problem> {
    let access = stewardship::access(&caller)?;
    let (model, golden) = find(&state, &access, &id).await?;
    let id = golden.record.id;
    audited(&state, &access, "read overrides", [id]).await?;
    let name = user_names(&state).await?;
    let view = |one: Stored| OverrideView {
        id: one.id.0,
        attribute: one.attribute,
        value: one.value,
        reason: one.reason,
        stated_by: name(one.by),
        stated: one.at.to_string(),
        until: one.expires.map(|at| at.last_day_ist().to_string()),
        expires: one.expires.map(|at| at.to_string()),
        ended: one.ended.map(|at| at.to_string()),
        ended_by: one.ended_by.map(&name),
    };
    let stored = state.deployment.store.list_overrides_of(&access, model, id).await.map_err(Problem::internal)?;
    Ok(Json(stored.into_iter().map(view).collect()))
}
