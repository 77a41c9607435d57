//! What waits for a second steward: decisions and values that one proposed, to be approved or turned down by another.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_codes::Codes;
use kanak_model::match_pair::Decision;
use kanak_model::{EntityModel, GoldenId, Language, ProposalId, Purpose, StewardTaskId, Timestamp, UserId};
use kanak_store::{Proposal, ProposedAct, User, user_name};
use serde::Deserialize;

use super::show_page;
use super::steward_task::decision_words;
use crate::actions::{ActionError, Verdict};
use crate::error::PageError;
use crate::proposals::{SeenProposal, list_seen};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{audit, format, values};

/// An approval as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Approved {
    csrf: String,
}

/// A rejection as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Rejected {
    csrf: String,
    #[serde(default)]
    reason: String,
}

/// Which page of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// The last proposal of the page before.
    #[serde(default)]
    after: Option<i64>,
}

/// So many proposals stand on a page.
const PAGE: u32 = 50;

/// `GET /proposals`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    page(&state, &signed, asked.after.map(ProposalId), None).await
}

/// `POST /proposals/{id}/approval`
pub(crate) async fn approve(
    State(state): State<DashboardState>,
    Path(id): Path<i64>,
    signed: Signed,
    Form(sent): Form<Approved>,
) -> Result<Response, PageError> {
    answer(&state, &signed, id, &sent.csrf, Verdict::Approve).await
}

/// `POST /proposals/{id}/rejection`
pub(crate) async fn turn_down(
    State(state): State<DashboardState>,
    Path(id): Path<i64>,
    signed: Signed,
    Form(sent): Form<Rejected>,
) -> Result<Response, PageError> {
    answer(&state, &signed, id, &sent.csrf, Verdict::TurnDown { reason: sent.reason }).await
}

async fn answer(
    state: &DashboardState,
    signed: &Signed,
    id: i64,
    csrf: &str,
    verdict: Verdict,
) -> Result<Response, PageError> {
    signed.check_csrf(csrf)?;
    signed.access(Purpose::Stewardship)?;
    match state.actions.answer(&signed.user.caller, ProposalId(id), verdict).await {
        Ok(()) => Ok(Redirect::to("/proposals").into_response()),
        Err(ActionError::Refused(reason)) => page(state, signed, None, Some(reason)).await,
        Err(ActionError::NotFound) => Err(PageError::NotFound { what: "proposal", name: id.to_string() }),
        Err(ActionError::Inside(inner)) => Err(PageError::Inside(inner)),
    }
}

async fn page(
    state: &DashboardState,
    signed: &Signed,
    after: Option<ProposalId>,
    error: Option<String>,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Stewardship)?;
    // One more than is shown tells whether there is a next page.
    let mut seen = list_seen(&state.store, &state.models, &access, after, PAGE + 1).await.map_err(PageError::inside)?;
    let has_more = seen.len() > PAGE as usize;
    seen.truncate(PAGE as usize);
    let next = seen.last().filter(|_| has_more).map(|one| one.proposal.id);
    audit::record(state, &access, "read proposals", seen.iter().map(|one| format!("proposal {}", one.proposal.id)))
        .await?;
    let users = state.store.list_users().await.map_err(PageError::inside)?;
    let shell = Shell::new("proposals", &signed.visit, state.made_up);
    let visitor = signed.user.caller.user;
    let page = ProposalsPage::build(shell, &state.codes, &state.models, &seen, &users, visitor);
    show_page(&ProposalsPage { next, error, ..page })
}

/// What waits for a second steward.
#[derive(Template)]
#[template(path = "pages/proposals.html")]
pub(crate) struct ProposalsPage {
    shell: Shell,
    waiting: Vec<Waiting>,
    /// After which proposal the next page begins; none where this is the last.
    next: Option<ProposalId>,
    error: Option<String>,
}

/// A proposal in words.
struct Waiting {
    id: i64,
    what: String,
    /// Where to look before answering: address and words.
    about: (String, String),
    policy: String,
    reason: String,
    by: String,
    at: String,
    /// Whether the visitor proposed it: then they take it back, and approve nothing.
    is_own: bool,
}

impl ProposalsPage {
    fn build(
        shell: Shell,
        codes: &Codes,
        models: &[EntityModel],
        seen: &[SeenProposal],
        users: &[User],
        visitor: Option<UserId>,
    ) -> Self {
        let language = shell.language();
        let waiting = |one: &SeenProposal| {
            let (what, about) = words(codes, models, language, one);
            let Proposal { id, policy, reason, by, at, .. } = &one.proposal;
            Waiting {
                id: id.0,
                what,
                about,
                policy: policy.clone(),
                reason: reason.clone(),
                by: user_name(users, *by),
                at: format::instant(*at),
                is_own: visitor == Some(*by),
            }
        };
        Self { waiting: seen.iter().map(waiting).collect(), next: None, error: None, shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let proposal = |id, by, act| Proposal {
            id: ProposalId(id),
            entity: "citizen".to_owned(),
            act,
            policy: "a match of a probability below 0.3".to_owned(),
            reason: sampler.word.to_owned(),
            by: UserId(by),
            at: Timestamp(1_795_422_900_000_000),
            ended: None,
        };
        let decide = ProposedAct::Decide { task: StewardTaskId(318), decision: Decision::Match, evidence: None };
        let stated = ProposedAct::Override {
            golden_id: GoldenId(4_711),
            attribute: "mobile".to_owned(),
            value: "9876543210".to_owned(),
            expires: None,
        };
        let seen = [
            SeenProposal { proposal: proposal(1, 2, decide), value: None },
            SeenProposal { proposal: proposal(2, 1, stated), value: Some("9876543210".to_owned()) },
            SeenProposal { proposal: proposal(3, 2, ProposedAct::Undo { task: StewardTaskId(319) }), value: None },
        ];
        let page = Self::build(sampler.shell("proposals"), &sampler.codes, &models, &seen, &[], Some(UserId(1)));
        Self { next: Some(ProposalId(3)), error: Some(sampler.word.to_owned()), ..page }
    }
}

/// What is proposed, and where to look before answering.
fn words(codes: &Codes, models: &[EntityModel], language: Language, seen: &SeenProposal) -> (String, (String, String)) {
    let model = models.iter().find(|model| model.name == seen.proposal.entity);
    let title = |attribute: &str| {
        let found = model.and_then(|model| model.find_attribute(attribute));
        found.map_or_else(|| attribute.to_owned(), |found| found.title().get(language).to_owned())
    };
    let about_task = |task: &StewardTaskId| (format!("/steward-tasks/{task}"), format!("steward task {task}"));
    let about_golden =
        |id: &GoldenId| (format!("/golden-records/{id}?purpose=stewardship"), format!("golden record {id}"));
    match &seen.proposal.act {
        ProposedAct::Decide { task, decision, .. } => {
            (format!("Decide: {}", decision_words(*decision)), about_task(task))
        }
        ProposedAct::Undo { task } => ("Undo a decision".to_owned(), about_task(task)),
        ProposedAct::Override { golden_id, attribute, expires, .. } => {
            let found = model.and_then(|model| model.find_attribute(attribute));
            let value = seen.value.as_deref().zip(found);
            let value = value.map_or_else(
                || "not shown to you".to_owned(),
                |(value, found)| values::show(found, value, codes, language),
            );
            let until =
                expires.map_or_else(String::new, |at| format!(", to the end of {}", format::day(at.last_day_ist())));
            (format!("State a value: {}: {value}{until}", title(attribute)), about_golden(golden_id))
        }
        ProposedAct::WithdrawConfirmation { golden_id } => {
            ("Withdraw a confirmation".to_owned(), about_golden(golden_id))
        }
        ProposedAct::WithdrawOverride { golden_id, attribute, .. } => {
            (format!("Withdraw a stated value: {}", title(attribute)), about_golden(golden_id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_offered_to_approve_their_own() {
        let page = ProposalsPage::sample(&Sampler::new(Language::En, "word")).render().unwrap();
        assert!(page.contains("/proposals/1/approval\"") && page.contains("/proposals/1/rejection\""));
        assert!(!page.contains("/proposals/2/approval\"") && page.contains("/proposals/2/rejection\""));
        assert!(page.contains("State a value: Mobile: 9876543210") && page.contains("/steward-tasks/318\""));
        assert!(page.contains("Undo a decision") && page.contains("/proposals?after=3\""));
    }
}
