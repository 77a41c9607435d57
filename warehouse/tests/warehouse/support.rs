//! Builders of small inputs, and a second opinion on the calendar.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use chrono::{DateTime, Datelike, NaiveDate, Weekday};
use kanak_codes::Codes;
use kanak_model::builtin::{entity_models, event_models};
use kanak_model::kind::Physical;
use kanak_model::{Access, Caller, EntityModel, EventModel, Purpose, Role, Timestamp, UserId};
use kanak_warehouse::{ColumnType, CrosswalkRow, GoldenVersionRow, QueryLimits, Warehouse, hub_columns, rows_json};
use serde_json::{Map, Value};
use tempfile::TempDir;

pub(crate) type Row = Map<String, Value>;

/// A warehouse in a folder that goes with it.
pub(crate) struct Lake {
    pub(crate) folder: TempDir,
    pub(crate) warehouse: Warehouse,
}

impl Lake {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = open(&folder);
        Self { folder, warehouse }
    }

    /// The warehouse as a process started later opens it.
    pub(crate) fn reopen(&self) -> Warehouse {
        open(&self.folder)
    }

    pub(crate) async fn build(&self) {
        self.warehouse.build(1, now()).await.unwrap();
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        rows(&self.warehouse, &everything(), sql).await
    }

    /// Appends events of a run from the source system `test`.
    pub(crate) async fn append(&self, event: &str, run: i64, events: &[Event]) -> bool {
        let model = event_model(event);
        let batch = event_batch(&model, events);
        self.warehouse.append_events(&model, run, vec![batch]).await.unwrap()
    }

    pub(crate) async fn link(&self, links: &[(&str, &str, i64)]) {
        let row = |(entity, reference, golden_id): &(&str, &str, i64)| {
            let (system, key) = reference.split_once(':').unwrap();
            CrosswalkRow {
                source_system: system.to_owned(),
                source_key: key.to_owned(),
                entity: (*entity).to_owned(),
                golden_id: *golden_id,
            }
        };
        self.warehouse.load_crosswalk(links.iter().map(row).collect()).await.unwrap();
    }

    pub(crate) async fn golden(&self, entity: &str, rows: Vec<GoldenVersionRow>) -> bool {
        self.warehouse.load_dimension(&entity_model(entity), rows).await.unwrap()
    }
}

fn open(folder: &TempDir) -> Warehouse {
    Warehouse::open(&folder.path().join("lake"), Arc::new(Codes::builtin().unwrap())).unwrap()
}

pub(crate) async fn rows(warehouse: &Warehouse, access: &Access, sql: &str) -> Vec<Row> {
    let result = warehouse.query(access, sql, QueryLimits::default()).await.unwrap();
    assert!(!result.truncated);
    rows_json(&result)
}

/// Thursday, 1 October 2026, 11:30 in India.
pub(crate) fn now() -> Timestamp {
    at("2026-10-01T06:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp(DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
}

pub(crate) fn entity_model(name: &str) -> EntityModel {
    entity_models().unwrap().into_iter().find(|model| model.name == name).unwrap()
}

pub(crate) fn event_model(name: &str) -> EventModel {
    event_models().unwrap().into_iter().find(|model| model.name == name).unwrap()
}

pub(crate) fn everything() -> Access {
    Access::operation("test")
}

pub(crate) fn analyst(districts: Option<&[&str]>) -> Access {
    decide(Role::Analyst, Purpose::Statistics, districts)
}

pub(crate) fn steward(districts: Option<&[&str]>) -> Access {
    decide(Role::Steward, Purpose::Stewardship, districts)
}

fn decide(role: Role, purpose: Purpose, districts: Option<&[&str]>) -> Access {
    let caller = Caller {
        user: Some(UserId(1)),
        name: "someone".to_owned(),
        roles: BTreeSet::from([role]),
        districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
    };
    Access::decide(&caller, purpose).unwrap()
}

/// One event: attribute and value in the standard form of its kind.
pub(crate) type Event = BTreeMap<&'static str, String>;

pub(crate) fn event<const N: usize>(values: [(&'static str, &str); N]) -> Event {
    values.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.to_owned())).collect()
}

/// Events as ingest hands them over. The key of an event is its first attribute.
pub(crate) fn event_batch(model: &EventModel, events: &[Event]) -> RecordBatch {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut push = |name: &str, array: ArrayRef| {
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    };
    for attribute in &model.attributes {
        let values = || events.iter().map(|event| event.get(attribute.name.as_str()));
        push(
            &attribute.name,
            match attribute.kind.physical() {
                Physical::Timestamp => {
                    let instants: TimestampMicrosecondArray =
                        values().map(|value| value.map(|text| at(text).0)).collect();
                    Arc::new(instants.with_timezone("UTC"))
                }
                Physical::Integer => Arc::new(
                    values().map(|value| value.map(|text| text.parse::<i64>().unwrap())).collect::<Int64Array>(),
                ),
                Physical::Flag => {
                    Arc::new(values().map(|value| value.map(|text| text == "true")).collect::<BooleanArray>())
                }
                Physical::Text | Physical::Day => Arc::new(values().collect::<StringArray>()),
            },
        );
    }
    let key = model.attributes[0].name.as_str();
    push("source_system", Arc::new(StringArray::from(vec!["test"; events.len()])));
    push("source_key", Arc::new(events.iter().map(|event| event.get(key)).collect::<StringArray>()));
    push("source_line", Arc::new(Int64Array::from_iter_values(2..2 + events.len() as i64)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// A table of hub statistics; an empty word is null.
pub(crate) fn hub_batch(table: &str, rows: &[&[&str]]) -> RecordBatch {
    let columns = hub_columns(table).unwrap();
    let arrays = columns.iter().enumerate().map(|(index, column)| -> ArrayRef {
        let cells = rows.iter().map(|row| Some(row[index]).filter(|text| !text.is_empty()));
        match column.kind {
            ColumnType::Integer => Arc::new(cells.map(|text| text?.parse::<i64>().ok()).collect::<Int64Array>()),
            ColumnType::Number => Arc::new(cells.map(|text| text?.parse::<f64>().ok()).collect::<Float64Array>()),
            ColumnType::Timestamp => {
                let instants: TimestampMicrosecondArray = cells.map(|text| text.map(|text| at(text).0)).collect();
                Arc::new(instants.with_timezone("UTC"))
            }
            _ => Arc::new(cells.collect::<StringArray>()),
        }
    });
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, column.kind.to_arrow(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).unwrap()
}

pub(crate) fn golden_version(golden_id: i64, status: &str, values: &[(&str, &str)]) -> GoldenVersionRow {
    GoldenVersionRow {
        golden_id,
        version: 1,
        status: status.to_owned(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        recorded_from: at("2026-01-01T00:00:00Z").0,
        recorded_to: None,
        stated_by: Vec::new(),
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    pub(crate) fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// An instant so many minutes after the first day of 2026 in India.
pub(crate) fn minutes_into_2026(minutes: u64) -> Timestamp {
    Timestamp(at("2025-12-31T18:30:00Z").0 + minutes as i64 * 60_000_000)
}

/// Whether offices work on a day of 2026 or January 2027, written down a second time.
pub(crate) fn is_working_day(day: NaiveDate) -> bool {
    let of_each_year = matches!((day.month(), day.day()), (1, 26) | (3, 23) | (8, 15) | (10, 2) | (12, 25));
    let of_one_year = match (day.year(), day.month()) {
        (2026, 3) => [4, 26, 31].contains(&day.day()),
        (2026, 4) => [3, 8, 14].contains(&day.day()),
        (2026, 5) => [1, 27].contains(&day.day()),
        (2026, 6) => [18, 29].contains(&day.day()),
        (2026, 7) => day.day() == 31,
        (2026, 9) => day.day() == 4,
        (2026, 10) => [20, 26].contains(&day.day()),
        (2026, 11) => [10, 16, 24].contains(&day.day()),
        (2026, 12) => [14, 28].contains(&day.day()),
        (2027, 1) => day.day() == 15,
        _ => false,
    };
    !of_each_year && !of_one_year && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The n-th working day after a day, by walking.
pub(crate) fn nth_working_day_after(day: NaiveDate, nth: u32) -> NaiveDate {
    let mut left = nth;
    let mut at = day;
    while left > 0 {
        at = at.succ_opt().unwrap();
        left -= u32::from(is_working_day(at));
    }
    at
}

/// How many working days lie after one day, up to and with another.
pub(crate) fn working_days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| is_working_day(*day)).count() as i64
}

pub(crate) fn month_of(day: NaiveDate) -> String {
    day.format("%Y-%m-01").to_string()
}

pub(crate) fn text(row: &Row, column: &str) -> String {
    match &row[column] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[track_caller]
pub(crate) fn int(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_else(|| panic!("{column} in {row:?}"))
}

pub(crate) fn number(row: &Row, column: &str) -> Option<f64> {
    row[column].as_f64()
}

#[track_caller]
pub(crate) fn assert_close(left: Option<f64>, right: Option<f64>, what: &str) {
    let is_close = match (left, right) {
        (Some(left), Some(right)) => (left - right).abs() <= 1e-9 * right.abs().max(1.0),
        (left, right) => left.is_none() && right.is_none(),
    };
    assert!(is_close, "{what}: {left:?} and {right:?}");
}

pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
