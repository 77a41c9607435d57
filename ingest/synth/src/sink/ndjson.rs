//! One JSON object a line. Empty fields are left out, as exports of document stores leave them out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{RowWriter, write_error};
use crate::error::SynthError;
use crate::layout::{Column, Holds};
use crate::row::Row;

/// A file of JSON lines.
pub(crate) struct NdjsonWriter {
    path: PathBuf,
    out: BufWriter<File>,
    columns: Vec<Column>,
}

impl NdjsonWriter {
    /// Creates the file.
    pub(crate) fn create(path: &Path, columns: &[Column]) -> Result<Self, SynthError> {
        let out = BufWriter::with_capacity(1 << 16, File::create(path).map_err(write_error(path))?);
        Ok(Self { path: path.to_owned(), out, columns: columns.to_vec() })
    }

    fn write_object(&mut self, row: &Row) -> std::io::Result<()> {
        let mut before = b'{';
        for (column, field) in self.columns.iter().zip(row.fields()).filter(|(_, field)| !field.is_empty()) {
            self.out.write_all(&[before])?;
            serde_json::to_writer(&mut self.out, column.name)?;
            self.out.write_all(b":")?;
            if column.holds == Holds::Number && field.parse::<i64>().is_ok() {
                self.out.write_all(field.as_bytes())?;
            } else {
                serde_json::to_writer(&mut self.out, field)?;
            }
            before = b',';
        }
        self.out.write_all(if before == b'{' { b"{}\n" } else { b"}\n" })
    }
}

impl RowWriter for NdjsonWriter {
    fn write(&mut self, row: &Row) -> Result<(), SynthError> {
        self.write_object(row).map_err(write_error(&self.path))
    }

    fn finish(mut self: Box<Self>) -> Result<(), SynthError> {
        self.out.flush().map_err(write_error(&self.path))
    }
}
