//! The closed set of column types that warehouse tables have.
//!
//! Every table is written with these types only, so that any engine reads it and a manifest can say it in one word.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use datafusion::common::Column as ColumnName;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, cast as cast_expr};
use kanak_model::kind::{Kind, Physical};
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its values. Every column may be null.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Words.
    Text,
    /// 64-bit integer.
    Integer,
    /// 64-bit floating point.
    Number,
    /// True or false.
    Flag,
    /// Calendar day in India.
    Day,
    /// UTC microseconds.
    Timestamp,
}

impl ColumnType {
    /// The column type of an attribute's kind.
    pub fn of_kind(kind: Kind) -> Self {
        match kind.physical() {
            Physical::Text => Self::Text,
            Physical::Day => Self::Day,
            Physical::Timestamp => Self::Timestamp,
            Physical::Integer => Self::Integer,
            Physical::Flag => Self::Flag,
        }
    }

    /// The Arrow type on disk and in results.
    pub fn to_arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Day => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The word in documentation and table listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Day => "day",
            Self::Timestamp => "timestamp",
        }
    }

    /// The column type that a value of an Arrow type is stored as.
    pub(crate) fn find(arrow: &DataType) -> Option<Self> {
        Some(match arrow {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Self::Text,
            DataType::Dictionary(_, value) => return Self::find(value),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Number,
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Number
            }
            DataType::Boolean => Self::Flag,
            DataType::Date32 | DataType::Date64 => Self::Day,
            DataType::Timestamp(..) => Self::Timestamp,
            _ => return None,
        })
    }
}

/// The Arrow schema of some columns.
pub(crate) fn arrow_schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(
        columns.iter().map(|column| Field::new(&column.name, column.kind.to_arrow(), true)).collect::<Vec<_>>(),
    ))
}

/// The columns of an Arrow schema.
pub(crate) fn columns_of(table: &str, schema: &Schema) -> Result<Vec<Column>, WarehouseError> {
    schema
        .fields()
        .iter()
        .map(|field| {
            let kind = ColumnType::find(field.data_type()).ok_or_else(|| WarehouseError::Batch {
                table: table.to_owned(),
                message: format!(
                    "column `{}` has the type {}, which tables do not have",
                    field.name(),
                    field.data_type()
                ),
            })?;
            Ok(Column { name: field.name().clone(), kind })
        })
        .collect()
}

/// A batch with its columns cast to the types that tables have.
pub(crate) fn normalize(table: &str, batch: &RecordBatch) -> Result<RecordBatch, WarehouseError> {
    conform(table, batch, &columns_of(table, &batch.schema())?)
}

/// A batch with exactly these columns, in this order: what it lacks is null, what it has beyond them is left out.
pub(crate) fn conform(table: &str, batch: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, WarehouseError> {
    let refuse = |error: ArrowError| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() };
    let arrays = columns
        .iter()
        .map(|column| match batch.column_by_name(&column.name) {
            Some(array) => cast(array, &column.kind.to_arrow()),
            None => Ok(arrow::array::new_null_array(&column.kind.to_arrow(), batch.num_rows())),
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;
    RecordBatch::try_new(arrow_schema(columns), arrays).map_err(refuse)
}

/// A query whose columns are cast to the types that tables have.
pub(crate) fn normalize_frame(table: &str, frame: DataFrame) -> Result<DataFrame, WarehouseError> {
    let columns = columns_of(table, frame.schema().as_arrow())?;
    let expressions: Vec<Expr> = frame
        .schema()
        .iter()
        .zip(&columns)
        .map(|((qualifier, field), column)| {
            let name = Expr::Column(ColumnName::new(qualifier.cloned(), field.name()));
            if *field.data_type() == column.kind.to_arrow() && qualifier.is_none() {
                name
            } else {
                cast_expr(name, column.kind.to_arrow()).alias(field.name())
            }
        })
        .collect();
    frame
        .select(expressions)
        .map_err(|error| WarehouseError::Model { model: table.to_owned(), message: error.strip_backtrace() })
}

/// A number that differs, but for chance, when the rows of a batch, their order or its columns differ.
pub(crate) fn fingerprint(batch: &RecordBatch) -> Result<i64, ArrowError> {
    let mut hasher = DefaultHasher::new();
    for field in batch.schema().fields() {
        hasher.write(field.name().as_bytes());
        hasher.write_u8(0xff);
    }
    let fields = batch.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    for start in (0..batch.num_rows()).step_by(8192) {
        let slice = batch.slice(start, 8192.min(batch.num_rows() - start));
        for row in &converter.convert_columns(slice.columns())? {
            hasher.write(row.as_ref());
        }
    }
    Ok(hasher.finish().cast_signed())
}
