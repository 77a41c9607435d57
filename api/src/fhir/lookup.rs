//! `CodeSystem/$lookup`: what a code stands for.

use axum::extract::{Path, State};
use kanak_codes::{AsOf, Concept, Day, Language};

use super::answer::{Parameters, Resource};
use super::named::{find_system, is_inactive, keep_of, name_in, other_system, url_of_system, wrong_system};
use super::params::Params;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::lookup::find;

/// As many children are told at most.
const CHILDREN_MAX: usize = 1000;

/// `/fhir/CodeSystem/$lookup` and `/fhir/CodeSystem/{id}/$lookup`
pub async fn lookup(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let coding = params.asked_code()?;
    let own = id.as_ref().map(|Path(id)| id.as_str()).or(params.text(&["system"]));
    let system = own.or(coding.system.as_deref());
    let version = coding.version.as_deref().or(params.text(&["version"]));
    let other = own.and_then(|own| other_system(own, coding.system.as_deref()));
    if let (Some(own), Some(sent)) = (own, other) {
        return Err(Problem::bad_request(wrong_system(&coding.code, sent, own)));
    }
    // Without a date, a code that ended is found as well, and told to be inactive.
    let (asked_day, today) = (params.day()?, day_of(state.deployment.clock.now()));
    let as_of = find_system(&codes, system, version, asked_day)?;
    let concept = find(as_of, &coding.code)?;
    let wanted: Vec<&str> = params.texts(&["property"]).collect();
    let is_named = version.is_some() || system.is_some_and(|url| name_in("code-system", url).1.is_some());
    let keep = keep_of(as_of, is_named, asked_day, today);
    Ok(told(as_of, concept, asked_day.unwrap_or(today), params.language(), &wanted).kept(keep))
}

fn told<'c>(as_of: AsOf<'c>, concept: Concept<'c>, day: Day, language: Language, wanted: &[&str]) -> Resource {
    let system = as_of.system();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name) || wanted.contains(&"*");
    let mut told = Parameters::default();
    told.add("name", "valueString", system.title());
    told.add("version", "valueString", system.version());
    told.add("display", "valueString", concept.display_in(language));
    told.add("code", "valueCode", concept.code());
    told.add("system", "valueUri", url_of_system(system.name()));
    if is_wanted("designation") {
        for language in Language::ALL {
            if let Some(words) = concept.designation(language) {
                let mut designation = Parameters::default();
                designation.add("language", "valueCode", language.tag());
                designation.add("value", "valueString", words);
                told.add_parts("designation", designation);
            }
        }
    }
    let mut property = |name: &str, kind: &str, value: serde_json::Value| {
        let mut parts = Parameters::default();
        parts.add("code", "valueCode", name);
        parts.add("value", kind, value);
        told.add_parts("property", parts);
    };
    if is_wanted("inactive") {
        property("inactive", "valueBoolean", is_inactive(concept, day).into());
    }
    if let Some(parent) = as_of.parent(concept).filter(|_| is_wanted("parent")) {
        property("parent", "valueCode", parent.into());
    }
    if wanted.contains(&"child") && system.is_hierarchical() {
        for child in as_of.children(concept.code()).take(CHILDREN_MAX) {
            property("child", "valueCode", child.code().into());
        }
    }
    for (name, value) in as_of.properties(concept).filter(|(name, _)| is_wanted(name)) {
        property(name, "valueString", value.into_owned().into());
    }
    told.done()
}
