//! Receipts of consent.

use axum::Json;
use axum::extract::{Query, State};
use kanak_model::{GoldenId, Purpose, Role, Timestamp};
use kanak_store::Consent;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// The most receipts of one answer.
const RECEIPTS_MAX: u32 = 1_000;

/// Which receipts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Of this golden record only.
    golden_id: Option<String>,
    /// After the receipt of this number: the last one that was seen.
    #[serde(default)]
    after: i64,
    /// At most this many, up to 1,000.
    #[serde(default = "hundred")]
    limit: u32,
}

fn hundred() -> u32 {
    100
}

/// A consent that a citizen gave.
#[derive(Serialize, ToSchema)]
pub struct ConsentView {
    /// The number of the receipt.
    id: i64,
    /// The golden record to which the citizen's source record is linked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// For what; left out where that cannot be read any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    /// Which attributes: `all`, names, or `class:` and one of the classes.
    covers: Vec<String>,
    /// When it was given.
    given: String,
    /// Until when; left out: until it is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// How it was given.
    how: String,
    /// Whether it stands.
    stands: bool,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<String>,
}

impl ConsentView {
    fn of(consent: Consent, now: Timestamp) -> Self {
        Self {
            id: consent.id,
            stands: consent.stands(now),
            golden_id: consent.golden.map(|golden| golden.to_string()),
            purpose: consent.purpose.map(Purpose::word),
            covers: consent.covers.words(),
            given: consent.given.to_string(),
            until: consent.until.map(|until| until.to_string()),
            how: consent.how,
            withdrawn: consent.withdrawn.map(|(_, at)| at.to_string()),
        }
    }
}

/// Lists receipts of consent by number, also those that do not stand any more, for an auditor of the whole state.
#[utoipa::path(get, path = "/v1/consents", tag = "sharing", security(("key" = [])),
    params(Wanted, ("Purpose" = String, Header, description = "`audit`")),
    responses((status = 200, description = "In the order of their numbers", body = [ConsentView]), (status = 400, description = "`golden_id` is none", body = Problem),
              (status = 403, description = "The caller is no auditor of the whole state", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<ConsentView>>, Problem> {
    let access = caller.access()?;
    if !caller.caller.has(Role::Auditor) || caller.caller.districts.is_some() {
        return Err(Problem::forbidden("receipts of consent are for auditors of the whole state"));
    }
    let parse = |text: &String| text.parse().map_err(|error| Problem::bad_request(format!("{error}")));
    let golden: Option<GoldenId> = wanted.golden_id.as_ref().map(parse).transpose()?;
    let deployment = &state.deployment;
    let limit = wanted.limit.clamp(1, RECEIPTS_MAX);
    let found = deployment.store.list_consents(golden, wanted.after, limit).await.map_err(Problem::internal)?;
    let subjects = found.iter().map(|consent| format!("consent {}", consent.id));
    audited(&state, &access, "read consent", subjects).await?;
    let now = deployment.clock.now();
    Ok(Json(found.into_iter().map(|consent| ConsentView::of(consent, now)).collect()))
}
