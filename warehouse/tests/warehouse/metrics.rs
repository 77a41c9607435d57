//! Metrics: one definition for every figure.

use kanak_warehouse::{MetricQuery, WarehouseError, rows_json};

use crate::support::*;

fn applications() -> Vec<Event> {
    let mut dice = Dice(5);
    (0..200)
        .map(|number| {
            let district = dice.one_of(&["27", "28", "29"]);
            event([
                ("application_no", &format!("A-{number}")),
                ("service", dice.one_of(&["SVC-001", "SVC-002"])),
                ("office", "OFF-REV"),
                ("district", district),
                ("applied_at", &minutes_into_2026(dice.below(200 * 1440)).to_string()),
                ("disposed_at", &minutes_into_2026(210 * 1440).to_string()),
                ("outcome", dice.one_of(&["delivered", "pending"])),
            ])
        })
        .collect()
}

async fn lake() -> Lake {
    let lake = Lake::new();
    lake.append("service_application", 1, &applications()).await;
    lake.golden("citizen", vec![golden_version(1, "active", &[("district", "27")])]).await;
    lake.build().await;
    lake
}

async fn metric(lake: &Lake, name: &str, cut: &MetricQuery) -> Vec<Row> {
    rows_json(&lake.warehouse.metric(&everything(), name, cut).await.unwrap())
}

fn by(names: &[&str]) -> MetricQuery {
    MetricQuery { filters: Vec::new(), group_by: names.iter().map(|name| (*name).to_owned()).collect() }
}

#[tokio::test]
async fn the_headline_figures_are_the_metrics() {
    let lake = lake().await;
    let overview = lake.rows("SELECT * FROM mart_overview ORDER BY position").await;
    let headlines = lake.warehouse.list_metrics().iter().filter(|metric| metric.headline.is_some()).count();
    assert_eq!(overview.len(), headlines);
    for row in &overview {
        let name = text(row, "figure");
        let figure = &metric(&lake, &name, &MetricQuery::default()).await[0];
        assert_close(number(row, "value"), number(figure, "value"), &name);
        assert!(!text(row, "definition").is_empty() && !text(row, "unit").is_empty());
    }
    let citizens = overview.iter().find(|row| text(row, "figure") == "citizens").unwrap();
    assert_close(number(citizens, "value"), Some(1.0), "one citizen");
}

#[tokio::test]
async fn every_metric_runs_by_each_of_its_dimensions_and_children_add_up_to_parents() {
    let lake = lake().await;
    for definition in lake.warehouse.list_metrics() {
        let whole = &metric(&lake, &definition.name, &MetricQuery::default()).await[0];
        for dimension in &definition.dimensions {
            let parts = metric(&lake, &definition.name, &by(&[dimension])).await;
            for column in ["numerator", "denominator"] {
                let sum: f64 = parts.iter().filter_map(|row| number(row, column)).sum();
                let what = format!("{column} of {} by {dimension}", definition.name);
                assert_close(Some(sum), Some(number(whole, column).unwrap_or_default()), &what);
            }
        }
    }
}

#[tokio::test]
async fn a_filter_gives_the_row_that_grouping_gives() {
    let lake = lake().await;
    for row in metric(&lake, "timeliness", &by(&["district", "month"])).await {
        let filters = ["district", "month"].map(|name| (name.to_owned(), text(&row, name))).to_vec();
        let cut = MetricQuery { filters, group_by: Vec::new() };
        let alone = &metric(&lake, "timeliness", &cut).await[0];
        assert_close(number(alone, "value"), number(&row, "value"), "timeliness of a cut");
    }
}

#[tokio::test]
async fn a_quote_in_a_filter_is_a_value_and_nothing_more() {
    let lake = lake().await;
    let cut = MetricQuery { filters: vec![("district".to_owned(), "27' OR '1'='1".to_owned())], group_by: Vec::new() };
    assert_close(
        number(&metric(&lake, "applications_received", &cut).await[0], "value"),
        Some(0.0),
        "no such district",
    );
}

#[tokio::test]
async fn unknown_metrics_and_dimensions_are_answered_with_those_there_are() {
    let lake = lake().await;
    let unknown = lake.warehouse.metric(&everything(), "profit", &MetricQuery::default()).await.unwrap_err();
    assert!(
        matches!(&unknown, WarehouseError::UnknownMetric { known, .. } if known.contains("timeliness")),
        "{unknown}"
    );
    let dimension = lake.warehouse.metric(&everything(), "timeliness", &by(&["caste"])).await.unwrap_err();
    assert!(
        matches!(&dimension, WarehouseError::UnknownDimension { known, .. } if known.contains("district")),
        "{dimension}"
    );
}

#[tokio::test]
async fn a_caller_confined_to_a_district_sees_its_part_of_a_metric() {
    let lake = lake().await;
    let parts = metric(&lake, "applications_received", &by(&["district"])).await;
    let expected = parts.iter().find(|row| text(row, "district") == "28").unwrap();
    let own =
        lake.warehouse.metric(&analyst(Some(&["28"])), "applications_received", &MetricQuery::default()).await.unwrap();
    assert_close(number(&rows_json(&own)[0], "value"), number(expected, "value"), "district 28");
}
