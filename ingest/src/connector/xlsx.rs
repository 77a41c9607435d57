//! Excel workbooks, cell by cell: a sheet is never in memory as a whole.

use std::fmt::Write as _;

use calamine::{Cell, DataRef, Reader as _, Xlsx, XlsxError};
use kanak_model::quality::QualityRule;
use kanak_model::toml_text::choices;

use super::xlsx_size::{self, Limits};
use super::{ROW_BYTES_MAX, RowRead, SourceReader, bad_line, guarded};
use crate::error::IngestError;
use crate::input::{Input, ReadSeek};
use crate::raw_row::RawRow;

type Workbook = Xlsx<Box<dyn ReadSeek>>;

/// Excel's sheets have so many columns, and a cell that says that it stands further right would take memory for all between.
const COLUMNS_MAX: u32 = 16_384;

/// A sheet of a workbook.
pub(crate) struct XlsxReader {
    file: String,
    workbook: Workbook,
    sheet: String,
    columns: Vec<String>,
    header_line: u64,
}

impl XlsxReader {
    /// Opens the workbook and reads the header: the first row that has a value.
    pub(crate) fn open(input: &Input<'_>, sheet: Option<&str>) -> Result<Self, IngestError> {
        let file = input.name();
        guarded(&file, "workbook", || xlsx_size::check(&file, &mut *input.open_seekable()?, Limits::WORKBOOK))?;
        let bytes = input.open_seekable()?;
        let mut workbook = guarded(&file, "workbook", || Xlsx::new(bytes).map_err(|error| of_xlsx(&file, error)))?;
        let sheets = workbook.sheet_names();
        let sheet = match sheet {
            Some(wanted) if !sheets.iter().any(|name| name == wanted) => {
                return Err(IngestError::Broken {
                    file,
                    line: None,
                    problem: format!("the workbook has no sheet `{wanted}`"),
                    remedy: format!("it has {}", choices(sheets.iter().map(String::as_str))),
                });
            }
            Some(wanted) => wanted.to_owned(),
            None => sheets.into_iter().next().ok_or_else(|| IngestError::Empty { file: file.clone() })?,
        };
        let mut columns = Vec::new();
        let mut header_line = 0;
        for_each_cell(&file, &mut workbook, &sheet, &mut |cell| {
            let (row, column) = cell.get_position();
            let line = u64::from(row) + 1;
            let mut name = String::new();
            write_value(cell.get_value(), &mut name);
            if name.trim().is_empty() || (header_line != 0 && line != header_line) {
                return Ok(header_line == 0 || line == header_line);
            }
            if column >= COLUMNS_MAX {
                return Err(IngestError::Broken {
                    file: file.clone(),
                    line: Some(line),
                    problem: format!("a cell of the header says that it stands beyond column {COLUMNS_MAX}"),
                    remedy: "open it in a spreadsheet, save it anew and send it again".into(),
                });
            }
            header_line = line;
            columns.resize((column as usize + 1).max(columns.len()), String::new());
            name.trim().clone_into(&mut columns[column as usize]);
            Ok(true)
        })?;
        if columns.is_empty() {
            return Err(IngestError::Empty { file });
        }
        Ok(Self { file, workbook, sheet, columns, header_line })
    }
}

impl SourceReader for XlsxReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn header_line(&self) -> Option<u64> {
        Some(self.header_line)
    }

    fn read_rows(&mut self, take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError> {
        let (header_line, width) = (self.header_line, self.columns.len());
        let mut row = RawRow::default();
        // The last column with a value, where the row has one at all.
        let mut last = None;
        let mut value = String::new();
        let mut hand_over = |row: &mut RawRow, last: Option<usize>| match last {
            None => Ok(()),
            Some(last) if last >= width => {
                let reason =
                    format!("a value in column {} where the header has {width} columns; name or empty it", last + 1);
                take(RowRead::Bad(bad_line(row.line, QualityRule::FieldCount, reason)))
            }
            Some(_) if row.bytes() > ROW_BYTES_MAX => {
                let reason = "the row is longer than 1 MiB; shorten it";
                take(RowRead::Bad(bad_line(row.line, QualityRule::Unreadable, reason)))
            }
            Some(_) => take(RowRead::Row(row)),
        };
        for_each_cell(&self.file, &mut self.workbook, &self.sheet, &mut |cell| {
            let (row_index, column) = cell.get_position();
            let (line, column) = (u64::from(row_index) + 1, column as usize);
            if line <= header_line {
                return Ok(true);
            }
            if line != row.line {
                hand_over(&mut row, last.take())?;
                row.clear(line);
            }
            value.clear();
            write_value(cell.get_value(), &mut value);
            if !value.is_empty() {
                last = last.max(Some(column));
                if column < width && row.bytes() <= ROW_BYTES_MAX {
                    row.set(column, &value);
                }
            }
            Ok(true)
        })?;
        hand_over(&mut row, last)
    }
}

/// Gives each used cell of a sheet to `take`, row by row, until it answers `false` or fails.
fn for_each_cell(
    file: &str,
    workbook: &mut Workbook,
    sheet: &str,
    take: &mut dyn FnMut(Cell<DataRef<'_>>) -> Result<bool, IngestError>,
) -> Result<(), IngestError> {
    guarded(file, "workbook", || {
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(|error| of_xlsx(file, error))?;
        while let Some(cell) = cells.next_cell().map_err(|error| of_xlsx(file, error))? {
            if !take(cell)? {
                break;
            }
        }
        Ok(())
    })
}

/// A cell as text: dates as `1985-03-01` or `1985-03-01T10:20:30`, whole numbers without a point, errors as nothing.
fn write_value(value: &DataRef<'_>, text: &mut String) {
    let written = match value {
        DataRef::Int(number) => write!(text, "{number}"),
        DataRef::Float(number) => write!(text, "{number}"),
        DataRef::String(words) | DataRef::DateTimeIso(words) | DataRef::DurationIso(words) => {
            text.push_str(words);
            Ok(())
        }
        DataRef::SharedString(words) => {
            text.push_str(words);
            Ok(())
        }
        DataRef::Bool(flag) => write!(text, "{flag}"),
        DataRef::DateTime(date) if date.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
            if (hour, minute, second, milli) == (0, 0, 0, 0) {
                write!(text, "{year:04}-{month:02}-{day:02}")
            } else {
                write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
            }
        }
        DataRef::DateTime(duration) => write!(text, "{}", duration.as_f64()),
        DataRef::Error(_) | DataRef::Empty => Ok(()),
    };
    written.expect("writing to a String succeeds");
    if text.contains('\0') {
        text.retain(|c| c != '\0');
    }
}

fn of_xlsx(file: &str, error: XlsxError) -> IngestError {
    let file = file.to_owned();
    match error {
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => IngestError::WrongFormat {
            file,
            expected: "an Excel workbook (.xlsx)",
            found: "a ZIP archive of other files".into(),
            remedy: "unpack it and load the files in it, or ask for the workbook itself".into(),
        },
        XlsxError::Password => IngestError::WrongFormat {
            file,
            expected: "an open Excel workbook",
            found: "one with a password".into(),
            remedy: "save it without a password".into(),
        },
        XlsxError::Io(cause) => IngestError::of_io(&file, None, cause),
        XlsxError::Zip(_) => {
            IngestError::CutOff { file, line: None, what: "its table of contents, at the end, cannot be read".into() }
        }
        other => IngestError::Broken {
            file,
            line: None,
            problem: format!("the workbook is damaged ({})", kind_of(&other)),
            remedy: "open it in a spreadsheet, save it anew and send it again".into(),
        },
    }
}

/// What is wrong with a workbook, without any of what it says.
fn kind_of(error: &XlsxError) -> &'static str {
    match error {
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_) => "its XML does not parse",
        XlsxError::WorksheetNotFound(_) => "a sheet is missing",
        _ => "a part of it does not parse",
    }
}
