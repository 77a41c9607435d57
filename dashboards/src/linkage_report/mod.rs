//! The report of one run of matching: its figures, written as JSON, and the page that shows them.
//!
//! [`LinkageReport`] is both: what is not in it is not on the page.

mod blocking;
mod data;
mod estimates;
mod explained;
mod limits;
mod parameters;
mod result;
mod run;
mod scores;
mod truth;
mod words;

use std::collections::BTreeMap;

use kanak_engine::matching::accuracy::BCubed;
use kanak_engine::matching::estimate::{Band, CurvePoint, Estimates, Interval, ThresholdPoint, Unlinkable};
use kanak_engine::matching::groups::ErrorsByGroup;
use kanak_engine::matching::{Completeness, Explanation, MatchStats, SecondPass};
use kanak_model::Timestamp;
use kanak_model::entity_model::Thresholds;
use serde::{Serialize, Serializer};

pub use self::estimates::basis;
pub use self::words::{from_probability, interval, share};
use crate::document::Document;
use crate::format;

/// All figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct LinkageReport {
    /// What was run, and how.
    pub run: Run,
    /// Source records.
    pub rows: u64,
    /// Clusters, single source records included.
    pub clusters: u64,
    /// The entity matched.
    pub entity: String,
    /// Pairs at review or above, by what became of them.
    pub pairs: PairCounts,
    /// Questions for a person: each two clusters with pairs for review between them are one.
    pub questions: u64,
    /// The same for 1,000 source records.
    pub questions_per_1000: f64,
    /// How many clusters there are of each size, ascending.
    pub cluster_sizes: Vec<SizeCount>,
    /// What matching did, in counts.
    pub stats: MatchStats,
    /// Pairs that weigh enough for a match and were kept apart.
    pub cuts: u64,
    /// The same by reason.
    pub cuts_by_reason: Vec<CutCount>,
    /// Seconds of each stage, in order.
    #[serde(serialize_with = "as_map")]
    pub seconds: Vec<(&'static str, f64)>,
    /// The most memory held, where the system tells.
    pub peak_memory_mib: Option<f64>,
    /// Of all pairs, the share held to be matches before anything is compared.
    pub prior: f64,
    /// The same as odds, in bits.
    pub prior_bits: f64,
    /// Of all pairs, the share held to be relatives.
    pub prior_related: f64,
    /// Where decisions begin.
    pub thresholds: Thresholds,
    /// What each level of each comparison weighs.
    pub weights: Vec<ComparisonFigures>,
    /// What a second pass decides by.
    pub second_pass: Option<SecondPass>,
    /// Pairs by match weight.
    pub scores: Scores,
    /// How often each attribute is stated.
    pub completeness: Vec<Completeness>,
    /// Source records that state too little to match even an equal one.
    pub unlinkable: Unlinkable,
    /// Against a known truth, where one was given.
    pub truth: Option<TruthFigures>,
    /// Estimated without one, where that was asked for.
    pub estimates: Option<Estimates>,
    /// Recall against review load, with the estimates.
    pub review_curve: Option<Vec<CurvePoint>>,
    /// Precision and recall of single pairs by match weight, with the estimates.
    pub by_threshold: Option<Vec<ThresholdPoint>>,
    /// Of the answered pairs, what was expected and what was seen.
    pub reliability: Option<Vec<Band>>,
    /// Rows that could not be read.
    pub rejected_rows: u64,
    /// The first of them.
    pub rejected: Vec<RejectedFigures>,
    /// Pairs that were asked about.
    pub explained: Vec<ExplainedPair>,
}

/// What was run, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Kanak's version.
    pub version: String,
    /// When it ended, RFC 3339.
    #[serde(serialize_with = "as_rfc3339")]
    pub at: Timestamp,
    /// The files, in order.
    pub files: Vec<FileFigures>,
    /// How many sources have a name: none where one file was given without a column of sources.
    pub sources: u64,
    /// Columns that were not used, or not between files.
    pub unused_columns: Vec<UnusedColumn>,
    /// The entity model's file; `None` where it was guessed from the data.
    pub model: Option<String>,
    /// The seed of sampling in training.
    pub seed: u64,
    /// Threads.
    pub threads: u64,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileFigures {
    /// Its path, as given.
    pub file: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejected: u64,
}

/// A column that was not used, or not between files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedColumn {
    /// The file.
    pub file: String,
    /// The column's header.
    pub column: String,
    /// Why.
    pub reason: UnusedReason,
}

/// Why a column was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedReason {
    /// The model has no attribute for it.
    NotRecognised,
    /// The model has one that matching does not read.
    NotCompared,
    /// No other of several files has a column for the same.
    NoPartner,
}

impl UnusedReason {
    /// The same in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotRecognised => "not recognised: the entity model has no attribute of this name",
            Self::NotCompared => "the entity model does not compare it",
            Self::NoPartner => {
                "no partner: no other file has a column for it, so that it is compared within this file only"
            }
        }
    }
}

/// A row that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedFigures {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Pairs by what became of them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PairCounts {
    /// In one cluster.
    #[serde(rename = "match")]
    pub matched: u64,
    /// For a person.
    pub review: u64,
    /// Kept apart.
    pub no_match: u64,
}

/// Clusters of one size, or of a range of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SizeCount {
    /// The smallest size.
    pub from: u64,
    /// The largest.
    pub to: u64,
    /// How many clusters.
    pub clusters: u64,
}

/// Matches that were cut for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct CutCount {
    /// The reason's word.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// How many.
    pub cuts: u64,
}

/// What one comparison weighs.
#[derive(Debug, Clone, Serialize)]
pub struct ComparisonFigures {
    /// The attribute compared.
    pub attribute: String,
    /// Its title.
    pub title: String,
    /// The kind of its values.
    pub kind: String,
    /// The attribute compared crosswise with it.
    pub crosswise: Option<String>,
    /// Its group of correlated evidence.
    pub group: Option<String>,
    /// One entry a level, from the same to different.
    pub levels: Vec<LevelFigures>,
}

/// What one level weighs.
#[derive(Debug, Clone, Serialize)]
pub struct LevelFigures {
    /// What it is called.
    pub level: String,
    /// Share among pairs of the same one.
    pub m: f64,
    /// Share among unrelated pairs.
    pub u: f64,
    /// Share among relatives.
    pub related: f64,
    /// log2(m / u).
    pub weight_bits: f64,
    /// Whether u gives way to the frequency of the value agreed on.
    pub rare: bool,
}

/// Pairs by match weight.
#[derive(Debug, Clone, Serialize)]
pub struct Scores {
    /// Pairs of this probability and more are counted.
    pub from_probability: f64,
    /// A bin a whole bit, ascending.
    pub bins: Vec<ScoreBin>,
}

/// Pairs of about one match weight.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ScoreBin {
    /// The lower end, prior included, in bits.
    pub from_bits: f64,
    /// The upper end.
    pub to_bits: f64,
    /// Pairs in one cluster.
    pub linked: u64,
    /// Pairs in two.
    pub apart: u64,
}

/// What a truth file says.
#[derive(Debug, Clone, Serialize)]
pub struct TruthFigures {
    /// Of the pairs in one cluster, the share that belong together.
    pub precision: f64,
    /// Of the pairs that belong together, the share in one cluster.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// Where the precision would lie were the truth drawn anew, with 95 % (Wilson).
    pub precision_interval: Interval,
    /// The same of the recall.
    pub recall_interval: Interval,
    /// Pairs that belong together and are.
    pub right: u64,
    /// Pairs that are together.
    pub found: u64,
    /// Pairs that belong together.
    pub pairs: u64,
    /// A mean over source records.
    pub b_cubed: BCubed,
    /// Pairs that name an id which no input has.
    pub pairs_of_unknown_ids: u64,
    /// Of the listed pairs, what was expected and what is true.
    pub reliability: Vec<Band>,
    /// Precision and recall of single pairs by match weight; empty where only doubtful pairs and better are listed.
    pub by_threshold: Vec<ThresholdPoint>,
    /// Errors by script, type of name, sex and age, as far as the entity has such attributes.
    pub by_group: BTreeMap<&'static str, ErrorsByGroup<String>>,
}

/// A pair that was asked about.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPair {
    /// The left source record.
    pub left: String,
    /// The right one.
    pub right: String,
    /// Whether both ended in one cluster.
    pub is_linked: bool,
    /// Blocking rules that bring them together.
    pub blocking: Vec<String>,
    /// The waterfall.
    pub explanation: Explanation,
}

impl LinkageReport {
    /// The page.
    pub fn html(&self) -> String {
        let sections = vec![
            result::section(self),
            run::section(self),
            explained::section(self),
            data::section(self),
            blocking::section(self),
            parameters::section(self),
            scores::section(self),
            estimates::section(self),
            truth::section(self),
            truth::groups(self),
            data::unlinkable(self),
            limits::section(self),
        ];
        let rows = format::whole(self.rows as i64);
        let lead = format!("{rows} source records of {}, matched by Kanak.", format::spaced(&self.entity));
        let made = format!("Made by Kanak {} on {}.", self.run.version, format::instant(self.run.at));
        Document::new("Linkage report", lead, sections, made).html()
    }
}

fn as_map<S: Serializer>(stages: &[(&'static str, f64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(stages.iter().copied())
}

fn as_rfc3339<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

#[cfg(test)]
mod tests;
