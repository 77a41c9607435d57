//! Metrics: one definition for every figure.

mod oracle;
mod small_cells;
mod sql;

use kanak_codes::Day;
use kanak_warehouse::{Compare, Condition, MetricQuery, Order, WarehouseError, rows_json};

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

async fn metric(lake: &Lake, query: &MetricQuery) -> Vec<Row> {
    rows_json(&lake.warehouse.metrics(&everything(), query).await.unwrap().result)
}

fn of(name: &str) -> MetricQuery {
    MetricQuery::of(name)
}

#[tokio::test]
async fn the_headline_figures_are_the_metrics() {
    let lake = lake().await;
    let overview = lake.rows("SELECT * FROM mart_overview ORDER BY position").await;
    let headlines = lake.warehouse.list_metrics().iter().filter(|metric| metric.headline.is_some()).count();
    assert_eq!(overview.len(), headlines);
    for row in &overview {
        let name = text(row, "figure");
        let figure = &metric(&lake, &of(&name)).await[0];
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
        let whole = &metric(&lake, &of(&definition.name)).await[0];
        for dimension in &definition.dimensions {
            let parts = metric(&lake, &of(&definition.name).by(&[dimension])).await;
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
    for row in metric(&lake, &of("timeliness").by(&["district", "month"])).await {
        let cut = of("timeliness").filter("district", &*text(&row, "district")).filter("month", &*text(&row, "month"));
        let alone = &metric(&lake, &cut).await[0];
        assert_close(number(alone, "value"), number(&row, "value"), "timeliness of a cut");
        assert_eq!(alone["is_open_period"], row["is_open_period"]);
    }
}

#[tokio::test]
async fn a_quote_in_a_filter_is_a_value_and_nothing_more() {
    let lake = lake().await;
    for hostile in
        ["27' OR '1'='1", "27'; DROP TABLE mart_service_delivery; --", "27\\' OR 1=1 --", "\u{2019} OR 1=1", "27\0"]
    {
        let cut = of("applications_received").filter("district", hostile);
        assert_close(number(&metric(&lake, &cut).await[0], "value"), Some(0.0), hostile);
    }
    assert_close(number(&metric(&lake, &of("applications_received")).await[0], "value"), Some(200.0), "all are there");
}

/// The message with which a query is refused.
async fn refused(lake: &Lake, query: &MetricQuery) -> String {
    lake.warehouse.metrics(&everything(), query).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_what_is() {
    let lake = lake().await;
    let unknown = lake.warehouse.metrics(&everything(), &of("profit")).await.unwrap_err();
    assert!(
        matches!(&unknown, WarehouseError::UnknownMetric { known, .. } if known.contains("timeliness")),
        "{unknown}"
    );
    let dimension = lake.warehouse.metrics(&everything(), &of("timeliness").by(&["caste"])).await.unwrap_err();
    assert!(
        matches!(&dimension, WarehouseError::UnknownDimension { known, .. } if known.contains("district") && known.contains("quarter")),
        "{dimension}"
    );
    let days =
        |from: &str, to: &str| Condition::Between { from: Day::parse(from).unwrap(), to: Day::parse(to).unwrap() };
    let compared = MetricQuery { compare: Some(Compare::PreviousPeriod), ..of("timeliness") };
    let ordered = MetricQuery { order: vec![Order::parse("-office")], ..of("timeliness").by(&["district"]) };
    let both = MetricQuery { measures: vec!["timeliness".to_owned(), "revenue".to_owned()], ..of("").by(&["service"]) };
    for (query, says) in [
        (MetricQuery::default(), "name from 1 to 12"),
        (both, "metric `revenue` cannot be cut by `service`; it can by `district`"),
        (of("timeliness").by(&["district", "district"]), "named twice"),
        (of("timeliness").by(&["month", "quarter"]), "`month`, `quarter` or `financial_year`"),
        (of("citizens").by(&["month"]), "`district` or `status`"),
        (of("benefits_paid").by(&["month"]), "`financial_year`"),
        (of("citizens").filter("time", "2026-27"), "is of now"),
        (of("timeliness").filter("financial_year", "2026"), "such as 2025-26"),
        (of("timeliness").filter("month", "2026-04"), "such as 2026-04-01"),
        (of("timeliness").filter("time", days("2026-04-01", "2026-04-29")), "no whole months"),
        (of("timeliness").by(&["quarter"]).filter("month", "2026-04-01"), "told by quarter"),
        (of("timeliness").filter("district", days("2026-04-01", "2026-04-30")), "`time`"),
        (of("timeliness").filter("district", Condition::In(Vec::new())), "1 to 1000"),
        (compared, "no period to compare"),
        (ordered, "they can by `timeliness` or `district`"),
        (MetricQuery { limit: Some(0), ..of("timeliness") }, "1 to 10000"),
    ] {
        let error = refused(&lake, &query).await;
        assert!(error.contains(says), "{error}: does not say {says}");
    }
}

#[tokio::test]
async fn a_caller_confined_to_a_district_sees_its_part_of_a_metric() {
    let lake = lake().await;
    let parts = metric(&lake, &of("applications_received").by(&["district"])).await;
    let expected = parts.iter().find(|row| text(row, "district") == "28").unwrap();
    let own = lake.warehouse.metrics(&analyst(Some(&["28"])), &of("applications_received")).await.unwrap();
    assert_close(number(&rows_json(&own.result)[0], "value"), number(expected, "value"), "district 28");
}
