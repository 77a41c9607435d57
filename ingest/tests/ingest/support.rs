//! A small source, and files for it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch};
use chrono::NaiveDate;
use flate2::{Compression, Crc, write::GzEncoder};
use kanak_codes::Codes;
use kanak_engine::standardize::Standardizer;
use kanak_ingest::{CheckedRow, FileReport, IngestError, Input, Rows, read_file_without};
use kanak_model::quality::RejectedRow;
use kanak_model::{EntityModel, EventModel, SourceSystem};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

pub(crate) static STANDARDIZER: LazyLock<Standardizer> =
    LazyLock::new(|| Standardizer::new(&Codes::builtin().unwrap()));

/// A citizen register, whose format stands in place of `FORMAT`.
pub(crate) const CITIZENS: &str = r#"
[source]
name = "ration"
title = { en = "Ration cards" }
department = "FCS"
entity = "citizen"
files = ["ration*.csv", "ration*.xlsx"]
format = FORMAT
key = "Card No"
updated = "Changed"

[[column]]
from = "Name"
to = "full_name"

[[column]]
from = "Father"
to = "father_name"

[[column]]
from = "Sex"
to = "sex"
values = { "1" = "M", "2" = "F" }

[[column]]
from = "DOB"
to = "date_of_birth"

[[column]]
from = "UID"
to = "aadhaar"

[[column]]
from = ["House", "Street"]
to = "address"

[[column]]
from = "Tehsil"
to = "sub_district"

[[column]]
from = "District"
to = "district"
"#;

pub(crate) const HEADER: &str = "Card No,Name,Father,Sex,DOB,UID,House,Street,Tehsil,District,Changed";

pub(crate) fn source(format: &str) -> SourceSystem {
    SourceSystem::parse("ration.toml", &CITIZENS.replace("FORMAT", format)).unwrap()
}

pub(crate) fn csv_source() -> SourceSystem {
    source(r#"{ type = "csv" }"#)
}

pub(crate) fn citizen() -> EntityModel {
    kanak_model::builtin::entity_models().unwrap().into_iter().find(|model| model.name == "citizen").unwrap()
}

pub(crate) fn event(name: &str) -> EventModel {
    kanak_model::builtin::event_models().unwrap().into_iter().find(|model| model.name == name).unwrap()
}

/// All that came out of a file.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) rows: Vec<CheckedRow>,
    pub(crate) rejected: Vec<RejectedRow>,
    pub(crate) report: FileReport,
    pub(crate) batches: usize,
}

pub(crate) fn read<'a>(
    source: &SourceSystem,
    rows: Rows<'_>,
    input: impl Into<Input<'a>>,
) -> Result<Taken, IngestError> {
    read_without(source, rows, input, &|_| false)
}

pub(crate) fn read_without<'a>(
    source: &SourceSystem,
    rows: Rows<'_>,
    input: impl Into<Input<'a>>,
    unheard: &dyn Fn(&str) -> bool,
) -> Result<Taken, IngestError> {
    let mut taken = Taken::default();
    let today = NaiveDate::from_ymd_opt(2025, 6, 1).unwrap();
    let mut sink = |batch: kanak_ingest::CheckedBatch| -> Result<(), std::io::Error> {
        taken.batches += 1;
        taken.rows.extend(batch.rows);
        taken.rejected.extend(batch.rejected);
        Ok(())
    };
    taken.report = read_file_without(source, rows, input, &STANDARDIZER, today, unheard, &mut sink)?;
    Ok(taken)
}

/// A folder of one test.
pub(crate) struct Folder(pub(crate) TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// Reads bytes as the citizen register.
pub(crate) fn read_bytes(format: &str, name: &str, bytes: impl AsRef<[u8]>) -> Result<Taken, IngestError> {
    let folder = Folder::new();
    let path = folder.write(name, bytes);
    read(&source(format), Rows::Entity(&citizen()), &path)
}

/// Reads rows under the citizen register's header.
pub(crate) fn read_rows(rows: &str) -> Taken {
    read_bytes(r#"{ type = "csv" }"#, "ration.csv", format!("{HEADER}\n{rows}")).unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A ZIP archive whose members are stored as they are.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut contents) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut crc = Crc::new();
        crc.update(bytes);
        let offset = archive.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(*bytes);
        contents.extend(b"PK\x01\x02\x14\x00");
        contents.extend(&common);
        contents.extend([0; 10]);
        contents.extend(offset.to_le_bytes());
        contents.extend(name.as_bytes());
    }
    let start = archive.len() as u32;
    archive.extend(&contents);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend((contents.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// A workbook of one sheet. A cell that begins with `=date ` is an Excel day number, with `=` a number, else text.
pub(crate) fn xlsx(rows: &[&[&str]]) -> Vec<u8> {
    xlsx_with(rows, ("", ""))
}

/// The same, with a text of the sheet replaced by another.
pub(crate) fn xlsx_with(rows: &[&[&str]], (from, to): (&str, &str)) -> Vec<u8> {
    let mut sheet = String::from(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for (row, cells) in (1..).zip(rows) {
        sheet += &format!("<row r=\"{row}\">");
        for (column, cell) in ('A'..='Z').zip(*cells) {
            sheet += &match (cell.strip_prefix("=date "), cell.strip_prefix('=')) {
                (Some(day), _) => format!("<c r=\"{column}{row}\" s=\"1\"><v>{day}</v></c>"),
                (None, Some(number)) => format!("<c r=\"{column}{row}\"><v>{number}</v></c>"),
                (None, None) if cell.is_empty() => String::new(),
                (None, None) => format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
            };
        }
        sheet += "</row>";
    }
    sheet += "</sheetData></worksheet>";
    if !from.is_empty() {
        sheet = sheet.replace(from, to);
    }
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
    let rels = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
    let workbook = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Cards" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let styles = r#"<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

pub(crate) fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The citizen register's columns, all text, one row for each line of `rows`.
pub(crate) fn parquet_of(rows: &str) -> Vec<u8> {
    let fields: Vec<Vec<&str>> = rows.lines().map(|line| line.split(',').collect()).collect();
    let column = |at: usize| {
        let values: Vec<&str> = fields.iter().map(|row| row[at]).collect();
        Arc::new(arrow::array::StringArray::from(values)) as ArrayRef
    };
    parquet(HEADER.split(',').enumerate().map(|(at, name)| (name, column(at))).collect())
}

/// The error's message, which must hold each of the words.
#[track_caller]
pub(crate) fn says(error: &IngestError, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "should say {word:?}: {message}");
    }
}

pub(crate) fn utf_16le(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

pub(crate) fn name_of(path: &Path) -> String {
    path.display().to_string()
}
