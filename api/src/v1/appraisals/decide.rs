//! A decision on an objection.

use axum::Json;
use axum::extract::{Path, State};
use kanak_warehouse::appraisal::Verdict;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{is_within, person, problem, read};
use crate::jobs::appraisal;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerdict {
    /// Which way.
    verdict: VerdictWord,
    /// Why.
    reason: String,
}

/// Accepted: the case no longer counts for the officer. Rejected: it does.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerdictWord {
    Accepted,
    Rejected,
}

/// Decides on an objection that somebody else entered. What the officer's sheet came to with the case and without it is kept.
#[utoipa::path(post, path = "/v1/appraisals/{id}/contests/{number}/decision", tag = "appraisals", security(("session" = [])), request_body = NewVerdict,
    params(("id" = String, Path, description = "The appraisal"), ("number" = u64, Path, description = "The number of the objection")),
    responses((status = 200, description = "The decision, with the sheet before and after", body = serde_json::Value),
              (status = 403, description = "Not a person who answers for officers' figures", body = Problem),
              (status = 404, description = "No such appraisal or objection for the caller", body = Problem),
              (status = 409, description = "It is decided, the caller entered it, or no reason", body = Problem)))]
pub async fn decide(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((id, number)): Path<(String, u64)>,
    Json(body): Json<NewVerdict>,
) -> Result<Json<Value>, Problem> {
    let by = person(&caller.caller)?;
    let asked = id.clone();
    let found = read(&state, move |all| {
        let contests = all.contests(&asked)?;
        let contest = contests.into_iter().find(|one| one.entry.number == number);
        contest.map(|contest| all.sheet(&asked, contest.about().0)).transpose()
    });
    let sheet = found.await?.filter(|sheet| is_within(&caller.caller, &sheet.sheet));
    if sheet.is_none() {
        return Err(Problem::not_found(format!("appraisal `{id}` has no objection {number} for you")));
    }
    let verdict = match body.verdict {
        VerdictWord::Accepted => Verdict::Accepted,
        VerdictWord::Rejected => Verdict::Rejected,
    };
    let decided = appraisal::decide(&state.deployment, &id, (number, verdict), (by, body.reason.as_str())).await;
    serde_json::to_value(decided.map_err(problem)?).map(Json).map_err(Problem::internal)
}
