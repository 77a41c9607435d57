//! Relations between golden records, or a golden record and a code: one table for everyone, and one, restricted, of those that tell
//! about a person.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use kanak_model::Class;
use kanak_model::relation::Day;

use crate::error::WarehouseError;
use crate::release::Folder;
use crate::schema::{Column, ColumnType, arrow_schema};

/// The relations that are public or internal.
pub const RELATIONS: &str = "bridge_relations";
/// The relations that tell about a person: households, who owns a business.
pub const PERSONAL_RELATIONS: &str = "bridge_relations_personal";

/// One relation for a recorded time, as the hub hands it over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelationRow {
    /// Its name in the model of `entity`.
    pub relation: String,
    /// The entity type whose source records state it.
    pub entity: String,
    /// How carefully it is handled.
    pub class: Class,
    /// The golden record that states it.
    pub golden_id: i64,
    /// The entity type at the other end, where that is one.
    pub to_entity: Option<String>,
    /// The golden record at the other end; `None` where it is a code or a group, and where nobody answers to the key.
    pub to_golden_id: Option<i64>,
    /// The code system at the other end.
    pub to_system: Option<String>,
    /// The code at the other end.
    pub to_code: Option<String>,
    /// What all members of a group have in common.
    pub to_group: Option<i64>,
    /// The first day on which it held.
    pub valid_from: Option<Day>,
    /// The first day on which it no longer did.
    pub valid_to: Option<Day>,
    /// When the hub came to hold it so, UTC microseconds.
    pub recorded_from: i64,
    /// When it ceased to; `None` while it does.
    pub recorded_to: Option<i64>,
    /// The source system that states it.
    pub source_system: String,
    /// The LGD code of the district that the source record states, by which rows are scoped.
    pub district: Option<String>,
}

/// The table that a relation of a class is in, and where that lies.
pub(crate) fn table_of(class: Class) -> (&'static str, Folder) {
    if class <= Class::Internal { (RELATIONS, Folder::Open) } else { (PERSONAL_RELATIONS, Folder::Restricted) }
}

const COLUMNS: [(&str, ColumnType); 15] = [
    ("relation", ColumnType::Text),
    ("entity", ColumnType::Text),
    ("golden_id", ColumnType::Integer),
    ("to_entity", ColumnType::Text),
    ("to_golden_id", ColumnType::Integer),
    ("to_system", ColumnType::Text),
    ("to_code", ColumnType::Text),
    ("to_group", ColumnType::Integer),
    ("valid_from", ColumnType::Day),
    ("valid_to", ColumnType::Day),
    ("recorded_from", ColumnType::Timestamp),
    ("recorded_to", ColumnType::Timestamp),
    ("is_current", ColumnType::Flag),
    ("source_system", ColumnType::Text),
    ("district", ColumnType::Text),
];

/// The rows of one of the two tables, sorted.
pub(crate) fn batch(table: &str, rows: &[RelationRow]) -> Result<RecordBatch, WarehouseError> {
    let mut rows: Vec<&RelationRow> = rows.iter().filter(|row| table_of(row.class).0 == table).collect();
    rows.sort_unstable();
    let texts = |of: fn(&RelationRow) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<StringArray>())
    };
    let integers = |of: fn(&RelationRow) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<Int64Array>())
    };
    let days = |of: fn(&RelationRow) -> Option<Day>| -> ArrayRef {
        let number = |row: &&RelationRow| of(row).and_then(|day| i32::try_from(day.number()).ok());
        Arc::new(rows.iter().map(number).collect::<Date32Array>())
    };
    let instants = |of: fn(&RelationRow) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let current = rows.iter().map(|row| Some(row.recorded_to.is_none())).collect::<BooleanArray>();
    let columns = COLUMNS.map(|(name, kind)| Column { name: name.to_owned(), kind });
    RecordBatch::try_new(
        arrow_schema(&columns),
        vec![
            texts(|row| Some(&row.relation)),
            texts(|row| Some(&row.entity)),
            integers(|row| Some(row.golden_id)),
            texts(|row| row.to_entity.as_deref()),
            integers(|row| row.to_golden_id),
            texts(|row| row.to_system.as_deref()),
            texts(|row| row.to_code.as_deref()),
            integers(|row| row.to_group),
            days(|row| row.valid_from),
            days(|row| row.valid_to),
            instants(|row| Some(row.recorded_from)),
            instants(|row| row.recorded_to),
            Arc::new(current),
            texts(|row| Some(&row.source_system)),
            texts(|row| row.district.as_deref()),
        ],
    )
    .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};
    use arrow::datatypes::{Date32Type, Int64Type};

    use super::*;

    fn row(class: Class, golden_id: i64) -> RelationRow {
        RelationRow {
            relation: "posted_at".to_owned(),
            entity: "employee".to_owned(),
            class,
            golden_id,
            to_entity: None,
            to_golden_id: None,
            to_system: Some("office".to_owned()),
            to_code: Some("OFF-REV".to_owned()),
            to_group: None,
            valid_from: "1970-01-11".parse().ok(),
            valid_to: None,
            recorded_from: 5,
            recorded_to: (golden_id == 1).then_some(9),
            source_system: "hrms".to_owned(),
            district: None,
        }
    }

    #[test]
    fn what_tells_about_a_person_is_in_the_restricted_table_alone() {
        let rows = [row(Class::Internal, 2), row(Class::Personal, 3), row(Class::Sensitive, 4), row(Class::Public, 1)];
        let open = batch(RELATIONS, &rows).unwrap();
        assert_eq!(open["golden_id"].as_primitive::<Int64Type>().values().to_vec(), [1, 2]);
        assert_eq!(open["valid_from"].as_primitive::<Date32Type>().value(0), 10);
        assert!(open["valid_to"].is_null(0) && open["to_golden_id"].is_null(0));
        let current = open["is_current"].as_boolean();
        assert!(!current.value(0) && current.value(1));
        let restricted = batch(PERSONAL_RELATIONS, &rows).unwrap();
        assert_eq!(restricted["golden_id"].as_primitive::<Int64Type>().values().to_vec(), [3, 4]);
        assert_eq!(table_of(Class::Sensitive).1, Folder::Restricted);
        assert_eq!(batch(RELATIONS, &[]).unwrap().num_columns(), COLUMNS.len());
    }
}
