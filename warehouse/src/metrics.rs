//! Metrics: each figure defined once, as data, and compiled in one place.
//!
//! A metric is a numerator and perhaps a denominator over one table. Its value for any cut is their quotient (or the
//! numerator alone), so that counts of a cut add up to the whole and rates are never averaged. The headline figures of
//! `mart_overview` are these same metrics, compiled by the same function.

use kanak_model::Titles;
use kanak_model::toml_text::{ModelError, TomlText, choices};
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;
use crate::models::{METRICS, SqlModel};
use crate::release::Folder;

/// A named, versioned definition of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `applications_overdue`.
    pub name: String,
    /// Counts the changes of its definition.
    pub version: u32,
    /// The title in three languages.
    pub title: Titles,
    /// The question it answers.
    pub question: String,
    /// What exactly is counted, and what is not.
    pub definition: String,
    /// The table it is counted over.
    pub source: String,
    /// An aggregate over the table.
    pub numerator: String,
    /// The aggregate it is divided by; without one, the value is the numerator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<String>,
    /// Only rows for which this holds are looked at.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What the value is a number of.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// The columns of the table that it may be cut and filtered by.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Its place among the headline figures, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<u32>,
}

/// What a metric's value is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things counted.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// Rupees.
    Rupees,
    /// Working days.
    WorkingDays,
    /// Hours.
    Hours,
    /// Marks from 1 to 5.
    Rating,
}

impl Unit {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Rupees => "rupees",
            Self::WorkingDays => "working_days",
            Self::Hours => "hours",
            Self::Rating => "rating",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Neither: it describes.
    None,
}

impl Direction {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::None => "none",
        }
    }
}

/// How a metric is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricQuery {
    /// Dimension and the value it must have.
    pub filters: Vec<(String, String)>,
    /// One row for each combination of values of these dimensions; none gives one row.
    pub group_by: Vec<String>,
}

/// The metrics that come with Kanak, by name.
pub(crate) fn builtin_metrics() -> Result<Vec<Metric>, WarehouseError> {
    let mut metrics =
        METRICS.iter().map(|(file, text)| parse(file, text)).collect::<Result<Vec<Metric>, ModelError>>()?;
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(metrics)
}

fn parse(file: &str, text: &str) -> Result<Metric, ModelError> {
    let source = TomlText::new(file, text);
    let metric: Metric = source.parse()?;
    if file.ends_with(&format!("/{}.toml", metric.name)) {
        return Ok(metric);
    }
    Err(source.error_at(0..0, format!("it names the metric `{}`; a file is named for its metric", metric.name)))
}

impl Metric {
    /// The SQL of this metric under a cut: the dimensions, `numerator`, `denominator`, `value`.
    ///
    /// # Errors
    /// [`WarehouseError::UnknownDimension`] when the cut names a column that is no dimension of the metric.
    pub fn compile(&self, cut: &MetricQuery) -> Result<String, WarehouseError> {
        let asked = cut.filters.iter().map(|(name, _)| name).chain(&cut.group_by);
        for name in asked {
            if !self.dimensions.contains(name) {
                return Err(WarehouseError::UnknownDimension {
                    metric: self.name.clone(),
                    name: name.clone(),
                    known: choices(self.dimensions.iter().map(String::as_str)),
                });
            }
        }
        Ok(self.select(cut))
    }

    fn select(&self, cut: &MetricQuery) -> String {
        // Names of dimensions are words of the metric's own file by now; values are quoted as SQL text.
        let dimensions: String = cut.group_by.iter().flat_map(|name| [name.as_str(), ", "]).collect();
        let mut conditions: Vec<String> = self.condition.iter().map(|text| format!("({text})")).collect();
        conditions.extend(
            cut.filters
                .iter()
                .map(|(name, value)| format!("CAST({name} AS VARCHAR) = '{}'", value.replace('\'', "''"))),
        );
        let condition =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let group = cut.group_by.join(", ");
        let (grouping, order) = if group.is_empty() {
            (String::new(), String::new())
        } else {
            (format!(" GROUP BY {group}"), format!(" ORDER BY {group}"))
        };
        let (denominator, value) = match &self.denominator {
            Some(denominator) => (
                format!("CAST({denominator} AS DOUBLE)"),
                "CASE WHEN denominator <> 0 THEN coalesce(numerator, 0) / denominator END",
            ),
            None => ("CAST(NULL AS DOUBLE)".to_owned(), "coalesce(numerator, 0)"),
        };
        format!(
            "SELECT {dimensions}numerator, denominator, {value} AS value FROM (SELECT {dimensions}CAST({} AS DOUBLE) AS \
             numerator, {denominator} AS denominator FROM {}{condition}{grouping}) AS counted{order}",
            self.numerator, self.source,
        )
    }
}

/// `mart_overview`: the headline metrics over the whole state, one row a figure.
pub(crate) fn overview_model(metrics: &[Metric]) -> SqlModel {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut headlines: Vec<&Metric> = metrics.iter().filter(|metric| metric.headline.is_some()).collect();
    headlines.sort_by_key(|metric| metric.headline);
    let figures: Vec<String> = headlines
        .iter()
        .map(|metric| {
            format!(
                "SELECT {} AS position, {} AS figure, value, numerator, denominator, {} AS unit, {} AS direction, {} AS \
                 title, {} AS definition FROM ({})",
                metric.headline.unwrap_or_default(),
                quote(&metric.name),
                quote(metric.unit.word()),
                quote(metric.direction.word()),
                quote(&metric.title.en),
                quote(&metric.definition),
                metric.select(&MetricQuery::default()),
            )
        })
        .collect();
    SqlModel {
        name: "mart_overview".to_owned(),
        description: "one row per headline figure of the whole state: each a metric of models/metrics, compiled as \
                      pages and reports compile it"
            .to_owned(),
        grain: "figure".to_owned(),
        folder: Folder::Open,
        sorted_by: vec!["position".to_owned()],
        reads: headlines.iter().map(|metric| metric.source.clone()).collect(),
        sql: figures.join("\nUNION ALL\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_reads_and_headlines_have_places_of_their_own() {
        let metrics = builtin_metrics().unwrap();
        let mut places: Vec<u32> = metrics.iter().filter_map(|metric| metric.headline).collect();
        places.sort_unstable();
        let count = places.len();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(metrics.iter().all(|metric| metric.title.pa.is_some() && metric.title.hi.is_some()));
    }

    #[test]
    fn a_cut_by_something_else_is_refused_and_a_value_is_quoted() {
        let metrics = builtin_metrics().unwrap();
        let metric = metrics.iter().find(|metric| metric.name == "applications_received").unwrap();
        let cut = |name: &str, value: &str| MetricQuery {
            filters: vec![(name.to_owned(), value.to_owned())],
            group_by: Vec::new(),
        };
        let error = metric.compile(&cut("1=1; DROP", "x")).unwrap_err().to_string();
        assert!(error.contains("`district`"), "{error}");
        assert!(metric.compile(&cut("district", "' OR '1'='1")).unwrap().contains("'' OR ''1''=''1'"));
    }

    #[test]
    fn a_typing_slip_in_a_metric_names_file_and_line() {
        let error = parse("models/metrics/x.toml", "name = \"x\"\nversoin = 1\n").unwrap_err().to_string();
        assert!(error.starts_with("models/metrics/x.toml:2:"), "{error}");
    }
}
