//! What waits for a steward's word: decisions and values that one proposed, to be approved or turned down by another, and what
//! departments object to.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_codes::Codes;
use kanak_model::match_pair::Decision;
use kanak_model::{EntityModel, GoldenId, Language, ProposalId, Purpose, StewardTaskId, UserId};
use kanak_store::{
    DepartmentAnswer, Proposal, ProposalEnd, ProposalOutcome, ProposedAct, SourceSystemRow, User, user_name,
};
use serde::Deserialize;

use super::show_page;
use super::steward_task::decision_words;
use crate::actions::{ActionError, Verdict};
use crate::component::{Cell, Head, Table};
use crate::department_answers::{AnswerLine, lines};
use crate::error::PageError;
use crate::number::Number;
use crate::proposals::{SeenProposal, list_rejected, list_seen};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{audit, department_answers, format, values};

/// An approval, or that note was taken, as its form sends it.
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

/// So many proposals stand on a page, and so many objections of departments over them.
const PAGE: u32 = 50;
/// So many rejected ones stand under them.
const REJECTED_SHOWN: u32 = 20;

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
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Approved>,
) -> Result<Response, PageError> {
    answer(&state, &signed, id, &sent.csrf, Verdict::Approve).await
}

/// `POST /proposals/{id}/rejection`
pub(crate) async fn turn_down(
    State(state): State<DashboardState>,
    Number(id): Number,
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
    let done = state.actions.answer(&signed.user.caller, ProposalId(id), verdict).await;
    after(state, signed, done, ("proposal", id)).await
}

/// `POST /proposals/answers/{id}/note`
pub(crate) async fn take_note(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Approved>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let done = state.actions.take_note(&signed.user.caller, id).await;
    after(&state, &signed, done, ("department's answer", id)).await
}

/// Back to the page when it is done; the page with the reason when it is not.
async fn after(
    state: &DashboardState,
    signed: &Signed,
    done: Result<(), ActionError>,
    (what, id): (&'static str, i64),
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to("/proposals").into_response()),
        Err(ActionError::Refused(reason) | ActionError::Unfit { why: reason, .. }) => {
            page(state, signed, None, Some(format::in_ist(&reason))).await
        }
        Err(ActionError::NotFound) => Err(PageError::NotFound { what, name: id.to_string() }),
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
    let store = &state.store;
    // What departments object to and what was rejected stands on the first page.
    let (rejected, answers) = match after {
        Some(_) => (Vec::new(), Vec::new()),
        None => (
            list_rejected(store, &state.models, &access, REJECTED_SHOWN).await.map_err(PageError::inside)?,
            store.list_department_answers(&access, None, None, PAGE).await.map_err(PageError::inside)?,
        ),
    };
    let read = seen.iter().chain(&rejected).map(|one| format!("proposal {}", one.proposal.id));
    audit::record(state, &access, "read proposals", read).await?;
    audit::record(state, &access, "read department's answer", answers.iter().map(|one| one.golden_id)).await?;
    let parts = Parts {
        seen,
        rejected,
        answers,
        sources: store.list_source_systems().await.map_err(PageError::inside)?,
        users: store.list_users().await.map_err(PageError::inside)?,
        visitor: signed.user.caller.user,
    };
    let shell = Shell::new("proposals", &signed.visit, state.made_up);
    let page = ProposalsPage::build(shell, &state.codes(), &state.models, &parts);
    show_page(&ProposalsPage { next, error, ..page })
}

/// What the page is made of, as the hub answers.
struct Parts {
    seen: Vec<SeenProposal>,
    rejected: Vec<SeenProposal>,
    answers: Vec<DepartmentAnswer>,
    /// The registers, with their titles.
    sources: Vec<SourceSystemRow>,
    users: Vec<User>,
    visitor: Option<UserId>,
}

/// What waits for a steward's word.
#[derive(Template)]
#[template(path = "pages/proposals.html")]
pub(crate) struct ProposalsPage {
    shell: Shell,
    waiting: Vec<Waiting>,
    /// What departments object to and no steward has taken note of, the latest first.
    answers: Vec<AnswerLine>,
    /// What was rejected, the latest first; nothing where nothing was.
    rejected: Option<Table>,
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
    fn build(shell: Shell, codes: &Codes, models: &[EntityModel], parts: &Parts) -> Self {
        let language = shell.language();
        let users = &parts.users;
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
                is_own: parts.visitor == Some(*by),
            }
        };
        let rejected = rejected_table(codes, models, language, &parts.rejected, users);
        Self {
            waiting: parts.seen.iter().map(waiting).collect(),
            answers: lines(&parts.answers, &parts.sources, models, users, language),
            rejected: (!parts.rejected.is_empty()).then_some(rejected),
            next: None,
            error: None,
            shell,
        }
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
            at: crate::samples::NOW,
            ended: None,
        };
        let decide = ProposedAct::Decide { task: StewardTaskId(318), decision: Decision::Match, evidence: None };
        let stated = ProposedAct::Override {
            golden_id: GoldenId(4_711),
            attribute: "mobile".to_owned(),
            value: "9876543210".to_owned(),
            expires: None,
        };
        let seen = vec![
            SeenProposal { proposal: proposal(1, 2, decide), value: None },
            SeenProposal { proposal: proposal(2, 1, stated), value: Some("9876543210".to_owned()) },
            SeenProposal { proposal: proposal(3, 2, ProposedAct::Undo { task: StewardTaskId(319) }), value: None },
        ];
        let ended = ProposalEnd {
            outcome: ProposalOutcome::Rejected,
            by: Some(UserId(1)),
            at: crate::samples::NOW,
            reason: Some(sampler.word.to_owned()),
        };
        let undo = proposal(4, 2, ProposedAct::Undo { task: StewardTaskId(320) });
        let parts = Parts {
            rejected: vec![SeenProposal { proposal: Proposal { ended: Some(ended), ..undo }, value: None }],
            answers: department_answers::sample(sampler),
            sources: Vec::new(),
            users: Vec::new(),
            visitor: Some(UserId(1)),
            seen,
        };
        let page = Self::build(sampler.shell("proposals"), &sampler.codes, &models, &parts);
        Self { next: Some(ProposalId(3)), error: Some(sampler.word.to_owned()), ..page }
    }
}

/// What was rejected, with the words of who proposed and of who rejected it.
fn rejected_table(
    codes: &Codes,
    models: &[EntityModel],
    language: Language,
    rejected: &[SeenProposal],
    users: &[User],
) -> Table {
    let row = |one: &SeenProposal| {
        let (what, about) = words(codes, models, language, one);
        let ended = one.proposal.ended.as_ref();
        let by = ended.and_then(|end| end.by).map(|by| user_name(users, by));
        let at = ended.map(|end| format::instant(end.at)).unwrap_or_default();
        let quoted = |words: &str| if words.is_empty() { String::new() } else { format!("“{words}”") };
        vec![
            Cell::text(about.1).link(about.0).under(what),
            Cell::text(user_name(users, one.proposal.by)).under(quoted(&one.proposal.reason)),
            Cell::maybe(by).under(at),
            Cell::maybe(ended.and_then(|end| end.reason.as_deref()).map(quoted)),
        ]
    };
    Table {
        caption: format!("The latest {REJECTED_SHOWN} proposals that a second steward rejected, the latest first."),
        heads: vec![
            Head::word(language, "proposal"),
            Head::word(language, "proposed_by"),
            Head::word(language, "rejected_by"),
            Head::word(language, "reason"),
        ],
        rows: rejected.iter().map(row).collect(),
        total: None,
        empty: "No proposal was rejected.".to_owned(),
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
        assert!(page.contains("/proposals/answers/2/note\"") && !page.contains("/proposals/answers/1/note\""), "noted");
    }
}
