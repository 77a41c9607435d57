//! What a steward does on the page of a golden record: confirms it, states a value, takes either back.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use kanak_codes::Codes;
use kanak_engine::standardize::redact;
use kanak_model::entity_model::{Attribute, EntityModel};
use kanak_model::kind::Kind;
use kanak_model::{Access, GoldenId, Language, OverrideId, Purpose, Role, UserId};
use kanak_store::{Confirmation, DepartmentAnswer, OverrideView, SourceSystemRow, User, user_name};
use serde::Deserialize;

use super::super::show_page;
use super::{Asked, read_page};
use crate::actions::{ActionError, GoldenAct, StatedField};
use crate::department_answers::{AnswerLine, lines};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::state::DashboardState;
use crate::{audit, format, values};

/// A confirmation as its form sends it; without a reason it is withdrawn.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {
    csrf: String,
    #[serde(default)]
    reason: Option<String>,
}

/// A stated value as its form sends it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stated {
    csrf: String,
    attribute: String,
    value: String,
    reason: String,
    #[serde(default)]
    until: String,
}

/// The withdrawal of a stated value as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Withdrawn {
    csrf: String,
    stated: i64,
}

/// That a steward took note of a department's answer, as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Noted {
    csrf: String,
    answer: i64,
}

/// `POST /golden-records/{id}/confirmation`
pub(crate) async fn confirm(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
    Form(sent): Form<Confirmed>,
) -> Result<Response, PageError> {
    let act = match sent.reason {
        Some(reason) => GoldenAct::Confirm { reason },
        None => GoldenAct::WithdrawConfirmation,
    };
    carry_out(&state, &signed, &id, &sent.csrf, act).await
}

/// `POST /golden-records/{id}/override`: where it is refused, the page comes back with what was typed.
pub(crate) async fn state_value(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
    Form(sent): Form<Stated>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let golden_id = parse_id(&id)?;
    let done = match last_day(&sent.until) {
        Ok(until) => {
            let Stated { attribute, value, reason, .. } = sent.clone();
            let act = GoldenAct::Override { attribute, value, reason, until };
            state.actions.act_on(&signed.user.caller, golden_id, act).await
        }
        Err(refused) => Err(refused),
    };
    let refused = match done {
        Err(ActionError::Refused(why)) => Refused::of(None, why, &sent),
        Err(ActionError::Unfit { field, why }) => Refused::of(Some(field), why, &sent),
        done => return after(golden_id, done),
    };
    let asked = Asked::default();
    let page = Box::pin(read_page(&state, &signed, &id, Purpose::Stewardship, &asked, Some(refused))).await?;
    Ok((StatusCode::CONFLICT, show_page(&page)?).into_response())
}

/// The last day as the form sends it; empty: none.
fn last_day(until: &str) -> Result<Option<NaiveDate>, ActionError> {
    let until = Some(until.trim()).filter(|until| !until.is_empty()).map(str::parse::<NaiveDate>).transpose();
    until.map_err(|_| ActionError::Unfit {
        field: StatedField::Until,
        why: "the last day is no date; write it as 2027-03-31".to_owned(),
    })
}

/// `POST /golden-records/{id}/override/withdrawal`
pub(crate) async fn withdraw_value(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
    Form(sent): Form<Withdrawn>,
) -> Result<Response, PageError> {
    carry_out(&state, &signed, &id, &sent.csrf, GoldenAct::WithdrawOverride(OverrideId(sent.stated))).await
}

/// `POST /golden-records/{id}/note`
pub(crate) async fn take_note(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
    Form(sent): Form<Noted>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let golden_id = parse_id(&id)?;
    after(golden_id, state.actions.take_note(&signed.user.caller, sent.answer).await)
}

/// Back to the golden record when it is done; what stands against it when it is not.
async fn carry_out(
    state: &DashboardState,
    signed: &Signed,
    id: &str,
    csrf: &str,
    act: GoldenAct,
) -> Result<Response, PageError> {
    signed.check_csrf(csrf)?;
    signed.access(Purpose::Stewardship)?;
    let golden_id = parse_id(id)?;
    after(golden_id, state.actions.act_on(&signed.user.caller, golden_id, act).await)
}

fn parse_id(id: &str) -> Result<GoldenId, PageError> {
    id.parse().map_err(|_| not_found(id))
}

fn not_found(id: &str) -> PageError {
    PageError::NotFound { what: "golden record", name: id.to_owned() }
}

fn after(id: GoldenId, done: Result<(), ActionError>) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/golden-records/{id}?purpose=stewardship")).into_response()),
        Err(ActionError::Refused(why) | ActionError::Unfit { why, .. }) => Err(PageError::Refused(why)),
        Err(ActionError::NotFound) => Err(not_found(&id.to_string())),
        Err(ActionError::Inside(inner)) => Err(PageError::Inside(inner)),
    }
}

/// A stated value that was refused, and what was typed.
pub(crate) struct Refused {
    /// The field that must say something else; `None` where it is none of them.
    field: Option<StatedField>,
    pub(crate) why: String,
    typed: Typed,
}

/// What stands in the fields of the form of a stated value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    pub(crate) attribute: String,
    pub(crate) value: String,
    pub(crate) until: String,
    pub(crate) reason: String,
}

impl Refused {
    fn of(field: Option<StatedField>, why: String, sent: &Stated) -> Self {
        // A page repeats no Aadhaar number, not even to who typed it.
        let shown = |text: &str| redact(text).into_owned();
        let typed = Typed {
            attribute: sent.attribute.clone(),
            value: shown(&sent.value),
            until: shown(&sent.until),
            reason: shown(&sent.reason),
        };
        Self { field, why, typed }
    }
}

/// What a steward may do here, and what stewards did.
pub(crate) struct Stewardship {
    pub(crate) confirmed: Option<ConfirmedBy>,
    /// The latest first.
    pub(crate) stated: Vec<StatedValue>,
    /// How many values and withdrawals wait for a second steward.
    pub(crate) proposed: usize,
    /// What departments said of it, the latest first.
    pub(crate) answers: Vec<AnswerLine>,
    /// Attributes of which a value may be stated: name and title.
    pub(crate) attributes: Vec<(String, String)>,
    /// What stands in the form of a stated value.
    pub(crate) typed: Typed,
    /// What is wrong with a field of it.
    unfit: Option<(StatedField, String)>,
}

impl Stewardship {
    /// What is wrong with a field of the form of a stated value.
    pub(crate) fn unfit(&self, field: &str) -> Option<&str> {
        self.unfit.as_ref().filter(|(unfit, _)| unfit.word() == field).map(|(_, why)| why.as_str())
    }
}

/// Who confirmed the golden record.
pub(crate) struct ConfirmedBy {
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) reason: String,
    /// It goes when the decision that brought it is undone, and not by itself.
    pub(crate) by_decision: bool,
}

/// A value that a steward stated.
pub(crate) struct StatedValue {
    pub(crate) id: i64,
    pub(crate) attribute: String,
    pub(crate) value: String,
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) reason: String,
    /// Until when it holds, or when and how it ended.
    pub(crate) end: String,
    pub(crate) holds: bool,
}

/// What a steward sees and may do; nothing for anyone else and for other purposes.
pub(crate) async fn read(
    state: &DashboardState,
    signed: &Signed,
    access: &Access,
    model: &EntityModel,
    id: GoldenId,
    sources: &[SourceSystemRow],
    refused: Option<&Refused>,
) -> Result<Option<Stewardship>, PageError> {
    if access.purpose() != Purpose::Stewardship || !signed.user.caller.has(Role::Steward) {
        return Ok(None);
    }
    let store = &state.store;
    let confirmation = store.find_confirmation(id).await.map_err(PageError::inside)?;
    let stated = store.list_overrides_of(access, model, id).await.map_err(PageError::inside)?;
    let users = store.list_users().await.map_err(PageError::inside)?;
    let proposed = store.list_proposals_of_golden(id).await.map_err(PageError::inside)?.len();
    let answers = store.list_department_answers(access, Some(id), None, ANSWERS_MAX).await;
    let answers = answers.map_err(PageError::inside)?;
    audit::record(state, access, "read department's answer", answers.iter().map(|one| one.golden_id)).await?;
    let found = Found { confirmation, stated, proposed, answers, users, sources, refused };
    Ok(Some(build(&state.codes(), model, access, signed.visit.language, &found)))
}

/// So many answers of departments stand on the page.
const ANSWERS_MAX: u32 = 50;

/// What the hub holds of what stewards did and departments said, and the stated value that it just refused.
pub(crate) struct Found<'a> {
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) stated: Vec<OverrideView>,
    pub(crate) proposed: usize,
    pub(crate) answers: Vec<DepartmentAnswer>,
    pub(crate) users: Vec<User>,
    pub(crate) sources: &'a [SourceSystemRow],
    pub(crate) refused: Option<&'a Refused>,
}

/// A stated value that does not fit.
pub(crate) fn sample_refused(sampler: &Sampler) -> Refused {
    let word = || sampler.word.to_owned();
    let typed = Typed { attribute: "mobile".to_owned(), value: word(), until: word(), reason: word() };
    Refused { field: Some(StatedField::Value), why: word(), typed }
}

pub(crate) fn build(
    codes: &Codes,
    model: &EntityModel,
    access: &Access,
    language: Language,
    found: &Found<'_>,
) -> Stewardship {
    let name = |id: UserId| user_name(&found.users, id);
    let stated = |one: &OverrideView| {
        let attribute = model.find_attribute(&one.attribute);
        let value = one.value.as_deref().zip(attribute);
        StatedValue {
            id: one.id.0,
            attribute: attribute.map_or_else(|| one.attribute.clone(), |found| found.title().get(language).to_owned()),
            value: value.map_or_else(
                || "not shown to you".to_owned(),
                |(value, attribute)| values::show(attribute, value, codes, language),
            ),
            by: name(one.by),
            at: format::instant(one.at),
            reason: one.reason.clone(),
            end: match (one.ended, one.ended_by, one.expires) {
                (Some(ended), Some(by), _) => format!("withdrawn by {} {}", name(by), format::instant(ended)),
                (Some(ended), None, _) => format!("expired {}", format::instant(ended)),
                (None, _, Some(expires)) => format!("holds to the end of {}", format::day(expires.last_day_ist())),
                (None, _, None) => "holds until it is withdrawn".to_owned(),
            },
            holds: one.ended.is_none(),
        }
    };
    let may_be_stated = |attribute: &&Attribute| attribute.kind != Kind::Aadhaar && access.shows(attribute.class);
    Stewardship {
        confirmed: found.confirmation.as_ref().map(|one| ConfirmedBy {
            by: name(one.by),
            at: format::instant(one.at),
            reason: one.reason.clone(),
            by_decision: one.by_decision,
        }),
        stated: found.stated.iter().map(stated).collect(),
        proposed: found.proposed,
        answers: lines(&found.answers, found.sources, std::slice::from_ref(model), &found.users, language),
        attributes: model
            .attributes
            .iter()
            .filter(may_be_stated)
            .map(|attribute| (attribute.name.clone(), attribute.title().get(language).to_owned()))
            .collect(),
        typed: found.refused.map(|refused| refused.typed.clone()).unwrap_or_default(),
        unfit: found.refused.and_then(|refused| Some((refused.field?, refused.why.clone()))),
    }
}
