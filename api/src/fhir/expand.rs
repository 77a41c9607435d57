//! `ValueSet/$expand`: the codes of a value set, or of a whole code system, a page at a time.

use axum::extract::{Path, State};
use kanak_codes::{Codes, Day, Expand, Expanded, Expansion, Language, Membership, Status, ValueSet};
use serde_json::{Value, json};

use super::answer::Resource;
use super::inline::Inline;
use super::members::{members_of, version_of};
use super::named::{
    all_codes_of, find_system, find_value_set, is_inactive, keep_of, name_in, url_of_system, value_set,
};
use super::params::Params;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::Keep;
use crate::v1::code_systems::asked::aside;
use crate::v1::value_sets::expand::COUNT_MAX;

/// `/fhir/ValueSet/$expand` and `/fhir/ValueSet/{id}/$expand`
pub async fn expand(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let today = day_of(state.deployment.clock.now());
    aside(move || expanded(&codes, id.as_ref().map(|Path(id)| id.as_str()), &params, today)).await
}

fn expanded(codes: &Codes, id: Option<&str>, params: &Params, today: Day) -> Result<Resource, Problem> {
    let inline = Inline::find(codes, params, today)?;
    let missing = || Problem::bad_request("no value set is named; send `url`, its canonical URL or its name");
    let url = params.text(&["url"]).or(id);
    let (asked_day, language) = (params.day()?, params.language());
    let day = inline.as_ref().map_or(asked_day.unwrap_or(today), |inline| inline.day);
    let status = params.is_true("activeOnly").then_some(Status::Active);
    let status = status.or(inline.as_ref().and_then(|inline| inline.status));
    let mut keep = Keep::AWhile;
    let set_version = params.text(&["valueSetVersion"]);
    let ask = Expand {
        filter: params.text(&["filter"]).unwrap_or_default(),
        offset: params.number("offset")?.unwrap_or(0),
        count: params.number("count")?.unwrap_or(COUNT_MAX).min(COUNT_MAX),
        as_of: Some(day),
        language,
    };
    let (mut resource, expansion) = match (&inline, url.and_then(all_codes_of)) {
        (Some(inline), _) => {
            (inline.resource.clone(), Expansion::of_selections(&inline.selections(codes)?, status, &ask))
        }
        (None, Some((system, version))) => {
            let asked = version_of(params, name_in("code-system", system).0)?;
            let (name, own_version) = name_in("code-system", system);
            let named = own_version.or(version).or(set_version).or(asked);
            let as_of = find_system(codes, Some(name), named, Some(day))?;
            keep = keep_of(as_of, named.is_some(), asked_day, today);
            let own = format!("{}?fhir_vs", url_of_system(as_of.system().name()));
            let title = as_of.system().title();
            let resource = json!({ "resourceType": "ValueSet", "url": own, "title": title, "status": "active" });
            (resource, Expansion::of_system(as_of, status, &ask))
        }
        (None, None) => {
            let set = find_value_set(codes, url.ok_or_else(missing)?, set_version)?;
            let mut resource = value_set(set);
            if !params.is_true("includeDefinition") {
                resource.as_object_mut().expect("a resource is an object").remove("compose");
            }
            let members = members_of(codes, set, params, day)?;
            let is_named = set_version.is_some() || url.is_some_and(|url| name_in("value-set", url).1.is_some());
            keep = keep_of_set((set, is_named), &members, params, (asked_day, today))?;
            (resource, Expansion::of_members(&members, status, &ask))
        }
    };
    let designations = designations_of(params);
    let properties: Vec<&str> = params.texts(&["property"]).collect();
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
    // By the day, so that one day's answers are the same.
    let mut told = json!({ "timestamp": today.to_string(), "total": total, "offset": offset, "parameter": parameters });
    let contained = |expanded: &Expanded<'_>| {
        let display = inline.as_ref().and_then(|inline| inline.display_of(expanded)).unwrap_or(expanded.display);
        let mut told = contained(expanded, display, day, &designations);
        let stated = properties_of(expanded, day, &properties);
        if !stated.is_empty() {
            told["extension"] = stated.into();
        }
        told
    };
    let listed: Vec<Value> = concepts.iter().map(contained).collect();
    if !listed.is_empty() {
        told["contains"] = listed.into();
    }
    resource["expansion"] = told;
    Ok(Resource::new(resource).kept(keep))
}

/// How long an expansion of a value set may be kept: for good where it and each of its code systems are of a version that is named, and other
/// value sets have no part in it.
fn keep_of_set(
    (set, is_named): (&ValueSet, bool),
    members: &[Membership<'_>],
    params: &Params,
    (asked_day, today): (Option<Day>, Day),
) -> Result<Keep, Problem> {
    let stands_alone = set.includes().iter().chain(set.excludes()).all(|rule| rule.value_set.is_none());
    if !is_named || !stands_alone {
        return Ok(Keep::AWhile);
    }
    for members in members {
        let as_of = members.as_of();
        let is_named = version_of(params, as_of.system().name())?.is_some();
        if keep_of(as_of, is_named, asked_day, today) == Keep::AWhile {
            return Ok(Keep::AWhile);
        }
    }
    Ok(Keep::ForGood)
}

/// In which languages names are told beside the display: those that `designation` names, by a tag or by `urn:ietf:bcp:47|` and a tag, or else all
/// where `includeDesignations` is true.
fn designations_of(params: &Params) -> Vec<Language> {
    let is_named = params.texts(&["designation"]).next().is_some();
    if params.text(&["includeDesignations"]) == Some("false") || !(is_named || params.is_true("includeDesignations")) {
        return Vec::new();
    }
    let tags = params.texts(&["designation"]).map(|token| token.rsplit('|').next().unwrap_or(token));
    let wanted: Vec<Language> = tags.filter_map(Language::find_by_tag).collect();
    Language::ALL.into_iter().filter(|language| !is_named || wanted.contains(language)).collect()
}

/// How R4 carries what R5 calls the properties of a code in an expansion.
const PROPERTY_EXTENSION: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property";

/// The properties of a concept, on a day, of those that `property` asks for.
fn properties_of(expanded: &Expanded<'_>, day: Day, wanted: &[&str]) -> Vec<Value> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let as_of = expanded.system.as_of(day);
    let is_wanted = |name: &str| wanted.contains(&name) || wanted.contains(&"*");
    let told = |name: &str, kind: &str, value: &str| json!({ "url": PROPERTY_EXTENSION, "extension": [{ "url": "code", "valueCode": name }, { "url": "value", kind: value }] });
    let parent = as_of.parent(expanded.concept).filter(|_| is_wanted("parent"));
    let mut stated: Vec<Value> = parent.into_iter().map(|parent| told("parent", "valueCode", parent)).collect();
    let others = as_of.properties(expanded.concept).filter(|(name, _)| is_wanted(name));
    stated.extend(others.map(|(name, value)| told(name, "valueString", &value)));
    stated
}

fn contained(expanded: &Expanded<'_>, display: &str, day: Day, designations: &[Language]) -> Value {
    let Expanded { system, concept, .. } = expanded;
    let mut told =
        json!({ "system": url_of_system(system.name()), "version": system.version(), "code": concept.code() });
    if !display.is_empty() {
        told["display"] = display.into();
    }
    if is_inactive(*concept, day) {
        told["inactive"] = true.into();
    }
    let named = designations
        .iter()
        .filter_map(|language| Some(json!({ "language": language.tag(), "value": concept.designation(*language)? })));
    let named: Vec<Value> = named.collect();
    if !named.is_empty() {
        told["designation"] = named.into();
    }
    told
}
