//! Figures against a count by hand over the rows of facts.

use kanak_warehouse::TimeGrain;

use super::*;

/// A row of a fact, with what an oracle counts of it.
struct Fact {
    district: String,
    service: String,
    month: String,
    is_counted: bool,
    is_good: bool,
}

async fn facts(lake: &Lake) -> Vec<Fact> {
    let sql = "SELECT district, service, month, is_within_limit FROM fct_service_applications";
    let fact = |row: &Row| Fact {
        district: text(row, "district"),
        service: text(row, "service"),
        month: text(row, "month"),
        is_counted: !row["is_within_limit"].is_null(),
        is_good: row["is_within_limit"] == true,
    };
    lake.rows(sql).await.iter().map(fact).collect()
}

/// What a month's period is called, written down a second time.
fn period(month: &str, grain: TimeGrain) -> String {
    let (year, number): (i32, i32) = (month[..4].parse().unwrap(), month[5..7].parse().unwrap());
    let first = if number >= 4 { year } else { year - 1 };
    let name = format!("{first}-{:02}", (first + 1) % 100);
    match grain {
        TimeGrain::Month => month.to_owned(),
        TimeGrain::Quarter => format!("{name} Q{}", if number >= 4 { (number - 1) / 3 } else { 4 }),
        TimeGrain::FinancialYear => name,
    }
}

#[tokio::test]
async fn every_cut_of_timeliness_is_what_a_count_over_the_rows_gives() {
    let lake = lake().await;
    let facts = facts(&lake).await;
    let grains = [None, Some(TimeGrain::Month), Some(TimeGrain::Quarter), Some(TimeGrain::FinancialYear)];
    let cuts: [&[&str]; 4] = [&[], &["district"], &["service"], &["district", "service"]];
    for (grain, by) in grains.iter().flat_map(|grain| cuts.map(|by| (*grain, by))) {
        for filter in [&["27", "28", "29"][..], &["28"], &["27", "29"]] {
            let only = Condition::In(filter.iter().map(|code| (*code).to_owned()).collect());
            let query = MetricQuery { grain, ..of("timeliness").by(by).filter("district", only) };
            let rows = metric(&lake, &query).await;
            let mut counted = 0;
            for row in &rows {
                let is_in = |fact: &&Fact| {
                    let values = [("district", &fact.district), ("service", &fact.service)];
                    let same = values.iter().all(|(name, value)| !by.contains(name) || text(row, name) == **value);
                    let then = grain.is_none_or(|grain| text(row, grain.word()) == period(&fact.month, grain));
                    filter.contains(&fact.district.as_str()) && same && then
                };
                let inside: Vec<&Fact> = facts.iter().filter(is_in).collect();
                let whole = inside.iter().filter(|fact| fact.is_counted).count() as i64;
                let good = inside.iter().filter(|fact| fact.is_good).count() as i64;
                counted += inside.len();
                let what = format!("{by:?} {grain:?} {filter:?} {row:?}");
                assert_close(number(row, "numerator"), Some(good as f64), &what);
                assert_close(number(row, "denominator"), Some(whole as f64), &what);
                assert_close(number(row, "value"), share(good, whole), &what);
            }
            let expected = facts.iter().filter(|fact| filter.contains(&fact.district.as_str())).count();
            assert_eq!(counted, expected, "{by:?} {grain:?}: each row is in one cell");
        }
    }
}

/// Four applications and three grievances, told by district and month.
async fn few() -> Lake {
    let lake = Lake::new();
    let application = |number: &str, district: &str, applied: &str| {
        event([
            ("application_no", number),
            ("service", "SVC-001"),
            ("office", "OFF-REV"),
            ("district", district),
            ("applied_at", applied),
            ("outcome", "pending"),
        ])
    };
    let applications = [
        application("A-1", "27", "2025-09-10T06:00:00Z"),
        application("A-2", "27", "2026-08-10T06:00:00Z"),
        application("A-3", "27", "2026-09-10T06:00:00Z"),
        application("A-4", "28", "2026-08-31T20:00:00Z"),
    ];
    let grievance = |number: &str, district: &str, filed: &str| {
        event([("grievance_no", number), ("district", district), ("filed_at", filed), ("outcome", "open")])
    };
    let grievances = [
        grievance("G-1", "27", "2026-09-02T06:00:00Z"),
        grievance("G-2", "29", "2026-09-03T06:00:00Z"),
        grievance("G-3", "29", "2026-10-01T05:00:00Z"),
    ];
    lake.append("service_application", 1, &applications).await;
    lake.append("grievance", 1, &grievances).await;
    lake.build().await;
    lake
}

fn words(row: &Row, names: &[&str]) -> String {
    names.iter().map(|name| text(row, name)).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn measures_of_two_tables_stand_side_by_side_and_a_missing_one_is_none() {
    let lake = few().await;
    let query = MetricQuery {
        measures: vec!["applications_received".to_owned(), "grievances_filed".to_owned()],
        grain: Some(TimeGrain::Month),
        order: vec![Order::parse("-grievances_filed")],
        limit: Some(3),
        ..of("").by(&["district"]).filter("time", "2026-27")
    };
    let rows = metric(&lake, &query).await;
    let told: Vec<String> = rows
        .iter()
        .map(|row| words(row, &["district", "month", "applications_received", "grievances_filed", "is_open_period"]))
        .collect();
    // An application of 31 August, 20:00 UTC, is one of September in India.
    assert_eq!(told, ["27 2026-09-01 1.0 1.0 false", "29 2026-09-01 0.0 1.0 false", "29 2026-10-01 0.0 1.0 true"]);
}

#[tokio::test]
async fn a_period_is_set_beside_the_one_before_and_beside_that_of_last_year() {
    let lake = few().await;
    let query = |compare| MetricQuery {
        compare: Some(compare),
        ..of("applications_received").by(&["district"]).filter("month", "2026-09-01")
    };
    let told = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| words(row, &["district", "value", "compared_value", "change"])).collect()
    };
    let before = metric(&lake, &query(Compare::PreviousPeriod)).await;
    assert_eq!(told(&before), ["27 1.0 1.0 0.0", "28 1.0  "]);
    let last_year = metric(&lake, &query(Compare::PreviousYear)).await;
    assert_eq!(told(&last_year), ["27 1.0 1.0 0.0", "28 1.0  "]);
    let months = MetricQuery { compare: Some(Compare::PreviousPeriod), ..of("applications_received").by(&["month"]) };
    let told: Vec<String> =
        metric(&lake, &months).await.iter().map(|row| words(row, &["month", "value", "compared_value"])).collect();
    // October has begun: that nothing came in yet is told, as the month before is.
    assert_eq!(
        told,
        ["2025-09-01 1.0 ", "2025-10-01 0.0 1.0", "2026-08-01 1.0 ", "2026-09-01 2.0 1.0", "2026-10-01 0.0 2.0"]
    );
}

#[tokio::test]
async fn a_release_keeps_the_laws_of_figures() {
    let lake = lake().await;
    for check in lake.warehouse.check_figures().await.unwrap() {
        assert!(check.wrong.is_none() && check.compared > 0, "{check}");
    }
}
