//! The codes below one.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use kanak_codes::{AsOf, Codes};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answered::{tag_of, tagged};
use super::asked::{Edition, read_language};
use super::lookup;
use super::only::Only;
use super::view::ConceptView;
use super::write::concepts_json;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// At most this many, up to 1000.
    #[serde(default = "hundred")]
    limit: usize,
    /// How many to pass over.
    #[serde(default)]
    offset: usize,
    /// The language of the displays: `en`, `pa` or `hi`.
    language: Option<String>,
}

fn hundred() -> usize {
    100
}

/// The header that says of which code system the code above was taken to be.
pub static PARENT_SYSTEM: HeaderName = HeaderName::from_static("kanak-parent-system");

/// Lists the codes one level below a code, in the order of the table. Where parents are of another code system, the code is one of that: the
/// children of `3` in `lgd-district` are the districts of Punjab, and those of `27` are not what lies in the district 27. The header
/// `Kanak-Parent-System` says of which code system the code was taken to be.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes/{code}/children", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `nic`"), ("code" = String, Path, description = "The code above"), Page, Edition),
    responses((status = 200, description = "A page of concepts", body = [ConceptView]), (status = 304, description = "Not changed"),
              (status = 404, description = "No such code system, version or code", body = Problem)))]
pub async fn children(
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
    Only((page, edition)): Only<(Page, Edition)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let as_of = edition.find(&codes, &system)?;
    let language = read_language(page.language.as_deref())?;
    refuse_unknown(&codes, as_of, &code)?;
    let mut answer = tagged(&headers, &tag_of(as_of), edition.keep(), || {
        let below = as_of.children(&code).skip(page.offset).take(page.limit.min(1000));
        concepts_json(as_of, below, language)
    })?;
    if let Some(parents) = as_of.system().parent_system() {
        let parents = HeaderValue::from_str(parents).map_err(Problem::internal)?;
        answer.headers_mut().insert(PARENT_SYSTEM.clone(), parents);
    }
    Ok(answer)
}

/// Refuses a code that could have none below it: parents that nobody defines are known by their children.
fn refuse_unknown(codes: &Codes, as_of: AsOf<'_>, code: &str) -> Result<(), Problem> {
    let system = as_of.system();
    let Some(parents) = system.parent_system() else {
        return Err(Problem::not_found(format!("no code of `{}` is above another", system.name())));
    };
    if system.children(code).len() > 0 {
        return Ok(());
    }
    let above = if parents == system.name() { as_of } else { codes.as_of(parents, None, as_of.day())? };
    lookup::find(above, code).map(drop).map_err(|unknown| {
        let why = unknown.detail.unwrap_or_default();
        let (own, parents) = (system.name(), above.system().name());
        let remedy = if own == parents {
            String::new()
        } else {
            format!("; the codes above those of `{own}` are of `{parents}`: ask for the children of one of these")
        };
        Problem::not_found(format!("{why}{remedy}"))
    })
}
