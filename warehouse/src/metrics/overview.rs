//! `mart_overview`: the headline metrics over the whole state, one row a figure.

use crate::metrics::Metric;
use crate::metrics::compile::{Guard, compile, guard_column, quote};
use crate::metrics::cut::Cut;
use crate::models::SqlModel;
use crate::release::Folder;

/// Its name.
pub(crate) const OVERVIEW: &str = "mart_overview";
/// The column of the smallest number of things that a figure tells: by it small figures are withheld.
pub(crate) const SMALLEST_COUNT: &str = "smallest_count";
/// The columns that are withheld with a small figure.
pub(crate) const WITHHELD: [&str; 4] = ["value", "numerator", "denominator", SMALLEST_COUNT];

/// The model of the headline figures.
pub(crate) fn overview_model(metrics: &[Metric]) -> SqlModel {
    let mut headlines: Vec<&Metric> = metrics.iter().filter(|metric| metric.headline.is_some()).collect();
    headlines.sort_by_key(|metric| metric.headline);
    let figures: Vec<String> = headlines
        .iter()
        .map(|metric| {
            format!(
                "SELECT {} AS position, {} AS figure, value, numerator, denominator, {} AS unit, {} AS direction, {} AS \
                 title, {} AS definition, {} AS {SMALLEST_COUNT} FROM ({}) AS figure_{}",
                metric.headline.unwrap_or_default(),
                quote(&metric.name),
                quote(metric.unit.word()),
                quote(metric.direction.word()),
                quote(&metric.title.en),
                quote(&metric.definition),
                guard_column(0),
                compile(&Cut::whole(metric), None, Guard::On),
                metric.name,
            )
        })
        .collect();
    SqlModel {
        name: OVERVIEW.to_owned(),
        description: "one row per headline figure of the whole state: each a metric of models/metrics, compiled as \
                      pages and reports compile it; one that tells of fewer things than may be told is null for whoever \
                      reads for statistics alone"
            .to_owned(),
        grain: "figure".to_owned(),
        folder: Folder::Open,
        sorted_by: vec!["position".to_owned()],
        reads: headlines.iter().map(|metric| metric.source.clone()).collect(),
        sql: figures.join("\nUNION ALL\n"),
    }
}
