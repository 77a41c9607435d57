//! What departments object to.

use axum::Json;
use axum::extract::{Query, State};
use kanak_model::GoldenId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::corrections::view::AnswerView;
use crate::v1::{audited, stewardship, user_names};

/// Which answers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// All that was said of this golden record; left out, what is objected to and no steward has taken note of.
    #[serde(default)]
    golden_id: Option<String>,
    /// The `id` of the last one of the page before.
    #[serde(default)]
    before: Option<i64>,
    /// At most this many, up to 100.
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// Lists what departments say of golden records that hold a row of theirs, the latest first.
#[utoipa::path(get, path = "/v1/department-answers", tag = "stewardship", security(("key" = [])),
    params(Which, ("Purpose" = String, Header, description = "`stewardship`")),
    responses((status = 200, description = "Answers", body = [AnswerView]), (status = 400, description = "No golden id", body = Problem),
              (status = 403, description = "No role serves the purpose", body = Problem)))]
pub async fn list(
    State(state): State<AppState>,
    caller: ApiCaller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<AnswerView>>, Problem> {
    let access = stewardship::access(&caller)?;
    let golden: Option<GoldenId> = which
        .golden_id
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| Problem::bad_request(format!("{error}")))?;
    let store = &state.deployment.store;
    let limit = which.limit.clamp(1, 100);
    let found = store.list_department_answers(&access, golden, which.before, limit).await.map_err(Problem::internal)?;
    if !found.is_empty() {
        audited(&state, &access, "read department's answer", found.iter().map(|one| one.golden_id)).await?;
    }
    let name = user_names(&state).await?;
    Ok(Json(found.into_iter().map(|one| AnswerView::new(one, &name)).collect()))
}
