//! A file of true pairs, against the clusters found.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::bail;
use arrow::array::{Array as _, AsArray as _, StringArray};
use kanak_dashboards::linkage_report::TruthFigures;
use kanak_engine::matching::Matched;
use kanak_engine::matching::accuracy::{Accuracy, BCubed, accuracy, b_cubed};
use kanak_engine::matching::estimate::{Band, Chance, Interval, Seen, ThresholdPoint, by_threshold, reliability};
use kanak_engine::matching::groups::ErrorsByGroup;
use kanak_model::SourceRecordId;
use kanak_model::match_pair::MatchPair;

use super::table::Table;

/// What a truth file says of the clusters.
pub(super) struct Compared {
    /// Counted over the pairs whose both ids are in the input.
    accuracy: Accuracy,
    /// Counted over source records: what is alone in the truth takes part.
    b_cubed: BCubed,
    /// The pairs whose both ids are in the input.
    pub(super) pairs: Vec<(SourceRecordId, SourceRecordId)>,
    /// Pairs that name an id which no input has; they are left out.
    unknown: u64,
    /// Of the listed pairs, what was expected and what is true.
    reliability: Vec<Band>,
    /// Precision and recall of single pairs by match weight; empty where only doubtful pairs and better are listed.
    by_threshold: Vec<ThresholdPoint>,
}

impl Compared {
    /// As the report shows it.
    pub(super) fn figures(self, by_group: BTreeMap<&'static str, ErrorsByGroup<String>>) -> TruthFigures {
        let Accuracy { precision, recall, f1, right, found, wanted } = self.accuracy;
        TruthFigures {
            precision,
            recall,
            f1,
            precision_interval: Interval::wilson(right, found),
            recall_interval: Interval::wilson(right, wanted),
            right,
            found,
            pairs: wanted,
            b_cubed: self.b_cubed,
            pairs_of_unknown_ids: self.unknown,
            reliability: self.reliability,
            by_threshold: self.by_threshold,
            by_group,
        }
    }
}

/// Compares with a file of true pairs, perhaps gzipped: two columns of ids (`id` or `source:id`), or four columns source, id,
/// source, id. A bare id that several inputs have is, of two inputs, the first one's in the first column and the second one's
/// in the second.
///
/// # Errors
/// When the file cannot be read, has fewer columns, names a bare id that cannot be told, or no id of the input.
pub(super) fn compare(file: &Path, table: &Table, found: &Matched) -> anyhow::Result<Compared> {
    let truth = kanak_ingest::read_columns(file)?.batch;
    let column = |at: usize| truth.column(at).as_string::<i32>();
    let text = |texts: &StringArray, row: usize| {
        if texts.is_null(row) { String::new() } else { texts.value(row).to_owned() }
    };
    let is_paired = truth.num_columns() == 2;
    if !is_paired && truth.num_columns() != 4 {
        let columns = truth.num_columns();
        bail!("{} has {columns} columns; it needs two of ids, or source, id, source, id", file.display());
    }
    let names = Names::of(table);
    let (mut pairs, mut unknown) = (Vec::with_capacity(truth.num_rows()), 0);
    for row in 0..truth.num_rows() {
        let (left, right) = if is_paired {
            (names.find(&text(column(0), row), 0, file)?, names.find(&text(column(1), row), 1, file)?)
        } else {
            let side = |at: usize| (text(column(at), row), text(column(at + 1), row));
            (names.find(&name_of(side(0)), 0, file)?, names.find(&name_of(side(2)), 1, file)?)
        };
        match (left, right) {
            (Some(left), Some(right)) => pairs.push((SourceRecordId(left as i64), SourceRecordId(right as i64))),
            _ => unknown += 1,
        }
    }
    if pairs.is_empty() {
        bail!("no pair of {} names two ids of the input", file.display());
    }
    let (accuracy, b_cubed) = (accuracy(&pairs, &found.clusters), b_cubed(&pairs, &found.clusters));
    let listed = if found.listed.is_empty() { &found.pairs } else { &found.listed };
    let seen = seen(listed, &pairs);
    let chances = |seen: &[Seen]| -> Vec<Chance> {
        seen.iter()
            .map(|Seen { probability, matched, .. }| Chance { probability: *probability, matched: *matched })
            .collect()
    };
    let by_threshold = if found.listed.is_empty() {
        Vec::new()
    } else {
        let listed_matches: f64 = seen.iter().map(|pair| pair.matched).sum();
        by_threshold(&chances(&seen), accuracy.wanted as f64 - listed_matches)
    };
    Ok(Compared { accuracy, b_cubed, pairs, unknown, reliability: reliability(&seen), by_threshold })
}

/// What the rules said of each listed pair, and what is true.
fn seen(listed: &[MatchPair], truth: &[(SourceRecordId, SourceRecordId)]) -> Vec<Seen> {
    let mut sorted: Vec<_> = truth.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    sorted.sort_unstable();
    let of_pair = |pair: &MatchPair| {
        let matched = f64::from(u8::from(sorted.binary_search(&(pair.left, pair.right)).is_ok()));
        Seen { probability: pair.probability, matched, stands_for: 1.0 }
    };
    listed.iter().map(of_pair).collect()
}

/// Rows by what files of pairs call them.
pub(super) struct Names<'a> {
    table: &'a Table,
    by_label: HashMap<String, usize>,
    by_id: HashMap<String, Vec<usize>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        let by_label = (0..table.len()).map(|row| (table.label(row).into_owned(), row)).collect();
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for row in 0..table.len() {
            by_id.entry(table.id(row).into_owned()).or_default().push(row);
        }
        Self { table, by_label, by_id }
    }

    /// The row of a name that stands on one side of a pair (0 or 1).
    pub(super) fn find(&self, name: &str, side: usize, file: &Path) -> anyhow::Result<Option<usize>> {
        if let Some(row) = self.by_label.get(name) {
            return Ok(Some(*row));
        }
        match self.by_id.get(name).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [row] => Ok(Some(*row)),
            several => {
                let mut here = several.iter().filter(|row| self.table.file_of(**row) == side);
                match (self.table.files(), here.next(), here.next()) {
                    (2, Some(row), None) => Ok(Some(*row)),
                    _ => bail!(
                        "{}: the id `{name}` stands in several sources; write `source:id`, or four columns source, id, source, id",
                        file.display()
                    ),
                }
            }
        }
    }
}

/// What a source record is called by its source and id; one file without a source has ids only.
pub(super) fn name_of((source, id): (String, String)) -> String {
    if source.is_empty() { id } else { format!("{source}:{id}") }
}
