//! Data quality by source, match quality.

use kanak_warehouse::{Folder, INGEST_QUALITY, MATCH_QUALITY};

use crate::support::*;

#[tokio::test]
async fn rows_read_are_those_accepted_and_those_rejected() {
    let lake = Lake::new();
    let rows: [&[&str]; 5] = [
        &["food", "citizen", "accepted", "", "", "95"],
        &["food", "citizen", "rejected", "required", "NAME", "3"],
        &["food", "citizen", "rejected", "key_missing", "", "2"],
        &["food", "citizen", "left_out", "kind", "mobile", "7"],
        &["hrms", "employee", "accepted", "", "", "0"],
    ];
    assert!(lake.warehouse.load_table(INGEST_QUALITY, hub_batch(INGEST_QUALITY, &rows), Folder::Open).await.unwrap());
    lake.build().await;
    let rows = lake.rows("SELECT * FROM mart_data_quality_by_source ORDER BY source_system").await;
    let food = &rows[0];
    assert_eq!((int(food, "rows_read"), int(food, "rows_accepted"), int(food, "rows_rejected")), (100, 95, 5));
    assert_eq!((int(food, "values_left_out"), int(food, "rules_broken")), (7, 3));
    assert_close(number(food, "rejected_of_read"), Some(0.05), "one in twenty");
    assert_close(number(&rows[1], "rejected_of_read"), None, "of nothing");
    let facts = lake.rows("SELECT sum(occurrences) AS n FROM fct_data_quality WHERE outcome = 'rejected'").await;
    assert_eq!(int(&facts[0], "n"), 5);
}

#[tokio::test]
async fn duplicates_are_what_is_beyond_the_first_of_each_golden_record() {
    let lake = Lake::new();
    let rows: [&[&str]; 2] = [
        &["citizen", "100", "45", "80", "6", "300", "12", "4", "0.9", "0.6"],
        &["scheme", "20", "20", "0", "1", "0", "0", "0", "", ""],
    ];
    lake.warehouse.load_table(MATCH_QUALITY, hub_batch(MATCH_QUALITY, &rows), Folder::Open).await.unwrap();
    lake.build().await;
    let rows = lake.rows("SELECT * FROM mart_match_quality ORDER BY entity").await;
    assert_eq!((int(&rows[0], "duplicates_found"), int(&rows[1], "duplicates_found")), (55, 0));
    assert_close(number(&rows[0], "f1"), Some(0.72), "harmonic mean of 0.9 and 0.6");
    assert_close(number(&rows[1], "f1"), None, "not known");
}

#[tokio::test]
async fn a_statistics_table_without_its_columns_or_with_a_taken_name_is_refused() {
    let lake = Lake::new();
    let batch = hub_batch(MATCH_QUALITY, &[]);
    let short = batch.project(&[0, 1]).unwrap();
    let error = lake.warehouse.load_table(MATCH_QUALITY, short, Folder::Open).await.unwrap_err().to_string();
    assert!(error.contains("golden_records"), "{error}");
    for name in ["fct_receipts", "dim_citizens", "../outside", "", "Upper"] {
        assert!(lake.warehouse.load_table(name, batch.clone(), Folder::Open).await.is_err(), "{name}");
    }
}
