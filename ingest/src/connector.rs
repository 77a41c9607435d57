//! Readers of file formats: each gives rows with the line or row they stand on.

pub(crate) mod csv;
pub(crate) mod ndjson;
pub(crate) mod parquet;
pub(crate) mod xlsx;
mod xlsx_size;

use kanak_model::quality::{QualityRule, RejectedRow};
use kanak_model::source_system::Format;

use crate::error::IngestError;
use crate::input::Input;
use crate::raw_row::RawRow;

/// No row may be longer than this in text files: one lost quote must not pull a whole file into memory.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// What stands on one line.
pub(crate) enum RowRead<'a> {
    /// A row. Its reader clears it before the next one, so the taker may swap it for another.
    Row(&'a mut RawRow),
    /// A line that is no row.
    Bad(RejectedRow),
}

/// A file of one format, opened: its columns are known.
pub(crate) trait SourceReader {
    /// The columns in the order of the file. NDJSON finds more as it reads.
    fn columns(&self) -> &[String];

    /// The line on which the columns are named, where one is.
    fn header_line(&self) -> Option<u64>;

    /// Expects a column that the first rows do not have, where the format lets rows leave columns out.
    fn add_column(&mut self, _name: &str) -> Option<usize> {
        None
    }

    /// Gives every row to `take`, in order; stops at its first error.
    fn read_rows(&mut self, take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError>;
}

/// Opens a file.
pub(crate) fn open(input: &Input<'_>, format: &Format) -> Result<Box<dyn SourceReader>, IngestError> {
    refuse_other_format(input, format)?;
    Ok(match format {
        Format::Csv { separator, encoding } => Box::new(csv::CsvReader::open(input, *separator, encoding)?),
        Format::Ndjson => Box::new(ndjson::NdjsonReader::open(input)?),
        Format::Xlsx { sheet } => Box::new(xlsx::XlsxReader::open(input, sheet.as_deref())?),
        Format::Parquet => Box::new(parquet::ParquetReader::open(input)?),
    })
}

/// A file that evidently is of another kind gives one clear error rather than many odd rows.
fn refuse_other_format(input: &Input<'_>, format: &Format) -> Result<(), IngestError> {
    let sample = input.sample()?;
    if sample.is_empty() {
        return Err(IngestError::Empty { file: input.name() });
    }
    let expected = match format {
        Format::Csv { .. } => "separated text",
        Format::Ndjson => "NDJSON",
        Format::Xlsx { .. } => "an Excel workbook (.xlsx)",
        Format::Parquet => "a Parquet file",
    };
    let is_text = matches!(format, Format::Csv { .. } | Format::Ndjson);
    let (found, remedy) = if sample.starts_with(b"PK\x03\x04") || sample.starts_with(b"PK\x05\x06") {
        if matches!(format, Format::Xlsx { .. }) {
            return Ok(());
        }
        ("a ZIP archive or an Excel workbook", "unpack it, or declare `format = { type = \"xlsx\" }`")
    } else if sample.starts_with(b"PAR1") {
        if matches!(format, Format::Parquet) {
            return Ok(());
        }
        ("a Parquet file", "declare `format = { type = \"parquet\" }`")
    } else if sample.starts_with(b"\xD0\xCF\x11\xE0") {
        ("an old Excel workbook (.xls) or one with a password", "save it as .xlsx without a password")
    } else if sample.starts_with(b"%PDF") {
        ("a PDF", "ask for the table itself, as CSV or XLSX")
    } else if is_text {
        return Ok(());
    } else {
        ("something else", "check the file's name and its source's `format`, or ask for it again")
    };
    Err(IngestError::WrongFormat { file: input.name(), expected, found: found.into(), remedy: remedy.into() })
}

/// A line that is no row.
pub(crate) fn bad_line(line: u64, rule: QualityRule, reason: impl Into<String>) -> RejectedRow {
    RejectedRow { line, key: None, rule, column: None, masked: None, reason: reason.into() }
}

/// Runs a foreign parser so that a panic of its own on damaged input becomes an error of the file.
pub(crate) fn guarded<T>(
    file: &str,
    what: &str,
    parse: impl FnOnce() -> Result<T, IngestError>,
) -> Result<T, IngestError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(parse)).unwrap_or_else(|_| {
        Err(IngestError::Broken {
            file: file.to_owned(),
            line: None,
            problem: format!("the {what} is damaged"),
            remedy: "nothing of it was kept, fetch it again".into(),
        })
    })
}
