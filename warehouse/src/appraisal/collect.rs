//! The inputs of an appraisal, read out of the warehouse: facts as they are known in the release that is read.

use std::collections::BTreeMap;

use kanak_codes::Day;
use kanak_model::{Access, GoldenId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inputs::{Case, Inputs, Period, Posting, Target, TargetOfOffice};
use crate::error::WarehouseError;
use crate::query::{QueryLimits, QueryResult};
use crate::rows_json::rows_json;
use crate::warehouse::Warehouse;

/// All rows, however long it takes within reason.
const LIMITS: QueryLimits = QueryLimits { rows_max: usize::MAX - 1, timeout_ms: 600_000 };

const APPLICATIONS: &str = "
SELECT source_system || ':' || application_no AS id, 'application' AS kind, coalesce(service, '') AS service,
  coalesce(district, '') AS district, coalesce(office, '') AS office, officer_golden_id AS officer,
  applied_on AS received_on, due_on, disposed_on AS decided_on,
  CASE WHEN due_on IS NULL OR disposed_on <= due_on THEN disposed_on ELSE due_on END AS judged_on,
  CASE WHEN is_overdue THEN false ELSE is_within_limit END AS is_in_time,
  2 + CASE WHEN days_held > 0 THEN 1 ELSE 0 END + CASE WHEN disposed_on IS NOT NULL THEN 1 ELSE 0 END AS checks,
  CASE WHEN is_unknown_outcome THEN 0 ELSE 1 END + CASE WHEN is_rejected_without_reason THEN 0 ELSE 1 END
    + CASE WHEN days_held > 0 AND coalesce(trim(hold_reason), '') <> '' THEN 1 ELSE 0 END
    + CASE WHEN disposed_on >= applied_on THEN 1 ELSE 0 END AS checks_passed
FROM fct_service_applications WHERE is_disposed OR is_overdue";

const GRIEVANCES: &str = "
SELECT source_system || ':' || grievance_no AS id, 'grievance' AS kind, coalesce(complaint_type, '') AS service,
  coalesce(district, '') AS district, coalesce(office, '') AS office, officer_golden_id AS officer,
  filed_on AS received_on, CAST(assigned_at + INTERVAL '330 minutes' AS DATE) AS assigned_on,
  CAST(due_at + INTERVAL '330 minutes' AS DATE) AS due_on,
  CAST(closed_at + INTERVAL '330 minutes' AS DATE) AS decided_on,
  CASE WHEN is_within_due THEN CAST(closed_at + INTERVAL '330 minutes' AS DATE)
    ELSE CAST(due_at + INTERVAL '330 minutes' AS DATE) END AS judged_on,
  CASE WHEN is_overdue THEN false ELSE is_within_due END AS is_in_time,
  CASE WHEN is_closed THEN times_reopened > 0 END AS is_reopened, times_escalated > 0 AS is_appealed, rating,
  3 + CASE WHEN is_closed THEN 1 ELSE 0 END AS checks,
  CASE WHEN is_unknown_outcome THEN 0 ELSE 1 END + CASE WHEN complaint_type IS NULL THEN 0 ELSE 1 END
    + CASE WHEN assigned_at IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_closed AND closed_at >= filed_at THEN 1 ELSE 0 END AS checks_passed
FROM fct_grievances WHERE is_closed OR is_overdue";

const POSTINGS: &str = "
SELECT e.golden_key AS officer, e.office, coalesce(e.designation, '') AS designation, coalesce(o.district, '') AS district,
  e.joined_on, e.retired_on, CAST(e.recorded_from + INTERVAL '330 minutes' AS DATE) AS known_from,
  CAST(e.recorded_to + INTERVAL '330 minutes' AS DATE) AS known_to
FROM dim_employees e LEFT JOIN dim_offices o ON o.code = e.office
ORDER BY e.golden_id, e.recorded_from, e.version";

const TARGETS: &str = "
SELECT t.source_system || ':' || t.target_no AS id, t.scheme, t.district, t.target, coalesce(t.achieved, 0) AS achieved, o.code AS office
FROM fct_scheme_targets t
JOIN dim_scheme_codes s ON s.code = t.scheme
JOIN dim_offices o ON o.department = s.department AND o.district = t.district AND o.level = 'district'
WHERE t.target > 0";

/// A case as a row; what applications do not have is missing.
#[derive(Deserialize)]
struct CaseRow {
    id: String,
    kind: super::CaseKind,
    service: String,
    district: String,
    office: String,
    officer: Option<i64>,
    received_on: Day,
    assigned_on: Option<Day>,
    due_on: Option<Day>,
    decided_on: Option<Day>,
    judged_on: Day,
    is_in_time: Option<bool>,
    is_reopened: Option<bool>,
    is_appealed: Option<bool>,
    rating: Option<i64>,
    checks: i64,
    checks_passed: i64,
}

impl From<CaseRow> for Case {
    fn from(row: CaseRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            service: row.service,
            district: row.district,
            office: row.office,
            officer: row.officer.map(|id| GoldenId(id).to_string()),
            received_on: row.received_on,
            assigned_on: row.assigned_on,
            due_on: row.due_on,
            decided_on: row.decided_on,
            judged_on: row.judged_on,
            is_in_time: row.is_in_time,
            is_reopened: row.is_reopened,
            is_appealed: row.is_appealed,
            rating: row.rating,
            checks: row.checks,
            checks_passed: row.checks_passed,
        }
    }
}

#[derive(Deserialize)]
struct TargetRow {
    id: String,
    scheme: String,
    district: String,
    target: i64,
    achieved: i64,
    office: String,
}

/// A version of an officer's golden record.
#[derive(Deserialize)]
struct VersionRow {
    officer: String,
    office: Option<String>,
    designation: String,
    district: String,
    joined_on: Option<String>,
    retired_on: Option<String>,
    known_from: Day,
    known_to: Option<Day>,
}

/// Which release was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFrom {
    /// Its number.
    pub release: u64,
    /// When it judged what is pending.
    pub as_of: Timestamp,
}

/// How often inputs are read anew because a release was put between two questions.
const TRIES: usize = 5;

/// Reads everything that an appraisal of a period is made of, sorted, out of one release.
///
/// # Errors
/// When the warehouse has no release or cannot be read.
pub async fn collect(warehouse: &Warehouse, period: Period) -> Result<(Inputs, ReadFrom), WarehouseError> {
    for _ in 0..TRIES {
        let before = warehouse.release().ok_or(WarehouseError::NoRelease)?;
        let inputs = read(warehouse, period).await?;
        if warehouse.release().is_some_and(|after| after.number == before.number) {
            return Ok((inputs, ReadFrom { release: before.number, as_of: before.built_at }));
        }
    }
    Err(WarehouseError::Query { message: "new releases came while it was read; try again".to_owned() })
}

async fn read(warehouse: &Warehouse, period: Period) -> Result<Inputs, WarehouseError> {
    let access = Access::operation("appraisal");
    let (first, last) = (period.first(), period.last());
    let within =
        |sql: &str| format!("SELECT * FROM ({sql}) WHERE judged_on >= DATE '{first}' AND judged_on <= DATE '{last}'");
    let mut cases: Vec<Case> = Vec::new();
    for (table, sql) in [("fct_service_applications", APPLICATIONS), ("fct_grievances", GRIEVANCES)] {
        let found: Vec<CaseRow> = rows(table, &warehouse.query(&access, &within(sql), LIMITS).await?)?;
        cases.extend(found.into_iter().map(Case::from));
    }
    let versions: Vec<VersionRow> = rows("dim_employees", &warehouse.query(&access, POSTINGS, LIMITS).await?)?;
    let of_year = format!("{TARGETS} AND t.financial_year = {}", period.year());
    let targets: Vec<TargetRow> = rows("fct_scheme_targets", &warehouse.query(&access, &of_year, LIMITS).await?)?;
    let target = |row: TargetRow| TargetOfOffice {
        target: Target {
            id: row.id,
            scheme: row.scheme,
            district: row.district,
            target: row.target,
            achieved: row.achieved,
        },
        office: row.office,
    };
    let targets = targets.into_iter().map(target).collect();
    Ok(Inputs { period, cases, postings: postings(versions), targets }.sorted())
}

fn rows<T: DeserializeOwned>(table: &str, result: &QueryResult) -> Result<Vec<T>, WarehouseError> {
    let mut read = Vec::with_capacity(result.num_rows());
    for row in rows_json(result) {
        let row: T = serde_json::from_value(Value::Object(row))
            .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })?;
        read.push(row);
    }
    Ok(read)
}

/// The postings that versions of officers' golden records tell. The first begins with the day of joining, a later one when the hub
/// learned of it; versions that follow each other with one office and designation are one posting.
fn postings(versions: Vec<VersionRow>) -> Vec<Posting> {
    let day = |text: Option<&str>| text.and_then(Day::parse);
    let mut by_officer: BTreeMap<String, Vec<Posting>> = BTreeMap::new();
    for row in versions {
        let all = by_officer.entry(row.officer.clone()).or_default();
        let retired = day(row.retired_on.as_deref()).map(|day| day.plus_days(1));
        let to = [row.known_to, retired].into_iter().flatten().min();
        let from = if all.is_empty() { day(row.joined_on.as_deref()) } else { Some(row.known_from) };
        let (officer, office) = (row.officer, row.office.unwrap_or_default());
        let posting = Posting { officer, office, designation: row.designation, district: row.district, from, to };
        let same = |last: &&mut Posting| last.office == posting.office && last.designation == posting.designation;
        if let Some(last) = all.last_mut().filter(same) {
            last.to = posting.to;
        } else {
            all.push(posting);
        }
    }
    by_officer.into_values().flatten().filter(|posting| !posting.office.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_ends_one_posting_and_begins_the_next_when_the_hub_learned_of_it() {
        let day = |text: &str| Day::parse(text).unwrap();
        let version = |office: &str, known_from: &str, known_to: Option<&str>| VersionRow {
            officer: "K-1".to_owned(),
            office: Some(office.to_owned()),
            designation: "Clerk".to_owned(),
            district: "27".to_owned(),
            joined_on: Some("2010-06-01".to_owned()),
            retired_on: None,
            known_from: day(known_from),
            known_to: known_to.map(day),
        };
        let held = postings(vec![
            version("A", "2025-01-01", Some("2025-05-01")),
            version("A", "2025-05-01", Some("2025-09-01")),
            version("B", "2025-09-01", None),
        ]);
        let told = |posting: &Posting| (posting.office.clone(), posting.from, posting.to);
        assert_eq!(
            held.iter().map(told).collect::<Vec<_>>(),
            [
                ("A".to_owned(), Some(day("2010-06-01")), Some(day("2025-09-01"))),
                ("B".to_owned(), Some(day("2025-09-01")), None)
            ]
        );
    }
}
