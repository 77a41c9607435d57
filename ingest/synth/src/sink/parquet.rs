//! Parquet in row groups of a fixed size.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{RowWriter, write_error};
use crate::error::SynthError;
use crate::layout::{Column, Holds};
use crate::row::Row;

/// Rows in one row group; also how many are held before they are written.
const GROUP_ROWS: usize = 16_384;

/// A Parquet file.
pub(crate) struct ParquetWriter {
    path: PathBuf,
    schema: SchemaRef,
    columns: Vec<Cells>,
    held: usize,
    out: ArrowWriter<File>,
}

enum Cells {
    Texts(StringBuilder),
    Numbers(Int64Builder),
}

impl ParquetWriter {
    /// Creates the file. Days are written as text, as most exports have them.
    pub(crate) fn create(path: &Path, columns: &[Column]) -> Result<Self, SynthError> {
        let fields = columns.iter().map(|column| {
            let kind = if column.holds == Holds::Number { DataType::Int64 } else { DataType::Utf8 };
            Field::new(column.name, kind, true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by("department export".to_owned())
            .build();
        let file = File::create(path).map_err(write_error(path))?;
        let out = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(parquet_error(path))?;
        let cells = columns.iter().map(|column| match column.holds {
            Holds::Number => Cells::Numbers(Int64Builder::new()),
            Holds::Text | Holds::Day => Cells::Texts(StringBuilder::new()),
        });
        Ok(Self { path: path.to_owned(), columns: cells.collect(), schema, held: 0, out })
    }

    fn write_held(&mut self) -> Result<(), SynthError> {
        if self.held == 0 {
            return Ok(());
        }
        let arrays = self.columns.iter_mut().map(|cells| -> ArrayRef {
            match cells {
                Cells::Texts(texts) => Arc::new(texts.finish()),
                Cells::Numbers(numbers) => Arc::new(numbers.finish()),
            }
        });
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect());
        self.held = 0;
        batch.map_err(ParquetError::from).and_then(|batch| self.out.write(&batch)).map_err(parquet_error(&self.path))
    }
}

fn parquet_error(path: &Path) -> impl FnOnce(ParquetError) -> SynthError {
    let path = path.to_owned();
    move |source| SynthError::Parquet { path, source }
}

impl RowWriter for ParquetWriter {
    fn write(&mut self, row: &Row) -> Result<(), SynthError> {
        for (cells, field) in self.columns.iter_mut().zip(row.fields()) {
            match cells {
                Cells::Texts(texts) => texts.append_option((!field.is_empty()).then_some(field)),
                Cells::Numbers(numbers) => numbers.append_option(field.parse().ok()),
            }
        }
        self.held += 1;
        if self.held == GROUP_ROWS { self.write_held() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<(), SynthError> {
        self.write_held()?;
        self.out.close().map(drop).map_err(parquet_error(&self.path))
    }
}
