//! Apache Parquet.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::{RowRead, SourceReader, guarded};
use crate::error::IngestError;
use crate::input::Input;
use crate::landing::{self, Opened};
use crate::raw_row::RawRow;

const BATCH_ROWS: usize = 8_192;

/// A Parquet file. Its rows count from 1; there is no header row.
pub(crate) struct ParquetReader {
    file: String,
    columns: Vec<String>,
    batches: ParquetRecordBatchReader,
}

impl ParquetReader {
    /// Opens the file and reads its footer.
    pub(crate) fn open(input: &Input<'_>) -> Result<Self, IngestError> {
        let file = input.name();
        let (columns, batches) = match input {
            _ if input.is_gzipped()? => {
                let bytes = Bytes::from(input.read_all()?);
                guarded(&file, "Parquet file", || build(&file, bytes))?
            }
            Input::File(path) => {
                let opened = File::open(path).map_err(|cause| IngestError::of_io(&file, None, cause))?;
                guarded(&file, "Parquet file", || build(&file, opened))?
            }
            Input::Sealed { path, key, .. } => {
                let length = landing::open(path, key)?.plain_bytes();
                let sealed = Sealed { path: path.to_path_buf(), key: **key, length };
                guarded(&file, "Parquet file", || build(&file, sealed))?
            }
        };
        Ok(Self { file, columns, batches })
    }
}

/// A file sealed in the landing, of which only the chunks that are asked for are opened.
struct Sealed {
    path: PathBuf,
    key: [u8; 32],
    length: u64,
}

impl Sealed {
    fn open_at(&self, start: u64) -> Result<Opened, ParquetError> {
        let mut opened =
            landing::open(&self.path, &self.key).map_err(|error| ParquetError::External(Box::new(error)))?;
        opened.seek(SeekFrom::Start(start))?;
        Ok(opened)
    }
}

impl Length for Sealed {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Sealed {
    type T = BufReader<Opened>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(self.open_at(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        self.open_at(start)?.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes wanted at {start}, {} are there", bytes.len())));
        }
        Ok(bytes.into())
    }
}

fn build<R: ChunkReader + 'static>(
    file: &str,
    bytes: R,
) -> Result<(Vec<String>, ParquetRecordBatchReader), IngestError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| of_parquet(file, &error, 0))?;
    let columns = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(|error| of_parquet(file, &error, 0))?;
    Ok((columns, batches))
}

impl SourceReader for ParquetReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn header_line(&self) -> Option<u64> {
        None
    }

    fn read_rows(&mut self, take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError> {
        let mut row = RawRow::default();
        let mut line = 0;
        loop {
            let batches = &mut self.batches;
            let next = guarded(&self.file, "Parquet file", || {
                batches.next().transpose().map_err(|error| damaged(&self.file, &error.to_string(), line))
            })?;
            let Some(batch) = next else { return Ok(()) };
            let columns = texts(&self.file, &batch)?;
            for index in 0..batch.num_rows() {
                line += 1;
                row.clear(line);
                for column in &columns {
                    row.push_with(|text| column.write(index, text));
                }
                take(RowRead::Row(&mut row))?;
            }
        }
    }
}

/// A column whose values can be written as text.
enum Text<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
    Other(&'a ArrayRef, ArrayFormatter<'a>),
}

impl Text<'_> {
    fn write(&self, index: usize, text: &mut String) {
        match self {
            Self::Utf8(array) if array.is_valid(index) => text.push_str(array.value(index)),
            Self::Large(array) if array.is_valid(index) => text.push_str(array.value(index)),
            Self::View(array) if array.is_valid(index) => text.push_str(array.value(index)),
            Self::Other(array, formatter) if array.is_valid(index) => {
                let start = text.len();
                if formatter.value(index).write(text).is_err() {
                    text.truncate(start);
                }
            }
            _ => {}
        }
    }
}

fn texts<'a>(file: &str, batch: &'a RecordBatch) -> Result<Vec<Text<'a>>, IngestError> {
    static OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let text = |array: &'a Arc<dyn Array>| {
        let any = array.as_any();
        Ok(match array.data_type() {
            DataType::Utf8 => any.downcast_ref().map(Text::Utf8),
            DataType::LargeUtf8 => any.downcast_ref().map(Text::Large),
            DataType::Utf8View => any.downcast_ref().map(Text::View),
            _ => None,
        })
        .and_then(|found| match found {
            Some(text) => Ok(text),
            None => ArrayFormatter::try_new(array, &OPTIONS).map(|formatter| Text::Other(array, formatter)),
        })
    };
    batch.columns().iter().map(|array| text(array).map_err(|error| damaged(file, &error.to_string(), 0))).collect()
}

fn of_parquet(file: &str, error: &ParquetError, line: u64) -> IngestError {
    match error {
        ParquetError::EOF(_) | ParquetError::NeedMoreData(_) => cut_off(file),
        other => damaged(file, &other.to_string(), line),
    }
}

fn cut_off(file: &str) -> IngestError {
    IngestError::CutOff { file: file.to_owned(), line: None, what: "its footer, at the end, cannot be read".into() }
}

fn damaged(file: &str, message: &str, line: u64) -> IngestError {
    // The magic bytes stand at the end as well: without them, the end is missing.
    if line == 0 && (message.contains("footer") || message.contains("magic")) {
        return cut_off(file);
    }
    IngestError::Broken {
        file: file.to_owned(),
        line: (line > 0).then_some(line),
        problem: "the Parquet file is damaged after this row".into(),
        remedy: "nothing of it was kept, fetch it again".into(),
    }
}
