//! The queue of doubtful pairs, the likeliest first.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::steward_task::{StewardTask, TaskState};
use kanak_model::{Access, EntityModel, Language, Purpose, SourceRecord, SourceRecordId, StewardTaskId, Timestamp};
use kanak_store::{MemberRecord, SourceSystemRow, TaskCursor, TaskFilter};
use serde::Deserialize;

use super::show_page;
use super::steward_task::{audited_as, state_words};
use crate::audit;
use crate::component::{Bar, Cell, FilterList, Filters, Head, Pager, Table, Trail};
use crate::error::PageError;
use crate::format;
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;

/// The queue.
#[derive(Template)]
#[template(path = "pages/steward_tasks.html")]
pub(crate) struct StewardTasksPage {
    shell: Shell,
    /// Tasks of the whole state by where they stand.
    counts: [(String, String); 3],
    filters: Filters,
    tasks: Table,
    pager: Pager,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    entity: String,
    /// The last task of each page before this one, as [`cursor_word`] writes it.
    #[serde(default)]
    trail: String,
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
    let after = Trail(&asked.trail).cursor().and_then(read_cursor);
    let listed = state.store.list_steward_tasks(&access, filter, entity, after, SHOWN_MAX + 1).await;
    let mut listed = listed.map_err(PageError::inside)?;
    let has_more = listed.len() > SHOWN_MAX as usize;
    listed.truncate(SHOWN_MAX as usize);
    let last = listed.last().filter(|_| has_more).map(cursor_word);
    audit::record(&state, &access, "list steward tasks", listed.iter().map(|task| audited_as(task.id))).await?;
    let queued = name_both(&state, &access, signed.visit.language, listed).await?;
    let shell = Shell::new("steward_tasks", &signed.visit, state.made_up);
    let counts = Counts { open: counts.open, decided: counts.decided, lapsed: counts.lapsed };
    show_page(&StewardTasksPage::build(shell, &state.models, &asked, &counts, &queued, last.as_deref()))
}

/// Where the page after a task begins, as a word for its address. A probability is written so that it reads back the same.
fn cursor_word(task: &StewardTask) -> String {
    format!("{}~{}", task.pair.probability, task.id)
}

/// Reads [`cursor_word`]; anything else begins at the beginning.
fn read_cursor(word: &str) -> Option<TaskCursor> {
    let (probability, id) = word.split_once('~')?;
    Some(TaskCursor { probability: probability.parse().ok()?, id: StewardTaskId(id.parse().ok()?) })
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
    fn build(
        shell: Shell,
        models: &[EntityModel],
        asked: &Asked,
        counts: &Counts,
        queued: &[QueuedTask],
        last: Option<&str>,
    ) -> Self {
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
                Cell::text(&one.left.0).under(&one.left.1),
                Cell::text(&one.right.0).under(&one.right.1),
                Cell { bar: Some(Bar::share(pair.probability)), ..Cell::text(format::probability(pair.probability)) },
                Cell::text(format::bits(pair.weight_bits)),
                Cell::text(format::instant(one.task.opened)),
                Cell::badge(tone, state),
            ]
        };
        let tasks = Table {
            caption: format!("Doubtful pairs, {SHOWN_MAX} a page, the most probable match first."),
            heads: vec![
                Head::word(language, "task"),
                Head::word(language, "of"),
                Head::word(language, "one_source_record"),
                Head::word(language, "the_other"),
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
                choices: vec![
                    ("decided".to_owned(), shell.t("word.decided").to_owned()),
                    ("lapsed".to_owned(), shell.t("word.lapsed").to_owned()),
                ],
                chosen: asked.state.clone(),
            },
            FilterList {
                name: "entity",
                label: shell.t("word.of").to_owned(),
                all: shell.t("word.every_master").to_owned(),
                choices: models.iter().map(|model| (model.name.clone(), title(&model.name))).collect(),
                chosen: asked.entity.clone(),
            },
        ];
        let counts = [
            (shell.t("word.open").to_owned(), number(counts.open)),
            (shell.t("word.decided").to_owned(), number(counts.decided)),
            (shell.t("word.lapsed").to_owned(), number(counts.lapsed)),
        ];
        let address =
            format!("/steward-tasks?state={}&entity={}", percent_encode(&asked.state), percent_encode(&asked.entity));
        let pager = Trail(&asked.trail).pager(&shell, &address, last);
        Self { counts, filters: Filters::new("/steward-tasks", &shell, lists), tasks, pager, shell }
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
        let asked = Asked { trail: "0.97~12".to_owned(), ..Asked::default() };
        Self::build(sampler.shell("steward_tasks"), &models, &asked, &counts, &queued, Some("0.5~330"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_the_same_and_what_is_none_begins_at_the_beginning() {
        let cursor = read_cursor(&format!("{}~{}", 0.1 + 0.2, StewardTaskId(7)));
        assert_eq!(cursor, Some(TaskCursor { probability: 0.1 + 0.2, id: StewardTaskId(7) }));
        for word in ["", "7", "~", "x~7", "0.5~y"] {
            assert_eq!(read_cursor(word), None, "{word}");
        }
    }
}
