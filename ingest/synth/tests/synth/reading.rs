//! Reads extracts as their declarations say, row by row with line numbers. A second opinion on what was written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use arrow::array::{Array, Int64Array, StringArray};
use flate2::read::GzDecoder;
use kanak_model::source_system::{Format, SourceSystem};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A row: its line, and its fields by column; `Err` says how many fields a row has that does not fit the header.
pub(crate) struct ReadRow {
    pub(crate) line: u64,
    pub(crate) fields: Result<BTreeMap<String, String>, usize>,
}

/// What a file holds.
pub(crate) struct ReadFile {
    /// Columns that stand in the header or in any row.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<ReadRow>,
}

/// Reads a file in the format of a source. `None` for workbooks, for which this crate has no reader.
pub(crate) fn read(source: &SourceSystem, path: &Path) -> Option<ReadFile> {
    match &source.format {
        Format::Csv { separator, encoding } => Some(read_text(path, *separator, encoding)),
        Format::Ndjson => Some(read_ndjson(path)),
        Format::Parquet => Some(read_parquet(path)),
        Format::Xlsx { .. } => None,
    }
}

fn read_text(path: &Path, separator: char, encoding: &str) -> ReadFile {
    let mut bytes = Vec::new();
    let file = File::open(path).unwrap();
    if path.extension().is_some_and(|end| end == "gz") {
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        { file }.read_to_end(&mut bytes).unwrap();
    }
    let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
    let (text, _, malformed) = encoding.decode(&bytes);
    assert!(!malformed, "{} is not in its encoding", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap())
        .flexible(true)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| ReadRow {
        line: record.position().unwrap().line(),
        fields: if record.len() == columns.len() {
            Ok(columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
        } else {
            Err(record.len())
        },
    };
    let rows = reader.records().map(|record| row(record.unwrap())).collect();
    ReadFile { columns, rows }
}

fn read_ndjson(path: &Path) -> ReadFile {
    let text = fs::read_to_string(path).unwrap();
    let mut rows = Vec::new();
    let mut columns = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let mut fields = BTreeMap::new();
        for (name, value) in object {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !columns.contains(&name) {
                columns.push(name.clone());
            }
            fields.insert(name, value);
        }
        rows.push(ReadRow { line: number, fields: Ok(fields) });
    }
    ReadFile { columns, rows }
}

fn read_parquet(path: &Path) -> ReadFile {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let columns: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        for at in 0..batch.num_rows() {
            let value = |array: &dyn Array| {
                if array.is_null(at) {
                    String::new()
                } else if let Some(texts) = array.as_any().downcast_ref::<StringArray>() {
                    texts.value(at).to_owned()
                } else {
                    array.as_any().downcast_ref::<Int64Array>().unwrap().value(at).to_string()
                }
            };
            let fields =
                columns.iter().cloned().zip(batch.columns().iter().map(|array| value(array.as_ref()))).collect();
            rows.push(ReadRow { line: rows.len() as u64 + 1, fields: Ok(fields) });
        }
    }
    ReadFile { columns, rows }
}

/// The key of a row, as ingest joins it.
pub(crate) fn key_of(source: &SourceSystem, fields: &BTreeMap<String, String>) -> String {
    let part = |column: &String| fields.get(column).map_or("", String::as_str);
    source.key.iter().map(part).collect::<Vec<_>>().join("/")
}
