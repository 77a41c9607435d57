//! `ValueSet/$validate-code`: whether a code may stand in a field.

use axum::extract::{Path, State};
use kanak_codes::{Codes, Day, InvalidReason, Membership, Validation};

use super::answer::Resource;
use super::members::{members_of, version_of};
use super::named::{all_codes_of, find_system, find_value_set, name_in, other_system};
use super::params::{Coding, Params};
use super::validate_code::{Judged, judge_any};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// `/fhir/ValueSet/$validate-code` and `/fhir/ValueSet/{id}/$validate-code`
pub async fn validate_code(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    params.refuse_resource("valueSet")?;
    let missing = || Problem::bad_request("no value set is named; send `url`, its canonical URL or its name");
    let url = params.text(&["url"]).or(id.as_ref().map(|Path(id)| id.as_str())).ok_or_else(missing)?;
    let day = params.day_or(day_of(state.deployment.clock.now()))?;
    let judge = |coding: &Coding| match all_codes_of(url) {
        Some((system, version)) => judge_in_system(&codes, (system, version), coding, &params, day),
        None => judge_in_set(&codes, url, coding, &params, day),
    };
    Ok(judge_any(&params.asked_codes(), judge)?.told())
}

/// Judges a code by all codes of a system.
fn judge_in_system(
    codes: &Codes,
    (url, version): (&str, Option<&str>),
    coding: &Coding,
    params: &Params,
    day: Day,
) -> Result<Judged, Problem> {
    let other = other_system(url, coding.system.as_deref());
    let sent = coding.version.as_deref().filter(|_| other.is_none());
    let asked = version_of(params, name_in("code-system", url).0)?;
    let version = version.or(params.text(&["valueSetVersion"])).or(sent).or(asked);
    let as_of = find_system(codes, Some(url), version, Some(day))?;
    Ok(match other {
        Some(other) => Judged::of_other_system(coding, other, as_of.system().name()),
        None => Judged::of(as_of, as_of.validate(&coding.code), coding, params.language()),
    })
}

/// Judges a code by a value set.
fn judge_in_set(codes: &Codes, url: &str, coding: &Coding, params: &Params, day: Day) -> Result<Judged, Problem> {
    let set = find_value_set(codes, url, params.text(&["valueSetVersion"]))?;
    let language = params.language();
    if let Some(system) = coding.system.as_deref() {
        let asked = version_of(params, name_in("code-system", system).0)?;
        let as_of = find_system(codes, Some(system), coding.version.as_deref().or(asked), Some(day))?;
        let members = codes.membership(set.name(), as_of)?;
        return Ok(Judged::of(as_of, members.validate(&coding.code), coding, language));
    }
    let memberships = members_of(codes, set, params, day)?;
    let has_it = |members: &&Membership<'_>| members.judge(&coding.code).is_valid();
    let member = memberships.iter().find(has_it);
    let judging = member.or(memberships.first().filter(|_| memberships.len() == 1));
    let validation = match judging {
        Some(members) => members.validate(&coding.code),
        None => Validation::Invalid {
            reason: InvalidReason::NotInValueSet { value_set: set.name().to_owned(), code: coding.code.clone() },
            suggestions: Vec::new(),
        },
    };
    let system = member.map(|members| {
        let system = members.as_of().system();
        (system.name().to_owned(), system.version().to_owned())
    });
    Ok(Judged::named(system, validation, coding, language))
}
