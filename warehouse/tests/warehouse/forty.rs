//! Every metric against figures counted by hand over a few rows.

use kanak_warehouse::{Folder, INGEST_QUALITY, MATCH_QUALITY, MetricQuery, REGISTER_FILES, rows_json};

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
        application("A-4", "home", "2026-01-05T06:00:00Z", [("outcome", "pending")]),
        application("A-5", "online", wednesday, [("outcome", "forwarded")]),
    ]
}

fn grievance<const N: usize>(no: &str, kind: &str, filed: &str, others: [(&'static str, &str); N]) -> Event {
    let mut one = event([
        ("grievance_no", no),
        ("complaint_type", kind),
        ("office", "OFF-LOC-D27"),
        ("district", "27"),
        ("filed_at", filed),
        ("outcome", "open"),
    ]);
    one.extend(event(others));
    one
}

/// A street light is due after 96 hours, garbage after 336, what has no type after 21 days.
const LIGHT: &str = "StreetLightNotWorking";
const GARBAGE: &str = "BurningOfGarbage";

/// Closed after 48, 144 and 24 hours; open since 3, 40 and 30 days. The second is a repeat of the first, 19 days later; the fourth
/// comes 100 days after the second.
fn grievances() -> Vec<Event> {
    vec![
        grievance(
            "G-1",
            LIGHT,
            "2026-06-01T00:00:00Z",
            [
                ("complainant", "ss:1"),
                ("assigned_at", "2026-06-01T02:00:00Z"),
                ("closed_at", "2026-06-03T00:00:00Z"),
                ("outcome", "resolved"),
                ("rating", "5"),
            ],
        ),
        grievance(
            "G-2",
            LIGHT,
            "2026-06-20T00:00:00Z",
            [
                ("complainant", "ss:1"),
                ("assigned_at", "2026-06-20T04:00:00Z"),
                ("closed_at", "2026-06-26T00:00:00Z"),
                ("outcome", "rejected"),
                ("times_reopened", "1"),
                ("rating", "2"),
            ],
        ),
        grievance(
            "G-3",
            LIGHT,
            "2026-06-22T00:00:00Z",
            [("complainant", "ss:2"), ("closed_at", "2026-06-23T00:00:00Z"), ("outcome", "resolved")],
        ),
        grievance("G-4", LIGHT, "2026-09-28T00:00:00Z", [("complainant", "ss:1")]),
        grievance(
            "G-5",
            GARBAGE,
            "2026-08-22T00:00:00Z",
            [
                ("complainant", "ss:2"),
                ("assigned_at", "2026-08-22T06:00:00Z"),
                ("times_escalated", "1"),
                ("rating", "4"),
            ],
        ),
        grievance("G-6", "", "2026-09-01T00:00:00Z", []),
    ]
}

fn payment(no: &str, scheme: &str, beneficiary: &str, paid: &str, outcome: &str) -> Event {
    event([
        ("payment_no", no),
        ("scheme", scheme),
        ("beneficiary", beneficiary),
        ("district", "27"),
        ("amount", if scheme == "SCH-05" { "150000" } else { "50000" }),
        ("paid_at", paid),
        ("outcome", outcome),
    ])
}

/// The second is after the death of who got it, the fourth in duplicate; the sixth went to nobody whom the hub knows.
fn payments() -> Vec<Event> {
    vec![
        payment("P-1", "SCH-05", "ss:1", "2026-01-05T05:00:00Z", "paid"),
        payment("P-2", "SCH-05", "ss:1", "2026-02-05T05:00:00Z", "paid"),
        payment("P-3", "SCH-05", "ss:2", "2026-01-05T05:00:00Z", "paid"),
        payment("P-4", "SCH-05", "ss:2", "2026-01-20T05:00:00Z", "paid"),
        payment("P-5", "SCH-05", "ss:2", "2026-01-25T05:00:00Z", "returned"),
        payment("P-6", "SCH-05", "ss:9", "2026-01-05T05:00:00Z", "paid"),
        payment("P-7", "SCH-01", "ss:2", "2026-01-06T05:00:00Z", "paid"),
    ]
}

fn receipt(no: &str, paise: &str) -> Event {
    event([
        ("receipt_no", no),
        ("revenue_head", "0005"),
        ("district", "27"),
        ("amount", paise),
        ("received_at", "2026-01-05T05:00:00Z"),
    ])
}

fn target() -> Event {
    event([
        ("target_no", "T-1"),
        ("scheme", "SCH-05"),
        ("district", "27"),
        ("financial_year", "2025"),
        ("target", "40"),
        ("achieved", "10"),
    ])
}

const ROWS: [&[&str]; 6] = [
    &["food", "citizen", "accepted", "", "", "91"],
    &["food", "citizen", "rejected", "required", "NAME", "3"],
    &["food", "citizen", "rejected", "key_missing", "", "2"],
    &["food", "citizen", "rejected", "kind", "DOB", "4"],
    &["food", "citizen", "left_out", "kind", "mobile", "7"],
    &["hrms", "employee", "accepted", "", "", "10"],
];

const MATCHES: [&[&str]; 2] = [
    &["citizen", "100", "45", "80", "6", "300", "12", "4", "0.9", "0.6"],
    &["scheme", "20", "20", "0", "1", "0", "0", "0", "", ""],
];

/// Ten days before the release, and the first minute of its day in India.
const FILES: [&[&str]; 2] =
    [&["food", "citizen", "3", "2026-09-21T06:00:00Z"], &["hrms", "employee", "1", "2026-09-30T18:30:00Z"]];

/// Two citizens known to the register `ss`, of whom the first died on 31 January 2026; a business; an employee.
async fn people() -> Lake {
    let lake = Lake::new();
    let dead = golden_version(1, "active", &[("district", "27"), ("date_of_death", "2026-01-31")]);
    lake.golden("citizen", vec![dead, golden_version(2, "active", &[("district", "27")])]).await;
    lake.golden("business", vec![golden_version(3, "active", &[("district", "27")])]).await;
    lake.golden("employee", vec![golden_version(4, "active", &[("district", "27")])]).await;
    lake.link(&[("citizen", "ss:1", 1), ("citizen", "ss:2", 2)]).await;
    lake
}

async fn lake() -> Lake {
    let lake = people().await;
    lake.append("service_application", 1, &applications()).await;
    lake.append("grievance", 1, &grievances()).await;
    lake.append("benefit_payment", 1, &payments()).await;
    lake.append("scheme_target", 1, &[target()]).await;
    lake.append("receipt", 1, &[receipt("R-1", "10000"), receipt("R-2", "25000"), receipt("R-3", "25000")]).await;
    for (table, rows) in [(INGEST_QUALITY, &ROWS[..]), (MATCH_QUALITY, &MATCHES[..]), (REGISTER_FILES, &FILES[..])] {
        lake.warehouse.load_table(table, hub_batch(table, rows), Folder::Open).await.unwrap();
    }
    lake.build().await;
    lake
}

/// A metric; its numerator, denominator and value.
type Case = (&'static str, f64, Option<f64>, Option<f64>);

const fn count(name: &'static str, number: f64) -> Case {
    (name, number, None, Some(number))
}

const fn rate(name: &'static str, numerator: f64, denominator: f64, value: f64) -> Case {
    (name, numerator, Some(denominator), Some(value))
}

/// By name.
const CASES: [Case; 57] = [
    count("applications_by_channel", 5.0),
    count("applications_overdue", 1.0),
    count("applications_pending", 3.0),
    count("applications_received", 5.0),
    count("benefits_paid", 8000.0),
    count("businesses", 1.0),
    count("citizens", 2.0),
    rate("completeness", 105.0, 110.0, 105.0 / 110.0),
    rate("conformity", 101.0, 110.0, 101.0 / 110.0),
    rate("coverage", 2.0, 40.0, 0.05),
    rate("days_open", 73.0, 3.0, 73.0 / 3.0),
    rate("days_since_latest_file", 10.0, 2.0, 5.0),
    rate("disposal_of_filed", 3.0, 6.0, 0.5),
    count("duplicates_found", 55.0),
    rate("duplicates_of_source_records", 55.0, 120.0, 55.0 / 120.0),
    count("employees", 1.0),
    rate("escalation_rate", 1.0, 6.0, 1.0 / 6.0),
    count("footfall", 2.0),
    rate("grievance_rating", 11.0, 3.0, 11.0 / 3.0),
    count("grievances_filed", 6.0),
    count("grievances_open", 3.0),
    count("grievances_overdue", 2.0),
    rate("grievances_reopened", 1.0, 6.0, 1.0 / 6.0),
    rate("grievances_within_due", 2.0, 3.0, 2.0 / 3.0),
    rate("hot_spots_of_filed", 0.0, 6.0, 0.0),
    rate("hours_to_assign", 12.0, 3.0, 4.0),
    rate("hours_to_close", 216.0, 3.0, 72.0),
    rate("mean_benefit", 8000.0, 6.0, 8000.0 / 6.0),
    rate("mean_receipt", 600.0, 3.0, 200.0),
    rate("mean_working_days", 3.0, 2.0, 1.5),
    rate("not_paid_of_payments", 1.0, 7.0, 1.0 / 7.0),
    rate("online_of_received", 2.0, 5.0, 0.4),
    rate("open_over_30_days", 1.0, 3.0, 1.0 / 3.0),
    rate("overdue_of_pending", 1.0, 3.0, 1.0 / 3.0),
    rate("overdue_of_received", 1.0, 5.0, 0.2),
    count("paid_after_death", 1.0),
    count("paid_after_death_amount", 1500.0),
    count("paid_in_duplicate", 1.0),
    count("paid_in_duplicate_amount", 1500.0),
    count("questions_open", 4.0),
    rate("rated_of_closed", 2.0, 3.0, 2.0 / 3.0),
    rate("rejected_of_closed", 1.0, 3.0, 1.0 / 3.0),
    rate("rejected_of_read", 9.0, 110.0, 9.0 / 110.0),
    rate("rejection_rate", 1.0, 2.0, 0.5),
    count("rejections_without_reason", 1.0),
    rate("repeat_complaints", 1.0, 5.0, 0.2),
    count("revenue", 600.0),
    count("rows_rejected", 9.0),
    ("satisfaction_of_thirty", 0.0, Some(0.0), None),
    rate("satisfied_of_rated", 2.0, 3.0, 2.0 / 3.0),
    rate("target_achieved", 10.0, 40.0, 0.25),
    rate("timeliness", 1.0, 2.0, 0.5),
    rate("unassigned_of_open", 2.0, 3.0, 2.0 / 3.0),
    rate("unclassified_of_filed", 1.0, 6.0, 1.0 / 6.0),
    rate("unknown_outcomes", 1.0, 18.0, 1.0 / 18.0),
    count("values_left_out", 7.0),
    rate("without_reason_of_rejections", 1.0, 2.0, 0.5),
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
async fn there_are_forty_metrics_or_more_and_each_says_whose_it_is_and_has_a_case() {
    let lake = Lake::new();
    let metrics = lake.warehouse.list_metrics();
    assert!(metrics.len() >= 40, "{}", metrics.len());
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, CASES.map(|(name, ..)| name));
    for metric in metrics {
        let titles = [Some(&metric.title.en), metric.title.pa.as_ref(), metric.title.hi.as_ref()];
        let says = |text: Option<&String>| text.is_some_and(|text| !text.trim().is_empty());
        assert!(titles.into_iter().all(says), "titles of {}", metric.name);
        assert!(says(Some(&metric.owner)) && says(Some(&metric.grain)), "owner and grain of {}", metric.name);
    }
}

#[tokio::test]
async fn a_channel_is_told_by_its_word_and_a_centre_by_its_code() {
    let lake = lake().await;
    let channels = told(&lake, "applications_by_channel", "channel").await;
    let expected = [("centre", 2.0), ("home", 1.0), ("online", 2.0)];
    assert_eq!(channels, expected.map(|(word, count)| (word.to_owned(), Some(count))));
    assert_eq!(told(&lake, "footfall", "centre").await, [("C-1".to_owned(), Some(2.0))]);
}

#[tokio::test]
async fn a_complaint_is_a_repeat_up_to_ninety_days_after_the_one_before_of_one_that_is_known() {
    let lake = people().await;
    let filed = ["2026-01-01T06:00:00Z", "2026-04-01T06:00:00Z", "2026-07-01T06:00:00Z"];
    let of = |no: &str, kind: &str, who: &str, day: usize| grievance(no, kind, filed[day], [("complainant", who)]);
    // From January to April are 90 days, from April to July 91.
    let cases = [
        of("1", LIGHT, "ss:1", 0),
        of("2", LIGHT, "ss:1", 1),
        of("3", LIGHT, "ss:1", 2),
        of("of another type", GARBAGE, "ss:1", 1),
        of("without a type", "", "ss:2", 0),
        of("without a type too", "", "ss:2", 0),
        of("of nobody known", LIGHT, "ss:9", 0),
        of("of nobody known too", LIGHT, "ss:9", 0),
    ];
    lake.append("grievance", 1, &cases).await;
    lake.build().await;
    let rows = lake.rows("SELECT grievance_no FROM fct_grievances WHERE is_repeat").await;
    assert_eq!(rows.iter().map(|row| text(row, "grievance_no")).collect::<Vec<_>>(), ["2"]);
    let figure = &figures(&lake, &MetricQuery::of("repeat_complaints")).await[0];
    assert_eq!((number(figure, "numerator"), number(figure, "denominator")), (Some(1.0), Some(4.0)));
}

#[tokio::test]
async fn ten_of_one_kind_at_one_office_in_a_month_are_a_hot_spot_and_nine_are_none() {
    let lake = Lake::new();
    let of = |kind: &'static str, count: usize| {
        (0..count).map(move |number| grievance(&format!("{kind} {number}"), kind, "2026-09-10T06:00:00Z", []))
    };
    // Of ten without a type nobody knows that they are of one kind.
    let cases: Vec<Event> = of(LIGHT, 10).chain(of(GARBAGE, 9)).chain(of("", 10)).collect();
    lake.append("grievance", 1, &cases).await;
    lake.build().await;
    let figure = &figures(&lake, &MetricQuery::of("hot_spots_of_filed")).await[0];
    assert_eq!((number(figure, "numerator"), number(figure, "denominator")), (Some(10.0), Some(29.0)));
    let spots = told(&lake, "hot_spots_of_filed", "complaint_type").await;
    let light = spots.iter().find(|(kind, _)| kind == LIGHT).unwrap();
    assert_eq!((light.1, spots.iter().filter(|(_, value)| *value == Some(0.0)).count()), (Some(1.0), 2));
}

#[tokio::test]
async fn satisfaction_is_told_of_thirty_answers_and_not_of_twenty_nine() {
    let lake = Lake::new();
    let of = |district: &'static str, count: usize, rating: &'static str| {
        (0..count).map(move |number| {
            let others = [("district", district), ("rating", rating)];
            grievance(&format!("{district} {number}"), LIGHT, "2026-09-10T06:00:00Z", others)
        })
    };
    lake.append("grievance", 1, &of("27", 30, "4").chain(of("28", 29, "1")).collect::<Vec<_>>()).await;
    lake.build().await;
    let by_district = told(&lake, "satisfaction_of_thirty", "district").await;
    assert_eq!(by_district, [("27".to_owned(), Some(4.0)), ("28".to_owned(), None)]);
    let whole = &figures(&lake, &MetricQuery::of("satisfaction_of_thirty")).await[0];
    assert_close(number(whole, "value"), Some(149.0 / 59.0), "of all who answered");
}

#[tokio::test]
async fn a_second_payment_of_a_scheme_in_a_month_is_in_duplicate_and_one_sent_again_is_not() {
    let lake = people().await;
    let cases = [
        payment("returned", "SCH-05", "ss:2", "2026-03-05T05:00:00Z", "returned"),
        payment("sent again", "SCH-05", "ss:2", "2026-03-09T05:00:00Z", "paid"),
        // The last evening of March in UTC is April in India.
        payment("of the next month", "SCH-05", "ss:2", "2026-03-31T18:30:00Z", "paid"),
        payment("second of it", "SCH-05", "ss:2", "2026-04-20T05:00:00Z", "paid"),
        payment("of another scheme", "SCH-01", "ss:2", "2026-04-20T05:00:00Z", "paid"),
        payment("of nobody known", "SCH-05", "ss:9", "2026-04-20T05:00:00Z", "paid"),
        payment("of nobody known too", "SCH-05", "ss:9", "2026-04-21T05:00:00Z", "paid"),
    ];
    lake.append("benefit_payment", 1, &cases).await;
    lake.build().await;
    let rows = lake.rows("SELECT payment_no FROM fct_benefit_payments WHERE is_paid_in_duplicate").await;
    assert_eq!(rows.iter().map(|row| text(row, "payment_no")).collect::<Vec<_>>(), ["second of it"]);
}
