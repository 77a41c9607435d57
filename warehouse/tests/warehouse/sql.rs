//! Guarded SQL.

use kanak_warehouse::{QueryLimits, WarehouseError};

use crate::support::*;

async fn lake() -> Lake {
    let lake = Lake::new();
    lake.build().await;
    lake
}

async fn error(lake: &Lake, sql: &str) -> WarehouseError {
    match lake.warehouse.query(&everything(), sql, QueryLimits::default()).await {
        Ok(_) => panic!("`{sql}` was answered"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn statements_that_do_more_than_read_are_refused() {
    let lake = lake().await;
    let outside = lake.folder.path().join("stolen.csv");
    let copy = format!("COPY (SELECT * FROM dim_dates) TO '{}'", outside.display());
    for sql in [
        "DROP TABLE dim_dates",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE EXTERNAL TABLE mine STORED AS CSV LOCATION '/etc/passwd'",
        "INSERT INTO dim_dates SELECT * FROM dim_dates",
        "DELETE FROM dim_dates",
        "UPDATE dim_dates SET year = 1",
        "SET datafusion.execution.batch_size = 1",
        "BEGIN",
        copy.as_str(),
        "EXPLAIN ANALYZE INSERT INTO dim_dates SELECT * FROM dim_dates",
    ] {
        let error = error(&lake, sql).await;
        assert!(matches!(error, WarehouseError::Refused { .. }), "{sql}: {error}");
    }
    assert!(!outside.exists());
    let days = lake.rows("SELECT count(*) AS n FROM dim_dates").await;
    assert!(int(&days[0], "n") > 10_000);
}

#[tokio::test]
async fn a_second_statement_does_not_ride_along() {
    let lake = lake().await;
    assert!(matches!(error(&lake, "SELECT 1; DROP TABLE dim_dates").await, WarehouseError::Query { .. }));
}

#[tokio::test]
async fn files_cannot_be_read_by_name() {
    let lake = lake().await;
    for table in ["'/etc/passwd'", "\"/etc/passwd.csv\"", "\"../release.json\""] {
        let error = error(&lake, &format!("SELECT * FROM {table}")).await;
        assert!(
            matches!(error, WarehouseError::UnknownTable { .. } | WarehouseError::Query { .. }),
            "{table}: {error}"
        );
    }
}

#[tokio::test]
async fn an_unknown_table_is_answered_with_the_tables_there_are() {
    let lake = lake().await;
    let error = error(&lake, "SELECT * FROM fct_nothing").await.to_string();
    assert!(error.contains("`fct_nothing`") && error.contains("`fct_grievances`"), "{error}");
}

#[tokio::test]
async fn names_that_a_query_defines_itself_are_no_unknown_tables() {
    let lake = lake().await;
    let sql = "WITH mine AS (SELECT day FROM dim_dates LIMIT 3) SELECT count(*) AS n FROM mine AS m";
    assert_eq!(int(&lake.rows(sql).await[0], "n"), 3);
}

#[tokio::test]
async fn more_rows_than_allowed_are_cut_and_said_to_be() {
    let lake = lake().await;
    for (rows_max, truncated) in [(22, true), (23, false), (24, false), (0, true)] {
        let limits = QueryLimits { rows_max, ..QueryLimits::default() };
        let sql = "SELECT code FROM dim_districts WHERE state_code = '3'";
        let result = lake.warehouse.query(&everything(), sql, limits).await.unwrap();
        assert_eq!((result.num_rows(), result.truncated), (rows_max.min(23), truncated), "{rows_max}");
    }
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_given_up() {
    let lake = lake().await;
    let limits = QueryLimits { timeout_ms: 50, ..QueryLimits::default() };
    let sql = "SELECT count(*) FROM dim_dates a CROSS JOIN dim_dates b CROSS JOIN dim_dates c WHERE a.day + INTERVAL '1 day' < b.day";
    let error = lake.warehouse.query(&everything(), sql, limits).await.unwrap_err();
    assert!(matches!(error, WarehouseError::TimedOut { timeout_ms: 50 }), "{error}");
}

#[tokio::test]
async fn before_the_first_release_the_answer_is_what_to_do() {
    let lake = Lake::new();
    let error = error(&lake, "SELECT 1").await.to_string();
    assert!(error.contains("kanak refresh"), "{error}");
}
