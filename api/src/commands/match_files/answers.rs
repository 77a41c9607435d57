//! Pairs for a person to answer, and the answers.

use std::borrow::Cow;
use std::io::Write;
use std::iter;
use std::path::Path;

use anyhow::{Context as _, bail};
use arrow::array::{Array as _, AsArray as _, StringArray};
use arrow::record_batch::RecordBatch;
use kanak_engine::matching::estimate::{Answer, Answers, ScoredPair};
use kanak_model::EntityModel;

use super::masking::shown;
use super::table::Table;
use super::truth::{Names, name_of};
use super::{field, row_of};

/// What the files state of the attributes that are compared, for a person to read.
pub(super) struct Stated<'t> {
    table: &'t Table,
    entity: &'t EntityModel,
    /// By file.
    batches: Vec<RecordBatch>,
}

impl<'t> Stated<'t> {
    /// # Errors
    /// Never: the columns of a file have one length.
    pub(super) fn of(table: &'t Table, entity: &'t EntityModel) -> anyhow::Result<Self> {
        Ok(Self { table, entity, batches: table.named(entity)? })
    }

    /// The attributes that are compared, in the order of the model.
    fn compared(&self) -> Vec<&'t str> {
        let matching = &self.entity.matching;
        let is_compared = |name: &str| {
            let is_of = |one: &kanak_model::entity_model::Comparison| {
                one.attribute == name || one.crosswise.as_deref() == Some(name)
            };
            name == self.entity.label || matching.comparison.iter().any(is_of)
        };
        let names = self.entity.attributes.iter().map(|attribute| attribute.name.as_str());
        names.filter(|name| is_compared(name)).collect()
    }

    /// A row's own words for an attribute; empty where it has none.
    fn find(&self, row: usize, attribute: &str) -> Cow<'_, str> {
        let batch = &self.batches[self.table.file_of(row)];
        let row = self.table.row_in_file(row);
        let texts = batch.column_by_name(attribute).and_then(|array| array.as_string_opt::<i32>());
        match texts.filter(|texts| texts.is_valid(row)) {
            Some(texts) => shown(self.entity, attribute, texts.value(row)),
            None => Cow::Borrowed(""),
        }
    }
}

/// The columns by which a sample is read back; those with values stand behind them.
const SAMPLE_HEADER: [&str; 5] = ["source_l", "id_l", "source_r", "id_r", "answer"];

/// What a sheet holds for a formula when a cell begins so.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text that no sheet runs as a formula.
fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULAS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text of a cell that [`cell`] made.
fn text_of(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| text.starts_with(FORMULAS)).unwrap_or(cell)
}

/// Writes `sample.csv`: pairs to be answered, with what both sides state beside each other. What the matcher thinks of them is left
/// out, so that it leads nobody.
pub(super) fn write_sample(out: &mut impl Write, stated: &Stated<'_>, sample: &[ScoredPair]) -> std::io::Result<()> {
    let sheet = sheet(stated, sample);
    if !sheet.is_ascii() {
        // Without this mark a spreadsheet takes UTF-8 for the letters of its own country.
        out.write_all("\u{feff}".as_bytes())?;
    }
    out.write_all(sheet.as_bytes())
}

fn sheet(stated: &Stated<'_>, sample: &[ScoredPair]) -> String {
    let sides = |pair: &ScoredPair| [row_of(pair.left), row_of(pair.right)];
    let is_stated = |attribute: &&str| sample.iter().flat_map(sides).any(|row| !stated.find(row, attribute).is_empty());
    let attributes: Vec<&str> = stated.compared().into_iter().filter(is_stated).collect();
    let mut sheet = SAMPLE_HEADER.join(",");
    sheet.extend(attributes.iter().map(|attribute| format!(",{attribute} left,{attribute} right")));
    sheet.push('\n');
    for pair in sample {
        let rows = sides(pair);
        let names = rows.map(|row| [Cow::Borrowed(stated.table.source(row)), stated.table.id(row)]);
        let values = attributes.iter().flat_map(|attribute| rows.map(|row| stated.find(row, attribute)));
        let unanswered = iter::once(Cow::Borrowed(""));
        let cells = names.into_iter().flatten().chain(unanswered).chain(values);
        let cells: Vec<String> = cells.map(|text| field(&cell(&text)).into_owned()).collect();
        sheet.push_str(&cells.join(","));
        sheet.push('\n');
    }
    sheet
}

/// Reads a sample with its answers; rows without an answer are passed over.
///
/// # Errors
/// When the file cannot be read, lacks a column that names the pair or its answer, names a row that no input has, or has an
/// answer other than `same`, `different` and none.
pub(super) fn read_answers(file: &Path, table: &Table) -> anyhow::Result<Answers> {
    let read = kanak_ingest::read_columns(file)?;
    let batch = read.batch;
    let mut columns = Vec::with_capacity(SAMPLE_HEADER.len());
    for name in SAMPLE_HEADER {
        let found = batch.column_by_name(name).with_context(|| {
            format!("{} has no column `{name}`; give sample.csv with its column `answer` filled in", file.display())
        })?;
        columns.push(found.as_string::<i32>());
    }
    let [source_l, id_l, source_r, id_r, answer] = columns[..] else { unreachable!("as many columns as headers") };
    let names = Names::of(table);
    let text = |texts: &StringArray, row: usize| {
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
            let plain = name_of((text_of(&source).to_owned(), text_of(&id).to_owned()));
            let name = name_of((source, id));
            let found =
                names.find(&name, side, file)?.map_or_else(|| names.find(&plain, side, file), |row| Ok(Some(row)))?;
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
