//! Pairs for a person to answer, and the answers.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail};
use arrow::array::{Array as _, AsArray as _};
use kanak_engine::matching::estimate::{Answer, Answers, ScoredPair};

use super::table::Table;
use super::truth::{Names, name_of};
use super::{field, row_of};

/// Writes `sample.csv`: pairs to be answered. What the matcher thinks of them is left out, so that it leads nobody.
pub(super) fn write_sample(out: &mut impl Write, table: &Table, sample: &[ScoredPair]) -> std::io::Result<()> {
    writeln!(out, "source_l,id_l,source_r,id_r,answer")?;
    for pair in sample {
        let (left, right) = (row_of(pair.left), row_of(pair.right));
        let side = |row: usize| format!("{},{}", field(table.source(row)), field(&table.id(row)));
        writeln!(out, "{},{},", side(left), side(right))?;
    }
    Ok(())
}

/// Reads a sample with its answers; rows without an answer are passed over.
///
/// # Errors
/// When the file cannot be read, lacks a column, names a row that no input has, or has an answer other than `same`,
/// `different` and none.
pub(super) fn read_answers(file: &Path, table: &Table) -> anyhow::Result<Answers> {
    let read = kanak_ingest::read_columns(file)?;
    let batch = read.batch;
    let column = |name: &str| {
        let found = batch.column_by_name(name).with_context(|| {
            format!("{} has no column `{name}`; give it sample.csv with its column `answer` filled in", file.display())
        })?;
        anyhow::Ok(found.as_string::<i32>())
    };
    let [source_l, id_l, source_r, id_r, answer] =
        [column("source_l")?, column("id_l")?, column("source_r")?, column("id_r")?, column("answer")?];
    let names = Names::of(table);
    let text = |texts: &arrow::array::StringArray, row: usize| {
        if texts.is_null(row) { String::new() } else { texts.value(row).trim().to_owned() }
    };
    let mut answers = Answers::new();
    for row in 0..batch.num_rows() {
        let line = read.lines.value(row);
        let answer = match text(answer, row).to_lowercase().as_str() {
            "" => continue,
            "same" => Answer::Same,
            "different" => Answer::Different,
            other => {
                bail!("{}, line {line}: the answer `{other}` is neither `same` nor `different`", file.display())
            }
        };
        let find = |source: String, id: String, side: usize| {
            let name = name_of((source, id));
            let found = names.find(&name, side, file)?;
            found
                .map(|row| kanak_model::SourceRecordId(row as i64))
                .with_context(|| format!("{}, line {line}: no input has the source record `{name}`", file.display()))
        };
        let left = find(text(source_l, row), text(id_l, row), 0)?;
        let right = find(text(source_r, row), text(id_r, row), 1)?;
        answers.insert((left.min(right), left.max(right)), answer);
    }
    if answers.is_empty() {
        bail!("{} has no answer; fill in its column `answer` with `same` or `different`", file.display());
    }
    Ok(answers)
}
