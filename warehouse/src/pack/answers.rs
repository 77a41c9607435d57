//! The answers to a pack's questions, as they come out of the warehouse: aggregates, small ones too.

use std::collections::BTreeMap;

use kanak_codes::Day;
use kanak_model::{Access, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::{Definition, Question, Unit};
use crate::error::WarehouseError;
use crate::query::QueryLimits;
use crate::rows_json::rows_json;
use crate::warehouse::Warehouse;

/// All that may be answered to one question.
const LIMITS: QueryLimits = QueryLimits { rows_max: 10_000, timeout_ms: 600_000 };

/// What was answered. With the definition it is all that a pack follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// As of the end of this day.
    pub day: Day,
    /// The number of the release that was read.
    pub release: u64,
    /// When that release judged what was pending: facts are as they were known then.
    pub known_at: Timestamp,
    /// The rows of each question: values in the order of its columns, null for shares, sorted.
    pub rows: BTreeMap<String, Vec<Vec<Value>>>,
}

/// Answers every question from one release.
///
/// # Errors
/// [`WarehouseError::NoRelease`]; [`WarehouseError::Query`] when the day was not over when the release was made, a question does not
/// run, or answers other columns than it declares.
pub async fn ask(warehouse: &Warehouse, definition: &Definition, day: Day) -> Result<Answers, WarehouseError> {
    let access = Access::operation("pack");
    let release = warehouse.release().ok_or(WarehouseError::NoRelease)?;
    let fail = |message: String| WarehouseError::Query { message };
    let made_on = release.built_at.day_ist().to_string();
    if made_on <= day.to_string() {
        return Err(fail(format!(
            "{day} was not over when the warehouse was brought up on {made_on}; refresh it after that day"
        )));
    }
    let mut rows = BTreeMap::new();
    for question in &definition.question {
        let result = warehouse.query(&access, &sql_of(question, day), LIMITS).await?;
        let wrong = |message: &str| fail(format!("question `{}`: {message}", question.name));
        if result.release != release.number {
            return Err(wrong("a new release came meanwhile; make the pack again"));
        }
        if result.truncated {
            return Err(wrong("it has more than 10,000 rows; aggregate more"));
        }
        let mut found = Vec::new();
        for row in rows_json(&result) {
            let value = |column: &super::PackColumn| match (column.unit, row.get(&column.name)) {
                (Unit::Share, _) => Ok(Value::Null),
                (Unit::Code, Some(Value::String(text))) => Ok(Value::from(text.as_str())),
                (Unit::Code, Some(Value::Null)) => Ok(Value::from("")),
                (Unit::Count | Unit::Paise, Some(Value::Number(number))) if number.is_i64() => {
                    Ok(Value::Number(number.clone()))
                }
                (Unit::Count | Unit::Paise, Some(Value::Null)) => Ok(Value::from(0)),
                _ => Err(wrong(&format!("its sql gives no column `{}` of unit {:?}", column.name, column.unit))),
            };
            found.push(question.column.iter().map(value).collect::<Result<Vec<Value>, _>>()?);
        }
        found.sort_by_cached_key(|row| serde_json::to_string(row).unwrap_or_default());
        rows.insert(question.name.clone(), found);
    }
    Ok(Answers { day, release: release.number, known_at: release.built_at, rows })
}

fn sql_of(question: &Question, day: Day) -> String {
    let (year, month, _) = day.ymd();
    let year = if month < 4 { year - 1 } else { year };
    question.sql.replace(":year_start", &format!("DATE '{year:04}-04-01'")).replace(":day", &format!("DATE '{day}'"))
}
