//! `ConceptMap/$translate`: what a code is in another code system.

use axum::extract::{Path, State};
use kanak_codes::{AsOf, Codes, ConceptMap, Day, Direction, Membership, Translation};
use serde_json::{Value, json};

use super::answer::{Parameters, Resource};
use super::members::members_of;
use super::named::{
    all_codes_of, equivalence, find_concept_map, find_system, find_value_set, name_in, other_system, url_of_system,
};
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
    let target = Target::find(&codes, &params, day)?;
    let url = params.text(&["url", "conceptMap"]).or(id.as_ref().map(|Path(id)| id.as_str()));
    let maps = match url {
        Some(url) => {
            let map = find_concept_map(&codes, url, params.text(&["conceptMapVersion"]))?;
            let wanted = wanted_system(&params, direction);
            let message = misses(map, &coding, direction, wanted).or_else(|| {
                let of_target = target.as_ref()?.system()?;
                misses(map, &coding, direction, Some(of_target))
            });
            if let Some(message) = message {
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
    let Some(target) = target else {
        return Ok(told(&found, direction, "no code of the other system is known to match"));
    };
    found.retain(|(map, translation)| target.holds(ends(map, direction).1, translation.mapping.to_code));
    Ok(told(&found, direction, &format!("no code that is known to match is in the value set `{}`", target.name())))
}

/// The value set in which a translation is sought, whichever way the map is read.
enum Target<'c> {
    /// All codes of a code system.
    System(AsOf<'c>),
    /// Those of a value set.
    Set {
        /// Its name.
        name: &'c str,
        /// Its codes on the day, code system by code system.
        members: Vec<Membership<'c>>,
    },
}

impl<'c> Target<'c> {
    /// The one that `target`, or `targetScope` of R5, names; `None` where none does.
    fn find(codes: &'c Codes, params: &Params, day: Day) -> Result<Option<Self>, Problem> {
        let Some(url) = params.text(&["target", "targetScope"]) else { return Ok(None) };
        if let Some((system, version)) = all_codes_of(url) {
            return Ok(Some(Self::System(find_system(codes, Some(system), version, Some(day))?)));
        }
        let set = find_value_set(codes, url, None)?;
        Ok(Some(Self::Set { name: set.name(), members: members_of(codes, set, params, day)? }))
    }

    fn name(&self) -> &'c str {
        match self {
            Self::System(as_of) => as_of.system().name(),
            Self::Set { name, .. } => name,
        }
    }

    /// The code system of which all its codes are, where it is all codes of one.
    fn system(&self) -> Option<&'c str> {
        match self {
            Self::System(as_of) => Some(as_of.system().name()),
            Self::Set { .. } => None,
        }
    }

    fn holds(&self, system: &str, code: &str) -> bool {
        match self {
            Self::System(as_of) => as_of.system().name() == system && as_of.judge(code).is_valid(),
            Self::Set { members, .. } => members
                .iter()
                .any(|members| members.as_of().system().name() == system && members.judge(code).is_valid()),
        }
    }
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
fn misses(map: &ConceptMap, coding: &Coding, direction: Direction, wanted: Option<&str>) -> Option<String> {
    let (from, to) = ends(map, direction);
    let other = other_system(from, coding.system.as_deref()).or(other_system(to, wanted))?;
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
