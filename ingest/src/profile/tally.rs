//! Counting the values of one column. Polars groups each chunk of rows, so that everything that costs is done once for a
//! value and not once for a row.

use std::collections::BTreeSet;

use kanak_engine::standardize::{Standardizer, redact};
use kanak_model::kind::Kind;
use kanak_model::quality::mask;
use polars::prelude::{IntoLazy, QuantileMethod, col, df, len, lit};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher as _;

use super::kinds::{self, Guess};
use super::pattern::shape;
use super::{ColumnProfile, Frequent};

/// Values that are counted one by one; those that come later are only estimated.
const VALUES_MAX: usize = 100_000;
/// Values that are looked at to guess the kind.
const SAMPLE_MAX: usize = 500;
/// Numbers that are kept for the quartiles.
const NUMBERS_MAX: usize = 200_000;
/// Smallest hashes that are kept to estimate how many values there are (error about 1 / sqrt(2048)).
const HASHES_MAX: usize = 2_048;
/// Shapes that are counted.
const SHAPES_MAX: usize = 2_000;
/// A value that fewer rows have may point at a person.
const ROWS_TO_SHOW_MIN: u64 = 5;
const TOP_MAX: usize = 5;

/// What is counted of one column.
#[derive(Default)]
pub(super) struct ColumnTally {
    filled: u64,
    values: FxHashMap<String, u64>,
    overflowed: bool,
    hashes: BTreeSet<u64>,
    sample: Vec<String>,
    shapes: FxHashMap<String, u64>,
    numbers: Vec<(f64, u64)>,
    length_min: Option<usize>,
    length_max: usize,
}

impl ColumnTally {
    /// Counts a chunk of rows. An empty value is none.
    pub(super) fn count<'r>(&mut self, values: impl Iterator<Item = &'r str>) {
        let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
        if values.is_empty() {
            return;
        }
        self.filled += values.len() as u64;
        for (value, rows) in group(&values) {
            self.add(&value, rows);
        }
    }

    fn add(&mut self, value: &str, rows: u64) {
        let hash = FxBuildHasher
            .hash_one(value)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(31)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.hashes.insert(hash);
        if self.hashes.len() > HASHES_MAX {
            self.hashes.pop_last();
        }
        let length = value.chars().count();
        self.length_min = Some(self.length_min.map_or(length, |min| min.min(length)));
        self.length_max = self.length_max.max(length);
        if self.numbers.len() < NUMBERS_MAX
            && let Some(number) = kinds::number(value)
        {
            self.numbers.push((number, rows));
        }
        let shape = shape(value);
        if self.shapes.len() < SHAPES_MAX || self.shapes.contains_key(&shape) {
            *self.shapes.entry(shape).or_default() += rows;
        }
        if let Some(count) = self.values.get_mut(value) {
            *count += rows;
        } else if self.values.len() < VALUES_MAX {
            if self.sample.len() < SAMPLE_MAX {
                self.sample.push(value.to_owned());
            }
            self.values.insert(value.to_owned(), rows);
        } else {
            self.overflowed = true;
        }
    }

    /// The profile of the column, of a file of `rows` rows.
    pub(super) fn finish(self, name: &str, rows: u64, standardizer: &Standardizer) -> ColumnProfile {
        let distinct = self.distinct();
        let sample: Vec<(&str, u64)> =
            self.sample.iter().map(|value| (value.as_str(), self.values.get(value).copied().unwrap_or(0))).collect();
        let guess = kinds::guess(name, &sample, distinct, self.filled, standardizer);
        let (min, max) = self.range(&guess);
        let outliers = self.outliers(&guess);
        let patterns = most_frequent(&self.shapes, |shape, _| shape.to_owned());
        let show = |value: &str, rows: u64| {
            let clean = redact(value);
            if guess.is_personal || rows < ROWS_TO_SHOW_MIN || clean != value { mask(value) } else { value.to_owned() }
        };
        ColumnProfile {
            name: name.to_owned(),
            empty: rows - self.filled,
            distinct,
            distinct_estimated: self.overflowed,
            length_min: self.length_min.unwrap_or(0),
            length_max: self.length_max,
            kind: guess.kind,
            kind_share: guess.share,
            min,
            max,
            top: most_frequent(&self.values, show),
            patterns,
            outliers,
        }
    }

    fn distinct(&self) -> u64 {
        match self.hashes.last() {
            // With k of the smallest hashes known, the largest of them says how densely hashes lie.
            Some(largest) if self.overflowed => {
                ((HASHES_MAX - 1) as f64 / (*largest as f64 / u64::MAX as f64)).round() as u64
            }
            _ => self.values.len() as u64,
        }
    }

    /// The smallest and the largest of numbers, the first and last year of dates.
    fn range(&self, guess: &Guess) -> (Option<String>, Option<String>) {
        if guess.is_personal && guess.kind != Kind::Date {
            return (None, None);
        }
        match guess.kind {
            Kind::Integer | Kind::Money => {
                let numbers = || self.numbers.iter().map(|(number, _)| *number);
                let text = |number: Option<f64>| number.map(|number| redact(&number.to_string()).into_owned());
                (text(numbers().reduce(f64::min)), text(numbers().reduce(f64::max)))
            }
            Kind::Date | Kind::Timestamp => {
                let years = || self.values.keys().filter_map(|value| kinds::year(value));
                (years().min().map(|year| year.to_string()), years().max().map(|year| year.to_string()))
            }
            _ => (None, None),
        }
    }

    /// Rows with a number beyond three quartile ranges from the middle half, or with a shape that hardly any row has.
    fn outliers(&self, guess: &Guess) -> u64 {
        if matches!(guess.kind, Kind::Integer | Kind::Money) {
            let Some((first, third)) = quartiles(&self.numbers) else { return 0 };
            let reach = 3.0 * (third - first);
            let is_far = |number: f64| number < first - reach || number > third + reach;
            return self.numbers.iter().filter(|(number, _)| is_far(*number)).map(|(_, rows)| rows).sum();
        }
        let mut counts: Vec<u64> = self.shapes.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let usual: u64 = counts.iter().take(3).sum();
        if usual * 100 < self.filled * 95 {
            return 0;
        }
        counts.iter().skip(3).filter(|rows| **rows * 200 < self.filled).sum()
    }
}

/// Each value once, with its rows, in the order of first appearance.
fn group(values: &[&str]) -> Vec<(String, u64)> {
    let grouped = df!("value" => values)
        .map(IntoLazy::lazy)
        .and_then(|frame| frame.group_by_stable([col("value")]).agg([len().alias("rows")]).collect());
    let counted = grouped.and_then(|frame| {
        let rows = frame.column("rows")?.as_materialized_series().idx()?.clone();
        let words = frame.column("value")?.as_materialized_series().str()?.clone();
        Ok((words, rows))
    });
    let (words, rows) = counted.expect("text values can be grouped");
    let words = words.iter().map(|word| word.unwrap_or_default().to_owned());
    words.zip(rows.iter().map(|rows| u64::from(rows.unwrap_or(0)))).collect()
}

/// The first and third quartile of different numbers.
fn quartiles(numbers: &[(f64, u64)]) -> Option<(f64, f64)> {
    let values: Vec<f64> = numbers.iter().map(|(number, _)| *number).collect();
    let quartile = |at: f64, name: &str| col("number").quantile(lit(at), QuantileMethod::Linear).alias(name);
    let frame = df!("number" => values).ok()?.lazy().select([quartile(0.25, "first"), quartile(0.75, "third")]);
    let frame = frame.collect().ok()?;
    let value = |name: &str| frame.column(name).ok()?.as_materialized_series().f64().ok()?.get(0);
    Some((value("first")?, value("third")?))
}

fn most_frequent(counts: &FxHashMap<String, u64>, show: impl Fn(&str, u64) -> String) -> Vec<Frequent> {
    let mut counts: Vec<(&String, u64)> = counts.iter().map(|(value, rows)| (value, *rows)).collect();
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    counts.into_iter().take(TOP_MAX).map(|(value, rows)| Frequent { value: show(value, rows), rows }).collect()
}
