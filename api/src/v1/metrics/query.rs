//! Figures of several metrics at once, cut by dimensions and time.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use kanak_codes::Day;
use kanak_warehouse::{Compare, Condition, Metric, MetricQuery, Order, TimeGrain};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::server::identify::ApiCaller;
use crate::server::problem::{Problem, beginning};
use crate::server::state::AppState;

/// Metrics, and how they are cut.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryBody {
    /// One to twelve metrics by name. Each must have every dimension that is named.
    #[schema(example = json!(["timeliness", "applications_received"]))]
    measures: Vec<String>,
    /// A row for each combination of values of these dimensions; `month`, `quarter` or `financial_year` here is the same as `grain`.
    #[serde(default)]
    #[schema(example = json!(["district"]))]
    by: Vec<String>,
    /// By dimension a value, or values of which one must be there. By `time` days from the first of a month to the last of one, or a
    /// period by name: a month (`2026-04-01`), a quarter (`2026-27 Q1`), a financial year (`2026-27`); so by `month`, `quarter` and
    /// `financial_year`.
    #[serde(default, rename = "where")]
    #[schema(example = json!({ "district": ["27", "28"], "time": { "from": "2026-04-01", "to": "2026-06-30" } }))]
    filters: BTreeMap<String, FilterBody>,
    /// A row for each `month`, `quarter` or `financial_year`, April to March.
    #[serde(default)]
    grain: Option<String>,
    /// What each period is set beside: `previous_period`, the one before it of the same length, or `previous_year`.
    #[serde(default)]
    compare: Option<String>,
    /// Measures, dimensions or the grain by which rows are ordered; with `-` before it, the largest first.
    #[serde(default)]
    #[schema(example = json!(["-timeliness"]))]
    order: Vec<String>,
    /// At most so many rows, up to 10,000.
    #[serde(default)]
    limit: Option<usize>,
}

/// What a dimension must be.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "a filter is a text, a list of texts, or for `time` { \"from\": day, \"to\": day }")]
pub enum FilterBody {
    /// This.
    One(String),
    /// One of these.
    Several(Vec<String>),
    /// Between these days, both with it: of `time` alone.
    Days(DaysBody),
}

/// Days in India.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DaysBody {
    /// The first day of a month.
    from: String,
    /// The last day of a month.
    to: String,
}

/// The figures.
#[derive(Serialize, ToSchema)]
pub struct FiguresView {
    /// The release that was read.
    release: u64,
    /// When that release judged what is pending.
    as_of: String,
    /// What was asked for, as it is defined.
    measures: Vec<MeasureView>,
    /// The fields by which rows are told apart, in order.
    keys: Vec<String>,
    /// A row: its keys, `is_open_period` (the period is not over on the day of the release; null where there is none), and under
    /// `measures` by metric `value`, `numerator`, `denominator`, `definition_changed`, `is_withheld`; where periods are compared also
    /// `compared_value`, `compared_numerator`, `compared_denominator`, `compared_is_withheld` and `change`.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Map<String, Value>>,
    /// Whether there are more rows than are given at once.
    truncated: bool,
}

/// A metric, in short; `GET /v1/metrics` has the whole of it.
#[derive(Serialize, ToSchema)]
pub struct MeasureView {
    /// Its name.
    name: String,
    /// The version of its definition.
    version: u32,
    /// Its title in English.
    title: String,
    /// What its value is a number of.
    unit: &'static str,
    /// Which way is better: `up`, `down` or `none`.
    direction: &'static str,
    /// What its value is to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<f64>,
}

impl From<&Metric> for MeasureView {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.name.clone(),
            version: metric.version,
            title: metric.title.en.clone(),
            unit: metric.unit.word(),
            direction: metric.direction.word(),
            target: metric.target,
        }
    }
}

impl FilterBody {
    fn condition(self) -> Result<Condition, Problem> {
        let day = |text: &str| {
            Day::parse(text).ok_or_else(|| {
                Problem::bad_request(format!("`{}` is not a day; write 2026-04-01", beginning(text, 40)))
            })
        };
        Ok(match self {
            Self::One(value) => Condition::parse(&value),
            Self::Several(values) => Condition::In(values),
            Self::Days(days) => Condition::Between { from: day(&days.from)?, to: day(&days.to)? },
        })
    }
}

impl QueryBody {
    fn read(self) -> Result<MetricQuery, Problem> {
        let filters = self.filters.into_iter().map(|(name, filter)| Ok((name, filter.condition()?)));
        Ok(MetricQuery {
            measures: self.measures,
            by: self.by,
            filters: filters.collect::<Result<_, Problem>>()?,
            grain: self.grain.map(|word| TimeGrain::get(&word)).transpose()?,
            compare: self.compare.map(|word| Compare::get(&word)).transpose()?,
            order: self.order.iter().map(|text| Order::parse(text)).collect(),
            limit: self.limit,
        })
    }
}

/// Asks for figures of several metrics at once, cut by dimensions and time, each with its numerator and denominator and set beside
/// another period where that is asked. Figures of fewer things than may be told (10, unless the deployment says otherwise) are
/// withheld from whoever reads for statistics alone, with others that would give them away.
#[utoipa::path(post, path = "/v1/metrics/query", tag = "metrics", security(("key" = [])),
    request_body = QueryBody,
    responses((status = 200, description = "Figures", body = FiguresView),
              (status = 400, description = "A metric, dimension or value that is not there, with those that are", body = Problem),
              (status = 503, description = "The warehouse has no release yet", body = Problem)))]
pub async fn query(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(body): Json<QueryBody>,
) -> Result<Json<FiguresView>, Problem> {
    let access = caller.access()?;
    let query = body.read()?;
    let warehouse = &state.deployment.warehouse;
    let answer = warehouse.metrics(&access, &query).await?;
    let find = |name: &String| warehouse.list_metrics().iter().find(|metric| metric.name == *name);
    Ok(Json(FiguresView {
        release: answer.result.release,
        as_of: answer.result.as_of.to_string(),
        measures: query.measures.iter().filter_map(find).map(MeasureView::from).collect(),
        keys: answer.keys().into_iter().map(str::to_owned).collect(),
        rows: answer.nested_json(),
        truncated: answer.result.truncated,
    }))
}
