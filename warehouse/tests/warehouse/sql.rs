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

#[tokio::test]
async fn a_statement_that_is_too_long_or_chains_too_much_is_refused_before_it_is_parsed() {
    let lake = lake().await;
    let chain = |levels: usize, of: &str| format!("SELECT {}1 AS n FROM dim_dates", of.repeat(levels));
    let long = error(&lake, &chain(1 << 20, "1-")).await;
    assert!(long.to_string().contains("16384"), "{long}");
    for of in ["1-", "day - ", "true OR ", "1 IS NULL IS "] {
        let deep = error(&lake, &chain(1_000, of)).await;
        assert!(deep.to_string().contains("500 are allowed"), "{of}: {deep}");
    }
    let joined = format!(
        "SELECT count(*) AS n FROM dim_dates d{}",
        (0..200).map(|n| format!(", dim_dates d{n}")).collect::<String>()
    );
    let joined = error(&lake, &joined).await;
    assert!(joined.to_string().contains("nests too much"), "{joined}");
    // A list of values is long and not deep.
    let list: String = (0..2_000).map(|year| format!(", {year}")).collect();
    assert_eq!(lake.rows(&format!("SELECT DISTINCT year FROM dim_dates WHERE year IN (0{list})")).await.len(), 10);
}

#[tokio::test]
async fn a_statement_at_the_limit_of_nesting_is_answered() {
    let lake = lake().await;
    let chain = "year - ".repeat(499);
    let rows = lake.rows(&format!("SELECT {chain}0 AS n FROM dim_dates WHERE year = 2026 LIMIT 1")).await;
    assert_eq!(int(&rows[0], "n"), 2026 - 498 * 2026);
}

#[tokio::test]
async fn functions_that_make_values_of_any_size_are_not_there() {
    let lake = lake().await;
    for sql in [
        "SELECT cardinality(range(0, 2000000000))",
        "SELECT cardinality(generate_series(0, 2000000000))",
        "SELECT octet_length(repeat('a', 2000000000))",
        "SELECT octet_length(lpad('a', 2000000000))",
        "SELECT octet_length(rpad('a', 2000000000))",
        "SELECT cardinality(array_repeat(1, 2000000000))",
        "SELECT cardinality(list_repeat(1, 2000000000))",
        "SELECT cardinality(array_resize([1], 2000000000, 1))",
        "SELECT octet_length(replace('aaa', 'a', 'aaaa'))",
        "SELECT octet_length(regexp_replace('aaa', 'a', 'aaaa', 'g'))",
        "SELECT * FROM range(0, 10)",
        "SELECT * FROM generate_series(0, 10)",
        "WITH range AS (SELECT 1 AS n) SELECT * FROM range(0, 10)",
        "WITH generate_series AS (SELECT 1 AS n) SELECT * FROM generate_series(0, 10)",
        "WITH RECURSIVE t AS (SELECT 'a' AS x UNION ALL SELECT x || x FROM t) SELECT count(*) FROM t",
    ] {
        error(&lake, sql).await;
    }
    let rows = lake.rows("SELECT regexp_like(name, '^AMR') AS n FROM dim_districts WHERE code = '27'").await;
    assert_eq!(text(&rows[0], "n"), "true", "what only looks at a text stays");
}

#[tokio::test]
async fn texts_are_joined_but_not_again_and_again() {
    let lake = lake().await;
    let rows =
        lake.rows("SELECT concat(code, ' ', name) || ', ' || code AS n FROM dim_districts WHERE code = '27'").await;
    assert_eq!(text(&rows[0], "n"), "27 AMRITSAR, 27");
    let mut doubling = "WITH t0 AS (SELECT name AS x FROM dim_districts)".to_owned();
    for level in 1..=20 {
        doubling += &format!(", t{level} AS (SELECT x || x AS x FROM t{})", level - 1);
    }
    doubling += " SELECT max(x) FROM t20";
    let refused = error(&lake, &doubling).await;
    assert!(refused.to_string().contains("joins texts"), "{refused}");
    let mut nested = "SELECT max(name) FROM dim_districts".to_owned();
    for level in 0..15 {
        nested = format!("SELECT x{level} || x{level} FROM (SELECT ({nested}) AS x{level}) AS t{level}");
    }
    let refused = error(&lake, &nested).await;
    assert!(refused.to_string().contains("joins texts") || refused.to_string().contains("RecursionLimit"), "{refused}");
}

#[tokio::test]
async fn a_name_that_doubles_what_is_below_it_is_refused() {
    let lake = lake().await;
    let mut sql = "WITH t0 AS (SELECT day FROM dim_dates)".to_owned();
    for level in 1..14 {
        sql += &format!(", t{level} AS (SELECT a.day FROM t{0} a CROSS JOIN t{0} b)", level - 1);
    }
    let refused = error(&lake, &format!("{sql} SELECT count(*) FROM t13")).await;
    assert!(refused.to_string().contains("nests too much"), "{refused}");
}

#[tokio::test]
async fn a_result_weighs_no_more_than_is_allowed() {
    let lake = lake().await;
    let sql = "SELECT concat(a.name, a.name, a.name, a.name, a.name, a.name, a.name, a.name) AS x FROM dim_districts a CROSS JOIN \
               dim_districts b";
    let limits = QueryLimits { rows_max: 10_000_000, ..QueryLimits::default() };
    let wide = format!("{sql} CROSS JOIN (SELECT day FROM dim_dates LIMIT 4)");
    let error = lake.warehouse.query(&analyst(None), &wide, limits).await.unwrap_err();
    assert!(error.to_string().contains("fewer columns or rows"), "{error}");
    assert!(lake.warehouse.query(&everything(), &wide, limits).await.is_ok(), "the hub reads whole tables");
}

#[tokio::test]
async fn queries_wait_for_a_place_within_their_own_time() {
    let lake = lake().await;
    let slow = "SELECT count(*) FROM dim_dates a CROSS JOIN dim_dates b CROSS JOIN dim_dates c WHERE a.day + INTERVAL '1 day' < b.day";
    let limits = |timeout_ms| QueryLimits { timeout_ms, ..QueryLimits::default() };
    let access = everything();
    let occupied = futures::future::join_all((0..4).map(|_| lake.warehouse.query(&access, slow, limits(1_500))));
    let waiting = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let crowded = lake.warehouse.query(&access, "SELECT 1", limits(100)).await;
        (crowded, lake.warehouse.query(&access, "SELECT 1", limits(20_000)).await)
    };
    let (slow, (crowded, patient)) = futures::join!(occupied, waiting);
    assert!(slow.iter().all(|one| matches!(one, Err(WarehouseError::TimedOut { .. }))));
    assert!(matches!(crowded, Err(WarehouseError::TimedOut { timeout_ms: 100 })));
    assert_eq!(patient.unwrap().num_rows(), 1, "places come free when queries are given up");
}
