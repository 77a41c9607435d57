//! Dimensions generated from entity models: one table for everyone and one, restricted, with what tells about a person.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use chrono::DateTime;
use kanak_model::entity_model::Attribute;
use kanak_model::{Class, EntityModel, GoldenId, Kind};

use crate::error::WarehouseError;
use crate::schema::{Column, ColumnType, arrow_schema};

/// One version of one golden record, as the hub hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenVersionRow {
    /// The golden record.
    pub golden_id: i64,
    /// From 1; counts its changes.
    pub version: i32,
    /// `active`, `deceased` ...
    pub status: String,
    /// Attribute name and value in the standard form of its kind.
    pub values: Vec<(String, String)>,
    /// When the hub came to hold this version, UTC microseconds.
    pub recorded_from: i64,
    /// When the next version replaced it; `None` on the current one.
    pub recorded_to: Option<i64>,
    /// Attribute name and the register whose source record states the value; empty where no reader needs an agreement.
    pub stated_by: Vec<(String, String)>,
}

/// The column of a dimension that tells which register states which value, for the policy that leaves out those of others: for each
/// attribute a [`stated_mark`]. Null where no reader needs an agreement.
pub(crate) const STATED_BY: &str = "stated_by";

/// The columns of a dimension that are of no attribute.
pub(crate) const OWN_COLUMNS: [&str; 9] = [
    "golden_id",
    "golden_key",
    "version",
    "status",
    "valid_from",
    "valid_to",
    "recorded_from",
    "recorded_to",
    "is_current",
];

/// The mark of an attribute of a class; with the register that states its value, where that matters.
pub(crate) fn stated_mark(attribute: &str, class: Class, register: Option<&str>) -> String {
    let class = match class {
        Class::Public => "public",
        Class::Internal => "internal",
        Class::Personal => "personal",
        Class::Sensitive => "sensitive",
    };
    register.map_or_else(|| format!(";{attribute}:{class}="), |register| format!(";{attribute}:{class}={register};"))
}

/// The name of an entity's dimension.
pub(crate) fn table_name(model: &EntityModel) -> String {
    format!("dim_{}", model.plural)
}

/// The name of the restricted half of an entity's dimension.
pub(crate) fn personal_table_name(model: &EntityModel) -> String {
    format!("dim_{}_personal", model.plural)
}

/// The dimension: public and internal attributes.
pub(crate) fn open_batch(model: &EntityModel, rows: &[GoldenVersionRow]) -> Result<RecordBatch, WarehouseError> {
    let attributes = model.attributes.iter().filter(|attribute| attribute.class <= Class::Internal);
    batch(&table_name(model), attributes, rows)
}

/// Its restricted half: personal attributes, with the district by which rows are scoped. `None` when the model has no
/// personal attribute. Sensitive attributes stay in the hub.
pub(crate) fn personal_batch(
    model: &EntityModel,
    rows: &[GoldenVersionRow],
) -> Result<Option<RecordBatch>, WarehouseError> {
    if !model.attributes.iter().any(|attribute| attribute.class == Class::Personal) {
        return Ok(None);
    }
    let is_scope = |attribute: &Attribute| attribute.name == "district" && attribute.class <= Class::Internal;
    let attributes =
        model.attributes.iter().filter(|attribute| attribute.class == Class::Personal || is_scope(attribute));
    batch(&personal_table_name(model), attributes, rows).map(Some)
}

struct Columns {
    columns: Vec<Column>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn push(&mut self, name: impl Into<String>, kind: ColumnType, array: ArrayRef) {
        self.columns.push(Column { name: name.into(), kind });
        self.arrays.push(array);
    }
}

fn batch<'m>(
    table: &str,
    attributes: impl Iterator<Item = &'m Attribute> + Clone,
    rows: &[GoldenVersionRow],
) -> Result<RecordBatch, WarehouseError> {
    let mut sorted: Vec<&GoldenVersionRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.golden_id, row.recorded_from, row.version));
    let rows = sorted.as_slice();
    let mut made = Columns { columns: Vec::new(), arrays: Vec::new() };
    made.push("golden_id", ColumnType::Integer, integers(rows.iter().map(|row| Some(row.golden_id))));
    made.push("golden_key", ColumnType::Text, texts(rows.iter().map(|row| Some(GoldenId(row.golden_id).to_string()))));
    made.push("version", ColumnType::Integer, integers(rows.iter().map(|row| Some(i64::from(row.version)))));
    made.push("status", ColumnType::Text, texts(rows.iter().map(|row| Some(row.status.as_str()))));
    for attribute in attributes.clone() {
        push_attribute(&mut made, attribute, rows);
    }
    made.push(STATED_BY, ColumnType::Text, texts(rows.iter().map(|row| stated_by(row, attributes.clone()))));
    // Valid time is recorded time until sources state when their values came to hold.
    let from: ArrayRef = instants(rows.iter().map(|row| Some(row.recorded_from)));
    let to: ArrayRef = instants(rows.iter().map(|row| row.recorded_to));
    made.push("valid_from", ColumnType::Timestamp, Arc::clone(&from));
    made.push("valid_to", ColumnType::Timestamp, Arc::clone(&to));
    made.push("recorded_from", ColumnType::Timestamp, from);
    made.push("recorded_to", ColumnType::Timestamp, to);
    let current = rows.iter().map(|row| Some(row.recorded_to.is_none())).collect::<BooleanArray>();
    made.push("is_current", ColumnType::Flag, Arc::new(current));
    RecordBatch::try_new(arrow_schema(&made.columns), made.arrays)
        .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })
}

/// One attribute is one column of its physical type. Money is two: whole paise to reckon with, rupees to read.
fn push_attribute(made: &mut Columns, attribute: &Attribute, rows: &[&GoldenVersionRow]) {
    let values = || rows.iter().map(|row| find_value(row, &attribute.name));
    if attribute.kind == Kind::Money {
        let paise: Vec<Option<i64>> = values().map(|value| value?.parse().ok()).collect();
        let rupees = paise.iter().map(|amount| amount.map(|paise| paise as f64 / 100.0)).collect::<Float64Array>();
        made.push(format!("{}_paise", attribute.name), ColumnType::Integer, integers(paise.into_iter()));
        made.push(format!("{}_rupees", attribute.name), ColumnType::Number, Arc::new(rupees));
        return;
    }
    let kind = ColumnType::of_kind(attribute.kind);
    let array: ArrayRef = match kind {
        ColumnType::Integer => integers(values().map(|value| value?.parse().ok())),
        ColumnType::Flag => Arc::new(values().map(|value| value.map(|word| word == "true")).collect::<BooleanArray>()),
        ColumnType::Timestamp => instants(
            values().map(|value| DateTime::parse_from_rfc3339(value?).ok().map(|instant| instant.timestamp_micros())),
        ),
        ColumnType::Text | ColumnType::Day | ColumnType::Number => texts(values()),
    };
    let kind = if matches!(kind, ColumnType::Day | ColumnType::Number) { ColumnType::Text } else { kind };
    made.push(&attribute.name, kind, array);
}

/// The marks of a row's values; `None` where it names no register.
fn stated_by<'m>(row: &GoldenVersionRow, attributes: impl Iterator<Item = &'m Attribute>) -> Option<String> {
    if row.stated_by.is_empty() {
        return None;
    }
    let register = |attribute: &Attribute| {
        row.stated_by.iter().find(|(name, _)| *name == attribute.name).map(|(_, register)| register)
    };
    let marks = attributes.filter_map(|attribute| {
        Some(stated_mark(&attribute.name, attribute.class, Some(register(attribute)?.as_str())))
    });
    Some(marks.collect())
}

fn find_value<'r>(row: &'r GoldenVersionRow, attribute: &str) -> Option<&'r str> {
    row.values.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
}

fn integers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn instants(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

    use super::*;

    fn model(class: &str) -> EntityModel {
        let text = format!(
            "[entity]\nname = \"thing\"\ntitle = {{ en = \"Thing\" }}\nlabel = \"word\"\n\
             [[attribute]]\nname = \"word\"\nkind = \"text\"\n\
             [[attribute]]\nname = \"price\"\nkind = \"money\"\n\
             [[attribute]]\nname = \"seen\"\nkind = \"timestamp\"\n\
             [[attribute]]\nname = \"secret\"\nkind = \"text\"\nclass = \"{class}\"\n\
             [[attribute]]\nname = \"district\"\nkind = \"district\"\n"
        );
        EntityModel::parse("thing.toml", &text).unwrap()
    }

    fn row(golden_id: i64, recorded_to: Option<i64>) -> GoldenVersionRow {
        let values = [("price", "12345"), ("seen", "1970-01-01T00:00:01Z"), ("secret", "hidden"), ("district", "27")];
        GoldenVersionRow {
            golden_id,
            version: 1,
            status: "active".to_owned(),
            values: values.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            recorded_from: 5,
            recorded_to,
            stated_by: Vec::new(),
        }
    }

    #[test]
    fn personal_values_are_in_the_restricted_half_alone_and_sensitive_ones_in_neither() {
        let rows = [row(1, None)];
        let open = open_batch(&model("personal"), &rows).unwrap();
        assert!(open.column_by_name("secret").is_none());
        let personal = personal_batch(&model("personal"), &rows).unwrap().unwrap();
        assert_eq!(personal["secret"].as_string::<i32>().value(0), "hidden");
        assert_eq!(personal["district"].as_string::<i32>().value(0), "27");
        assert!(personal.column_by_name("price_paise").is_none());
        assert!(open_batch(&model("sensitive"), &rows).unwrap().column_by_name("secret").is_none());
        assert!(personal_batch(&model("sensitive"), &rows).unwrap().is_none());
    }

    #[test]
    fn values_are_typed_and_what_is_not_stated_is_null() {
        let open = open_batch(&model("personal"), &[row(2, Some(9)), row(1, None)]).unwrap();
        assert_eq!(open["golden_id"].as_primitive::<Int64Type>().values().to_vec(), [1, 2]);
        assert_eq!(open["golden_key"].as_string::<i32>().value(0), GoldenId(1).to_string());
        assert_eq!(open["price_paise"].as_primitive::<Int64Type>().value(0), 12345);
        assert_eq!(open["seen"].as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);
        assert!(open["word"].is_null(0));
        assert!(open["is_current"].as_boolean().value(0) && !open["is_current"].as_boolean().value(1));
        assert!(open["valid_to"].is_null(0) && open["valid_to"].is_valid(1));
    }

    #[test]
    fn a_dimension_without_rows_has_its_columns() {
        assert_eq!(open_batch(&model("personal"), &[]).unwrap().num_columns(), 4 + 5 + 6);
    }
}
