//! What a steward does with a task short of deciding it: takes it up, gives it back, puts it off, hands it on, has it looked into on
//! the spot.

use axum::Form;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use kanak_model::steward_task::{
    Actor, ESCALATION_ROLES, FieldAnswer, FieldCheck, FieldCheckState, Finding, StepRefused, TaskState,
};
use kanak_model::{FieldCheckId, Purpose, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::user_name;
use serde::Deserialize;

use super::{StewardTaskParts, after};
use crate::actions::{ActionError, TaskAct};
use crate::error::PageError;
use crate::format;
use crate::link_evidence::finding_words;
use crate::number::Number;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::state::DashboardState;

/// A form with nothing but its token.
#[derive(Debug, Deserialize)]
pub(crate) struct Plain {
    csrf: String,
}

/// A deferral as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Deferred {
    csrf: String,
    until: String,
    reason: String,
}

/// An escalation as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Escalated {
    csrf: String,
    to: String,
    reason: String,
}

/// A question as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    csrf: String,
    question: String,
    office: String,
}

/// An answer as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Answered {
    csrf: String,
    check: i64,
    finding: String,
    found_by: String,
    found_on: String,
    note: String,
}

/// The withdrawal of a question as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Withdrawn {
    csrf: String,
    check: i64,
}

/// `POST /steward-tasks/{id}/claim`
pub(crate) async fn claim(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Plain>,
) -> Result<Response, PageError> {
    carry_out(&state, &signed, id, &sent.csrf, Ok(TaskAct::Claim)).await
}

/// `POST /steward-tasks/{id}/release`
pub(crate) async fn release(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Plain>,
) -> Result<Response, PageError> {
    carry_out(&state, &signed, id, &sent.csrf, Ok(TaskAct::Release)).await
}

/// `POST /steward-tasks/{id}/deferral`
pub(crate) async fn defer(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Deferred>,
) -> Result<Response, PageError> {
    let act = day(&sent.until).map(|until| TaskAct::Defer { until, reason: sent.reason });
    carry_out(&state, &signed, id, &sent.csrf, act).await
}

/// `POST /steward-tasks/{id}/escalation`
pub(crate) async fn escalate(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Escalated>,
) -> Result<Response, PageError> {
    let to = Role::find(&sent.to).filter(|role| ESCALATION_ROLES.contains(role));
    let act = to.map(|to| TaskAct::Escalate { to, reason: sent.reason });
    carry_out(&state, &signed, id, &sent.csrf, act.ok_or("Choose a role that tasks are handed on to.")).await
}

/// `POST /steward-tasks/{id}/field-check`
pub(crate) async fn ask(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Asked>,
) -> Result<Response, PageError> {
    let act = TaskAct::AskFieldCheck { question: sent.question, office: sent.office };
    carry_out(&state, &signed, id, &sent.csrf, Ok(act)).await
}

/// `POST /steward-tasks/{id}/field-check/answer`
pub(crate) async fn answer(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Answered>,
) -> Result<Response, PageError> {
    let finding = Finding::find(&sent.finding).ok_or("Choose what was found.");
    let act = finding.and_then(|finding| {
        let answer = FieldAnswer { finding, found_by: sent.found_by, found_on: day(&sent.found_on)?, note: sent.note };
        Ok(TaskAct::AnswerFieldCheck { check: FieldCheckId(sent.check), answer })
    });
    carry_out(&state, &signed, id, &sent.csrf, act).await
}

/// `POST /steward-tasks/{id}/field-check/withdrawal`
pub(crate) async fn withdraw(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Withdrawn>,
) -> Result<Response, PageError> {
    let act = TaskAct::WithdrawFieldCheck { check: FieldCheckId(sent.check) };
    carry_out(&state, &signed, id, &sent.csrf, Ok(act)).await
}

fn day(text: &str) -> Result<NaiveDate, &'static str> {
    text.trim().parse().map_err(|_| "The day is no date; write it as 2027-03-31.")
}

async fn carry_out(
    state: &DashboardState,
    signed: &Signed,
    id: i64,
    csrf: &str,
    act: Result<TaskAct, &'static str>,
) -> Result<Response, PageError> {
    signed.check_csrf(csrf)?;
    signed.access(Purpose::Stewardship)?;
    let task = StewardTaskId(id);
    let done = match act {
        Ok(act) => state.actions.step(&signed.user.caller, task, act).await,
        Err(refused) => Err(ActionError::Refused(refused.to_owned())),
    };
    after(state, signed, task, done).await
}

/// Who works on a task, and what the visitor may do about that.
pub(crate) struct Hand {
    pub(crate) stands: String,
    /// For whom it waits, now or then.
    pub(crate) escalated: Option<String>,
    /// Who may take it up may put it off, hand it on and ask too.
    pub(crate) may_claim: bool,
    pub(crate) may_release: bool,
    /// Roles that it may be handed on to: value and title.
    pub(crate) roles: Vec<(&'static str, &'static str)>,
}

impl Hand {
    /// A task that is settled is in nobody's hands.
    pub(crate) fn is_shown(&self) -> bool {
        !self.stands.is_empty()
    }
}

/// The visitor as the model asks for.
pub(crate) fn actor(parts: &StewardTaskParts) -> Actor<'_> {
    Actor { user: parts.visitor.user.unwrap_or(UserId(0)), roles: &parts.visitor.roles }
}

/// Why the visitor may do nothing now.
pub(crate) fn refusal_words(parts: &StewardTaskParts, refused: &StepRefused) -> String {
    match refused {
        StepRefused::Held { by, until } => {
            let by = user_name(&parts.users, *by);
            format!(
                "{by} holds it until {}. Wait, or ask {by} or a supervisor to give it back.",
                format::instant(*until)
            )
        }
        StepRefused::Proposed { by } => format!(
            "{} proposed a decision. A second steward approves or rejects it among the proposals.",
            user_name(&parts.users, *by)
        ),
        other => format!("Not now: {other}."),
    }
}

pub(crate) fn hand(parts: &StewardTaskParts) -> Hand {
    let (task, actor) = (&parts.task, actor(parts));
    let later = Timestamp(parts.now.0 + 1);
    let stands = match &task.state {
        TaskState::Open => "It waits for any steward.".to_owned(),
        TaskState::Escalated(one) => format!("It waits for a steward who is a {} too.", one.to.word()),
        TaskState::Claimed { by, at, until, .. } => format!(
            "{} took it up {} and has it until {}.",
            user_name(&parts.users, *by),
            format::instant(*at),
            format::instant(*until)
        ),
        TaskState::Deferred { by, at, until, reason, .. } => format!(
            "{} put it off {} until {}. Reason: “{reason}”",
            user_name(&parts.users, *by),
            format::instant(*at),
            format::instant(*until)
        ),
        TaskState::Proposed { by, at, decision, .. } => format!(
            "{} proposed: {}, {}. It waits for a second steward.",
            user_name(&parts.users, *by),
            super::decision_words(*decision),
            format::instant(*at)
        ),
        TaskState::Decided { .. } | TaskState::Lapsed => String::new(),
    };
    let escalation = task.state.escalation();
    Hand {
        stands,
        escalated: escalation.map(|one| {
            let by = user_name(&parts.users, one.by);
            format!("{by} handed it on to a {}, {}. Reason: “{}”", one.to.word(), format::instant(one.at), one.reason)
        }),
        may_claim: task.claim(actor, parts.now, later).is_ok(),
        may_release: task.release(actor, parts.now).is_ok(),
        roles: ESCALATION_ROLES
            .into_iter()
            .filter(|role| escalation.is_none_or(|one| one.to != *role))
            .map(|role| (role.word(), role.word()))
            .collect(),
    }
}

/// An answered field check that a decision may name.
pub(crate) struct Evidence {
    pub(crate) id: i64,
    pub(crate) words: String,
}

/// The answered field checks, the latest first.
pub(crate) fn evidence(checks: &[FieldCheck]) -> Vec<Evidence> {
    let answered = |check: &FieldCheck| {
        let FieldCheckState::Answered { answer, .. } = &check.state else { return None };
        let words = format!("{}: {}, {}", check.id, finding_words(answer.finding), format::day(answer.found_on));
        Some(Evidence { id: check.id.0, words })
    };
    checks.iter().rev().filter_map(answered).collect()
}

/// A field check in words.
pub(crate) struct CheckLine {
    pub(crate) id: i64,
    pub(crate) question: String,
    pub(crate) asked: String,
    pub(crate) state: String,
    pub(crate) note: Option<String>,
    /// Whether it waits for its answer.
    pub(crate) waits: bool,
    /// Whether the visitor may enter it: who asked does not answer.
    pub(crate) may_answer: bool,
}

pub(crate) fn check_line(parts: &StewardTaskParts, check: &FieldCheck) -> CheckLine {
    let users = &parts.users;
    let (state, note) = match &check.state {
        FieldCheckState::Asked => ("No answer yet.".to_owned(), None),
        FieldCheckState::Answered { answer, by, at } => (
            format!(
                "Answer: {}, by {} on {}; entered by {}, {}.",
                finding_words(answer.finding),
                answer.found_by,
                format::day(answer.found_on),
                user_name(users, *by),
                format::instant(*at)
            ),
            Some(answer.note.clone()),
        ),
        FieldCheckState::Withdrawn { by, at } => {
            (format!("Withdrawn by {}, {}.", user_name(users, *by), format::instant(*at)), None)
        }
    };
    CheckLine {
        id: check.id.0,
        question: check.question.clone(),
        asked: format!(
            "Asked of {} by {}, {}.",
            check.office,
            user_name(users, check.asked_by),
            format::instant(check.asked)
        ),
        state,
        note,
        waits: check.state == FieldCheckState::Asked,
        may_answer: parts.visitor.user != Some(check.asked_by),
    }
}

/// Two field checks that ended.
pub(crate) fn sample_checks(sampler: &Sampler) -> Vec<FieldCheck> {
    let (by, at) = (UserId(2), Timestamp(1_795_300_000_000_000));
    let check = |id, state| FieldCheck {
        id: FieldCheckId(id),
        task: StewardTaskId(318),
        question: sampler.word.to_owned(),
        office: sampler.word.to_owned(),
        asked_by: by,
        asked: at,
        state,
    };
    let answer = FieldAnswer {
        finding: Finding::Same,
        found_by: sampler.word.to_owned(),
        found_on: at.day_ist(),
        note: sampler.word.to_owned(),
    };
    vec![check(1, FieldCheckState::Withdrawn { by, at }), check(2, FieldCheckState::Answered { answer, by, at })]
}
