//! What was asked of the vault.

use axum::Json;
use axum::extract::State;

use super::view::RevealRequestView;
use super::{access, refusal};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;
use crate::v1::user_names;

/// Requests that are listed.
const LIMIT: u32 = 200;

/// Lists the latest requests to take numbers out of the vault, the latest first: for those who may ask and decide.
#[utoipa::path(get, path = "/v1/vault/requests", tag = "vault", security(("session" = [])),
    params(("Purpose" = String, Header, description = "`audit`")),
    responses((status = 200, description = "The latest first", body = [RevealRequestView]),
              (status = 403, description = "Only a signed-in auditor of the whole state reads them", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<RevealRequestView>>, Problem> {
    let access = access(&state, &caller, "reveal requests".to_owned()).await?;
    let requests = state.deployment.vault.list_reveal_requests(&access, LIMIT).await.map_err(refusal)?;
    audited(&state, &access, "read reveal requests", ["reveal requests"]).await?;
    let name = user_names(&state).await?;
    Ok(Json(requests.into_iter().map(|request| RevealRequestView::of(request, &name)).collect()))
}
