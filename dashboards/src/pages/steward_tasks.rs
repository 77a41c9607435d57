//! The queue of doubtful pairs, the likeliest first.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::steward_task::{StewardTask, TaskState};
use kanak_model::{EntityModel, Purpose, SourceRecordId, StewardTaskId, Timestamp};
use kanak_store::TaskFilter;
use serde::Deserialize;

use super::show_page;
use super::steward_task::{audited_as, state_words};
use crate::audit;
use crate::component::{Bar, Cell, FilterList, Filters, Head, Table};
use crate::error::PageError;
use crate::format;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;

/// The queue.
#[derive(Template)]
#[template(path = "pages/steward_tasks.html")]
pub(crate) struct StewardTasksPage {
    shell: Shell,
    counts: [(&'static str, String); 3],
    filters: Filters,
    tasks: Table,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    entity: String,
}

/// A task with the names that both source records state, as far as the visitor may see them.
pub(crate) struct QueuedTask {
    pub(crate) task: StewardTask,
    pub(crate) left: (String, String),
    pub(crate) right: (String, String),
}

/// How many tasks stand in each state.
struct Counts {
    open: u64,
    decided: u64,
    lapsed: u64,
}

const SHOWN_MAX: u32 = 40;

/// `GET /steward-tasks`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Stewardship)?;
    let filter = match asked.state.as_str() {
        "decided" => TaskFilter::Decided,
        "lapsed" => TaskFilter::Lapsed,
        _ => TaskFilter::Open,
    };
    let entity = Some(asked.entity.as_str()).filter(|entity| !entity.is_empty());
    let counts = state.store.count_steward_tasks(&access, entity).await.map_err(PageError::inside)?;
    let listed = state.store.list_steward_tasks(&access, filter, entity, None, SHOWN_MAX).await;
    let listed = listed.map_err(PageError::inside)?;
    audit::record(&state, &access, "list steward tasks", listed.iter().map(|task| audited_as(task.id))).await?;
    let mut queued = Vec::new();
    for task in listed {
        let Some(model) = state.find_model(&task.entity) else { continue };
        let view = state.store.get_steward_task(&access, model, task.id).await.map_err(PageError::inside)?;
        let name = |member: &kanak_store::MemberRecord| {
            (member.values.find(&model.label).unwrap_or(&member.key).to_owned(), member.source.clone())
        };
        queued.push(QueuedTask { left: name(&view.left), right: name(&view.right), task });
    }
    let shell = Shell::new("steward_tasks", &signed.visit, state.made_up);
    let counts = Counts { open: counts.open, decided: counts.decided, lapsed: counts.lapsed };
    show_page(&StewardTasksPage::build(shell, &state.models, &asked, &counts, &queued))
}

impl StewardTasksPage {
    fn build(shell: Shell, models: &[EntityModel], asked: &Asked, counts: &Counts, queued: &[QueuedTask]) -> Self {
        let language = shell.language();
        let number = |count: u64| format::whole(i64::try_from(count).unwrap_or(i64::MAX));
        let title = |entity: &str| {
            let model = models.iter().find(|model| model.name == entity);
            model.map_or_else(|| entity.to_owned(), |model| model.title.get(language).to_owned())
        };
        let row = |one: &QueuedTask| {
            let pair = one.task.pair;
            let (tone, state) = state_words(&one.task.state);
            vec![
                Cell::text(format!("{}", one.task.id)).link(format!("/steward-tasks/{}", one.task.id)),
                Cell::text(title(&one.task.entity)),
                Cell::text(&one.left.0).under(format::spaced(&one.left.1)),
                Cell::text(&one.right.0).under(format::spaced(&one.right.1)),
                Cell { bar: Some(Bar::share(pair.probability)), ..Cell::text(format::probability(pair.probability)) },
                Cell::text(format::bits(pair.weight_bits)),
                Cell::text(format::instant(one.task.opened)),
                Cell::badge(tone, state),
            ]
        };
        let tasks = Table {
            caption: format!("At most {SHOWN_MAX} doubtful pairs, the most probable match first."),
            heads: vec![
                Head::text("Task"),
                Head::text("Of"),
                Head::text("One source record"),
                Head::text("The other"),
                Head::number("Match probability"),
                Head::number("Weight, bits"),
                Head::text("Opened"),
                Head::text("State"),
            ],
            rows: queued.iter().map(row).collect(),
            total: None,
            empty: "No task here: the rules doubt nothing that you may see.".to_owned(),
        };
        let filters = Filters {
            action: "/steward-tasks",
            lists: vec![
                FilterList {
                    name: "state",
                    label: "State".to_owned(),
                    all: "Open",
                    choices: ["decided", "lapsed"].map(|state| (state.to_owned(), format::sentence(state))).to_vec(),
                    chosen: asked.state.clone(),
                },
                FilterList {
                    name: "entity",
                    label: "Of".to_owned(),
                    all: "Every master",
                    choices: models.iter().map(|model| (model.name.clone(), title(&model.name))).collect(),
                    chosen: asked.entity.clone(),
                },
            ],
            button: shell.t("word.show").to_owned(),
        };
        let counts =
            [("Open", number(counts.open)), ("Decided", number(counts.decided)), ("Lapsed", number(counts.lapsed))];
        Self { shell, counts, filters, tasks }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let states = [
            TaskState::Open,
            TaskState::Decided {
                by: kanak_model::UserId(1),
                at: Timestamp(1_795_422_900_000_000),
                decision: Decision::NoMatch,
            },
            TaskState::Lapsed,
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
                    opened: Timestamp(1_795_000_000_000_000),
                    state: states[usize::from(at) % 3].clone(),
                },
                left: (sampler.word.to_owned(), "election".to_owned()),
                right: (sampler.word.to_owned(), "health_insurance".to_owned()),
            })
            .collect();
        let counts = Counts { open: 1_204, decided: 318, lapsed: 12 };
        Self::build(sampler.shell("steward_tasks"), &models, &Asked::default(), &counts, &queued)
    }
}
