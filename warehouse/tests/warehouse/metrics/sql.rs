//! `metric(...)` in SQL.

use kanak_warehouse::QueryLimits;

use super::*;

async fn sql_error(lake: &Lake, sql: &str) -> String {
    lake.warehouse.query(&everything(), sql, QueryLimits::default()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn the_function_gives_what_the_query_gives_and_years_by_their_name() {
    let lake = lake().await;
    for by in [&["district"][..], &["financial_year"], &["quarter"], &["month", "district"], &[]] {
        let arguments: Vec<String> = by.iter().map(|word| format!(", '{word}'")).collect();
        let keys = if by.is_empty() { "1".to_owned() } else { by.join(", ") };
        let sql = format!("SELECT * FROM metric('timeliness'{}) ORDER BY {keys}", arguments.concat());
        let mut expected = metric(&lake, &of("timeliness").by(by)).await;
        expected.sort_by_key(|row| by.iter().map(|name| text(row, name)).collect::<Vec<_>>());
        assert_eq!(lake.rows(&sql).await, expected, "{by:?}");
    }
    let years = lake.rows("SELECT financial_year FROM metric('timeliness', 'financial_year') ORDER BY 1").await;
    assert_eq!(years.iter().map(|row| text(row, "financial_year")).collect::<Vec<_>>(), ["2025-26", "2026-27"]);
}

#[tokio::test]
async fn the_function_is_under_the_callers_access() {
    let lake = lake().await;
    let sql = "SELECT district, value FROM metric('applications_received', 'district')";
    let own = rows(&lake.warehouse, &analyst(Some(&["28"])), sql).await;
    assert_eq!(own.iter().map(|row| text(row, "district")).collect::<Vec<_>>(), ["28"]);
    let citizens = "SELECT value, is_withheld FROM metric('citizens')";
    let told = rows(&lake.warehouse, &analyst(None), citizens).await;
    assert!(told[0]["value"].is_null() && told[0]["is_withheld"] == true, "one citizen is no statistic");
    assert_close(number(&lake.rows(citizens).await[0], "value"), Some(1.0), "the hub itself is told");
}

#[tokio::test]
async fn the_function_joins_and_filters_as_a_table_does() {
    let lake = lake().await;
    let sql = "SELECT a.district FROM metric('applications_received', 'district') a JOIN metric('timeliness', 'district') t \
               ON t.district = a.district WHERE a.value > 0 AND t.denominator > 0 ORDER BY 1 LIMIT 2";
    let districts: Vec<String> = lake.rows(sql).await.iter().map(|row| text(row, "district")).collect();
    assert_eq!(districts, ["27", "28"]);
}

#[tokio::test]
async fn what_the_function_does_not_take_is_refused_with_what_it_does() {
    let lake = lake().await;
    for (sql, says) in [
        ("SELECT * FROM metric()", "the name of a metric"),
        ("SELECT * FROM metric(1)", "the name of a metric"),
        ("SELECT * FROM metric('profit')", "`timeliness`"),
        ("SELECT * FROM metric('timeliness', 'caste')", "`district`"),
        ("SELECT * FROM metric('timeliness', 'district) FROM mart_overview --')", "cannot be cut by"),
        ("SELECT * FROM metric", "metric"),
        ("SELECT * FROM generate_series(1, 3)", "no table `generate_series`"),
    ] {
        let error = sql_error(&lake, sql).await;
        assert!(error.contains(says), "{sql}: {error}");
    }
}
