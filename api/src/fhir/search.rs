//! Search over resources, by what they say of themselves.

use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::Resource;
use super::params::Params;
use crate::server::problem::{Problem, beginning};
use crate::server::state::AppState;

/// As many resources a page has at most.
const COUNT_MAX: usize = 500;
/// A longer value names nothing that is here.
const VALUE_BYTES_MAX: usize = 4_096;

/// Where this server is found: below its `public_url`, or, where none is set, nowhere in particular, so that links begin at the root of
/// whatever host was asked. `Host` is never repeated: whoever sends one chooses it, and an answer may be kept for others.
pub fn base(state: &AppState) -> String {
    let url = state.deployment.config.public_url.as_deref().unwrap_or_default();
    format!("{}/fhir", url.trim_end_matches('/'))
}

/// The resources that fit, as a Bundle, a page at a time. `name` is the short name beside the computable one.
///
/// # Errors
/// 400 for a count that is none, for a modifier that a parameter does not take, and, where `Prefer: handling=strict` is sent, for a
/// parameter that is not searched by.
pub fn searched(
    base: &str,
    uri: &Uri,
    headers: &HeaderMap,
    params: &Params,
    resources: impl Iterator<Item = (String, Value)>,
) -> Result<Resource, Problem> {
    let used = used(params, Handling::of(headers))?;
    let (offset, asked) = (params.number("_offset")?.unwrap_or(0), params.number("_count")?);
    let counts_only = params.text(&["_summary"]) == Some("count");
    let count = if counts_only { 0 } else { asked.unwrap_or(COUNT_MAX).min(COUNT_MAX) };
    let fits =
        |(name, resource): &(String, Value)| used.iter().all(|(asked, value)| fits(name, resource, asked, value));
    let found: Vec<Value> = resources.filter(fits).map(|(_, resource)| resource).collect();
    let total = found.len();
    let entry = |resource: Value| {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        let url = format!("{base}/{}/{}", text("resourceType"), text("id"));
        let mut entry = json!({ "resource": resource, "search": { "mode": "match" } });
        // It is to be absolute, or left out.
        if !base.starts_with('/') {
            entry["fullUrl"] = url.into();
        }
        entry
    };
    let entries: Vec<Value> = found.into_iter().skip(offset).take(count).map(entry).collect();
    let below = uri.path().trim_start_matches("/fhir").trim_end_matches("/_search");
    let link = |relation: &str, page: &[(&str, usize)]| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&used);
        query.extend_pairs(page.iter().map(|(name, number)| (*name, number.to_string())));
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        json!({ "relation": relation, "url": format!("{base}{below}{mark}{query}") })
    };
    let mut own = Vec::new();
    if asked.is_some() && !counts_only {
        own.push(("_count", count));
    }
    if offset > 0 {
        own.push(("_offset", offset));
    }
    let mut links = vec![link("self", &own)];
    let next = offset.saturating_add(count);
    if count > 0 && next < total {
        links.push(link("next", &[("_count", count), ("_offset", next)]));
    }
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total, "link": links });
    if !entries.is_empty() {
        bundle["entry"] = entries.into();
    }
    Ok(Resource::new(bundle))
}

/// What becomes of a request with a parameter that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// It is answered without it.
    Lenient,
    /// It is refused.
    Strict,
}

impl Handling {
    /// What `Prefer` asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        let stated = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let mut wishes = stated.flat_map(|value| value.split([',', ';']));
        let is_strict = wishes.any(|wish| wish.trim().eq_ignore_ascii_case("handling=strict"));
        if is_strict { Self::Strict } else { Self::Lenient }
    }
}

/// The parameters that a search goes by, without those of the page.
fn used(params: &Params, handling: Handling) -> Result<Vec<(&str, &str)>, Problem> {
    let mut used = Vec::new();
    for (asked, value) in params.all_texts().filter(|(_, value)| !value.is_empty()) {
        if value.len() > VALUE_BYTES_MAX {
            return Err(Problem::bad_request(format!(
                "`{parameter}` is longer than {VALUE_BYTES_MAX} bytes",
                parameter = beginning(asked, 40)
            )));
        }
        let (parameter, modifier) = asked.split_once(':').unwrap_or((asked, ""));
        let is_known = match (parameter, modifier) {
            ("name" | "title", "exact" | "contains")
            | ("name" | "title" | "url" | "version" | "status" | "_id", "") => true,
            ("name" | "title" | "url" | "version" | "status" | "_id", _) => {
                return Err(Problem::bad_request(format!(
                    "`{parameter}` takes no modifier `{modifier}`; `name` and `title` take `exact` and `contains`"
                )));
            }
            ("_summary", "") => matches!(value, "count" | "false"),
            ("_format", "") => true,
            ("_count" | "_offset", "") => continue,
            _ => false,
        };
        if is_known {
            used.push((asked, value));
        } else if handling == Handling::Strict {
            return Err(Problem::bad_request(format!(
                "nothing is searched by `{asked}` as it was sent; there are _id, url, name, version, title, status, _count, _offset, \
                 _format and _summary=count"
            )));
        }
    }
    Ok(used)
}

/// Whether a resource fits one parameter. What is not searched by is passed over, as servers may.
fn fits(name: &str, resource: &Value, asked: &str, value: &str) -> bool {
    let (parameter, modifier) = asked.split_once(':').unwrap_or((asked, ""));
    let member = match parameter {
        "url" | "version" | "status" | "name" | "title" => parameter,
        "_id" => "id",
        _ => return true,
    };
    let own = resource[member].as_str().unwrap_or_default();
    let names = if member == "name" { [own, name] } else { [own, own] };
    let is_one = |value: &str| {
        let lower = value.trim().to_lowercase();
        names.iter().any(|known| match (member, modifier) {
            ("name" | "title", "exact") => *known == value,
            ("name" | "title", "contains") => known.to_lowercase().contains(&lower),
            ("name" | "title", _) => known.to_lowercase().starts_with(&lower),
            ("url", _) => match value.split_once('|') {
                Some((url, version)) => *known == url && (version.is_empty() || resource["version"] == version),
                None => *known == value,
            },
            _ => *known == value,
        })
    };
    value.split(',').any(is_one)
}
