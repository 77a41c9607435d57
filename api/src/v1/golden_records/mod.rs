//! `/v1/golden-records`.

pub mod confirm;
pub mod create;
pub mod find_matches;
pub mod get;
pub mod history;
pub mod overrides;
pub mod relations;
pub mod search;
pub mod view;

use axum::response::Response;
use kanak_dashboards::GoldenAct;
use kanak_model::{Access, EntityModel, GoldenId, Timestamp};
use kanak_store::Golden;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::jobs::as_of::{AsOf, find_as_of};
use crate::server::actions::{Actions, steward_of};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship::{answer, refusal};

/// The golden id that a path states, with the model of its entity type. Whether the caller may see it is still to be asked.
async fn locate<'s>(state: &'s AppState, id: &str) -> Result<(&'s EntityModel, GoldenId), Problem> {
    let id: GoldenId = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let entity = state.deployment.store.find_golden_entity(id).await.map_err(Problem::internal)?;
    let entity = entity.ok_or_else(|| not_seen(id))?;
    Ok((state.deployment.get_model(&entity).map_err(Problem::internal)?, id))
}

/// Of which time an answer is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Known {
    /// What the hub held then: a time, such as the `known_at` of an answer, which is given again by it; or a day's end. Left out: now.
    known_at: Option<String>,
    /// What was so at the end of this day in India, by what the hub knew at `known_at`: the values that departments stated then, by their own
    /// word of when they changed them. Left out: what the hub holds.
    as_of: Option<String>,
}

impl Known {
    /// The time that was asked for.
    ///
    /// # Errors
    /// 400 when it is none.
    pub fn at(&self) -> Result<Option<Timestamp>, Problem> {
        let parse =
            |text: &String| Timestamp::parse(text).ok_or_else(|| Problem::bad_request(Timestamp::no_time("known_at")));
        self.known_at.as_ref().map(parse).transpose()
    }

    /// The day that was asked for, with the time at which the hub knew it.
    ///
    /// # Errors
    /// 400 when either is none.
    pub fn as_of(&self) -> Result<Option<AsOf>, Problem> {
        let known_at = self.at()?;
        let parse = |text: &String| {
            Timestamp::parse_day_end(text)
                .map(|at| AsOf { at, known_at })
                .ok_or_else(|| Problem::bad_request("`as_of` is no day; write it as 2026-04-01"))
        };
        self.as_of.as_ref().map(parse).transpose()
    }
}

/// The golden record that a path states, as the caller may see it, as the hub held it then or as it was on a day.
async fn find_at<'s>(
    state: &'s AppState,
    access: &Access,
    id: &str,
    known: &Known,
) -> Result<(&'s EntityModel, Golden), Problem> {
    let (known_at, as_of) = (known.at()?, known.as_of()?);
    if known_at.is_none() && as_of.is_none() {
        return find(state, access, id).await;
    }
    let (model, id) = locate(state, id).await?;
    let golden = match (as_of, known_at) {
        (Some(as_of), _) => find_as_of(&state.deployment, access, model, id, as_of).await.map_err(Problem::internal)?,
        (None, known_at) => {
            let known_at = known_at.unwrap_or(Timestamp(i64::MAX));
            state.deployment.store.find_golden_at(access, model, id, known_at).await.map_err(Problem::internal)?
        }
    };
    match golden {
        Some(golden) => Ok((model, golden)),
        None => {
            let not_yet = not_known_yet(state, access, model, id, known_at).await?;
            Err(not_yet.unwrap_or_else(|| not_shown(access, id)))
        }
    }
}

/// What is said of a golden record that the caller may see now, and of which nothing was known yet at the time that is asked about.
async fn not_known_yet(
    state: &AppState,
    access: &Access,
    model: &EntityModel,
    id: GoldenId,
    known_at: Option<Timestamp>,
) -> Result<Option<Problem>, Problem> {
    let Some(known_at) = known_at else { return Ok(None) };
    let since =
        state.deployment.store.find_known_since(access, model, id, known_at).await.map_err(Problem::internal)?;
    let said = |since: Timestamp| {
        format!("nothing was known of golden record {id} at {known_at} that you may see; it is known since {since}")
    };
    Ok(since.map(|since| Problem::not_found(said(since))))
}

/// The golden record that a path states, as the caller may see it.
async fn find<'s>(state: &'s AppState, access: &Access, id: &str) -> Result<(&'s EntityModel, Golden), Problem> {
    let (model, id) = locate(state, id).await?;
    let golden = state.deployment.store.find_golden(access, model, id).await.map_err(Problem::internal)?;
    Ok((model, golden.ok_or_else(|| not_shown(access, id))?))
}

/// Why a golden record is not shown: it is withheld where a read rests on consent and none was given.
fn not_shown(access: &Access, id: GoldenId) -> Problem {
    match access.receipts() {
        Some(receipts) if receipts.golden().all(|golden| golden != id) => Problem::forbidden(format!(
            "golden record {id} is withheld: the read rests on consent, and no receipt stands for this purpose; `kanak consent record` \
             keeps one that was given, or state another `Legal-Basis` that carries the purpose"
        )),
        Some(_) | None => not_seen(id),
    }
}

fn not_seen(id: GoldenId) -> Problem {
    Problem::not_found(format!("no golden record {id} that you may see"))
}

/// What a signed-in steward does to a golden record.
async fn act(state: AppState, caller: &ApiCaller, id: &str, act: GoldenAct) -> Result<Response, Problem> {
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let id = id.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let done = Actions(state).act_on_golden(&caller.caller, id, &act).await.map_err(refusal)?;
    Ok(answer(done))
}
