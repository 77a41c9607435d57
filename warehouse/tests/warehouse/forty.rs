//! Every metric against figures counted by hand over a few rows.

use kanak_warehouse::{MetricQuery, rows_json};

use crate::support::*;

/// An application for a service whose limit is one working day.
fn application<const N: usize>(no: &str, channel: &str, applied: &str, others: [(&'static str, &str); N]) -> Event {
    let mut one = event([
        ("application_no", no),
        ("service", "SVC-001"),
        ("office", "OFF-REV-D27"),
        ("channel", channel),
        ("applied_at", applied),
    ]);
    one.extend(event(others));
    one
}

/// Late; in time and rejected; rejected without a reason; overdue; with an outcome that nobody knows.
fn applications() -> Vec<Event> {
    let (monday, wednesday) = ("2026-08-03T06:00:00Z", "2026-09-30T06:00:00Z");
    vec![
        application(
            "A-1",
            "centre",
            monday,
            [("centre", "C-1"), ("disposed_at", "2026-08-05T06:00:00Z"), ("outcome", "delivered")],
        ),
        application(
            "A-2",
            " Online",
            monday,
            [("disposed_at", "2026-08-04T06:00:00Z"), ("outcome", "rejected"), ("rejection_reason", "papers missing")],
        ),
        application(
            "A-3",
            "centre",
            wednesday,
            [("centre", "C-1"), ("disposed_at", "2026-09-30T08:00:00Z"), ("outcome", "rejected")],
        ),
        application("A-4", "home", "2025-12-01T06:00:00Z", [("outcome", "pending")]),
        application("A-5", "online", wednesday, [("outcome", "forwarded")]),
    ]
}

async fn lake() -> Lake {
    let lake = Lake::new();
    lake.append("service_application", 1, &applications()).await;
    lake.build().await;
    lake
}

/// A metric; its numerator, denominator and value.
type Case = (&'static str, f64, Option<f64>, Option<f64>);

const CASES: [Case; 5] = [
    ("applications_by_channel", 5.0, None, Some(5.0)),
    ("footfall", 2.0, None, Some(2.0)),
    ("online_of_received", 2.0, Some(5.0), Some(0.4)),
    ("rejection_rate", 1.0, Some(2.0), Some(0.5)),
    ("without_reason_of_rejections", 1.0, Some(2.0), Some(0.5)),
];

async fn figures(lake: &Lake, query: &MetricQuery) -> Vec<Row> {
    rows_json(&lake.warehouse.metrics(&everything(), query).await.unwrap().result)
}

#[tokio::test]
async fn every_metric_is_what_a_count_by_hand_gives() {
    let lake = lake().await;
    for (name, numerator, denominator, value) in CASES {
        let figure = &figures(&lake, &MetricQuery::of(name)).await[0];
        assert_close(number(figure, "numerator"), Some(numerator), &format!("numerator of {name}"));
        assert_close(number(figure, "denominator"), denominator, &format!("denominator of {name}"));
        assert_close(number(figure, "value"), value, &format!("value of {name}"));
    }
}

/// The values of a metric by those of a dimension.
async fn told(lake: &Lake, name: &str, by: &str) -> Vec<(String, Option<f64>)> {
    let rows = figures(lake, &MetricQuery::of(name).by(&[by])).await;
    rows.iter().map(|row| (text(row, by), number(row, "value"))).collect()
}

#[tokio::test]
async fn a_channel_is_told_by_its_word_and_a_centre_by_its_code() {
    let lake = lake().await;
    let channels = told(&lake, "applications_by_channel", "channel").await;
    let expected = [("centre", 2.0), ("home", 1.0), ("online", 2.0)];
    assert_eq!(channels, expected.map(|(word, count)| (word.to_owned(), Some(count))));
    assert_eq!(told(&lake, "footfall", "centre").await, [("C-1".to_owned(), Some(2.0))]);
}
