//! The queue of doubtful pairs, those on which most hangs first.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::steward_task::{Escalation, StewardTask, TaskState};
use kanak_model::{
    Access, DecisionBatchId, EntityModel, Language, Purpose, Role, SourceRecord, SourceRecordId, StewardTaskId,
    Timestamp, UserId,
};
use kanak_store::{CheckFilter, MemberRecord, SourceSystemRow, TaskCounts, TaskCursor, TaskFilter, TaskQuery};
use serde::Deserialize;

use super::show_page;
use super::steward_task::{audited_as, state_words};
use crate::actions::DecidedMany;
use crate::audit;
use crate::component::{Bar, Cell, FilterList, Filters, Head, Pager, Table, Trail};
use crate::error::PageError;
use crate::number::Number;
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The queue.
#[derive(Template)]
#[template(path = "pages/steward_tasks.html")]
pub(crate) struct StewardTasksPage {
    shell: Shell,
    /// Tasks of the whole state by where they stand.
    counts: Vec<(String, String)>,
    filters: Filters,
    tasks: Table,
    pager: Pager,
    /// What the last form did.
    said: Said,
    /// Whether decisions at once begin here: on a page of tasks that wait.
    may_decide: bool,
}

/// What the last form did.
#[derive(Default)]
pub(crate) enum Said {
    /// There was none.
    #[default]
    Nothing,
    /// Tasks were decided at once: how many, and the number to undo them by.
    Decided { count: usize, id: i64 },
    /// Decisions at once were undone.
    Undone,
    /// It was not done, and why: in whole, or task by task.
    Refused { why: String, refused: Vec<(i64, String)> },
}

/// What the page shows, as the hub answers.
struct Listed<'a> {
    counts: TaskCounts,
    queued: &'a [QueuedTask],
    /// The cursor of the last task, where there are more.
    last: Option<&'a str>,
    said: Said,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    entity: String,
    /// `mine` for those that the visitor holds, decided or escalated.
    #[serde(default)]
    whose: String,
    /// The LGD code of a district.
    #[serde(default)]
    district: String,
    /// `asked` or `answered`, by what was asked on the spot.
    #[serde(default)]
    check: String,
    /// The last task of each page before this one, as [`TaskCursor`] is written.
    #[serde(default)]
    trail: String,
}

/// A task with the names that both source records state, as far as the visitor may see them.
pub(crate) struct QueuedTask {
    pub(crate) task: StewardTask,
    pub(crate) left: (String, String),
    pub(crate) right: (String, String),
}

const SHOWN_MAX: u32 = 40;

/// `GET /steward-tasks`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    page(&state, &asked, &signed, Said::Nothing).await
}

/// The fields that the form of decisions at once sent: `task` comes once for each.
type Sent = Form<Vec<(String, String)>>;

/// `POST /steward-tasks`: decides the chosen tasks at once.
pub(crate) async fn decide_many(
    State(state): State<DashboardState>,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    let field = |name: &str| sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    signed.check_csrf(field("csrf"))?;
    signed.access(Purpose::Stewardship)?;
    let tasks = sent.iter().filter(|(key, _)| key == "task").filter_map(|(_, value)| value.parse().ok());
    let tasks: Vec<StewardTaskId> = tasks.map(StewardTaskId).collect();
    let refused = |why: &str| Said::Refused { why: why.to_owned(), refused: Vec::new() };
    let decision = Decision::find(field("decision")).filter(|decision| *decision != Decision::Review);
    let said = match decision {
        _ if tasks.is_empty() => refused("Choose the tasks to decide."),
        None => refused("Choose match or no match."),
        Some(decision) => {
            let (count, reason) = (tasks.len(), field("reason").to_owned());
            match state.actions.decide_many(&signed.user.caller, tasks, decision, reason).await {
                Ok(DecidedMany { id: Some(id), .. }) => Said::Decided { count, id: id.0 },
                Ok(DecidedMany { id: None, refused }) => Said::Refused {
                    why: "Nothing was decided, for some of the tasks were refused.".to_owned(),
                    refused: refused.into_iter().map(|(task, why)| (task.0, format::in_ist(&why))).collect(),
                },
                Err(error) => Said::Refused { why: format::in_ist(&error.to_string()), refused: Vec::new() },
            }
        }
    };
    page(&state, &Asked::default(), &signed, said).await
}

/// `POST /steward-tasks/decisions/{id}/undo`
pub(crate) async fn undo_many(
    State(state): State<DashboardState>,
    Number(id): Number,
    signed: Signed,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    let csrf = sent.iter().find(|(key, _)| key == "csrf").map_or("", |(_, value)| value.as_str());
    signed.check_csrf(csrf)?;
    signed.access(Purpose::Stewardship)?;
    let said = match state.actions.undo_many(&signed.user.caller, DecisionBatchId(id)).await {
        Ok(()) => Said::Undone,
        Err(error) => Said::Refused { why: format::in_ist(&error.to_string()), refused: Vec::new() },
    };
    page(&state, &Asked::default(), &signed, said).await
}

async fn page(state: &DashboardState, asked: &Asked, signed: &Signed, said: Said) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Stewardship)?;
    let entity = Some(asked.entity.as_str()).filter(|entity| !entity.is_empty());
    let counts = state.store.count_steward_tasks(&access, entity).await.map_err(PageError::inside)?;
    let query = TaskQuery {
        state: TaskFilter::find(&asked.state).unwrap_or_default(),
        entity,
        of: signed.user.caller.user.filter(|_| asked.whose == "mine"),
        district: Some(asked.district.as_str()).filter(|district| !district.is_empty()),
        field_check: match asked.check.as_str() {
            "asked" => Some(CheckFilter::Asked),
            "answered" => Some(CheckFilter::Answered),
            _ => None,
        },
        // What is no cursor begins at the beginning.
        after: Trail(&asked.trail).cursor().and_then(|word| word.parse().ok()),
        ..TaskQuery::new(TaskFilter::Open, SHOWN_MAX + 1)
    };
    let listed = state.store.list_steward_tasks(&access, &query).await;
    let mut listed = listed.map_err(PageError::inside)?;
    let has_more = listed.len() > SHOWN_MAX as usize;
    listed.truncate(SHOWN_MAX as usize);
    let last = listed.last().filter(|_| has_more).map(|task| TaskCursor::after(task).to_string());
    audit::record(state, &access, "list steward tasks", listed.iter().map(|task| audited_as(task.id))).await?;
    let queued = name_both(state, &access, signed.visit.language, listed).await?;
    let shell = Shell::new("steward_tasks", &signed.visit, state.made_up);
    show_page(&StewardTasksPage::build(
        shell,
        &state.codes(),
        &state.models,
        asked,
        Listed { counts, queued: &queued, last: last.as_deref(), said },
    ))
}

/// Tasks with what names their source records. Live ones are read together; a task whose source record is retired by
/// itself.
async fn name_both(
    state: &DashboardState,
    access: &Access,
    language: Language,
    tasks: Vec<StewardTask>,
) -> Result<Vec<QueuedTask>, PageError> {
    let ids: Vec<SourceRecordId> = tasks.iter().flat_map(|task| [task.pair.left, task.pair.right]).collect();
    let live = state.store.list_source_records_of(access, &ids).await.map_err(PageError::inside)?;
    let live: HashMap<SourceRecordId, SourceRecord> = live.into_iter().map(|record| (record.id, record)).collect();
    let sources = state.store.list_source_systems().await.map_err(PageError::inside)?;
    let mut queued = Vec::with_capacity(tasks.len());
    for task in tasks {
        let Some(model) = state.find_model(&task.entity) else { continue };
        let name = |record: &SourceRecord| {
            let shown = model.find_attribute(&model.label).is_some_and(|label| access.shows(label.class));
            let named = record.values.find(&model.label).filter(|_| shown);
            (named.unwrap_or(&record.key).to_owned(), title_of(&sources, record.source_system, language))
        };
        let (left, right) = match (live.get(&task.pair.left), live.get(&task.pair.right)) {
            (Some(left), Some(right)) => (name(left), name(right)),
            _ => {
                let view = state.store.get_steward_task(access, model, task.id).await.map_err(PageError::inside)?;
                let name = |member: &MemberRecord| {
                    let named = member.values.find(&model.label).unwrap_or(&member.key).to_owned();
                    (named, title_of(&sources, member.source_system, language))
                };
                (name(&view.left), name(&view.right))
            }
        };
        queued.push(QueuedTask { task, left, right });
    }
    Ok(queued)
}

fn title_of(sources: &[SourceSystemRow], id: kanak_model::SourceSystemId, language: Language) -> String {
    let found = sources.iter().find(|source| source.id == id);
    found.map_or_else(|| format!("source {id}"), |source| source.title.get(language).to_owned())
}

impl StewardTasksPage {
    fn build(shell: Shell, codes: &Codes, models: &[EntityModel], asked: &Asked, listed: Listed<'_>) -> Self {
        let Listed { counts, queued, last, said } = listed;
        let language = shell.language();
        let number = |count: u64| format::whole(i64::try_from(count).unwrap_or(i64::MAX));
        let title = |entity: &str| {
            let model = models.iter().find(|model| model.name == entity);
            model.map_or_else(|| entity.to_owned(), |model| model.title.get(language).to_owned())
        };
        let may_decide = asked.state.is_empty() || asked.state == "open";
        let row = |one: &QueuedTask| {
            let pair = one.task.pair;
            let (tone, state) = state_words(&one.task.state);
            vec![
                Cell::text(format!("{}", one.task.id))
                    .link(format!("/steward-tasks/{}", one.task.id))
                    .chosen_by(may_decide.then_some(one.task.id.0)),
                Cell::text(title(&one.task.entity)),
                Cell::text(&one.left.0).under(&one.left.1),
                Cell::text(&one.right.0).under(&one.right.1),
                Cell::decimal(Some(one.task.priority), 2),
                Cell { bar: Some(Bar::share(pair.probability)), ..Cell::text(format::probability(pair.probability)) },
                Cell::text(format::bits(pair.weight_bits)),
                Cell::text(format::instant(one.task.opened)),
                Cell::badge(tone, state),
            ]
        };
        let tasks = Table {
            caption: format!(
                "Doubtful pairs, {SHOWN_MAX} a page, those on whose answer most hangs first. Match weight and probability are of both \
                 golden records; the weight is what the comparisons add, without how rare a match is among all pairs."
            ),
            heads: vec![
                Head::word(language, "task"),
                Head::word(language, "of"),
                Head::word(language, "one_source_record"),
                Head::word(language, "the_other"),
                Head::count(language, "priority"),
                Head::count(language, "match_probability"),
                Head::count(language, "weight_bits"),
                Head::word(language, "opened"),
                Head::word(language, "state"),
            ],
            rows: queued.iter().map(row).collect(),
            total: None,
            empty: "No task here: the rules doubt nothing that you may see.".to_owned(),
        };
        let lists = vec![
            FilterList {
                name: "state",
                label: shell.t("word.task_state").to_owned(),
                all: shell.t("word.open").to_owned(),
                choices: TaskFilter::ALL
                    .iter()
                    .filter(|filter| **filter != TaskFilter::Open)
                    .map(|filter| (filter.word().to_owned(), shell.t(word_key(*filter)).to_owned()))
                    .collect(),
                chosen: asked.state.clone(),
            },
            FilterList {
                name: "entity",
                label: shell.t("word.of").to_owned(),
                all: shell.t("word.every_master").to_owned(),
                choices: models.iter().map(|model| (model.name.clone(), title(&model.name))).collect(),
                chosen: asked.entity.clone(),
            },
            FilterList {
                name: "whose",
                label: shell.t("word.whose").to_owned(),
                all: shell.t("word.every_steward").to_owned(),
                choices: vec![("mine".to_owned(), shell.t("word.mine").to_owned())],
                chosen: asked.whose.clone(),
            },
            FilterList {
                name: "district",
                label: shell.t("word.district").to_owned(),
                all: shell.t("word.whole_state").to_owned(),
                choices: names::districts(codes, language),
                chosen: asked.district.clone(),
            },
            FilterList {
                name: "check",
                label: shell.t("head.field_check").to_owned(),
                all: shell.t("word.any_field_check").to_owned(),
                choices: vec![
                    ("asked".to_owned(), shell.t("word.check_asked").to_owned()),
                    ("answered".to_owned(), shell.t("word.check_answered").to_owned()),
                ],
                chosen: asked.check.clone(),
            },
        ];
        let count = |filter| match filter {
            TaskFilter::Open => counts.open,
            TaskFilter::Claimed => counts.claimed,
            TaskFilter::Deferred => counts.deferred,
            TaskFilter::Escalated => counts.escalated,
            TaskFilter::Proposed => counts.proposed,
            TaskFilter::Decided => counts.decided,
            TaskFilter::Lapsed => counts.lapsed,
        };
        let counts =
            TaskFilter::ALL.map(|filter| (shell.t(word_key(filter)).to_owned(), number(count(filter)))).to_vec();
        let address = [
            ("state", &asked.state),
            ("entity", &asked.entity),
            ("whose", &asked.whose),
            ("district", &asked.district),
            ("check", &asked.check),
        ]
        .map(|(name, value)| format!("{name}={}", percent_encode(value)))
        .join("&");
        let address = format!("/steward-tasks?{address}");
        let pager = Trail(&asked.trail).pager(&shell, &address, last);
        Self { counts, filters: Filters::new("/steward-tasks", &shell, lists), tasks, pager, said, may_decide, shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let (by, at) = (UserId(1), crate::samples::NOW);
        let reason = sampler.word.to_owned();
        let states = [
            TaskState::Open,
            TaskState::Decided { by, at, decision: Decision::NoMatch, escalation: None },
            TaskState::Lapsed,
            TaskState::Claimed { by, at, until: at, escalation: None },
            TaskState::Deferred { by, at, until: at, reason: reason.clone(), escalation: None },
            TaskState::Escalated(Escalation { by, at, to: Role::Supervisor, reason }),
        ];
        let queued: Vec<QueuedTask> = (0..12_u8)
            .map(|at| QueuedTask {
                task: StewardTask {
                    id: StewardTaskId(318 + i64::from(at)),
                    entity: "citizen".to_owned(),
                    pair: MatchPair {
                        left: SourceRecordId(1),
                        right: SourceRecordId(2),
                        weight_bits: 4.0 - f64::from(at) * 0.3,
                        probability: 0.94 - f64::from(at) * 0.035,
                        decision: Decision::Review,
                    },
                    priority: 5.2 - f64::from(at) * 0.3,
                    opened: Timestamp(1_795_000_000_000_000),
                    state: states[usize::from(at) % states.len()].clone(),
                },
                left: (sampler.word.to_owned(), "election".to_owned()),
                right: (sampler.word.to_owned(), "health_insurance".to_owned()),
            })
            .collect();
        let counts =
            TaskCounts { open: 1_204, claimed: 3, deferred: 20, escalated: 7, proposed: 2, decided: 318, lapsed: 12 };
        let said = Said::Refused { why: sampler.word.to_owned(), refused: vec![(7, sampler.word.to_owned())] };
        let asked = Asked { trail: "0.97~12".to_owned(), ..Asked::default() };
        Self::build(
            sampler.shell("steward_tasks"),
            &sampler.codes,
            &models,
            &asked,
            Listed { counts, queued: &queued, last: Some("0.5~330"), said },
        )
    }
}

/// The key of the word for a state.
fn word_key(filter: TaskFilter) -> &'static str {
    match filter {
        TaskFilter::Open => "word.open",
        TaskFilter::Claimed => "word.claimed",
        TaskFilter::Deferred => "word.deferred",
        TaskFilter::Escalated => "word.escalated",
        TaskFilter::Proposed => "word.proposed",
        TaskFilter::Decided => "word.decided",
        TaskFilter::Lapsed => "word.lapsed",
    }
}
