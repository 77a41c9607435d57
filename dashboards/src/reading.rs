//! Asking the warehouse: one place where its answers become rows and its errors pages.

use kanak_model::Access;
use kanak_warehouse::{QueryLimits, QueryResult, WarehouseError, rows_json};
use serde_json::Value;

use crate::error::PageError;
use crate::rows::Rows;
use crate::shell::Freshness;
use crate::state::DashboardState;

/// What a query of a page itself may cost.
const PAGE_LIMITS: QueryLimits = QueryLimits { rows_max: 5_000, timeout_ms: 20_000 };

/// Runs a page's own SQL under the visitor's access.
pub(crate) async fn query(state: &DashboardState, access: &Access, sql: &str) -> Result<Rows, PageError> {
    let result = state.warehouse.query(access, sql, PAGE_LIMITS).await.map_err(|error| match error {
        WarehouseError::NoRelease => PageError::NoFigures,
        other => PageError::inside(other),
    })?;
    Ok(to_rows(&result))
}

/// The rows of an answer.
pub(crate) fn to_rows(result: &QueryResult) -> Rows {
    let columns: Vec<String> = result.schema.fields().iter().map(|field| field.name().clone()).collect();
    let rows = rows_json(result).into_iter().map(|mut row| {
        let cells = columns.iter().map(|column| row.remove(column).unwrap_or(Value::Null));
        cells.collect()
    });
    Rows::new(columns.clone(), rows.collect())
}

/// The values of a column of a table, to choose from, largest first.
pub(crate) async fn choices(
    state: &DashboardState,
    access: &Access,
    table: &str,
    column: &str,
) -> Result<Rows, PageError> {
    let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column} DESC");
    query(state, access, &sql).await
}

/// How fresh the figures are.
pub(crate) fn freshness(state: &DashboardState) -> Option<Freshness> {
    let release = state.warehouse.release()?;
    Some(Freshness {
        release: i64::try_from(release.number).unwrap_or(i64::MAX),
        feed_position: release.feed_position,
        at: release.built_at,
    })
}

/// A text as SQL writes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `WHERE` with the conditions whose value is not empty: pairs of a column and the value that it must have.
pub(crate) fn where_equal(conditions: &[(&str, &str)]) -> String {
    let said: Vec<String> = conditions
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(column, value)| format!("{column} = {}", quoted(value)))
        .collect();
    if said.is_empty() { String::new() } else { format!(" WHERE {}", said.join(" AND ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes_and_an_empty_one_asks_for_nothing() {
        assert_eq!(where_equal(&[("district", ""), ("service", "")]), "");
        assert_eq!(
            where_equal(&[("district", "27' OR '1'='1"), ("service", "SVC-001")]),
            " WHERE district = '27'' OR ''1''=''1' AND service = 'SVC-001'"
        );
    }
}
