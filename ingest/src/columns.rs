//! A whole file as text columns, for work that has no model yet.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use kanak_model::quality::RejectedRow;
use kanak_model::source_system::Format;

use crate::connector::{self, RowRead};
use crate::error::IngestError;
use crate::guess::guess_format;
use crate::input::Input;

/// The rows of a file as they stand there, not standardized.
#[derive(Debug, Clone)]
pub struct Columns {
    /// One UTF-8 column for each column of the file; an empty value is null. Names are made unique.
    pub batch: RecordBatch,
    /// The line (text) or row (sheets, Parquet) of each row.
    pub lines: UInt64Array,
    /// Lines that are no rows.
    pub rejected: Vec<RejectedRow>,
}

/// One column may hold this many bytes: Arrow counts them with 31 bits.
const COLUMN_BYTES_MAX: usize = i32::MAX as usize;

/// Reads all of a file, of a format that is guessed.
///
/// # Errors
/// When the file as a whole cannot be used.
pub fn read_columns(path: &Path) -> Result<Columns, IngestError> {
    read_columns_as(path, &guess_format(path)?)
}

/// Reads all of a file of a known format.
///
/// # Errors
/// When the file as a whole cannot be used, or one column has more than 2 GiB.
///
/// # Panics
/// Never: each column gets one value a row.
pub fn read_columns_as(path: &Path, format: &Format) -> Result<Columns, IngestError> {
    let input = Input::File(path);
    let mut reader = connector::open(&input, format)?;
    let mut columns: Vec<StringBuilder> = reader.columns().iter().map(|_| StringBuilder::new()).collect();
    let mut lines = Vec::new();
    let mut rejected = Vec::new();
    reader.read_rows(&mut |read| {
        let row = match read {
            RowRead::Bad(bad) => {
                rejected.push(bad);
                return Ok(());
            }
            RowRead::Row(row) => row,
        };
        while columns.len() < row.len() {
            let mut late = StringBuilder::new();
            late.append_nulls(lines.len());
            columns.push(late);
        }
        for (at, column) in columns.iter_mut().enumerate() {
            let value = row.get(at);
            if value.is_empty() {
                column.append_null();
            } else if column.values_slice().len() + value.len() > COLUMN_BYTES_MAX {
                return Err(too_large(&input, row.line));
            } else {
                column.append_value(value);
            }
        }
        lines.push(row.line);
        Ok(())
    })?;
    let names = unique(reader.columns());
    while columns.len() < names.len() {
        let mut empty = StringBuilder::new();
        empty.append_nulls(lines.len());
        columns.push(empty);
    }
    let fields: Vec<Field> = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let arrays: Vec<ArrayRef> = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .expect("each column got one value a row");
    Ok(Columns { batch, lines: UInt64Array::from(lines), rejected })
}

fn too_large(input: &Input<'_>, line: u64) -> IngestError {
    IngestError::Broken {
        file: input.name(),
        line: Some(line),
        problem: "one column of the file has more than 2 GiB".into(),
        remedy: "split the file and name the parts one after the other".into(),
    }
}

/// Names for all columns: a name given twice gets its number, a column without a name is `column_3`.
fn unique(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let mut name = if column.is_empty() { format!("column_{}", at + 1) } else { column.clone() };
        while names.contains(&name) {
            name = format!("{name}_{}", at + 1);
        }
        names.push(name);
    }
    names
}
