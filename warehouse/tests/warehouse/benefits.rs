//! Benefits by scheme, and what was paid after a death.

use crate::support::*;

fn payment(no: &str, beneficiary: &str, paid: &str, outcome: &str) -> Event {
    event([
        ("payment_no", no),
        ("scheme", "SCH-05"),
        ("beneficiary", beneficiary),
        ("district", "27"),
        ("amount", "150000"),
        ("paid_at", paid),
        ("outcome", outcome),
    ])
}

/// Citizen 1 died on 31 January 2026, 2 in January 2026, 3 in 2025; 4 lives; 5 is not linked to a golden record.
async fn lake_of(payments: &[Event]) -> Lake {
    let lake = Lake::new();
    let citizen = |id, death: &str| {
        let values: &[(&str, &str)] = if death.is_empty() { &[] } else { &[("date_of_death", death)] };
        golden_version(id, "active", values)
    };
    let citizens = vec![citizen(1, "2026-01-31"), citizen(2, "2026-01"), citizen(3, "2025"), citizen(4, "")];
    lake.golden("citizen", citizens).await;
    let links: Vec<(&str, &str, i64)> =
        vec![("citizen", "ss:1", 1), ("citizen", "ss:2", 2), ("citizen", "ss:3", 3), ("citizen", "ss:4", 4)];
    lake.link(&links).await;
    lake.append("benefit_payment", 1, payments).await;
    lake.build().await;
    lake
}

#[tokio::test]
async fn a_payment_is_after_a_death_only_where_the_date_that_is_known_says_so() {
    let cases = [
        ("on the day", "ss:1", "2026-01-31T18:29:59Z", "paid", false),
        ("the day after", "ss:1", "2026-01-31T18:30:00Z", "paid", true),
        ("the day after, returned", "ss:1", "2026-02-01T05:00:00Z", "returned", false),
        ("in the month of death", "ss:2", "2026-01-31T05:00:00Z", "paid", false),
        ("in the next month", "ss:2", "2026-02-01T05:00:00Z", "paid", true),
        ("in the year of death", "ss:3", "2025-12-31T05:00:00Z", "paid", false),
        ("in the next year", "ss:3", "2026-01-01T05:00:00Z", "paid", true),
        ("the living", "ss:4", "2026-02-01T05:00:00Z", "paid", false),
        ("nobody we know", "ss:5", "2026-02-01T05:00:00Z", "paid", false),
    ];
    let payments: Vec<Event> =
        cases.iter().map(|(no, who, paid, outcome, _)| payment(no, who, paid, outcome)).collect();
    let lake = lake_of(&payments).await;
    let rows = lake.rows("SELECT payment_no, is_paid_after_death FROM fct_benefit_payments").await;
    for (no, _, _, _, expected) in cases {
        let row = rows.iter().find(|row| text(row, "payment_no") == no).unwrap();
        assert_eq!(text(row, "is_paid_after_death"), expected.to_string(), "{no}");
    }
    let sum = &lake
        .rows(
            "SELECT sum(payments) AS payments, sum(paid) AS paid, sum(returned) AS returned, sum(amount_paise) AS paise, \
             sum(paid_after_death) AS after, sum(paid_after_death_paise) AS after_paise FROM mart_benefits_by_scheme",
        )
        .await[0];
    assert_eq!((int(sum, "payments"), int(sum, "paid"), int(sum, "returned")), (9, 8, 1));
    assert_eq!((int(sum, "paise"), int(sum, "after"), int(sum, "after_paise")), (8 * 150_000, 3, 3 * 150_000));
}

#[tokio::test]
async fn beneficiaries_are_people_and_not_payments() {
    let payments: Vec<Event> = (0..6)
        .map(|number| payment(&number.to_string(), ["ss:1", "ss:4"][number % 2], "2026-01-05T05:00:00Z", "paid"))
        .collect();
    let lake = lake_of(&payments).await;
    let rows = lake.rows("SELECT beneficiaries, paid FROM mart_benefits_by_scheme").await;
    assert_eq!((int(&rows[0], "beneficiaries"), int(&rows[0], "paid")), (2, 6));
}

#[tokio::test]
async fn a_target_stands_beside_what_was_paid_and_alone_where_nothing_was() {
    let lake = lake_of(&[payment("1", "ss:4", "2026-05-05T05:00:00Z", "paid")]).await;
    let target = |no: &str, district: &str| {
        event([
            ("target_no", no),
            ("scheme", "SCH-05"),
            ("district", district),
            ("financial_year", "2026"),
            ("target", "40"),
            ("achieved", "10"),
        ])
    };
    lake.append("scheme_target", 1, &[target("a", "27"), target("b", "28")]).await;
    lake.warehouse.build(2, now()).await.unwrap();
    let rows = lake
        .rows(
            "SELECT district, paid, target, achieved_of_target AS share FROM mart_benefits_by_scheme ORDER BY district",
        )
        .await;
    let found: Vec<(String, i64, i64)> =
        rows.iter().map(|row| (text(row, "district"), int(row, "paid"), int(row, "target"))).collect();
    assert_eq!(found, [("27".to_owned(), 1, 40), ("28".to_owned(), 0, 40)]);
    assert_close(number(&rows[0], "share"), Some(0.25), "a quarter");
}

#[tokio::test]
async fn people_are_counted_once_in_each_cut() {
    let mut moved = payment("1", "ss:4", "2026-05-05T05:00:00Z", "paid");
    moved.insert("district", "28".to_owned());
    let lake = lake_of(&[
        payment("2", "ss:4", "2026-05-05T05:00:00Z", "paid"),
        payment("3", "ss:4", "2025-05-05T05:00:00Z", "paid"),
        payment("4", "ss:1", "2025-05-05T05:00:00Z", "returned"),
        moved,
    ])
    .await;
    let rows = lake
        .rows(
            "SELECT cut, count(*) AS n, sum(beneficiaries) AS people FROM mart_beneficiaries GROUP BY cut ORDER BY cut",
        )
        .await;
    let found: Vec<(String, i64, i64)> =
        rows.iter().map(|row| (text(row, "cut"), int(row, "n"), int(row, "people"))).collect();
    let expect = |cut: &str, n, people| (cut.to_owned(), n, people);
    assert_eq!(
        found,
        [expect("district", 2, 2), expect("district_year", 3, 3), expect("state", 1, 1), expect("year", 2, 2)]
    );
}

#[tokio::test]
async fn outcomes_are_read_in_any_case_and_unknown_ones_are_counted() {
    let on = "2026-01-05T05:00:00Z";
    let lake = lake_of(&[
        payment("1", "ss:4", on, "Paid"),
        payment("2", "ss:4", on, " RETURNED "),
        payment("3", "ss:4", on, "credited"),
        payment("4", "ss:1", "2026-03-05T05:00:00Z", "PAID"),
    ])
    .await;
    let grievance = |no: &str, outcome: &str| {
        event([
            ("grievance_no", no),
            ("office", "OFF-LOC-D27"),
            ("filed_at", on),
            ("closed_at", "2026-01-06T05:00:00Z"),
            ("outcome", outcome),
        ])
    };
    lake.append("grievance", 1, &[grievance("1", "Resolved"), grievance("2", "settled")]).await;
    let application = |no: &str, outcome: &str| {
        event([
            ("application_no", no),
            ("service", "SVC-001"),
            ("office", "OFF-REV-D27"),
            ("applied_at", on),
            ("disposed_at", "2026-01-06T05:00:00Z"),
            ("outcome", outcome),
        ])
    };
    lake.append("service_application", 1, &[application("1", "Delivered"), application("2", "done")]).await;
    lake.warehouse.build(2, now()).await.unwrap();
    let paid =
        &lake.rows("SELECT sum(paid) AS paid, sum(paid_after_death) AS after FROM mart_benefits_by_scheme").await[0];
    assert_eq!((int(paid, "paid"), int(paid, "after")), (2, 1));
    let closed = &lake.rows("SELECT sum(closed) AS closed, sum(open) AS open FROM mart_grievance_disposal").await[0];
    assert_eq!((int(closed, "closed"), int(closed, "open")), (1, 1));
    let disposed =
        &lake.rows("SELECT sum(disposed) AS disposed, sum(pending) AS pending FROM mart_service_delivery").await[0];
    assert_eq!((int(disposed, "disposed"), int(disposed, "pending")), (1, 1));
    let unknown = lake.rows("SELECT event, events, unknown FROM mart_unknown_outcomes ORDER BY event").await;
    let unknown: Vec<(i64, i64)> = unknown.iter().map(|row| (int(row, "events"), int(row, "unknown"))).collect();
    assert_eq!(unknown, [(4, 1), (2, 1), (2, 1)]);
}
