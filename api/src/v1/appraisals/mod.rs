//! `/v1/appraisals`: officers' work beside what their cases let expect, frozen; objections to it.
//!
//! Figures are for whoever may read those of offices, within the caller's districts. The cases behind them are facts about single
//! citizens, without the citizen, and are shown where a read may see such.

pub mod contest;
pub mod decide;
pub mod get;
pub mod list;
pub mod officer;

use axum::http::StatusCode;
use kanak_model::Caller;
use kanak_warehouse::appraisal::{AppraisalError, Appraisals, OfficerSheet};

use crate::jobs::appraisal::ANSWER_FOR_FIGURES;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Reads files on a thread of its own.
async fn read<T: Send + 'static>(
    state: &AppState,
    reading: impl FnOnce(&Appraisals) -> Result<T, AppraisalError> + Send + 'static,
) -> Result<T, Problem> {
    let all = state.deployment.warehouse.appraisals();
    let read = tokio::task::spawn_blocking(move || reading(&all)).await.map_err(Problem::internal)?;
    read.map_err(problem_of)
}

/// What a client learns of what went wrong.
fn problem_of(error: AppraisalError) -> Problem {
    match error {
        AppraisalError::NotFound(_) | AppraisalError::NoSheet { .. } => Problem::not_found(error.to_string()),
        AppraisalError::Refused(words) => Problem::new(StatusCode::CONFLICT, words),
        other => Problem::internal(other),
    }
}

/// The same of a job's error.
fn problem(error: anyhow::Error) -> Problem {
    match error.downcast::<AppraisalError>() {
        Ok(error) => problem_of(error),
        Err(other) => Problem::internal(other),
    }
}

/// Whether an officer's office lies in a caller's districts.
fn is_within(caller: &Caller, sheet: &OfficerSheet) -> bool {
    caller.districts.as_ref().is_none_or(|districts| districts.contains(&sheet.district))
}

/// Whoever enters or decides an objection has signed in, and answers for officers' figures.
fn person(caller: &Caller) -> Result<&str, Problem> {
    let may = ANSWER_FOR_FIGURES.iter().any(|role| caller.has(*role));
    if caller.user.is_some() && may {
        return Ok(&caller.name);
    }
    Err(Problem::forbidden(
        "objections are entered and decided by an analyst, supervisor or administrator who has signed in; a key cannot",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kanak_model::{Role, UserId};
    use kanak_warehouse::appraisal::{Outcome, Unscored};

    use super::*;

    fn caller(user: Option<i64>, role: Role, districts: Option<&[&str]>) -> Caller {
        Caller {
            user: user.map(UserId),
            name: "asha".to_owned(),
            roles: BTreeSet::from([role]),
            districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
        }
    }

    #[test]
    fn an_officer_is_seen_within_the_callers_districts_alone() {
        let sheet = OfficerSheet {
            officer: "K-000001-1".to_owned(),
            cadre: "staff".to_owned(),
            designation: String::new(),
            office: "OFF-REV-D27".to_owned(),
            district: "27".to_owned(),
            applications: 1.0,
            grievances: 0.0,
            inherited: 0,
            struck: 0,
            figures: Vec::new(),
            outcome: Outcome::Unscored(Unscored::TooFewCases),
        };
        let nowhere = OfficerSheet { district: String::new(), ..sheet.clone() };
        let sees = |districts, sheet| is_within(&caller(None, Role::Analyst, districts), sheet);
        assert!(sees(None, &sheet) && sees(None, &nowhere) && sees(Some(&["27"]), &sheet));
        assert!(!sees(Some(&["28"]), &sheet) && !sees(Some(&["27"]), &nowhere) && !sees(Some(&[]), &sheet));
    }

    #[test]
    fn a_key_or_a_role_that_does_not_answer_for_figures_enters_no_objection() {
        assert_eq!(person(&caller(Some(1), Role::Analyst, None)).ok(), Some("asha"));
        assert!(person(&caller(None, Role::Analyst, None)).is_err());
        assert!(person(&caller(Some(1), Role::Steward, None)).is_err());
    }
}
