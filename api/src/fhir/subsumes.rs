//! `CodeSystem/$subsumes`: which of two codes contains the other.

use axum::extract::{Path, State};

use super::answer::{Parameters, Resource};
use super::named::{find_system, keep_of, name_in, other_system, wrong_system};
use super::params::{Coding, Params};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::view::SubsumptionView;

/// `/fhir/CodeSystem/$subsumes` and `/fhir/CodeSystem/{id}/$subsumes`
pub async fn subsumes(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    let asked = |code: &'static str, coding: &'static str| {
        let text = params.text(&[code]).map(|code| Coding { code: code.to_owned(), ..Coding::default() });
        let missing = || Problem::bad_request(format!("send `{code}` with `system`, or `{coding}`"));
        text.or_else(|| params.codings(&[coding]).into_iter().next()).ok_or_else(missing)
    };
    let (a, b) = (asked("codeA", "codingA")?, asked("codeB", "codingB")?);
    let own = params.text(&["system"]).or(id.as_ref().map(|Path(id)| id.as_str()));
    let system = own.or(a.system.as_deref()).or(b.system.as_deref());
    for coding in [&a, &b] {
        let other = system.and_then(|asked| other_system(asked, coding.system.as_deref()));
        if let (Some(asked), Some(sent)) = (system, other) {
            return Err(Problem::bad_request(wrong_system(&coding.code, sent, asked)));
        }
    }
    let version = params.text(&["version"]).or(a.version.as_deref()).or(b.version.as_deref());
    let (asked_day, today) = (params.day()?, day_of(state.deployment.clock.now()));
    let as_of = find_system(&codes, system, version, Some(asked_day.unwrap_or(today)))?;
    let is_named = version.is_some() || system.is_some_and(|url| name_in("code-system", url).1.is_some());
    let view = SubsumptionView::find(as_of, &a.code, &b.code, None)?;
    let mut told = Parameters::default();
    told.add("outcome", "valueCode", serde_json::to_value(view.outcome).map_err(Problem::internal)?);
    Ok(told.done().kept(keep_of(as_of, is_named, asked_day, today)))
}
