//! Which of two codes contains the other.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::{tag_of, tagged};
use super::asked::Edition;
use super::lookup;
use super::only::Only;
use super::view::SubsumptionView;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Pair {
    /// The first code.
    a: String,
    /// The second code.
    b: String,
    /// In which hierarchy; left out: the main one.
    hierarchy: Option<String>,
}

/// Tells how two codes stand to each other in a hierarchy: `equivalent`, `subsumes` (the first contains the second), `subsumed-by` or
/// `not-subsumed`.
#[utoipa::path(get, path = "/v1/code-systems/{system}/subsumes", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `nic`"), Pair, Edition),
    responses((status = 200, description = "How they stand", body = SubsumptionView), (status = 304, description = "Not changed"),
              (status = 400, description = "The codes do not contain each other, or `as_of` is no day", body = Problem),
              (status = 404, description = "No such code system, version or code", body = Problem)))]
pub async fn subsumes(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((pair, edition)): Only<(Pair, Edition)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let as_of = edition.find(&codes, &system)?;
    let view = SubsumptionView::find(as_of, &pair.a, &pair.b, pair.hierarchy.as_deref())?;
    let body = serde_json::to_vec(&view).map_err(Problem::internal)?;
    tagged(&headers, &tag_of(as_of), edition.keep(), || body)
}

impl SubsumptionView {
    /// How two codes stand to each other.
    ///
    /// # Errors
    /// 404 for a code that is not valid; 400 for a hierarchy that there is not.
    pub fn find(as_of: kanak_codes::AsOf<'_>, a: &str, b: &str, hierarchy: Option<&str>) -> Result<Self, Problem> {
        let system = as_of.system();
        let tree = match hierarchy.filter(|name| !name.is_empty()) {
            Some(name) => system.find_hierarchy(name),
            None => system.hierarchy(),
        };
        let (first, second) = (lookup::find(as_of, a)?, lookup::find(as_of, b)?);
        let Some(tree) = tree else {
            let known: Vec<&str> = system.hierarchy_names().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Problem::bad_request(format!(
                "the codes of `{}` do not contain each other so; its hierarchies: {known}",
                system.name()
            )));
        };
        Ok(Self {
            system: system.name().to_owned(),
            version: system.version().to_owned(),
            a: first.code().to_owned(),
            b: second.code().to_owned(),
            outcome: tree.subsumes(first, second),
        })
    }
}
