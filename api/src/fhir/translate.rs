//! `ConceptMap/$translate`: what a code is in another code system.

use axum::extract::{Path, State};
use kanak_codes::{Codes, ConceptMap, Direction, Translation};
use serde_json::{Value, json};

use super::answer::{Parameters, Resource};
use super::named::{equivalence, find_concept_map, name_in, other_system, url_of_system};
use super::params::{Coding, Params};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::view::url_of;

/// `/fhir/ConceptMap/$translate` and `/fhir/ConceptMap/{id}/$translate`
pub async fn translate(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let (coding, direction) = asked(&params)?;
    let day = params.day_or(day_of(state.deployment.clock.now()))?;
    let url = params.text(&["url", "conceptMap"]).or(id.as_ref().map(|Path(id)| id.as_str()));
    let maps = match url {
        Some(url) => {
            let map = find_concept_map(&codes, url, params.text(&["conceptMapVersion"]))?;
            if let Some(message) = misses(map, &coding, direction, &params) {
                return Ok(told(&[], direction, &message));
            }
            vec![map]
        }
        None => fitting(&codes, &coding, direction, &params)?,
    };
    let mut found = Vec::new();
    for map in maps {
        let translations = codes.translate(map.name(), &coding.code, direction, day)?;
        found.extend(translations.into_iter().map(|translation| (map, translation)));
    }
    Ok(told(&found, direction, "no code of the other system is known to match"))
}

/// The code that is asked about, and which way: R5 asks by `targetCode` for what R4 asks by `reverse`.
fn asked(params: &Params) -> Result<(Coding, Direction), Problem> {
    let target = params.codings(&["targetCoding", "targetCodeableConcept"]).into_iter().next();
    let target = target.or_else(|| {
        let code = params.text(&["targetCode"])?.to_owned();
        Some(Coding { code, system: params.text(&["system", "targetSystem"]).map(str::to_owned), ..Coding::default() })
    });
    Ok(match target {
        Some(coding) => (coding, Direction::Reverse),
        None if params.is_true("reverse") => (params.asked_code()?, Direction::Reverse),
        None => (params.asked_code()?, Direction::Forward),
    })
}

/// Why a map that is named cannot lead from the system of a code to the one that is asked for, where it cannot.
fn misses(map: &ConceptMap, coding: &Coding, direction: Direction, params: &Params) -> Option<String> {
    let (from, to) = ends(map, direction);
    let target = wanted_system(params, direction);
    let other = other_system(from, coding.system.as_deref()).or(other_system(to, target))?;
    Some(format!(
        "concept map `{}` leads from `{from}` to `{to}` when read so, and `{other}` is asked about",
        map.name()
    ))
}

/// The system in which the answer is wanted, where one is stated: the one that is translated to, whichever way the map is read. Beside the
/// `targetCode` of R5, `targetSystem` is instead the system of that code, and `sourceSystem` the one in which the answer is wanted.
fn wanted_system(params: &Params, direction: Direction) -> Option<&str> {
    let asks_as_r5 = params.text(&["targetCode"]).is_some();
    match direction {
        Direction::Reverse if asks_as_r5 => params.text(&["sourceSystem", "targetsystem"]),
        Direction::Forward | Direction::Reverse => params.text(&["targetsystem", "targetSystem"]),
    }
}

/// The systems from which and to which a map leads.
fn ends(map: &ConceptMap, direction: Direction) -> (&str, &str) {
    match direction {
        Direction::Forward => (map.source_system(), map.target_system()),
        Direction::Reverse => (map.target_system(), map.source_system()),
    }
}

/// The maps that lead from the system of a code to the one that is asked for, or to any.
fn fitting<'c>(
    codes: &'c Codes,
    coding: &Coding,
    direction: Direction,
    params: &Params,
) -> Result<Vec<&'c ConceptMap>, Problem> {
    let missing = || Problem::bad_request("no concept map is named; send `url`, or `system` with `targetsystem`");
    let system = name_in("code-system", coding.system.as_deref().ok_or_else(missing)?).0;
    let target = wanted_system(params, direction).map(|url| name_in("code-system", url).0);
    let fits = |map: &&'c ConceptMap| {
        let (from, to) = ends(map, direction);
        from == system && target.is_none_or(|target| to == target)
    };
    let maps: Vec<&ConceptMap> = codes.concept_maps().filter(fits).collect();
    if maps.is_empty() {
        return Err(Problem::not_found(format!("no concept map leads from `{system}` there")));
    }
    Ok(maps)
}

/// The matches; `otherwise` says why there is none.
fn told(found: &[(&ConceptMap, Translation<'_>)], direction: Direction, otherwise: &str) -> Resource {
    let is_match = |word: &str| !matches!(word, "unmatched" | "disjoint");
    let word =
        |translation: &Translation<'_>| equivalence(translation.mapping.relationship, translation.mapping.to_code);
    let result = found.iter().any(|(_, translation)| is_match(word(translation)));
    let mut told = Parameters::default();
    told.add("result", "valueBoolean", result);
    if !result {
        told.add("message", "valueString", otherwise);
    }
    for (map, translation) in found {
        let mut parts = Parameters::default();
        parts.add("equivalence", "valueCode", word(translation));
        let to_code = translation.mapping.to_code;
        if !to_code.is_empty() {
            let system = match direction {
                Direction::Forward => map.target_system(),
                Direction::Reverse => map.source_system(),
            };
            let mut concept: Value = json!({ "system": url_of_system(system), "code": to_code });
            if let Some(known) = translation.concept {
                concept["display"] = known.display().into();
            }
            parts.add("concept", "valueCoding", concept);
        }
        parts.add("source", "valueUri", url_of("concept-map", map.name()));
        told.add_parts("match", parts);
    }
    told.done()
}
