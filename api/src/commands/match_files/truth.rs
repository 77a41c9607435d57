//! A file of true pairs, against the clusters found.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::bail;
use arrow::array::{Array as _, AsArray, StringArray};
use kanak_dashboards::linkage_report::TruthFigures;
use kanak_engine::matching::Matched;
use kanak_engine::matching::accuracy::{Accuracy, BCubed, accuracy, b_cubed};
use kanak_engine::matching::estimate::{Band, Chance, Interval, Seen, ThresholdPoint, by_threshold, reliability};
use kanak_engine::matching::groups::ErrorsByGroup;
use kanak_model::SourceRecordId;
use kanak_model::match_pair::MatchPair;

use super::table::Table;
use crate::output::grouped;

/// A file of true pairs, read against the input.
pub(super) struct Truth {
    /// The pairs whose both ids are in the input, the smaller id first; ascending, each once.
    pub(super) pairs: Vec<(SourceRecordId, SourceRecordId)>,
    /// Pairs that name an id which no input has, and the line of the first; they are left out.
    unknown: (u64, Option<u64>),
    /// Lines that say a pair again, or that a source record is the same as itself.
    repeated: u64,
}

/// What a truth says of the clusters.
pub(super) struct Compared {
    /// Counted over the pairs whose both ids are in the input.
    accuracy: Accuracy,
    /// Counted over source records: what is alone in the truth takes part.
    b_cubed: BCubed,
    /// Pairs that name an id which no input has.
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

impl Truth {
    /// Reads a file of true pairs, perhaps gzipped: two columns of ids (`id` or `source:id`), or four columns source, id, source,
    /// id. A bare id that several inputs have is, of two inputs, the first one's in the first column and the second one's in the
    /// second.
    ///
    /// # Errors
    /// When the file cannot be read, has other columns, names a bare id that cannot be told, or no two ids of the input.
    pub(super) fn read(file: &Path, table: &Table) -> anyhow::Result<Self> {
        let read = kanak_ingest::read_columns(file)?;
        let columns: Vec<&StringArray> = read.batch.columns().iter().map(AsArray::as_string::<i32>).collect();
        if !matches!(columns.len(), 2 | 4) {
            let columns = columns.len();
            bail!("{} has {columns} columns; it needs two of ids, or source, id, source, id", file.display());
        }
        let names = Names::of(table);
        let mut truth = Self { pairs: Vec::with_capacity(read.batch.num_rows()), unknown: (0, None), repeated: 0 };
        for row in 0..read.batch.num_rows() {
            let text = |at: usize| if columns[at].is_null(row) { "" } else { columns[at].value(row) }.to_owned();
            let [left, right] = match columns.len() {
                2 => [text(0), text(1)],
                _ => [name_of((text(0), text(1))), name_of((text(2), text(3)))],
            };
            match (names.find(&left, 0, file)?, names.find(&right, 1, file)?) {
                (Some(left), Some(right)) => {
                    let (left, right) = (left.min(right) as i64, left.max(right) as i64);
                    truth.pairs.push((SourceRecordId(left), SourceRecordId(right)));
                }
                _ => truth.unknown = (truth.unknown.0 + 1, truth.unknown.1.or(Some(read.lines.value(row)))),
            }
        }
        truth.count_once();
        if truth.pairs.is_empty() {
            bail!(
                "no pair of {} names two ids of the input; write an id as it stands in the file, or `source:id`",
                file.display()
            );
        }
        Ok(truth)
    }

    fn count_once(&mut self) {
        let stated = self.pairs.len();
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.pairs.retain(|(left, right)| left != right);
        self.repeated = (stated - self.pairs.len()) as u64;
    }

    /// What is odd in the file, in words, before anything is matched.
    pub(super) fn oddities(&self, file: &Path) -> Vec<String> {
        let mut words = Vec::new();
        if let (count, Some(line)) = self.unknown {
            words.push(format!(
                "{}: left out because no input has one of their ids: {} (the first in line {line})",
                file.display(),
                grouped(count)
            ));
        }
        if self.repeated > 0 {
            words.push(format!(
                "{}: lines that say a pair again, or of a source record that it is itself: {}; each pair counts once",
                file.display(),
                grouped(self.repeated)
            ));
        }
        words
    }

    /// Holds the clusters against it.
    pub(super) fn compare(&self, found: &Matched) -> Compared {
        let pairs = &self.pairs;
        let (accuracy, b_cubed) = (accuracy(pairs, &found.clusters), b_cubed(pairs, &found.clusters));
        let listed = if found.listed.is_empty() { &found.pairs } else { &found.listed };
        let seen = seen(listed, pairs);
        let chance = |seen: &Seen| Chance { probability: seen.probability, matched: seen.matched };
        let by_threshold = if found.listed.is_empty() {
            Vec::new()
        } else {
            let chances: Vec<Chance> = seen.iter().map(chance).collect();
            let listed_matches: f64 = seen.iter().map(|pair| pair.matched).sum();
            by_threshold(&chances, accuracy.wanted as f64 - listed_matches)
        };
        Compared { accuracy, b_cubed, unknown: self.unknown.0, reliability: reliability(&seen), by_threshold }
    }
}

/// What the rules said of each listed pair, and what is true: `truth` ascends, its pairs with the smaller id first.
fn seen(listed: &[MatchPair], truth: &[(SourceRecordId, SourceRecordId)]) -> Vec<Seen> {
    let of_pair = |pair: &MatchPair| {
        let matched = f64::from(u8::from(truth.binary_search(&(pair.left, pair.right)).is_ok()));
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
