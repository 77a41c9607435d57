//! What a steward does on the page of a golden record: confirms it, states a value, takes either back.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use kanak_codes::Codes;
use kanak_model::entity_model::{Attribute, EntityModel};
use kanak_model::kind::Kind;
use kanak_model::{Access, GoldenId, Language, OverrideId, Purpose, Role, UserId};
use kanak_store::{Confirmation, OverrideView, User, user_name};
use serde::Deserialize;

use crate::actions::{ActionError, GoldenAct};
use crate::error::PageError;
use crate::session::Signed;
use crate::state::DashboardState;
use crate::{format, values};

/// A confirmation as its form sends it; without a reason it is withdrawn.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {
    csrf: String,
    #[serde(default)]
    reason: Option<String>,
}

/// A stated value as its form sends it.
#[derive(Debug, Deserialize)]
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

/// `POST /golden-records/{id}/override`
pub(crate) async fn state_value(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    signed: Signed,
    Form(sent): Form<Stated>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let until = Some(sent.until.trim()).filter(|until| !until.is_empty()).map(str::parse::<NaiveDate>).transpose();
    let until = until.map_err(|_| PageError::Refused("the last day is no date; write it as 2027-03-31".to_owned()))?;
    let Stated { csrf, attribute, value, reason, .. } = sent;
    carry_out(&state, &signed, &id, &csrf, GoldenAct::Override { attribute, value, reason, until }).await
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
    let not_found = || PageError::NotFound { what: "golden record", name: id.to_owned() };
    let golden_id: GoldenId = id.parse().map_err(|_| not_found())?;
    match state.actions.act_on(&signed.user.caller, golden_id, act).await {
        Ok(()) => Ok(Redirect::to(&format!("/golden-records/{golden_id}?purpose=stewardship")).into_response()),
        Err(ActionError::Refused(reason)) => Err(PageError::Refused(reason)),
        Err(ActionError::NotFound) => Err(not_found()),
        Err(ActionError::Inside(inner)) => Err(PageError::Inside(inner)),
    }
}

/// What a steward may do here, and what stewards did.
pub(crate) struct Stewardship {
    pub(crate) confirmed: Option<ConfirmedBy>,
    /// The latest first.
    pub(crate) stated: Vec<StatedValue>,
    /// How many values and withdrawals wait for a second steward.
    pub(crate) proposed: usize,
    /// Attributes of which a value may be stated: name and title.
    pub(crate) attributes: Vec<(String, String)>,
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
) -> Result<Option<Stewardship>, PageError> {
    if access.purpose() != Purpose::Stewardship || !signed.user.caller.has(Role::Steward) {
        return Ok(None);
    }
    let store = &state.store;
    let confirmation = store.find_confirmation(id).await.map_err(PageError::inside)?;
    let stated = store.list_overrides_of(access, model, id).await.map_err(PageError::inside)?;
    let users = store.list_users().await.map_err(PageError::inside)?;
    let proposed = store.list_proposals_of_golden(id).await.map_err(PageError::inside)?.len();
    Ok(Some(build(
        &state.codes,
        model,
        access,
        signed.visit.language,
        &Found { confirmation, stated, proposed, users },
    )))
}

/// What the hub holds of what stewards did.
pub(crate) struct Found {
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) stated: Vec<OverrideView>,
    pub(crate) proposed: usize,
    pub(crate) users: Vec<User>,
}

pub(crate) fn build(
    codes: &Codes,
    model: &EntityModel,
    access: &Access,
    language: Language,
    found: &Found,
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
        attributes: model
            .attributes
            .iter()
            .filter(may_be_stated)
            .map(|attribute| (attribute.name.clone(), attribute.title().get(language).to_owned()))
            .collect(),
    }
}
