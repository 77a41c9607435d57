//! `ValueSet/$validate-code`: whether a code may stand in a field.

use axum::extract::{Path, State};
use kanak_codes::{AsOf, Codes, Day, InvalidReason, Language, Membership, Selection, Validation};

use super::answer::Resource;
use super::inline::Inline;
use super::members::{members_of, version_of};
use super::named::{all_codes_of, find_system, find_value_set, keep_of, name_in, other_system};
use super::params::{Coding, Params};
use super::validate_code::{Judged, judge_any};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::asked::aside;

/// `/fhir/ValueSet/$validate-code` and `/fhir/ValueSet/{id}/$validate-code`
pub async fn validate_code(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let today = day_of(state.deployment.clock.now());
    aside(move || judged(&codes, id.as_ref().map(|Path(id)| id.as_str()), &params, today)).await
}

fn judged(codes: &Codes, id: Option<&str>, params: &Params, today: Day) -> Result<Resource, Problem> {
    let codings = params.asked_codes();
    if let Some(inline) = Inline::find(codes, params, today)? {
        let selections = inline.selections(codes)?;
        let judge = |coding: &Coding| Ok(judge_in_inline(&inline, &selections, coding, params.language()));
        return Ok(judge_any(&codings, judge)?.told());
    }
    let missing = || Problem::bad_request("no value set is named; send `url`, its canonical URL or its name");
    let url = params.text(&["url"]).or(id).ok_or_else(missing)?;
    let when = (params.day()?, today);
    let judge = |coding: &Coding| match all_codes_of(url) {
        Some((system, version)) => judge_in_system(codes, (system, version), coding, params, when),
        None => judge_in_set(codes, url, coding, params, when.0.unwrap_or(today)),
    };
    Ok(judge_any(&codings, judge)?.told())
}

/// Judges a code by all codes of a system.
fn judge_in_system(
    codes: &Codes,
    (url, version): (&str, Option<&str>),
    coding: &Coding,
    params: &Params,
    (asked_day, today): (Option<Day>, Day),
) -> Result<Judged, Problem> {
    let other = other_system(url, coding.system.as_deref());
    let sent = coding.version.as_deref().filter(|_| other.is_none());
    let (name, own_version) = name_in("code-system", url);
    let asked = version_of(params, name)?;
    let version = own_version.or(version).or(params.text(&["valueSetVersion"])).or(sent).or(asked);
    let day = asked_day.unwrap_or(today);
    let as_of = find_system(codes, Some(name), version, Some(day))?;
    Ok(match other {
        Some(other) => Judged::of_other_system(coding, other, as_of.system().name()),
        None => Judged::of(as_of, as_of.validate(&coding.code), coding, (params.language(), day)).kept(keep_of(
            as_of,
            version.is_some(),
            asked_day,
            today,
        )),
    })
}

/// Judges a code by a value set.
fn judge_in_set(codes: &Codes, url: &str, coding: &Coding, params: &Params, day: Day) -> Result<Judged, Problem> {
    let set = find_value_set(codes, url, params.text(&["valueSetVersion"]))?;
    let when = (params.language(), day);
    if let Some(system) = coding.system.as_deref() {
        let asked = version_of(params, name_in("code-system", system).0)?;
        let as_of = find_system(codes, Some(system), coding.version.as_deref().or(asked), Some(day))?;
        let members = codes.membership(set.name(), as_of)?;
        return Ok(Judged::of(as_of, members.validate(&coding.code), coding, when));
    }
    let memberships = members_of(codes, set, params, day)?;
    let has_it = |members: &&Membership<'_>| members.judge(&coding.code).is_valid();
    let member = memberships.iter().find(has_it);
    let judging = member.or(memberships.first().filter(|_| memberships.len() == 1));
    let validation = match judging {
        Some(members) => members.validate(&coding.code),
        None => not_in(set.name(), &coding.code),
    };
    Ok(Judged::named(member.map(|members| named(members.as_of())), validation, coding, when))
}

/// Judges a code by a value set that came with the request.
fn judge_in_inline(inline: &Inline, selections: &[Selection<'_>], coding: &Coding, language: Language) -> Judged {
    let sent = coding.system.as_deref().map(|system| name_in("code-system", system));
    let fits = |selection: &&Selection<'_>| {
        let system = selection.as_of().system();
        let version = coding.version.as_deref().or(sent.and_then(|(_, version)| version));
        sent.is_none_or(|(name, _)| name == system.name()) && version.is_none_or(|version| version == system.version())
    };
    let fitting: Vec<&Selection<'_>> = selections.iter().filter(fits).collect();
    let member = fitting.iter().copied().find(|selection| selection.holds(&coding.code));
    let judging = member.or(fitting.first().copied().filter(|_| fitting.len() == 1));
    let validation = match judging {
        Some(selection) => selection.validate(&coding.code, &inline.name),
        None => not_in(&inline.name, &coding.code),
    };
    let display = member.zip(validation.concept());
    let display = display
        .and_then(|(selection, concept)| inline.display(selection.as_of().system().name(), concept.code()))
        .map(str::to_owned);
    // A name that the value set gives the code itself is one of its names.
    let is_own = |sent: &&String| display.as_ref().is_some_and(|own| own.trim().eq_ignore_ascii_case(sent.trim()));
    let coding = Coding { display: coding.display.as_ref().filter(|sent| !is_own(sent)).cloned(), ..coding.clone() };
    let system = member.map(|selection| named(selection.as_of()));
    Judged::named(system, validation, &coding, (language, inline.day)).displayed(display.as_deref())
}

/// Name and version of a code system.
fn named(as_of: AsOf<'_>) -> (String, String) {
    (as_of.system().name().to_owned(), as_of.system().version().to_owned())
}

/// That a code is in none of the systems of a value set.
fn not_in<'c>(value_set: &str, code: &str) -> Validation<'c> {
    let reason = InvalidReason::NotInValueSet { value_set: value_set.to_owned(), code: code.to_owned() };
    Validation::Invalid { reason, suggestions: Vec::new() }
}
