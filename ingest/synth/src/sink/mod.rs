//! Writers of the formats in which departments send their registers. Each holds at most one block of rows.

mod ndjson;
mod parquet;
mod text;
mod xlsx;

pub(crate) use xlsx::SHEET_ROWS;

use std::path::{Path, PathBuf};

use crate::error::SynthError;
use crate::layout::{FileFormat, Layout};
use crate::row::Row;

/// A file that takes rows.
pub(crate) trait RowWriter {
    /// Writes a row of as many fields as the layout has columns.
    fn write(&mut self, row: &Row) -> Result<(), SynthError>;

    /// Writes a row with the wrong number of fields. `false` where the format cannot hold such a row.
    fn write_misfit(&mut self, _row: &Row) -> Result<bool, SynthError> {
        Ok(false)
    }

    /// Writes what is left and closes the file.
    fn finish(self: Box<Self>) -> Result<(), SynthError>;
}

/// Opens the writer of a layout's format. `first_line` of the data is 2 where there is a header, else 1.
pub(crate) fn open(layout: &Layout, path: &Path) -> Result<Box<dyn RowWriter>, SynthError> {
    Ok(match layout.format {
        FileFormat::Text { separator, encoding, packed } => {
            Box::new(text::TextWriter::create(path, &layout.columns, separator, encoding, packed)?)
        }
        FileFormat::Ndjson => Box::new(ndjson::NdjsonWriter::create(path, &layout.columns)?),
        FileFormat::Xlsx => Box::new(xlsx::XlsxWriter::create(path, &layout.columns)?),
        FileFormat::Parquet => Box::new(parquet::ParquetWriter::create(path, &layout.columns)?),
    })
}

/// The line or row on which the first data row stands, from 1.
pub(crate) fn first_line(format: FileFormat) -> u64 {
    match format {
        FileFormat::Text { .. } | FileFormat::Xlsx => 2,
        FileFormat::Ndjson | FileFormat::Parquet => 1,
    }
}

/// An error that names the file.
fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> SynthError {
    let path: PathBuf = path.to_owned();
    move |source| SynthError::Write { path, source }
}
