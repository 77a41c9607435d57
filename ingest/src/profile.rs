//! What is in a file: for each column how full it is, what its values are and what they look like.
//!
//! A profile is read by people who may not see persons: names, numbers of people and rare values stand masked in it,
//! and no Aadhaar number ever stands in it.

mod kinds;
mod pattern;
mod tally;

use std::collections::BTreeMap;
use std::path::Path;

use kanak_codes::Codes;
use kanak_engine::standardize::Standardizer;
use kanak_model::kind::Kind;
use kanak_model::quality::QualityRule;
use kanak_model::source_system::Format;
use serde::Serialize;

use crate::connector::{self, RowRead};
use crate::error::IngestError;
use crate::guess::guess_format;
use crate::header;
use crate::input::Input;
use crate::raw_row::RawRow;
use tally::ColumnTally;

/// Rows that are counted at a time.
const CHUNK_ROWS: usize = 20_000;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The file.
    pub file: String,
    /// Its format, as given or guessed.
    pub format: Format,
    /// Its size.
    pub bytes: u64,
    /// Rows that could be read.
    pub rows: u64,
    /// Lines that are no rows, by the rule they break.
    pub rejected: BTreeMap<QualityRule, u64>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnProfile>,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Rows without a value.
    pub empty: u64,
    /// Different values; an estimate within a few hundredths where `distinct_estimated`.
    pub distinct: u64,
    /// Whether there were too many values to count.
    pub distinct_estimated: bool,
    /// Characters of the shortest value.
    pub length_min: usize,
    /// Characters of the longest value.
    pub length_max: usize,
    /// What the values mean, most likely.
    pub kind: Kind,
    /// The share of filled rows whose value fits that kind, of those with the first 500 different values; 0 to 1.
    pub kind_share: f64,
    /// Smallest number or first date. Other kinds have none; dates show their year only.
    pub min: Option<String>,
    /// Largest number or last date.
    pub max: Option<String>,
    /// The most frequent values, masked where they may tell about a person.
    pub top: Vec<Frequent>,
    /// The most frequent shapes: `A` a letter, `9` a digit.
    pub patterns: Vec<Frequent>,
    /// Numbers far from the rest, or values of a shape that hardly any other has.
    pub outliers: u64,
}

/// A value or shape and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frequent {
    /// The value or shape.
    pub value: String,
    /// Rows.
    pub rows: u64,
}

/// Looks through a whole file. Its format is guessed where it is not given.
///
/// # Errors
/// When the file as a whole cannot be used.
pub fn profile(path: &Path, format: Option<Format>) -> Result<Profile, IngestError> {
    let format = format.map_or_else(|| guess_format(path), Ok)?;
    let input = Input::File(path);
    let bytes = input.bytes()?;
    let codes = Codes::builtin().map_err(|error| IngestError::Broken {
        file: input.name(),
        line: None,
        problem: format!("the code systems cannot be read ({error})"),
        remedy: "this build is damaged, install it anew".into(),
    })?;
    let standardizer = Standardizer::new(&codes);
    let mut reader = connector::open(&input, &format)?;
    let mut found = Found { tallies: Vec::new(), rows: 0, chunk: Vec::new(), filled: 0, rejected: BTreeMap::new() };
    reader.read_rows(&mut |read| {
        match read {
            RowRead::Bad(bad) => *found.rejected.entry(bad.rule).or_default() += 1,
            RowRead::Row(row) => found.take(row),
        }
        Ok(())
    })?;
    found.count();
    let names = header::shown(reader.columns());
    found.tallies.resize_with(names.len(), ColumnTally::default);
    let rows = found.rows;
    let columns =
        names.iter().zip(found.tallies).map(|(name, tally)| tally.finish(name, rows, &standardizer)).collect();
    Ok(Profile { file: input.name(), format, bytes, rows, rejected: found.rejected, columns })
}

/// What was found so far.
struct Found {
    tallies: Vec<ColumnTally>,
    rows: u64,
    /// Rows not yet counted: the first `filled`.
    chunk: Vec<RawRow>,
    filled: usize,
    rejected: BTreeMap<QualityRule, u64>,
}

impl Found {
    fn take(&mut self, row: &mut RawRow) {
        if self.filled == self.chunk.len() {
            self.chunk.push(RawRow::default());
        }
        std::mem::swap(row, &mut self.chunk[self.filled]);
        self.filled += 1;
        if self.filled == CHUNK_ROWS {
            self.count();
        }
    }

    fn count(&mut self) {
        let rows = &self.chunk[..self.filled];
        let width = rows.iter().map(RawRow::len).max().unwrap_or(0).max(self.tallies.len());
        self.tallies.resize_with(width, ColumnTally::default);
        for (column, tally) in self.tallies.iter_mut().enumerate() {
            tally.count(rows.iter().map(|row| row.get(column).trim()));
        }
        self.rows += self.filled as u64;
        self.filled = 0;
    }
}

impl Profile {
    /// The file in one line.
    pub fn headline(&self) -> String {
        let format = match &self.format {
            Format::Csv { separator: '\t', encoding } => format!("tab-separated text, {encoding}"),
            Format::Csv { separator, encoding } => format!("text separated by `{separator}`, {encoding}"),
            Format::Ndjson => "NDJSON".to_owned(),
            Format::Xlsx { .. } => "Excel workbook".to_owned(),
            Format::Parquet => "Parquet".to_owned(),
        };
        let rejected: u64 = self.rejected.values().sum();
        let bad = match rejected {
            0 => String::new(),
            1 => ", 1 line that is no row".to_owned(),
            _ => format!(", {rejected} lines that are no rows"),
        };
        format!(
            "{}: {format}, {} bytes, {} rows{bad}, {} columns",
            self.file,
            self.bytes,
            self.rows,
            self.columns.len()
        )
    }

    /// The columns as a table: its header, and a row for each column.
    pub fn to_table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let header = vec![
            "column",
            "kind",
            "fits %",
            "filled %",
            "distinct",
            "length",
            "from",
            "to",
            "most frequent",
            "shapes",
            "outliers",
        ];
        let share = |part: u64| {
            if self.rows == 0 { "-".to_owned() } else { format!("{:.1}", part as f64 * 100.0 / self.rows as f64) }
        };
        let list = |values: &[Frequent]| {
            let shown: Vec<String> = values.iter().take(3).map(|one| format!("{} ({})", one.value, one.rows)).collect();
            shown.join(", ")
        };
        let rows = self.columns.iter().map(|column| {
            vec![
                column.name.clone(),
                column.kind.name().to_owned(),
                format!("{:.1}", column.kind_share * 100.0),
                share(self.rows - column.empty),
                format!("{}{}", if column.distinct_estimated { "~" } else { "" }, column.distinct),
                format!("{}-{}", column.length_min, column.length_max),
                column.min.clone().unwrap_or_default(),
                column.max.clone().unwrap_or_default(),
                list(&column.top),
                list(&column.patterns),
                column.outliers.to_string(),
            ]
        });
        (header, rows.collect())
    }
}
