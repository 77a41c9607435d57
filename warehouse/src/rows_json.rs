//! Rows as JSON objects, for pages, the API and `--json`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use kanak_model::Timestamp;
use serde_json::{Map, Value};

use crate::calendar::day_of;
use crate::query::QueryResult;

/// The rows of a result: one object a row, keys in column order. Instants are RFC 3339 with `Z`, days `2026-03-31`;
/// a number that is not finite is null.
pub fn rows_json(result: &QueryResult) -> Vec<Map<String, Value>> {
    let mut rows = Vec::with_capacity(result.num_rows());
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(result.schema.fields());
            rows.push(cells.map(|(array, field)| (field.name().clone(), cell(array, row))).collect());
        }
    }
    rows
}

fn cell(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).into(),
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Date32 => day_of(array.as_primitive::<Date32Type>().value(row)).to_string().into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row)).to_string().into()
        }
        other => {
            let options = FormatOptions::default();
            let text = ArrayFormatter::try_new(array.as_ref(), &options).map(|format| format.value(row).to_string());
            match text {
                Err(_) => Value::Null,
                Ok(text) if other.is_integer() => text.parse::<i64>().map_or(Value::String(text), Value::from),
                Ok(text) if other.is_floating() => text.parse::<f64>().map_or(Value::Null, Value::from),
                Ok(text) => Value::String(text),
            }
        }
    }
}
