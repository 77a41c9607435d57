//! One doubtful pair: both source records side by side, why the rules doubt, and the decision.

pub(crate) mod acts;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_codes::Codes;
use kanak_model::entity_model::{EntityModel, Thresholds};
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::steward_task::{Escalation, FieldCheck, FieldCheckState, StewardTask, TaskState};
use kanak_model::{Caller, FieldCheckId, GoldenId, Language, Purpose, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::{ProposedAct, StoreError, TaskCursor, TaskFilter, TaskQuery, User, user_name};
use serde::Deserialize;

use self::acts::{CheckLine, Evidence, Hand};
use super::golden_record::{Member, sample_members, stated_cell, to_member};
use super::show_page;
use crate::actions::{ActionError, ExplanationRow, ExplanationView};
use crate::audit;
use crate::component::{Cell, Drawn, Head, Opened, Table, Tone, Waterfall};
use crate::error::PageError;
use crate::format;
use crate::number::Number;
use crate::rules_in_force::{self, RulesInForce};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;

/// A decision as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Decided {
    csrf: String,
    decision: String,
    reason: String,
    /// The answered field check that it rests on.
    #[serde(default)]
    field_check: Option<i64>,
}

/// An undoing as its form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Undone {
    csrf: String,
}

const REASON_CHARACTERS_MAX: usize = 500;

/// `GET /steward-tasks/{id}`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
) -> Result<Response, PageError> {
    show_page(&read(&state, &signed, StewardTaskId(id), None).await?)
}

/// `POST /steward-tasks/{id}/decision`
pub(crate) async fn decide(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Decided>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let task = StewardTaskId(id);
    let reason: String = sent.reason.trim().chars().take(REASON_CHARACTERS_MAX).collect();
    let decision = Decision::find(&sent.decision).filter(|decision| *decision != Decision::Review);
    let done = match decision {
        _ if reason.is_empty() => Err(ActionError::Refused("Write the reason of the decision.".to_owned())),
        None => Err(ActionError::Refused("Choose match or no match.".to_owned())),
        Some(decision) => {
            let evidence = sent.field_check.map(FieldCheckId);
            state.actions.decide(&signed.user.caller, task, decision, reason, evidence).await
        }
    };
    after(&state, &signed, task, done).await
}

/// `POST /steward-tasks/{id}/undo`
pub(crate) async fn undo(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Form<Undone>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    signed.access(Purpose::Stewardship)?;
    let task = StewardTaskId(id);
    let done = state.actions.undo(&signed.user.caller, task).await;
    after(&state, &signed, task, done).await
}

/// Back to the task when it is done; the task with the reason when it is not.
async fn after(
    state: &DashboardState,
    signed: &Signed,
    task: StewardTaskId,
    done: Result<(), ActionError>,
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/steward-tasks/{task}")).into_response()),
        Err(ActionError::Refused(reason) | ActionError::Unfit { why: reason, .. }) => {
            show_page(&read(state, signed, task, Some(format::in_ist(&reason))).await?)
        }
        Err(error) => Err(not_acted(error, task)),
    }
}

fn not_acted(error: ActionError, task: StewardTaskId) -> PageError {
    match error {
        ActionError::Refused(reason) | ActionError::Unfit { why: reason, .. } => PageError::Refused(reason),
        ActionError::NotFound => PageError::NotFound { what: "steward task", name: task.to_string() },
        ActionError::Inside(inner) => PageError::Inside(inner),
    }
}

async fn read(
    state: &DashboardState,
    signed: &Signed,
    id: StewardTaskId,
    error: Option<String>,
) -> Result<StewardTaskPage, PageError> {
    let access = signed.access(Purpose::Stewardship)?;
    let not_found = || PageError::NotFound { what: "steward task", name: id.to_string() };
    let store = &state.store;
    let entity = store.find_steward_task_entity(id).await.map_err(PageError::inside)?.ok_or_else(not_found)?;
    let model = state.find_model(&entity).ok_or_else(not_found)?;
    let view = store.get_steward_task(&access, model, id).await.map_err(|error| match error {
        StoreError::NotFound { .. } => not_found(),
        other => PageError::inside(other),
    })?;
    audit::record(state, &access, "read steward task", [audited_as(id)]).await?;
    let pair = view.task.pair;
    // A task must open, and its decision must be undone, whether or not the pair can still be weighed: a source record
    // may be retired by now. A fault inside is logged where it happened.
    let explanation = state.actions.explain(&access, pair.left, pair.right).await.ok();
    let rules = RulesInForce::find(store, &entity).await?;
    // The one after this in the queue; from its end, and from tasks that left it, the first.
    let open = TaskQuery { entity: Some(&entity), ..TaskQuery::new(TaskFilter::Open, 2) };
    let after = TaskQuery { after: Some(TaskCursor::after(&view.task)), ..open };
    let mut waiting = store.list_steward_tasks(&access, &after).await.map_err(PageError::inside)?;
    if waiting.is_empty() {
        waiting = store.list_steward_tasks(&access, &open).await.map_err(PageError::inside)?;
    }
    let next = waiting.into_iter().map(|task| task.id).find(|task| *task != id);
    let proposal = store.find_proposal_of_task(id).await.map_err(PageError::inside)?;
    let users = store.list_users().await.map_err(PageError::inside)?;
    let titles = store.list_source_systems().await.map_err(PageError::inside)?;
    let language = signed.visit.language;
    let parts = StewardTaskParts {
        left: to_member(view.left, &titles, language),
        right: to_member(view.right, &titles, language),
        left_golden: view.left_golden,
        right_golden: view.right_golden,
        both_confirmed: view.both_confirmed,
        reason: view.reason,
        evidence: view.evidence,
        field_checks: view.field_checks,
        undo_proposed_by: proposal.filter(|one| matches!(one.act, ProposedAct::Undo { .. })).map(|one| one.by),
        task: view.task,
        visitor: signed.user.caller.clone(),
        now: state.clock.now(),
        users,
        explanation,
        rules,
        next,
        error,
    };
    let shell = Shell::new("steward_task", &signed.visit, state.made_up);
    Ok(StewardTaskPage::build(shell, &state.codes(), model, parts))
}

/// What the audit trail calls a task that shows two people's values.
pub(crate) fn audited_as(task: StewardTaskId) -> String {
    format!("steward task {task}")
}

/// One steward task.
#[derive(Template)]
#[template(path = "pages/steward_task.html")]
pub(crate) struct StewardTaskPage {
    shell: Shell,
    id: i64,
    entity: String,
    opened: String,
    /// What hangs on the answer.
    priority: String,
    state: (Tone, &'static str),
    /// Of the two golden records, by all that their source records tell: match weight in bits and match probability.
    together: (String, String),
    /// Of the two source records by themselves.
    by_themselves: Option<(String, String)>,
    /// Where match and review begin under the rules in force, as probabilities.
    thresholds: Option<(String, String)>,
    sentence: String,
    /// Rules do not join these two, however sure they are: stewards confirmed both.
    both_confirmed: bool,
    on_match: String,
    on_no_match: String,
    sides: Table,
    /// How the weight adds up, where the pair can be weighed.
    weights: Option<Drawn>,
    act: Act,
    /// Who works on it, and what the visitor may do about that.
    hand: Hand,
    /// What officers were asked to find out on the spot, and what they found.
    checks: Vec<CheckLine>,
    error: Option<String>,
    /// The next open task, for a steward who works through the queue.
    next: Option<StewardTaskId>,
}

/// What a steward can do here.
enum Act {
    /// Decide. Of answered field checks the decision names one.
    Decide { evidence: Vec<Evidence> },
    /// Take the decision back.
    Undo {
        decision: String,
        by: String,
        at: String,
        reason: Option<String>,
        evidence: Option<i64>,
        /// That somebody proposes it, and a second steward has to answer.
        proposed: Option<String>,
    },
    /// Nothing now: another steward holds it, it waits for a further role, or for the answer of a field check.
    Wait { why: String },
    /// Nothing: a later resolution no longer doubts the pair.
    Nothing,
}

/// What the page is made of, as the hub and the engine answer.
pub(crate) struct StewardTaskParts {
    pub(crate) task: StewardTask,
    pub(crate) left: Member,
    pub(crate) right: Member,
    pub(crate) left_golden: Option<GoldenId>,
    pub(crate) right_golden: Option<GoldenId>,
    pub(crate) both_confirmed: bool,
    pub(crate) reason: Option<String>,
    /// The field check that the decision names.
    pub(crate) evidence: Option<FieldCheckId>,
    pub(crate) field_checks: Vec<FieldCheck>,
    /// Who proposed that its decision is undone.
    pub(crate) undo_proposed_by: Option<UserId>,
    /// Who looks.
    pub(crate) visitor: Caller,
    pub(crate) now: Timestamp,
    /// Who signs in, for their names.
    pub(crate) users: Vec<User>,
    /// How the rules in force weigh the pair; none where one of its source records is no longer live.
    pub(crate) explanation: Option<ExplanationView>,
    pub(crate) rules: Option<RulesInForce>,
    pub(crate) next: Option<StewardTaskId>,
    /// Why the last act on this page was not done.
    pub(crate) error: Option<String>,
}

const NOT_WEIGHED: &str = "The pair cannot be weighed any more: one of its source records is gone from its register, or the rules \
     cannot be read. Probability and weight are those with which the task was opened.";

impl StewardTaskPage {
    pub(crate) fn build(shell: Shell, codes: &Codes, model: &EntityModel, parts: StewardTaskParts) -> Self {
        let language = shell.language();
        let act = act(&parts);
        let hand = acts::hand(&parts);
        let checks = parts.field_checks.iter().map(|check| acts::check_line(&parts, check)).collect();
        let (explained, pair) = (parts.explanation.as_ref(), parts.task.pair);
        let thresholds = parts.rules.as_ref().and_then(|rules| rules.thresholds);
        let (on_match, on_no_match) = consequences(parts.left_golden, parts.right_golden);
        Self {
            id: parts.task.id.0,
            entity: model.title.get(language).to_owned(),
            opened: format::instant(parts.task.opened),
            priority: format::decimal(parts.task.priority, 2),
            state: state_words(&parts.task.state),
            together: (format::bits(pair.weight_bits), format::probability(pair.probability)),
            by_themselves: explained
                .map(|one| (format::bits(one.match_weight_bits()), format::probability(one.probability))),
            thresholds: thresholds.map(|one| (format::probability(one.matched), format::probability(one.review))),
            both_confirmed: parts.both_confirmed,
            on_match,
            on_no_match,
            sides: sides(codes, model, language, &parts),
            weights: explained.map(|one| weights(one, thresholds, &parts)),
            sentence: parts.explanation.map_or_else(|| NOT_WEIGHED.to_owned(), |one| one.sentence),
            act,
            hand,
            checks,
            error: parts.error,
            next: parts.next,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        Self::sample_in(sampler, TaskState::Open)
    }

    /// The sample after a decision.
    pub(crate) fn sample_decided(sampler: &Sampler) -> Self {
        let at = crate::samples::NOW;
        Self::sample_in(sampler, TaskState::Decided { by: UserId(2), at, decision: Decision::Match, escalation: None })
    }

    /// The sample of a task that another steward holds.
    pub(crate) fn sample_held(sampler: &Sampler) -> Self {
        let (at, until) = (crate::samples::NOW, Timestamp(1_799_000_000_000_000));
        let escalation = Some(Escalation { by: UserId(2), at, to: Role::Supervisor, reason: sampler.word.to_owned() });
        let reason = sampler.word.to_owned();
        Self::sample_in(sampler, TaskState::Deferred { by: UserId(2), at, until, reason, escalation })
    }

    fn sample_in(sampler: &Sampler, state: TaskState) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let mut members = sample_members(sampler);
        let (right, left) = (members.remove(2), members.remove(1));
        let row = |attribute: &str, level: &str, weight_bits| ExplanationRow {
            attribute: attribute.to_owned(),
            left: None,
            right: None,
            level: level.to_owned(),
            weight_bits,
        };
        let rows = vec![
            row("Name", "sounds alike", 7.9),
            row("Father's name / Spouse's name", "exact", 8.4),
            row("Sex", "exact", 1.0),
            row("Date of birth", "day and month swapped", 4.2),
            row("Mobile", "different", -1.7),
            row("District", "exact", 3.1),
            row("PIN", "not stated on one side", 0.0),
        ];
        let pair = MatchPair {
            left: left.id,
            right: right.id,
            weight_bits: 22.9,
            probability: 0.87,
            decision: Decision::Review,
        };
        let parts = StewardTaskParts {
            task: StewardTask {
                id: StewardTaskId(318),
                entity: "citizen".to_owned(),
                pair,
                priority: 4.25,
                opened: Timestamp(1_795_000_000_000_000),
                state,
            },
            left,
            right,
            left_golden: Some(GoldenId(4_711)),
            right_golden: Some(GoldenId(9_302)),
            both_confirmed: true,
            reason: Some(sampler.word.to_owned()),
            evidence: Some(FieldCheckId(2)),
            field_checks: acts::sample_checks(sampler),
            undo_proposed_by: None,
            visitor: Caller { user: Some(UserId(1)), ..sampler.caller() },
            now: crate::samples::NOW,
            users: Vec::new(),
            explanation: Some(ExplanationView {
                prior_bits: -20.2,
                total_bits: 2.7,
                probability: 0.87,
                decision: Decision::Review,
                sentence: format!(
                    "The names sound alike and the father's name is equal; the mobile differs. {}",
                    sampler.word
                ),
                rows,
            }),
            rules: Some(rules_in_force::sample(0.99, 0.5)),
            next: Some(StewardTaskId(319)),
            error: Some(sampler.word.to_owned()),
        };
        Self::build(sampler.shell("steward_task"), &sampler.codes, &models[0], parts)
    }
}

/// What the visitor can do with the task.
fn act(parts: &StewardTaskParts) -> Act {
    match &parts.task.state {
        TaskState::Lapsed => return Act::Nothing,
        TaskState::Decided { by, at, decision, .. } => {
            return Act::Undo {
                decision: decision_words(*decision).to_owned(),
                by: user_name(&parts.users, *by),
                at: format::instant(*at),
                reason: parts.reason.clone(),
                evidence: parts.evidence.map(|check| check.0),
                proposed: parts.undo_proposed_by.map(|by| {
                    let by = user_name(&parts.users, by);
                    format!("{by} proposed to undo it. A second steward approves or rejects that among the proposals.")
                }),
            };
        }
        TaskState::Open
        | TaskState::Claimed { .. }
        | TaskState::Deferred { .. }
        | TaskState::Escalated(_)
        | TaskState::Proposed { .. } => {}
    }
    if let Err(refused) = parts.task.decide(acts::actor(parts), parts.now, Decision::NoMatch) {
        return Act::Wait { why: acts::refusal_words(parts, &refused) };
    }
    if let Some(waits) = parts.field_checks.iter().find(|check| check.state == FieldCheckState::Asked) {
        let why = format!(
            "Field check {} waits for its answer from {}: enter the answer, or withdraw the question.",
            waits.id, waits.office
        );
        return Act::Wait { why };
    }
    Act::Decide { evidence: acts::evidence(&parts.field_checks) }
}

/// A decision in words.
pub(crate) fn decision_words(decision: Decision) -> &'static str {
    match decision {
        Decision::Match => "match",
        Decision::Review => "review",
        Decision::NoMatch => "no match",
    }
}

/// A task's state as a mark.
pub(crate) fn state_words(state: &TaskState) -> (Tone, &'static str) {
    match state {
        TaskState::Open => (Tone::Gold, "open"),
        TaskState::Claimed { .. } => (Tone::Plain, "claimed"),
        TaskState::Deferred { .. } => (Tone::Plain, "deferred"),
        TaskState::Escalated(_) => (Tone::Warn, "escalated"),
        TaskState::Proposed { .. } => (Tone::Warn, "proposed"),
        TaskState::Decided { decision: Decision::Match, .. } => (Tone::Good, "match"),
        TaskState::Decided { .. } => (Tone::Plain, "no match"),
        TaskState::Lapsed => (Tone::Plain, "lapsed"),
    }
}

fn consequences(left: Option<GoldenId>, right: Option<GoldenId>) -> (String, String) {
    match (left, right) {
        (Some(left), Some(right)) if left == right => (
            format!("both stay in golden record {left}."),
            format!("golden record {left} is split: the two stand apart as long as the decision holds."),
        ),
        (Some(left), Some(right)) => (
            format!(
                "golden records {left} and {right} become one. The one with more source records keeps its id, of equal \
                 ones the older; the other id leads to it."
            ),
            format!("{left} and {right} stay apart as long as the decision holds."),
        ),
        _ => ("both become one golden record.".to_owned(), "they stay apart as long as the decision holds.".to_owned()),
    }
}

fn sides(codes: &Codes, model: &EntityModel, language: Language, parts: &StewardTaskParts) -> Table {
    let head = |member: &Member| Head::text(format!("{} · {}", member.source, member.key));
    let attributes = model.attributes.iter().filter_map(|attribute| {
        let left = parts.left.values.find_stated(&attribute.name);
        let right = parts.right.values.find_stated(&attribute.name);
        if left.is_none() && right.is_none() {
            return None;
        }
        let differs = matches!((left, right), (Some(left), Some(right)) if left.standard != right.standard);
        let cell = |stated: Option<_>| match stated {
            None => Cell::none(),
            Some(stated) if differs => stated_cell(attribute, stated, codes, language).class("differs"),
            Some(stated) => stated_cell(attribute, stated, codes, language),
        };
        let title = Cell { mark: differs.then_some("differs"), ..Cell::text(attribute.title().get(language)) };
        Some(vec![title, cell(left), cell(right)])
    });
    let updated = |member: &Member| Cell::maybe(member.updated.map(format::instant));
    let golden = |id: Option<GoldenId>| match id {
        Some(id) => Cell::text(id.to_string()).link(format!("/golden-records/{id}?purpose=stewardship")),
        None => Cell::text("none yet"),
    };
    let more = [
        vec![Cell::text("Last changed there"), updated(&parts.left), updated(&parts.right)],
        vec![Cell::text("Golden record"), golden(parts.left_golden), golden(parts.right_golden)],
    ];
    Table {
        caption: "What the two registers state, with their own words under it where they differ.".to_owned(),
        heads: vec![Head::word(language, "attribute"), head(&parts.left), head(&parts.right)],
        rows: attributes.chain(more).collect(),
        total: None,
        empty: "Nothing that you may see.".to_owned(),
    }
}

/// The waterfall: from the prior, comparison by comparison, to the whole.
fn weights(explanation: &ExplanationView, thresholds: Option<Thresholds>, parts: &StewardTaskParts) -> Drawn {
    let name = |member: &Member| format!("{} · {}", member.source, member.key);
    let names = [name(&parts.left), name(&parts.right)];
    let drawn = Waterfall { id: "waterfall".to_owned(), explanation, thresholds, names }.draw();
    // What both state stands beside it already.
    Drawn { opened: Opened::OnDemand, ..drawn }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_task_can_be_decided_and_a_decided_one_undone() {
        let sampler = Sampler::new(Language::En, "word");
        let open = StewardTaskPage::sample(&sampler).render().unwrap();
        assert!(open.contains("action=\"/steward-tasks/318/decision\"") && !open.contains("/undo\""));
        let decided = StewardTaskPage::sample_decided(&sampler).render().unwrap();
        assert!(decided.contains("action=\"/steward-tasks/318/undo\"") && !decided.contains("/decision\""));
        let held = StewardTaskPage::sample_held(&sampler).render().unwrap();
        assert!(!held.contains("/decision\"") && !held.contains("/undo\""));
        assert!(held.contains("user 2 holds it until") && held.contains("/release\""), "a supervisor gives it back");
        assert!(open.contains("/claim\"") && open.contains("/deferral\"") && open.contains("/escalation\""));
        let lapsed = StewardTaskPage::sample_in(&sampler, TaskState::Lapsed).render().unwrap();
        assert!(!lapsed.contains("/undo\"") && !lapsed.contains("/decision\""));
    }

    #[test]
    fn differing_values_are_marked_in_words_too() {
        let page = StewardTaskPage::sample(&Sampler::new(Language::En, "word"));
        let birth = page.sides.rows.iter().find(|row| row[0].text.contains("birth")).unwrap();
        assert!(birth[0].mark == Some("differs") && birth[1].class == Some("differs"));
        let sex = page.sides.rows.iter().find(|row| row[0].text.contains("Sex")).unwrap();
        assert!(sex[1].class.is_none());
    }

    #[test]
    fn the_waterfall_ends_where_the_sum_is() {
        let page = StewardTaskPage::sample(&Sampler::new(Language::En, "word"));
        let weights = page.weights.unwrap();
        let sums: Vec<&str> = weights.table.rows.iter().map(|row| row[5].text.as_str()).collect();
        assert_eq!((sums.first(), sums.last()), (Some(&"-20.2"), Some(&"+2.7")));
        assert_eq!(page.by_themselves.unwrap().0, "+22.9", "the weight of the queue: without what is held of any pair");
        assert_eq!(page.together.0, "+22.9");
        assert_eq!(weights.table.rows.len(), 8);
    }

    #[test]
    fn what_a_decision_does_depends_on_where_both_stand() {
        let (same, _) = consequences(Some(GoldenId(1)), Some(GoldenId(1)));
        let (other, _) = consequences(Some(GoldenId(1)), Some(GoldenId(2)));
        assert!(same.contains("stay") && other.contains("become one"));
        assert!(other.contains("more source records keeps its id") && !other.contains("later id"), "{other}");
    }
}
