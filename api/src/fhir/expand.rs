//! `ValueSet/$expand`: the codes of a value set, or of a whole code system, a page at a time.

use axum::extract::{Path, State};
use kanak_codes::{Codes, Day, Expand, Expanded, Expansion, Language, Status};
use serde_json::{Value, json};

use super::answer::Resource;
use super::members::{members_of, version_of};
use super::named::{all_codes_of, find_system, find_value_set, is_inactive, name_in, url_of_system, value_set};
use super::params::Params;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::asked::aside;
use crate::v1::value_sets::expand::COUNT_MAX;

/// `/fhir/ValueSet/$expand` and `/fhir/ValueSet/{id}/$expand`
pub async fn expand(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let now = state.deployment.clock.now();
    let (today, now) = (day_of(now), now.to_string());
    aside(move || expanded(&codes, id.as_ref().map(|Path(id)| id.as_str()), &params, today, &now).map(Resource)).await
}

fn expanded(codes: &Codes, id: Option<&str>, params: &Params, today: Day, now: &str) -> Result<Value, Problem> {
    params.refuse_resource("valueSet")?;
    let missing = || Problem::bad_request("no value set is named; send `url`, its canonical URL or its name");
    let url = params.text(&["url"]).or(id).ok_or_else(missing)?;
    let (day, language) = (params.day_or(today)?, params.language());
    let status = params.is_true("activeOnly").then_some(Status::Active);
    let set_version = params.text(&["valueSetVersion"]);
    let ask = Expand {
        filter: params.text(&["filter"]).unwrap_or_default(),
        offset: params.number("offset")?.unwrap_or(0),
        count: params.number("count")?.unwrap_or(COUNT_MAX).min(COUNT_MAX),
        as_of: Some(day),
        language,
    };
    let (mut resource, expansion) = match all_codes_of(url) {
        Some((system, version)) => {
            let asked = version_of(params, name_in("code-system", system).0)?;
            let as_of = find_system(codes, Some(system), version.or(set_version).or(asked), Some(day))?;
            let own = format!("{}?fhir_vs", url_of_system(as_of.system().name()));
            let title = as_of.system().title();
            let resource = json!({ "resourceType": "ValueSet", "url": own, "title": title, "status": "active" });
            (resource, Expansion::of_system(as_of, status, &ask))
        }
        None => {
            let set = find_value_set(codes, url, set_version)?;
            let mut resource = value_set(set);
            resource.as_object_mut().expect("a resource is an object").remove("compose");
            (resource, Expansion::of_members(&members_of(codes, set, params, day)?, status, &ask))
        }
    };
    let designations = params.is_true("includeDesignations");
    let Expansion { total, offset, systems, concepts } = expansion;
    let mut parameters: Vec<Value> = systems
        .iter()
        .map(|system| json!({ "name": "version", "valueUri": format!("{}|{}", url_of_system(system.name()), system.version()) }))
        .collect();
    if !ask.filter.is_empty() {
        parameters.push(json!({ "name": "filter", "valueString": ask.filter }));
    }
    parameters.push(json!({ "name": "date", "valueDateTime": day.to_string() }));
    if status.is_some() {
        parameters.push(json!({ "name": "activeOnly", "valueBoolean": true }));
    }
    parameters.push(json!({ "name": "count", "valueInteger": ask.count }));
    // Fewer than were asked for, where no count or one above the most was: `offset` leads on to the others.
    let is_limited = ask.count == COUNT_MAX && params.number("count")? != Some(COUNT_MAX);
    if is_limited && concepts.len() < total.saturating_sub(offset) {
        parameters.push(json!({ "name": "limitedExpansion", "valueBoolean": true }));
    }
    let mut told = json!({ "timestamp": now, "total": total, "offset": offset, "parameter": parameters });
    let listed: Vec<Value> = concepts.iter().map(|expanded| contained(expanded, day, designations)).collect();
    if !listed.is_empty() {
        told["contains"] = listed.into();
    }
    resource["expansion"] = told;
    Ok(resource)
}

fn contained(expanded: &Expanded<'_>, day: Day, designations: bool) -> Value {
    let Expanded { system, concept, display } = expanded;
    let mut told =
        json!({ "system": url_of_system(system.name()), "version": system.version(), "code": concept.code() });
    if !display.is_empty() {
        told["display"] = (*display).into();
    }
    if is_inactive(*concept, day) {
        told["inactive"] = true.into();
    }
    if designations {
        let named = Language::ALL.into_iter().filter_map(|language| {
            Some(json!({ "language": language.tag(), "value": concept.designation(language)? }))
        });
        told["designation"] = named.collect();
    }
    told
}
