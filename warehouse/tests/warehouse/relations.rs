//! Relations in the lake: who sees which, and beneficiaries of schemes by their payments.

use kanak_model::{Access, Class};
use kanak_warehouse::{QueryLimits, RelationRow, WarehouseError};

use crate::support::*;

fn relation(name: &str, class: Class, golden_id: i64, district: Option<&str>) -> RelationRow {
    RelationRow {
        relation: name.to_owned(),
        entity: "employee".to_owned(),
        class,
        golden_id,
        to_entity: None,
        to_golden_id: None,
        to_system: Some("office".to_owned()),
        to_code: Some("OFF-REV".to_owned()),
        to_group: None,
        valid_from: "2020-04-01".parse().ok(),
        valid_to: "2021-04-01".parse().ok(),
        recorded_from: 1,
        recorded_to: None,
        source_system: "hrms".to_owned(),
        district: district.map(str::to_owned),
    }
}

async fn names(lake: &Lake, access: &Access, table: &str) -> Option<Vec<String>> {
    let sql = format!("SELECT relation FROM {table} ORDER BY relation");
    match lake.warehouse.query(access, &sql, QueryLimits::default()).await {
        Ok(_) => Some(rows(&lake.warehouse, access, &sql).await.iter().map(|row| text(row, "relation")).collect()),
        Err(WarehouseError::UnknownTable { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_relation_that_tells_about_a_person_is_restricted_and_rows_are_those_of_the_callers_districts() {
    let lake = Lake::new();
    let stated = [
        relation("posted", Class::Internal, 1, Some("27")),
        relation("posted_elsewhere", Class::Public, 2, Some("28")),
        relation("posted_nowhere", Class::Internal, 3, None),
        relation("lives_with", Class::Personal, 4, Some("27")),
    ];
    assert!(lake.warehouse.load_relations(stated.to_vec()).await.unwrap());
    assert!(!lake.warehouse.load_relations(stated.to_vec()).await.unwrap(), "the same rows change nothing");
    lake.build().await;
    let all = Some(vec!["posted".to_owned(), "posted_elsewhere".to_owned(), "posted_nowhere".to_owned()]);
    assert_eq!(names(&lake, &analyst(None), "bridge_relations").await, all);
    assert_eq!(names(&lake, &analyst(Some(&["27"])), "bridge_relations").await, Some(vec!["posted".to_owned()]));
    assert_eq!(names(&lake, &analyst(None), "bridge_relations_personal").await, None);
    let personal = Some(vec!["lives_with".to_owned()]);
    assert_eq!(names(&lake, &steward(None), "bridge_relations_personal").await, personal);
    assert_eq!(names(&lake, &steward(Some(&["28"])), "bridge_relations_personal").await, Some(Vec::new()));
    let on = "SELECT count(*) AS n FROM bridge_relations WHERE valid_from <= DATE '2021-03-31' AND valid_to > DATE '2021-03-31'";
    assert_eq!(int(&lake.rows(on).await[0], "n"), 3);
    let shown = lake.warehouse.table_info(&steward(None), "bridge_relations").unwrap();
    assert!(shown.description.contains("relation"), "{}", shown.description);
}

#[tokio::test]
async fn a_schemes_beneficiaries_are_those_whom_it_paid_each_once() {
    let lake = Lake::new();
    lake.link(&[("citizen", "social_security:a", 1), ("citizen", "social_security:b", 2)]).await;
    let scheme = golden_version(9, "active", &[("scheme_name", "Old Age Pension"), ("scheme_code", "SCH-05")]);
    lake.golden("scheme", vec![scheme]).await;
    let payment = |no: &str, who: &str, paid_at: &str, outcome: &str| {
        event([
            ("payment_no", no),
            ("scheme", "SCH-05"),
            ("beneficiary", who),
            ("district", "27"),
            ("amount", "150000"),
            ("paid_at", paid_at),
            ("outcome", outcome),
        ])
    };
    let payments = [
        payment("1", "social_security:a", "2026-01-05T05:00:00Z", "paid"),
        payment("2", "social_security:a", "2026-02-05T05:00:00Z", "paid"),
        payment("3", "social_security:a", "2026-03-05T05:00:00Z", "returned"),
        payment("4", "social_security:b", "2026-01-05T05:00:00Z", "returned"),
        payment("5", "social_security:z", "2026-01-05T05:00:00Z", "paid"),
    ];
    lake.append("benefit_payment", 1, &payments).await;
    lake.build().await;
    let found = lake.rows("SELECT * FROM fct_scheme_beneficiaries").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert_eq!((int(one, "scheme_golden_id"), int(one, "beneficiary_golden_id")), (9, 1));
    assert_eq!([text(one, "first_paid_on"), text(one, "last_paid_on")], ["2026-01-05", "2026-02-05"]);
    assert_eq!((int(one, "payments"), int(one, "amount_paise")), (2, 300_000));
    let is_told = lake.warehouse.table_info(&analyst(None), "fct_scheme_beneficiaries").is_ok();
    assert!(!is_told, "who is paid a benefit is restricted");
}
