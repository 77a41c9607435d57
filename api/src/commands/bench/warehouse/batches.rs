//! Made-up events as the batches that the warehouse takes, and golden records as it takes them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use kanak_warehouse::{CrosswalkRow, GoldenVersionRow};

use super::made::{Application, Grievance, NOW, State};

/// The register of citizens.
pub(super) const CITIZENS: &str = "food";
/// The register of officers.
const OFFICERS: &str = "hrms";
/// When the hub came to hold its golden records.
const RECORDED_US: i64 = NOW.0 - 400 * 24 * 3_600_000_000;

fn texts<'r, R, T: AsRef<str>>(rows: &'r [R], of: impl Fn(&'r R) -> Option<T>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn integers<R>(rows: &[R], of: impl Fn(&R) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Int64Array>())
}

fn instants<R>(rows: &[R], of: impl Fn(&R) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// Applications by number.
pub(super) fn applications(state: &State, numbers: Range<u64>) -> anyhow::Result<RecordBatch> {
    let rows: Vec<Application> = numbers.map(|number| state.application(number)).collect();
    let rows = rows.as_slice();
    let key = |row: &Application| Some(format!("A{:09}", row.number));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("application_no", texts(rows, key), true),
        ("service", texts(rows, |row| Some(&state.services[row.service].code)), true),
        ("centre", texts(rows, |row| row.centre.as_ref()), true),
        ("office", texts(rows, |row| Some(&state.offices[row.office].code)), true),
        ("district", texts(rows, |row| Some(&state.offices[row.office].district)), true),
        ("channel", texts(rows, |row| Some(row.channel)), true),
        ("applicant", texts(rows, |row| Some(format!("{CITIZENS}:{}", row.applicant))), true),
        ("officer", texts(rows, |row| Some(format!("{OFFICERS}:{}", row.officer))), true),
        ("applied_at", instants(rows, |row| Some(row.applied_us)), true),
        ("disposed_at", instants(rows, |row| row.disposed_us), true),
        ("outcome", texts(rows, |row| Some(row.outcome)), true),
        ("rejection_reason", texts(rows, |row| row.reason), true),
        ("hold_days", integers(rows, |row| Some(row.held?.0)), true),
        ("hold_reason", texts(rows, |row| Some(row.held?.1)), true),
        ("fee", integers(rows, |row| row.fee_paise), true),
        ("source_system", texts(rows, |_| Some("edistrict")), true),
        ("source_key", texts(rows, key), true),
        ("source_line", integers(rows, |row| Some(row.number as i64 + 2)), true),
    ])?)
}

/// Grievances by number.
pub(super) fn grievances(state: &State, numbers: Range<u64>) -> anyhow::Result<RecordBatch> {
    let rows: Vec<Grievance> = numbers.map(|number| state.grievance(number)).collect();
    let rows = rows.as_slice();
    let key = |row: &Grievance| Some(format!("G{:09}", row.number));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("grievance_no", texts(rows, key), true),
        ("complaint_type", texts(rows, |row| Some(&state.complaint_types[row.complaint_type].code)), true),
        ("office", texts(rows, |row| Some(&state.offices[row.office].code)), true),
        ("district", texts(rows, |row| Some(&state.offices[row.office].district)), true),
        ("channel", texts(rows, |row| Some(row.channel)), true),
        ("complainant", texts(rows, |row| Some(format!("{CITIZENS}:{}", row.complainant))), true),
        ("officer", texts(rows, |row| Some(format!("{OFFICERS}:{}", row.officer))), true),
        ("filed_at", instants(rows, |row| Some(row.filed_us)), true),
        ("assigned_at", instants(rows, |row| row.assigned_us), true),
        ("closed_at", instants(rows, |row| row.closed_us), true),
        ("outcome", texts(rows, |row| Some(row.outcome)), true),
        ("times_reopened", integers(rows, |row| Some(row.times_reopened)), true),
        ("times_escalated", integers(rows, |row| Some(row.times_escalated)), true),
        ("rating", integers(rows, |row| row.rating), true),
        ("source_system", texts(rows, |_| Some("grievances")), true),
        ("source_key", texts(rows, key), true),
        ("source_line", integers(rows, |row| Some(row.number as i64 + 2)), true),
    ])?)
}

/// The first version of a citizen's golden record.
pub(super) fn citizen(state: &State, id: u64) -> GoldenVersionRow {
    let district = state.districts[id as usize % state.districts.len()].clone();
    let values = [
        ("full_name", format!("Citizen {id}")),
        ("sex", if id.is_multiple_of(2) { "female" } else { "male" }.to_owned()),
        ("date_of_birth", format!("{}-{:02}-{:02}", 1940 + id % 70, 1 + id % 12, 1 + id % 28)),
        ("mobile", mobile(id)),
        ("village", format!("Village {}", id % 12_000)),
        ("district", district),
        ("pin", format!("14{:04}", id % 10_000)),
    ];
    GoldenVersionRow {
        golden_id: id as i64,
        version: 1,
        status: "active".to_owned(),
        values: values.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        recorded_from: RECORDED_US,
        recorded_to: None,
        stated_by: Vec::new(),
    }
}

/// A telephone number.
pub(super) fn mobile(number: u64) -> String {
    format!("9{number:09}")
}

/// The golden records of officers.
pub(super) fn officers(state: &State) -> Vec<GoldenVersionRow> {
    let officer = |number: usize| {
        let office = state.office_of(number);
        let values = [("office", office.code.clone()), ("district", office.district.clone())];
        GoldenVersionRow {
            golden_id: number as i64,
            version: 1,
            status: "active".to_owned(),
            values: values.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            recorded_from: RECORDED_US,
            recorded_to: None,
            stated_by: Vec::new(),
        }
    };
    (0..state.officers()).map(officer).collect()
}

/// The crosswalks of all citizens, each led to by `golden_of`, and of all officers.
pub(super) fn crosswalks(state: &State, golden_of: impl Fn(u64) -> u64) -> Vec<CrosswalkRow> {
    let row = |system: &str, entity: &str, key: u64, golden_id: u64| CrosswalkRow {
        source_system: system.to_owned(),
        source_key: key.to_string(),
        entity: entity.to_owned(),
        golden_id: golden_id as i64,
    };
    let citizens = (0..state.golden).map(|key| row(CITIZENS, "citizen", key, golden_of(key)));
    citizens.chain((0..state.officers() as u64).map(|key| row(OFFICERS, "employee", key, key))).collect()
}
