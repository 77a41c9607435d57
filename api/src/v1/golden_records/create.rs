//! Somebody is entered who is in no register yet: after a search, so that nobody is entered twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kanak_ingest::StatedBy;
use kanak_model::kind::Class;
use kanak_model::match_pair::Decision;
use kanak_model::{Access, EntityModel, GoldenId, UserId};
use kanak_store::{Arrived, Expected, StoreError, check_reason};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::find_matches::{Candidate, FOUND_MAX, LIMIT_MAX, MatchView, candidates, not_ready, read, search};
use super::view::GoldenRecordView;
use crate::jobs::live::Live;
use crate::jobs::written::{Apart, ApartBy, RowAct, RowArrived, RowToWrite, hub_source};
use crate::secrets::os_rng;
use crate::server::actions::steward_of;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;
use crate::v1::source_records::put::{checked, texts};
use crate::v1::source_records::view::{Noticed, RowView, answer};
use crate::v1::source_records::write;

/// Somebody to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoldenRecord {
    /// The entity type: `citizen`, `business`, `employee`, `scheme`.
    entity: String,
    /// Values by attribute, as a person would write them; dates as day, month, year or as 1985-03-01.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "full_name": "Gurprit Kaur", "date_of_birth": "1985-03-01" }))]
    values: BTreeMap<String, Value>,
    /// Every golden record that the rules hold likely to be the same one, and why it is not.
    #[serde(default)]
    different_from: Vec<DifferentFrom>,
}

/// A golden record that is somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DifferentFrom {
    /// The golden record.
    golden_id: String,
    /// Why it is somebody else. A steward's word is a decision; a department's is kept for stewards.
    reason: String,
}

/// Golden records that may be the one that was to be entered: a problem that also says which.
#[derive(Serialize, ToSchema)]
pub struct AlreadyThere {
    #[serde(flatten)]
    problem: Problem,
    /// The likeliest first.
    candidates: Vec<MatchView>,
}

impl IntoResponse for AlreadyThere {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (StatusCode::CONFLICT, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// Enters somebody, as a source record of the hub's own register, unless a search by the rules finds who it may be: then it answers 409
/// with these, and goes on only when the request names each of them as somebody else. What a steward names so is a decision and is
/// undone like one. Where the deployment wants a second steward to keep the two apart, it enters the new one by itself, keeps the words for
/// stewards and asks by a task whether the two are one (`steward_tasks`): that is decided by two, and until then no rule joins them. A
/// department's word decides nothing: it is kept for stewards, and whom the rules hold to be the same one only a steward enters beside it.
/// With the same `Idempotency-Key` nobody is entered twice.
#[utoipa::path(post, path = "/v1/golden-records", tag = "golden records", security(("key" = []), ("session" = [])), request_body = NewGoldenRecord,
    params(("Purpose" = String, Header, description = "`service_delivery` or `stewardship`"),
           ("Idempotency-Key" = Option<String>, Header, description = "A word of the caller's own for this request")),
    responses((status = 200, description = "Whom the same `Idempotency-Key` entered", body = GoldenRecordView),
              (status = 201, description = "Entered: `Location` is the golden record", body = RowView),
              (status = 202, description = "Entered: `Location` leads to the golden record after the next resolution", body = RowView),
              (status = 400, description = "Unknown entity type or attribute, or a reason that cannot be kept", body = Problem),
              (status = 403, description = "Neither a department's key nor a steward, or not the purpose", body = Problem),
              (status = 409, description = "It may be one of these", body = AlreadyThere),
              (status = 412, description = "Whom the same `Idempotency-Key` entered waits for the next resolution, or may not be seen", body = Problem),
              (status = 422, description = "A quality rule refused a value", body = crate::v1::source_records::view::RefusedRow),
              (status = 503, description = "Nothing of this type was resolved yet, or the server is still reading it", body = Problem)))]
pub async fn create(
    State(state): State<AppState>,
    caller: ApiCaller,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Problem> {
    let access = caller.access()?;
    if !access.shows(Class::Personal) {
        return Err(Problem::forbidden("somebody is entered with `Purpose: service_delivery` or `stewardship`"));
    }
    let steward = steward_of(&caller.caller).ok();
    if steward.is_none() && caller.department.is_none() {
        return Err(Problem::forbidden("only a department's key or a signed-in steward enters somebody"));
    }
    let new: NewGoldenRecord = serde_json::from_str(&body).map_err(|error| {
        Problem::bad_request(format!("the body cannot be read (line {}, column {})", error.line(), error.column()))
    })?;
    let deployment = &state.deployment;
    let model = deployment.get_model(&new.entity).map_err(|error| Problem::bad_request(format!("{error}")))?;
    let source = deployment.find_register(&hub_source::name(&model.name)).unwrap_or_else(|| hub_source::of(model));
    let key = key(&headers, &access);
    let values = texts(new.values)?;
    let row = checked(deployment, &source, &key, StatedBy::Attributes, &values)?;
    if let Some(name) = row.ignored.first() {
        let known: Vec<&str> = model.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        return Err(Problem::bad_request(format!(
            "{} has no attribute `{name}`; there are {}",
            model.name,
            known.join(", ")
        )));
    }
    if let Some(entered) = entered(&state, &access, model, &source.name, &key).await? {
        return Ok(entered);
    }
    let apart = match search_before(&state, &access, model, values, &new.different_from, steward).await? {
        Searched::Clear(apart) => apart,
        Searched::Found(there) => {
            // Somebody may have been entered meanwhile by the same word.
            let entered = entered(&state, &access, model, &source.name, &key).await?;
            return Ok(entered.unwrap_or_else(|| there.into_response()));
        }
    };
    let left_out = row.left_out.iter().map(|one| (one.attribute.clone(), one.rule.word())).collect();
    let row = RowToWrite {
        source: Arc::new(source.clone()),
        key: key.clone(),
        act: RowAct::States(Arc::new(row)),
        body: body.into(),
        expected: Expected::None,
        access: access.clone(),
        apart,
    };
    let written = write(&state, row).await?;
    if matches!(written.arrived, RowArrived::As(Arrived::Unexpected(_)))
        && let Some(entered) = entered(&state, &access, model, &source.name, &key).await?
    {
        return Ok(entered);
    }
    let location = match &written.standing {
        Some(standing) => format!("/v1/golden-records/{}", standing.golden_id),
        None => format!("/v1/crosswalks/{}/{key}", source.name),
    };
    let noticed = Noticed { ignored: Vec::new(), left_out };
    let mut response = answer(&source.name, &key, &access, written, noticed)?;
    if response.status().is_success()
        && let Ok(location) = HeaderValue::from_str(&location)
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The answer to a word that entered somebody before: whom, whatever this request states. None where it entered nobody whom the caller
/// may see.
async fn entered(
    state: &AppState,
    access: &Access,
    model: &EntityModel,
    source: &str,
    key: &str,
) -> Result<Option<Response>, Problem> {
    let known = state.deployment.store.find_golden_by_crosswalk(access, model, source, key).await;
    let Some(golden) = known.map_err(Problem::internal)? else { return Ok(None) };
    audited(state, access, "read golden record", [golden.record.id]).await?;
    let location = [(header::LOCATION, format!("/v1/golden-records/{}", golden.record.id))];
    Ok(Some((location, Json(GoldenRecordView::of_golden(&golden, model, access))).into_response()))
}

/// The key of the new source record: of the same caller and word always the same.
fn key(headers: &HeaderMap, access: &Access) -> String {
    let mut bytes = [0; 12];
    match headers.get("idempotency-key") {
        Some(word) => {
            let digest = Sha256::new()
                .chain_update(access.caller().name.as_bytes())
                .chain_update([0])
                .chain_update(word.as_bytes())
                .finalize();
            bytes.copy_from_slice(&digest[..12]);
        }
        None => os_rng_fill(&mut bytes),
    }
    // Letters alone: no run of digits that could pass as a number of the vault.
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)).collect()
}

fn os_rng_fill(bytes: &mut [u8]) {
    os_rng().fill(bytes);
}

/// What a search before creating found.
enum Searched {
    /// Nobody, or none but those who were named as others.
    Clear(Vec<Apart>),
    /// Somebody who was not named.
    Found(AlreadyThere),
}

async fn search_before(
    state: &AppState,
    access: &Access,
    model: &EntityModel,
    mut values: BTreeMap<String, String>,
    different_from: &[DifferentFrom],
    steward: Option<UserId>,
) -> Result<Searched, Problem> {
    // What the caller may not see is not searched by: an answer would tell it.
    values.retain(|name, _| model.find_attribute(name).is_some_and(|attribute| access.shows(attribute.class)));
    let stated: Vec<_> = values.keys().filter_map(|name| model.find_attribute(name)).collect();
    let values = read(state, access, model, &values).await?;
    let live = state.deployment.live.as_ref().and_then(|live| live.find(&model.name)).ok_or_else(not_ready)?;
    let (searched, live) = search(live, values, FOUND_MAX).await?;
    let review = live.rule_set.rules.thresholds.review;
    let likely: Vec<_> = searched.found.into_iter().filter(|found| found.probability >= review).collect();
    let candidates = candidates(state, access, model, &live, &stated, &likely, LIMIT_MAX).await?;
    let mut named = BTreeMap::new();
    for one in different_from {
        let id: GoldenId = one.golden_id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
        let reason = check_reason(&one.reason).map_err(|error: StoreError| Problem::bad_request(error.to_string()))?;
        named.insert(id, reason.to_owned());
    }
    let (mut apart, mut unnamed) = (Vec::new(), Vec::new());
    for candidate in candidates {
        match named.get(&candidate.id) {
            Some(reason) => apart.push(Apart {
                golden_id: candidate.id,
                source_record: candidate.source_record,
                probability: candidate.view.probability,
                by: whose_word(state, &live, &candidate, steward)?,
                reason: reason.clone(),
            }),
            None => unnamed.push(candidate.view),
        }
    }
    if unnamed.is_empty() {
        return Ok(Searched::Clear(apart));
    }
    let detail =
        "it may be one of `candidates`; use that golden record, or name each in `different_from` with a reason";
    let problem = Problem::new(StatusCode::CONFLICT, detail);
    Ok(Searched::Found(AlreadyThere { problem, candidates: unnamed }))
}

/// By whose word the new one is kept apart from a golden record; refused to a department where the rules hold the two to be one.
fn whose_word(
    state: &AppState,
    live: &Live,
    candidate: &Candidate,
    steward: Option<UserId>,
) -> Result<ApartBy, Problem> {
    let probability = candidate.view.probability;
    let Some(steward) = steward else {
        if live.rule_set.decide(probability) == Decision::Match {
            let why =
                format!("the rules hold {} to be the same one; a steward enters somebody beside it", candidate.id);
            return Err(Problem::new(StatusCode::CONFLICT, why));
        }
        return Ok(ApartBy::Department);
    };
    let policy = &state.deployment.config.stewardship.four_eyes;
    let needs_two = policy.find_reason(Decision::NoMatch, probability, 0).is_some();
    Ok(if needs_two { ApartBy::FirstOfTwo } else { ApartBy::Steward(steward) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_letters_and_the_same_for_the_same_word() {
        let access = Access::operation("test");
        let mut headers = HeaderMap::new();
        let one = key(&headers, &access);
        assert!(one.len() == 24 && one.bytes().all(|byte| byte.is_ascii_lowercase()), "{one}");
        assert_ne!(one, key(&headers, &access));
        headers.insert("idempotency-key", HeaderValue::from_static("form 7"));
        assert_eq!(key(&headers, &access), key(&headers, &access));
    }
}
