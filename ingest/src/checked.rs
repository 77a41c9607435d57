//! What comes out of a file: rows that may go on, rows that may not, and a count of both.

use std::collections::BTreeMap;

use kanak_codes::identifiers::Aadhaar;
use kanak_model::Timestamp;
use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use kanak_model::source_record::{NewSourceRecord, Stated, Values};
use serde::Serialize;

/// Some thousand rows of a file, checked.
#[derive(Debug, Default)]
pub struct CheckedBatch {
    /// Rows that go on, in the order of the file.
    pub rows: Vec<CheckedRow>,
    /// Rows that go to quarantine, in the order of the file.
    pub rejected: Vec<RejectedRow>,
}

/// A row that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRow {
    /// Where it stands in the file.
    pub line: u64,
    /// The department's own key.
    pub key: String,
    /// What it states, but for the secrets.
    pub values: Values,
    /// When the department last changed it, where it says so.
    pub updated: Option<Timestamp>,
    /// Aadhaar numbers, on their way to the vault and nowhere else. [`CheckedRow::fill`] puts references in their place.
    pub secrets: Vec<Secret>,
}

/// An Aadhaar number and the attribute it is of. It shows itself masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The attribute.
    pub attribute: String,
    /// The number.
    pub aadhaar: Aadhaar,
}

impl CheckedRow {
    /// Puts the vault's reference for secret number `index` in its place among the values.
    ///
    /// # Panics
    /// When the row has no such secret.
    pub fn fill(&mut self, index: usize, reference: &str) {
        let attribute = self.secrets[index].attribute.clone();
        self.values.insert(attribute, Stated { standard: reference.to_owned(), raw: None });
    }
}

impl From<CheckedRow> for NewSourceRecord {
    /// Secrets that were not filled are left behind: they never reach a source record.
    fn from(row: CheckedRow) -> Self {
        Self { key: row.key, values: row.values, updated: row.updated }
    }
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FileReport {
    /// Rows read, good and bad.
    pub rows: u64,
    /// Rows that went on.
    pub accepted: u64,
    /// Rows that went to quarantine, by rule.
    pub rejected: BTreeMap<QualityRule, u64>,
    /// Values that were left out of rows that went on.
    pub left_out: Vec<LeftOut>,
    /// Values that rows left empty and the other row of their pair stated (`where_empty` of a source).
    pub from_other_rows: u64,
    /// Columns of the file that the source maps nowhere.
    pub columns_ignored: Vec<String>,
    /// Mapped columns that no row had, where the format lets rows leave columns out.
    pub columns_missing: Vec<String>,
    /// The size of the file as it came.
    pub bytes: u64,
    /// What a person should know: "a header and no rows".
    pub note: Option<String>,
}

impl FileReport {
    /// All rows that went to quarantine.
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.values().sum()
    }
}
