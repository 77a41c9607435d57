//! What dashboards ask: a metric cut by one or two dimensions, filtered, and perhaps the first few rows of it.

use std::time::{Duration, Instant};

use kanak_model::Access;
use kanak_warehouse::{Metric, MetricQuery, Order, Part, TimeGrain, Warehouse, Way, rows_json};
use serde_json::{Map, Value, json};

use super::super::{at_share, within};
use super::chance::{Chance, Skewed};
use super::load::Loaded;
use super::made::{NOW, State, financial_year, month};
use super::print;
use crate::output::Output;

/// The first so many rows, where only the first are asked for.
const TOP: usize = 10;
const MONTH_US: i64 = 30 * 24 * 3_600_000_000;

/// One question.
pub(super) struct Question<'m> {
    pub(super) metric: &'m Metric,
    pub(super) cut: QuestionCut,
    /// Only the rows with the largest values.
    pub(super) top: Option<usize>,
}

/// How a question cuts its metric.
#[derive(Debug)]
pub(super) struct QuestionCut {
    /// Dimension and the value it must have.
    pub(super) filters: Vec<(String, String)>,
    /// One row for each combination of values of these.
    pub(super) group_by: Vec<String>,
}

impl Question<'_> {
    /// The same in the words of the warehouse.
    fn query(&self) -> MetricQuery {
        let by: Vec<&str> = self.cut.group_by.iter().map(String::as_str).collect();
        let largest_first = || Order { by: self.metric.name.clone(), way: Way::Down };
        let mut query = MetricQuery::of(&self.metric.name).by(&by);
        for (name, value) in &self.cut.filters {
            query = query.filter(name, value.as_str());
        }
        query.order = self.top.map(|_| largest_first()).into_iter().collect();
        query.limit = self.top;
        query
    }
}

/// The questions of a seed, over metrics whose tables have rows and that can be cut by district.
///
/// # Errors
/// When the warehouse has no release.
pub(super) fn questions<'w>(
    warehouse: &'w Warehouse,
    access: &Access,
    state: &State,
    count: usize,
    seed: u64,
) -> anyhow::Result<Vec<Question<'w>>> {
    let mut asked = Vec::new();
    for metric in warehouse.list_metrics() {
        if metric.dimensions.iter().any(|name| name == "district")
            && warehouse.table_info(access, &metric.source)?.rows > 0
        {
            asked.push(metric);
        }
    }
    let chance = &mut Chance::new(seed, u64::MAX);
    Ok((0..count).filter_map(|_| Some(question(chance.one_of(&asked).copied()?, state, chance))).collect())
}

fn question<'m>(metric: &'m Metric, state: &State, chance: &mut Chance) -> Question<'m> {
    let mut free: Vec<&String> = metric.dimensions.iter().collect();
    let (mut filters, mut group_by) = (Vec::new(), Vec::new());
    for _ in 0..=chance.below(2) {
        if !free.is_empty() {
            let name = free.swap_remove(chance.below(free.len()));
            // One row a period: of one length.
            if TimeGrain::find(name).is_some() {
                free.retain(|other| TimeGrain::find(other).is_none());
            }
            group_by.push(name.clone());
        }
    }
    for _ in 0..chance.below(3) {
        let filterable: Vec<(usize, String)> =
            free.iter().enumerate().filter_map(|(place, name)| Some((place, value_of(name, state, chance)?))).collect();
        let Some((place, value)) = chance.one_of(&filterable) else { break };
        filters.push((free.swap_remove(*place).clone(), value.clone()));
    }
    let top = chance.happens(0.25).then_some(TOP);
    Question { metric, cut: QuestionCut { filters, group_by }, top }
}

/// A value by which a dimension is filtered.
fn value_of(dimension: &str, state: &State, chance: &mut Chance) -> Option<String> {
    let long_ago = NOW.0 - Skewed::new(36).pick(chance) as i64 * MONTH_US;
    match dimension {
        "district" => chance.one_of(&state.districts).cloned(),
        "office" => chance.one_of(&state.offices).map(|office| office.code.clone()),
        "service" => state.services.get(Skewed::new(state.services.len()).pick(chance)).map(|it| it.code.clone()),
        "complaint_type" => chance.one_of(&state.complaint_types).map(|matter| matter.code.clone()),
        "month" => Some(month(long_ago).to_string()),
        "financial_year" => Some(financial_year(long_ago)),
        _ => None,
    }
}

/// An answer.
pub(super) struct Told {
    pub(super) rows: Vec<Map<String, Value>>,
    /// Whether the warehouse gave fewer rows than there are: two dimensions with many values.
    pub(super) is_truncated: bool,
}

/// Asks one question; no answer is kept for the next.
///
/// # Errors
/// When the warehouse cannot answer.
pub(super) async fn ask(warehouse: &Warehouse, access: &Access, question: &Question<'_>) -> anyhow::Result<Told> {
    let answer = warehouse.metrics(access, &question.query()).await?;
    let value = answer.column(&question.metric.name, Part::Value);
    let mut rows = rows_json(&answer.result);
    for row in &mut rows {
        let figure = value.as_ref().and_then(|name| row.get(name)).cloned().unwrap_or_default();
        row.insert("value".to_owned(), figure);
    }
    Ok(Told { rows, is_truncated: answer.result.truncated })
}

/// Asks all questions one after the other, and returns the time within which nineteen in twenty were answered.
///
/// # Errors
/// When the warehouse cannot answer one.
pub(super) async fn measure(
    loaded: &Loaded,
    access: &Access,
    count: usize,
    seed: u64,
    output: &Output,
) -> anyhow::Result<Duration> {
    let questions = questions(&loaded.warehouse, access, &loaded.state, count, seed)?;
    let (mut all, mut marts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows, mut truncated) = (0, 0);
    for question in &questions {
        let begin = Instant::now();
        let told = ask(&loaded.warehouse, access, question).await?;
        let waited = begin.elapsed();
        rows += told.rows.len();
        truncated += u64::from(told.is_truncated);
        all.push(waited);
        let of_kind = if question.metric.source.starts_with("mart_") { &mut marts } else { &mut others };
        of_kind.push(waited);
    }
    for waited in [&mut all, &mut marts, &mut others] {
        waited.sort_unstable();
    }
    print(
        output,
        "metric",
        loaded.rows,
        json!({
            "questions": all.len(), "rows_answered": rows, "truncated": truncated, "p50_ms": at_share(&all, 0.5), "p95_ms": at_share(&all, 0.95),
            "p99_ms": at_share(&all, 0.99), "from_marts": marts.len(), "marts_p95_ms": at_share(&marts, 0.95),
            "from_facts_and_dimensions": others.len(), "facts_and_dimensions_p95_ms": at_share(&others, 0.95),
        }),
    );
    Ok(within(&all, 0.95).unwrap_or_default())
}
