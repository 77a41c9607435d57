//! What changed from one version to another.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::{Keep, tagged};
use super::asked::aside;
use super::only::Only;
use super::view::DiffView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which two versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Versions {
    /// The older version.
    from: String,
    /// The newer version; left out: the current one.
    to: Option<String>,
    /// At most this many codes of each kind, up to 10000; `counts` has all of them.
    #[serde(default = "thousand")]
    limit: usize,
}

fn thousand() -> usize {
    1000
}

/// Tells which codes were added, changed, retired and removed between two versions.
#[utoipa::path(get, path = "/v1/code-systems/{system}/diff", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Versions),
    responses((status = 200, description = "The difference", body = DiffView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such code system or version", body = Problem)))]
pub async fn diff(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((versions,)): Only<(Versions,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let (tag, keep, body) = aside(move || {
        let old = codes.as_of(&system, Some(&versions.from), None)?.system();
        let new = codes.as_of(&system, versions.to.as_deref(), None)?.system();
        let view = DiffView::new(old, new, versions.limit.min(10_000));
        let tag = format!("\"{:08x}-{:08x}\"", old.packed_crc(), new.packed_crc());
        let keep = if versions.to.is_some() { Keep::ForGood } else { Keep::AWhile };
        Ok((tag, keep, serde_json::to_vec(&view).map_err(Problem::internal)?))
    })
    .await?;
    tagged(&headers, &tag, keep, || body)
}
