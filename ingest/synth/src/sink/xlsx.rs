//! Excel workbooks, written row by row. A sheet holds 1,048,576 rows, so only small registers come as workbooks.

use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::RowWriter;
use crate::error::SynthError;
use crate::layout::{Column, Holds};
use crate::row::Row;

/// A workbook with one sheet.
pub(crate) struct XlsxWriter {
    path: PathBuf,
    book: Workbook,
    columns: Vec<Column>,
    day: Format,
    next_row: u32,
}

/// Rows below the header that one sheet takes.
pub(crate) const SHEET_ROWS: u64 = 1_000_000;

impl XlsxWriter {
    /// Begins a workbook; the file appears when it is finished.
    pub(crate) fn create(path: &Path, columns: &[Column]) -> Result<Self, SynthError> {
        let mut writer = Self {
            path: path.to_owned(),
            book: Workbook::new(),
            columns: columns.to_vec(),
            day: Format::new().set_num_format("dd/mm/yyyy"),
            next_row: 0,
        };
        writer.begin().map_err(|source| SynthError::Workbook { path: path.to_owned(), source })?;
        Ok(writer)
    }

    fn begin(&mut self) -> Result<(), XlsxError> {
        // The same workbook each time: it is not to say when it was made.
        let made = ExcelDateTime::from_ymd(2026, 11, 1)?;
        self.book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = self.book.add_worksheet_with_constant_memory();
        sheet.set_name("Register")?;
        for (column, at) in self.columns.iter().zip(0_u16..) {
            sheet.write_string(0, at, column.name)?;
        }
        self.next_row = 1;
        Ok(())
    }

    fn write_cells(&mut self, row: &Row) -> Result<(), XlsxError> {
        let number = self.next_row;
        let day_format = &self.day;
        let sheet: &mut Worksheet = self.book.worksheet_from_index(0)?;
        for ((column, field), at) in self.columns.iter().zip(row.fields()).zip(0_u16..) {
            if field.is_empty() {
                continue;
            }
            match column.holds {
                Holds::Number if field.parse::<f64>().is_ok() => {
                    sheet.write_number(number, at, field.parse::<f64>().unwrap_or_default())?;
                }
                Holds::Day if ExcelDateTime::parse_from_str(field).is_ok() => {
                    sheet.write_datetime_with_format(number, at, ExcelDateTime::parse_from_str(field)?, day_format)?;
                }
                _ => {
                    sheet.write_string(number, at, field)?;
                }
            }
        }
        self.next_row += 1;
        Ok(())
    }
}

impl RowWriter for XlsxWriter {
    fn write(&mut self, row: &Row) -> Result<(), SynthError> {
        self.write_cells(row).map_err(|source| SynthError::Workbook { path: self.path.clone(), source })
    }

    fn finish(mut self: Box<Self>) -> Result<(), SynthError> {
        self.book.save(&self.path).map_err(|source| SynthError::Workbook { path: self.path.clone(), source })
    }
}
