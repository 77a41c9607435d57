//! Rows that programs write one by one: checked as the rows of a file are, and kept in the landing together with those that arrive at
//! the same time.
//!
//! A landed text is NDJSON, one line a row: `{"<source>": "<key>", "act": "states", "body": "<what was sent>"}`. Its first line names
//! every source in it, with empty keys.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kanak_engine::standardize::Standardizer;
use kanak_model::SourceSystem;
use kanak_model::quality::{LeftOut, RejectedRow};
use kanak_model::source_system::{ColumnMapping, DateOrder, Format, Load, OneOrMany, RowsAre, Stakes};
use kanak_model::text::Titles;
use serde_json::json;

use crate::check::{Checker, Tally, key_of};
use crate::checked::CheckedRow;
use crate::connector::{RowRead, SourceReader};
use crate::error::IngestError;
use crate::memo::Memo;
use crate::other_rows::OtherRows;
use crate::plan::{Plan, Rows};
use crate::raw_row::RawRow;
use crate::twelve_digits::Judged;

/// In whose words a program states a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedBy {
    /// The source's own columns.
    Columns,
    /// The hub's attributes.
    Attributes,
}

/// What became of one row.
#[derive(Debug)]
pub struct RowChecked {
    /// The row, or why it goes to quarantine. Its line is 0.
    pub outcome: Result<CheckedRow, RejectedRow>,
    /// Values that were left out of a row that goes on.
    pub left_out: Vec<LeftOut>,
    /// Names that nothing is taken from.
    pub ignored: Vec<String>,
}

/// The key that names a row is not the one that it states.
#[derive(Debug, thiserror::Error)]
pub enum RowMismatch {
    /// The caller must act.
    #[error(
        "the row states another key in `{columns}` than the one that names it; leave them out, or write the row under its own key"
    )]
    Key {
        /// The columns that are the key.
        columns: String,
    },
    /// The caller must act.
    #[error(
        "the key has {count} parts and the source's key has {needed} columns, `{columns}`; state these columns in the row"
    )]
    Parts {
        /// How many parts the key has.
        count: usize,
        /// How many it needs.
        needed: usize,
        /// The columns.
        columns: String,
    },
    /// The author of the source must act.
    #[error(transparent)]
    Source(#[from] IngestError),
}

/// The column that holds the key of a row that is stated by attributes. No attribute is called so.
const KEY: &str = "(key)";
/// The column that says when such a row was changed.
const UPDATED: &str = "updated";

/// Checks one row of a source as a row of its file would be: mapping, standardizing, quality rules. `key` is the department's own.
///
/// A row by itself has no other row to take values from (`where_empty`), and a number of twelve digits in it counts as an Aadhaar number
/// wherever it passes as one: there is no file to judge by.
///
/// # Errors
/// When the row states another key than the one it is written under, or its source cannot be read by.
pub fn check_row(
    source: &SourceSystem,
    rows: Rows<'_>,
    key: &str,
    stated_by: StatedBy,
    stated: &BTreeMap<String, String>,
    standardizer: &Standardizer,
    today: NaiveDate,
) -> Result<RowChecked, RowMismatch> {
    let by_attributes;
    let source = match stated_by {
        StatedBy::Columns => source,
        StatedBy::Attributes => {
            by_attributes = stated_by_attributes(source, rows);
            &by_attributes
        }
    };
    let mut given = Given::of(source, stated);
    let plan = Plan::new("the row", source, rows, &mut given)?;
    let mut row = RawRow::default();
    row.clear(0);
    for (place, column) in given.columns.iter().enumerate() {
        row.set(place, stated.get(column).map_or("", String::as_str));
    }
    fill_key(&plan, source, key, &mut row)?;
    let others = OtherRows::default();
    let checker = Checker { plan: &plan, others: &others, standardizer, today };
    let mut tally = Tally::default();
    let outcome = checker.check(&Judged::default(), &row, &mut Memo::default(), &mut tally);
    let left_out = tally.left_out.into_iter().map(|((attribute, rule), count)| LeftOut {
        attribute: attribute.to_owned(),
        rule,
        count,
    });
    Ok(RowChecked { outcome, left_out: left_out.collect(), ignored: plan.ignored.clone() })
}

/// Puts the key into its columns where the row leaves them out, and holds it against them where it does not.
fn fill_key(plan: &Plan<'_>, source: &SourceSystem, key: &str, row: &mut RawRow) -> Result<(), RowMismatch> {
    let columns = || source.key.join("`, `");
    if plan.key.iter().all(|place| row.get(*place).trim().is_empty()) {
        let parts: Vec<&str> = if plan.key.len() == 1 { vec![key] } else { key.split('/').collect() };
        if parts.len() != plan.key.len() {
            return Err(RowMismatch::Parts { count: parts.len(), needed: plan.key.len(), columns: columns() });
        }
        for (place, part) in plan.key.iter().zip(parts) {
            row.set(*place, part);
        }
    }
    match key_of(plan, row) {
        Some(stated) if stated == key.trim() => Ok(()),
        _ => Err(RowMismatch::Key { columns: columns() }),
    }
}

/// The same source, its rows stated by the hub's attributes. What every row of it has stays so, unless the row says otherwise.
fn stated_by_attributes(source: &SourceSystem, rows: Rows<'_>) -> SourceSystem {
    let stated = rows.attributes().iter().map(|attribute| ColumnMapping {
        from: OneOrMany(vec![attribute.name.clone()]),
        value: None,
        to: attribute.name.clone(),
        trust: None,
        date_order: DateOrder::Dmy,
        source: source
            .columns
            .iter()
            .filter(|column| column.to == attribute.name)
            .find_map(|column| column.source.clone()),
        values: BTreeMap::new(),
        where_empty: None,
    });
    let fixed = source.columns.iter().filter(|column| column.value.is_some()).cloned();
    let updated = rows.find_attribute(UPDATED).is_none().then(|| UPDATED.to_owned());
    SourceSystem {
        key: vec![KEY.to_owned()],
        updated,
        updated_date_order: None,
        columns: stated.chain(fixed).collect(),
        ..source.clone()
    }
}

/// The columns of one row: all that it states, and all that its source knows.
struct Given {
    columns: Vec<String>,
}

impl Given {
    fn of(source: &SourceSystem, stated: &BTreeMap<String, String>) -> Self {
        let mapped = source.columns.iter().flat_map(|column| &column.from.0);
        let known: BTreeSet<&String> =
            source.key.iter().chain(&source.updated).chain(mapped).chain(stated.keys()).collect();
        Self { columns: known.into_iter().cloned().collect() }
    }
}

impl SourceReader for Given {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn header_line(&self) -> Option<u64> {
        None
    }

    fn add_column(&mut self, name: &str) -> Option<usize> {
        self.columns.push(name.to_owned());
        Some(self.columns.len() - 1)
    }

    fn read_rows(&mut self, _take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError> {
        Ok(())
    }
}

/// A row as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct LandedRow<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The department's own key.
    pub key: &'a str,
    /// `states` or `retires`.
    pub act: &'static str,
    /// What was sent, word for word.
    pub body: &'a str,
}

/// What the landing keeps of rows that arrived together. The first row stands on line 2.
pub fn landed_text(rows: &[LandedRow<'_>]) -> Vec<u8> {
    let sources: BTreeMap<&str, &str> = rows.iter().map(|row| (row.source, "")).collect();
    let mut text = json!(sources).to_string();
    for row in rows {
        text.push('\n');
        let line = BTreeMap::from([(row.source, row.key), ("(act)", row.act), ("(body)", row.body)]);
        text.push_str(&json!(line).to_string());
    }
    text.push('\n');
    text.into_bytes()
}

/// How the rows of one source are found in such a text: by their keys alone.
pub fn landed_as(source: &str, rows: &RowsAre) -> SourceSystem {
    SourceSystem {
        name: source.to_owned(),
        title: Titles { en: source.to_owned(), pa: None, hi: None },
        department: String::new(),
        rows: rows.clone(),
        files: Vec::new(),
        format: Format::Ndjson,
        load: Load::Delta,
        retire_share_max: 0.0,
        key: vec![source.to_owned()],
        updated: None,
        updated_date_order: None,
        trust: 0.0,
        stakes: Stakes::Ordinary,
        columns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kanak_codes::Codes;
    use kanak_model::EntityModel;
    use kanak_model::quality::QualityRule;

    use super::*;
    use crate::checked::CheckedBatch;
    use crate::input::Input;
    use crate::{landing, read_file};

    const MODEL: &str = r#"
[entity]
name = "citizen"
title = { en = "Citizen" }
label = "full_name"

[[attribute]]
name = "full_name"
kind = "person_name"
class = "personal"
required = true
on_invalid = "reject"

[[attribute]]
name = "date_of_birth"
kind = "date"
class = "personal"

[[attribute]]
name = "aadhaar"
kind = "aadhaar"
class = "sensitive"
"#;
    const SOURCE: &str = r#"
[source]
name = "people"
title = { en = "People" }
department = "TEST"
entity = "citizen"
files = ["people*"]
format = { type = "csv" }
key = ["OFFICE", "NO"]
load = "delta"
updated = "CHANGED"

[[column]]
from = ["FIRST", "LAST"]
to = "full_name"

[[column]]
from = "DOB"
to = "date_of_birth"

[[column]]
from = "UID"
to = "aadhaar"
"#;

    struct House {
        model: EntityModel,
        source: SourceSystem,
        standardizer: Standardizer,
        today: NaiveDate,
    }

    fn house() -> House {
        House {
            model: EntityModel::parse("citizen.toml", MODEL).unwrap(),
            source: SourceSystem::parse("people.toml", SOURCE).unwrap(),
            standardizer: Standardizer::new(&Codes::builtin().unwrap()),
            today: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        }
    }

    impl House {
        fn check(&self, key: &str, by: StatedBy, stated: &[(&str, &str)]) -> Result<RowChecked, RowMismatch> {
            let stated: BTreeMap<String, String> =
                stated.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            check_row(&self.source, Rows::Entity(&self.model), key, by, &stated, &self.standardizer, self.today)
        }
    }

    #[test]
    fn a_row_by_itself_is_what_it_would_be_in_a_file() {
        let house = house();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        let text =
            "OFFICE,NO,FIRST,LAST,DOB,UID,CHANGED\n7,12,GURPREET,SINGH S/o Harjit,02/01/1990,234123412346,2026-01-05\n";
        std::fs::write(&file, text).unwrap();
        let mut read = Vec::new();
        let mut take = |batch: CheckedBatch| -> Result<(), IngestError> {
            read.extend(batch.rows);
            Ok(())
        };
        let rows = Rows::Entity(&house.model);
        read_file(&house.source, rows, Input::from(file.as_path()), &house.standardizer, house.today, &mut take)
            .unwrap();
        let columns = [
            ("FIRST", "GURPREET"),
            ("LAST", "SINGH S/o Harjit"),
            ("DOB", "02/01/1990"),
            ("UID", "234123412346"),
            ("CHANGED", "2026-01-05"),
            ("EXTRA", "x"),
        ];
        let checked = house.check("7/12", StatedBy::Columns, &columns).unwrap();
        let row = checked.outcome.unwrap();
        assert_eq!(row, CheckedRow { line: 0, ..read.remove(0) });
        assert_eq!((row.secrets.len(), row.values.find("aadhaar")), (1, None));
        assert_eq!(checked.ignored, ["EXTRA"]);
    }

    #[test]
    fn a_row_by_attributes_states_the_same() {
        let house = house();
        let by_columns = house
            .check("7/12", StatedBy::Columns, &[("FIRST", "GURPREET"), ("LAST", "SINGH"), ("DOB", "02/01/1990")])
            .unwrap();
        let by_attributes = house
            .check("7/12", StatedBy::Attributes, &[("full_name", "GURPREET SINGH"), ("date_of_birth", "1990-01-02")])
            .unwrap();
        let (left, right) = (by_columns.outcome.unwrap(), by_attributes.outcome.unwrap());
        assert_eq!((left.key.as_str(), right.key.as_str()), ("7/12", "7/12"));
        for name in ["full_name", "date_of_birth"] {
            assert_eq!(left.values.find(name), right.values.find(name), "{name}");
        }
    }

    #[test]
    fn a_day_of_change_that_is_still_to_come_is_left_out_of_a_row_too() {
        let house = house();
        let checked = house
            .check("7/12", StatedBy::Columns, &[("FIRST", "GURPREET"), ("LAST", "SINGH"), ("CHANGED", "2099-01-01")])
            .unwrap();
        assert_eq!(checked.outcome.unwrap().updated, None);
        let left_out: Vec<_> = checked.left_out.iter().map(|one| (one.attribute.as_str(), one.rule)).collect();
        assert_eq!(left_out, [("updated", QualityRule::Range)]);
    }

    #[test]
    fn a_bad_row_names_rule_column_and_reason_and_a_wrong_key_is_told() {
        let house = house();
        let rejected = house.check("7/12", StatedBy::Columns, &[("DOB", "02/01/1990")]).unwrap().outcome.unwrap_err();
        assert_eq!((rejected.rule, rejected.key.as_deref()), (QualityRule::Required, Some("7/12")));
        let other = house.check("7/12", StatedBy::Columns, &[("OFFICE", "7"), ("NO", "13"), ("FIRST", "A")]);
        assert!(matches!(other, Err(RowMismatch::Key { .. })));
        assert!(matches!(house.check("12", StatedBy::Columns, &[("FIRST", "A")]), Err(RowMismatch::Parts { .. })));
    }

    #[test]
    fn a_landed_text_gives_the_keys_of_each_source_back() {
        let house = house();
        let folder = tempfile::tempdir().unwrap();
        let row = |source, key| LandedRow { source, key, act: "states", body: "{\"FIRST\": \"A\"}" };
        let text = landed_text(&[row("people", "7/12"), row("roll", "1"), row("people", "7/13")]);
        let landed = landing::seal_text(&text, folder.path(), &[7; 32]).unwrap();
        assert_eq!(landed.content_hash, landing::content_hash_of(&text, &[7; 32]));
        let keys = |source: &str| {
            let source = landed_as(source, &house.source.rows);
            let mut found = Vec::new();
            let mut take = |batch: CheckedBatch| -> Result<(), IngestError> {
                found.extend(batch.rejected.into_iter().filter_map(|row| row.key.map(|key| (row.line, key))));
                Ok(())
            };
            let input = Input::Sealed { path: &landed.sealed_path, name: "rows", key: &[7; 32] };
            read_file(&source, Rows::Entity(&house.model), input, &house.standardizer, house.today, &mut take).unwrap();
            found
        };
        assert_eq!(keys("people"), [(2, "7/12".to_owned()), (4, "7/13".to_owned())]);
        assert_eq!(keys("roll"), [(3, "1".to_owned())]);
    }
}
