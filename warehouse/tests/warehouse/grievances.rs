//! Grievances: ageing, disposal and whether they were in time.

use std::collections::BTreeMap;

use kanak_model::Timestamp;

use crate::support::*;

const HOUR: i64 = 3_600_000_000;

#[expect(clippy::struct_excessive_bools, reason = "each is one fact that the oracle counts")]
struct Grievance {
    event: Event,
    key: (String, String, String),
    district: String,
    is_closed: bool,
    is_resolved: bool,
    is_assigned: bool,
    is_overdue: bool,
    is_within: bool,
    is_reopened: bool,
    age_days: i64,
    hours: f64,
    rating: Option<i64>,
}

/// `(complaint type, hours it states)`; the last one is in no list, so that the default of 21 days holds.
const TYPES: [(&str, i64); 3] = [("StreetLightNotWorking", 96), ("BurningOfGarbage", 336), ("", 504)];

fn grievances(count: usize) -> Vec<Grievance> {
    let mut dice = Dice(11);
    (0..count)
        .map(|number| {
            let (kind, due_hours) = TYPES[dice.below(3) as usize];
            let filed = minutes_into_2026(dice.below(273 * 1440));
            let assigned = dice.below(3) > 0;
            let hours = 1 + dice.below(40 * 24) as i64;
            let closed = Timestamp(filed.0 + hours * HOUR);
            let outcome = dice.one_of(&["open", "resolved", "rejected"]);
            let is_closed = outcome != "open";
            let due = filed.0 + due_hours * HOUR;
            let district = dice.one_of(&["27", "28"]);
            let reopened = dice.below(2);
            let rating = dice.one_of(&["", "1", "5"]);
            let place = |held: bool, instant: Timestamp| if held { instant.to_string() } else { String::new() };
            Grievance {
                event: event([
                    ("grievance_no", &format!("G-{number}")),
                    ("complaint_type", kind),
                    ("office", "OFF-LOC-D27"),
                    ("district", district),
                    ("filed_at", &filed.to_string()),
                    ("assigned_at", &place(assigned, Timestamp(filed.0 + HOUR))),
                    ("closed_at", &place(is_closed, closed)),
                    ("outcome", outcome),
                    ("times_reopened", &reopened.to_string()),
                    ("rating", rating),
                    ("description", "a street where someone lives"),
                ]),
                key: (kind.to_owned(), district.to_owned(), month_of(filed.day_ist())),
                district: district.to_owned(),
                is_closed,
                is_resolved: outcome == "resolved",
                is_assigned: assigned,
                is_overdue: !is_closed && due < now().0,
                is_within: is_closed && closed.0 <= due,
                is_reopened: reopened > 0,
                age_days: now().day_ist().signed_duration_since(filed.day_ist()).num_days(),
                hours: hours as f64,
                rating: rating.parse().ok(),
            }
        })
        .collect()
}

async fn lake_of(grievances: &[Grievance]) -> Lake {
    let lake = Lake::new();
    let events: Vec<Event> = grievances.iter().map(|one| one.event.clone()).collect();
    lake.append("grievance", 1, &events).await;
    lake.build().await;
    lake
}

fn count(of: &[&Grievance], holds: impl Fn(&Grievance) -> bool) -> i64 {
    of.iter().filter(|one| holds(one)).count() as i64
}

#[tokio::test]
async fn disposal_counts_are_those_of_the_cases() {
    let grievances = grievances(500);
    let lake = lake_of(&grievances).await;
    let mut expected: BTreeMap<_, Vec<&Grievance>> = BTreeMap::new();
    for one in &grievances {
        expected.entry(one.key.clone()).or_default().push(one);
    }
    let rows = lake.rows("SELECT * FROM mart_grievance_disposal").await;
    assert_eq!(rows.len(), expected.len());
    for row in &rows {
        let of = &expected[&(text(row, "complaint_type"), text(row, "district"), text(row, "month"))];
        for (column, value) in [
            ("filed", of.len() as i64),
            ("closed", count(of, |one| one.is_closed)),
            ("resolved", count(of, |one| one.is_resolved)),
            ("rejected", count(of, |one| one.is_closed && !one.is_resolved)),
            ("open", count(of, |one| !one.is_closed)),
            ("unassigned", count(of, |one| !one.is_closed && !one.is_assigned)),
            ("overdue", count(of, |one| one.is_overdue)),
            ("within_due", count(of, |one| one.is_within)),
            ("late", count(of, |one| one.is_closed && !one.is_within)),
            ("reopened", count(of, |one| one.is_reopened)),
            ("assigned", count(of, |one| one.is_assigned)),
            ("ratings", count(of, |one| one.rating.is_some())),
            ("rating_sum", of.iter().filter_map(|one| one.rating).sum()),
        ] {
            assert_eq!(int(row, column), value, "{column} of {row:?}");
        }
        let hours: f64 = of.iter().filter(|one| one.is_closed).map(|one| one.hours).sum();
        assert_close(number(row, "hours_to_close"), Some(hours), "hours to close");
        let assigned = count(of, |one| one.is_assigned) as f64;
        assert_close(number(row, "hours_to_assign"), Some(assigned), "each was assigned after one hour");
    }
}

#[tokio::test]
async fn open_grievances_age_in_bands_whether_or_not_anybody_holds_them() {
    let grievances = grievances(500);
    let lake = lake_of(&grievances).await;
    let band = |days: i64| [7, 15, 21, 30, 60, 180].iter().filter(|limit| days > **limit).count() as i64 + 1;
    let mut expected: BTreeMap<(String, i64), Vec<&Grievance>> = BTreeMap::new();
    for one in grievances.iter().filter(|one| !one.is_closed) {
        expected.entry((one.district.clone(), band(one.age_days))).or_default().push(one);
    }
    let rows = lake
        .rows(
            "SELECT district, age_band_number, sum(open) AS open, sum(unassigned) AS unassigned, sum(overdue) AS overdue, \
             max(oldest_days) AS oldest FROM mart_grievance_ageing GROUP BY district, age_band_number",
        )
        .await;
    assert_eq!(rows.len(), expected.len());
    for row in &rows {
        let of = &expected[&(text(row, "district"), int(row, "age_band_number"))];
        assert_eq!(int(row, "open"), of.len() as i64);
        assert_eq!(int(row, "unassigned"), count(of, |one| !one.is_assigned));
        assert_eq!(int(row, "overdue"), count(of, |one| one.is_overdue));
        assert_eq!(int(row, "oldest"), of.iter().map(|one| one.age_days).max().unwrap());
    }
}

#[tokio::test]
async fn neither_a_missing_type_nor_a_missing_officer_lets_a_grievance_escape_being_late() {
    let lake = Lake::new();
    let case = |no: &str, filed: &str| {
        event([("grievance_no", no), ("office", "OFF-LOC-D27"), ("filed_at", filed), ("outcome", "open")])
    };
    // Twenty-one days before the release, to the second, and one second more.
    lake.append("grievance", 1, &[case("due now", "2026-09-10T06:00:00Z"), case("late", "2026-09-10T05:59:59Z")]).await;
    lake.build().await;
    let rows = lake
        .rows("SELECT grievance_no, is_overdue, is_due_by_default, district FROM fct_grievances ORDER BY grievance_no")
        .await;
    let overdue: Vec<String> = rows.iter().map(|row| text(row, "is_overdue")).collect();
    assert_eq!(overdue, ["false", "true"]);
    assert!(rows.iter().all(|row| text(row, "is_due_by_default") == "true" && text(row, "district") == "27"));
}

#[tokio::test]
async fn being_in_time_is_measured_and_not_configured() {
    let lake = Lake::new();
    let case = |no: &str, closed: &str| {
        event([
            ("grievance_no", no),
            ("complaint_type", "StreetLightNotWorking"),
            ("office", "OFF-LOC-D27"),
            ("filed_at", "2026-01-01T00:00:00Z"),
            ("closed_at", closed),
            ("outcome", "resolved"),
        ])
    };
    lake.append("grievance", 1, &[case("on the hour", "2026-01-05T00:00:00Z"), case("late", "2026-01-05T00:00:01Z")])
        .await;
    lake.build().await;
    let rows = lake.rows("SELECT within_due, late, within_due_of_closed FROM mart_grievance_disposal").await;
    assert_eq!((int(&rows[0], "within_due"), int(&rows[0], "late")), (1, 1));
    assert_close(number(&rows[0], "within_due_of_closed"), Some(0.5), "half of them");
}

#[tokio::test]
async fn a_grievance_is_counted_in_the_month_it_was_filed_and_in_the_month_it_was_closed() {
    let lake = Lake::new();
    let case = |no: &str, closed: &str| {
        event([
            ("grievance_no", no),
            ("office", "OFF-LOC-D27"),
            ("filed_at", "2026-03-10T05:00:00Z"),
            ("closed_at", closed),
            ("outcome", if closed.is_empty() { "open" } else { "resolved" }),
        ])
    };
    // The last evening of April in UTC is May in India.
    let cases = [case("1", "2026-03-20T05:00:00Z"), case("2", "2026-04-30T18:30:00Z"), case("3", "")];
    lake.append("grievance", 1, &cases).await;
    lake.build().await;
    let rows = lake.rows("SELECT month, filed, closed FROM mart_grievances_by_month ORDER BY month").await;
    let found: Vec<(String, i64, i64)> =
        rows.iter().map(|row| (text(row, "month"), int(row, "filed"), int(row, "closed"))).collect();
    assert_eq!(found, [("2026-03-01".to_owned(), 3, 1), ("2026-05-01".to_owned(), 0, 1)]);
}
