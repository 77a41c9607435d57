//! A metric and a cut of it, compiled to SQL.

use kanak_model::toml_text::choices;

use crate::error::WarehouseError;
use crate::metrics::Metric;
use crate::models::SqlModel;
use crate::release::Folder;

/// How a metric is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricQuery {
    /// Dimension and the value it must have.
    pub filters: Vec<(String, String)>,
    /// One row for each combination of values of these dimensions; none gives one row.
    pub group_by: Vec<String>,
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
    use crate::metrics::builtin_metrics;

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
}
