//! Small cells: what is told to whoever reads for statistics alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use kanak_codes::Codes;
use kanak_warehouse::Warehouse;

use super::*;

/// Pending applications by district.
async fn pending(counts: &[(&str, usize)]) -> Lake {
    let lake = Lake::new();
    let mut applications = Vec::new();
    for (district, count) in counts {
        for number in 0..*count {
            applications.push(event([
                ("application_no", &format!("A-{district}-{number}")),
                ("service", "SVC-001"),
                ("office", "OFF-REV"),
                ("district", district),
                ("applied_at", "2026-08-10T06:00:00Z"),
                ("outcome", "pending"),
            ]));
        }
    }
    lake.append("service_application", 1, &applications).await;
    lake.build().await;
    lake
}

/// By district what an analyst is told; `None` where it is withheld.
async fn told(warehouse: &Warehouse, query: &MetricQuery) -> BTreeMap<String, Option<f64>> {
    let rows = rows_json(&warehouse.metrics(&analyst(None), query).await.unwrap().result);
    let cell = |row: &Row| {
        assert_eq!(row["is_withheld"] == true, row["value"].is_null(), "{row:?}");
        assert_eq!(row["is_withheld"] == true, row["numerator"].is_null(), "{row:?}");
        (row.get("district").map(|_| text(row, "district")).unwrap_or_default(), number(row, "value"))
    };
    rows.iter().map(cell).collect()
}

fn expected(cells: &[(&str, Option<f64>)]) -> BTreeMap<String, Option<f64>> {
    cells.iter().map(|(district, value)| ((*district).to_owned(), *value)).collect()
}

const BY_DISTRICT: [(&str, usize); 4] = [("27", 9), ("28", 10), ("29", 12), ("30", 40)];

#[tokio::test]
async fn a_small_cell_is_withheld_from_an_analyst_with_another_and_told_to_the_hub() {
    let lake = pending(&BY_DISTRICT).await;
    let cut = of("applications_pending").by(&["district"]);
    let cells = told(&lake.warehouse, &cut).await;
    assert_eq!(cells, expected(&[("27", None), ("28", None), ("29", Some(12.0)), ("30", Some(40.0))]));
    let all = metric(&lake, &cut).await;
    let whole: f64 = all.iter().filter_map(|row| number(row, "value")).sum();
    assert_close(Some(whole), Some(71.0), "the hub itself is told all");
    assert_eq!(told(&lake.warehouse, &of("applications_pending")).await, expected(&[("", Some(71.0))]));
}

#[tokio::test]
async fn a_withheld_member_is_not_had_by_asking_for_it_alone_or_with_some_others() {
    let lake = pending(&BY_DISTRICT).await;
    let only = |codes: &[&str]| {
        let codes = Condition::In(codes.iter().map(|code| (*code).to_owned()).collect());
        of("applications_pending").filter("district", codes)
    };
    let asked: [(&[&str], Option<f64>); 5] = [
        (&["27"], None),
        (&["28"], None),
        (&["29"], Some(12.0)),
        // Both that are withheld: their sum is what the whole less the others is.
        (&["27", "28"], Some(19.0)),
        (&["27", "30"], None),
    ];
    for (codes, value) in asked {
        assert_eq!(told(&lake.warehouse, &only(codes)).await, expected(&[("", value)]), "{codes:?}");
        let by = told(&lake.warehouse, &only(codes).by(&["district"])).await;
        assert!(by.get("28").is_none_or(Option::is_none), "{codes:?}");
    }
    // The one month there is, by its name and by none.
    let month = only(&["28"]).filter("month", "2026-08-01");
    assert_eq!(told(&lake.warehouse, &month).await, expected(&[("", None)]));
}

#[tokio::test]
async fn a_whole_that_is_small_is_withheld_and_none_is_told() {
    let lake = pending(&[("27", 9)]).await;
    assert_eq!(told(&lake.warehouse, &of("applications_pending")).await, expected(&[("", None)]));
    assert_eq!(told(&lake.warehouse, &of("grievances_open")).await, expected(&[("", Some(0.0))]));
    // Nine in all, whatever the share of them is.
    assert_eq!(told(&lake.warehouse, &of("overdue_of_received")).await, expected(&[("", None)]));
}

#[tokio::test]
async fn headline_figures_that_are_small_are_withheld_from_an_analyst_alone() {
    let lake = pending(&[("27", 9)]).await;
    let sql = "SELECT figure, value, numerator, denominator, smallest_count FROM mart_overview WHERE figure IN \
               ('applications_pending', 'overdue_of_received', 'grievances_open') ORDER BY position";
    let withheld = rows(&lake.warehouse, &analyst(None), sql).await;
    for row in withheld.iter().filter(|row| text(row, "figure") != "grievances_open") {
        assert!(row.iter().all(|(name, value)| name == "figure" || value.is_null()), "{row:?}");
    }
    assert_close(number(&withheld[2], "value"), Some(0.0), "none is told");
    assert_close(number(&lake.rows(sql).await[0], "value"), Some(9.0), "the hub itself is told");
    let counted = "SELECT count(*) AS figures FROM mart_overview WHERE value = 9";
    assert_eq!(int(&rows(&lake.warehouse, &analyst(None), counted).await[0], "figures"), 0);
}

#[tokio::test]
async fn a_deployment_sets_how_small_a_told_cell_may_be() {
    let lake = pending(&BY_DISTRICT).await;
    let path = lake.folder.path().join("lake");
    let open = |smallest: u32| {
        let codes = Arc::new(Codes::builtin().unwrap());
        Warehouse::open_with_smallest_cell(&path, codes, smallest).unwrap()
    };
    let cut = of("applications_pending").by(&["district"]);
    assert!(told(&open(5), &cut).await.values().all(Option::is_some));
    assert!(told(&open(100), &cut).await.values().all(Option::is_none));
}

#[tokio::test]
async fn order_and_limit_do_not_tell_the_place_of_what_is_withheld() {
    let lake = pending(&[("27", 9), ("28", 3), ("29", 12), ("30", 40)]).await;
    let query = MetricQuery {
        order: vec![Order::parse("applications_pending")],
        limit: Some(3),
        ..of("applications_pending").by(&["district"])
    };
    let answer = lake.warehouse.metrics(&analyst(None), &query).await.unwrap();
    let districts: Vec<String> = rows_json(&answer.result).iter().map(|row| text(row, "district")).collect();
    assert_eq!(districts, ["29", "30", "27"], "those withheld come last, by district");
}
