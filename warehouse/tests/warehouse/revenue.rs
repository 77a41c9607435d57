//! Revenue by head and district.

use std::collections::BTreeMap;

use crate::support::*;

#[tokio::test]
async fn revenue_adds_up_by_head_district_and_month_and_over_the_state() {
    let lake = Lake::new();
    let mut dice = Dice(3);
    let mut expected: BTreeMap<(String, String, String), (i64, i64)> = BTreeMap::new();
    let mut total = 0;
    let events: Vec<Event> = (0..300)
        .map(|number| {
            let head = dice.one_of(&["0005", "0006"]);
            let district = dice.one_of(&["27", "28", ""]);
            let received = minutes_into_2026(dice.below(200 * 1440));
            let paise = dice.below(1_000_000_00) as i64;
            let place = if district.is_empty() { "28" } else { district };
            let sum = expected.entry((head.to_owned(), place.to_owned(), month_of(received.day_ist()))).or_default();
            *sum = (sum.0 + 1, sum.1 + paise);
            total += paise;
            event([
                ("receipt_no", &format!("R-{number}")),
                ("revenue_head", head),
                ("office", "OFF-REV-D28"),
                ("district", district),
                ("amount", &paise.to_string()),
                ("received_at", &received.to_string()),
            ])
        })
        .collect();
    lake.append("receipt", 1, &events).await;
    lake.build().await;
    let rows = lake.rows("SELECT * FROM mart_revenue_by_head_district").await;
    assert_eq!(rows.len(), expected.len());
    for row in &rows {
        let key = (text(row, "revenue_head"), text(row, "district"), text(row, "month"));
        assert_eq!((int(row, "receipts"), int(row, "amount_paise")), expected[&key], "{key:?}");
        assert_close(number(row, "amount_rupees"), Some(expected[&key].1 as f64 / 100.0), "rupees");
    }
    let state = &lake.rows("SELECT sum(amount_paise) AS paise FROM fct_receipts").await[0];
    assert_eq!(int(state, "paise"), total);
    let offices = &lake.rows("SELECT sum(receipts_paise) AS paise FROM mart_office_scorecard").await[0];
    assert_eq!(int(offices, "paise"), total);
}

#[tokio::test]
async fn the_last_evening_of_march_in_utc_is_the_next_financial_year() {
    let lake = Lake::new();
    let case = |no: &str, received: &str| {
        event([("receipt_no", no), ("revenue_head", "0005"), ("amount", "100"), ("received_at", received)])
    };
    lake.append("receipt", 1, &[case("before", "2026-03-31T18:29:59Z"), case("after", "2026-03-31T18:30:00Z")]).await;
    lake.build().await;
    let rows = lake.rows("SELECT receipt_no, financial_year, month FROM fct_receipts ORDER BY receipt_no DESC").await;
    let years: Vec<(i64, String)> = rows.iter().map(|row| (int(row, "financial_year"), text(row, "month"))).collect();
    assert_eq!(years, [(2025, "2026-03-01".to_owned()), (2026, "2026-04-01".to_owned())]);
}
