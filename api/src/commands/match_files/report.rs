//! The figures of a run, put together for `report.json` and `report.html`.

use kanak_dashboards::linkage_report::{
    ComparisonFigures, CutCount, ExplainedPair, FileFigures, LevelFigures, LinkageReport, PairCounts, RejectedFigures,
    Run, ScoreBin, Scores, SizeCount, TruthFigures, UnusedColumn,
};
use kanak_engine::matching::estimate::{RunEstimates, unlinkable};
use kanak_engine::matching::{Columns, ComparisonWeights, CutReason, Matched, RuleSet, SAME_REGISTER, completeness};
use kanak_model::EntityModel;
use kanak_model::clock::{Clock as _, SystemClock};
use kanak_model::match_pair::Decision;

use super::table::Table;
use super::{LISTED_FROM, TRAINING_SEED};
use crate::cli::MatchArgs;

/// At most so many rows that could not be read are listed one by one.
const LISTED_MAX: usize = 100;

/// What a run had and found.
pub(super) struct Finished<'a> {
    pub(super) args: &'a MatchArgs,
    pub(super) entity: &'a EntityModel,
    pub(super) rule_set: &'a RuleSet,
    pub(super) table: &'a Table,
    pub(super) columns: &'a Columns,
    pub(super) found: &'a Matched,
    pub(super) unused_columns: Vec<UnusedColumn>,
}

/// All figures but those of stages that are not over.
pub(super) fn report(
    of: &Finished<'_>,
    truth: Option<TruthFigures>,
    estimated: Option<RunEstimates>,
    explained: Vec<ExplainedPair>,
) -> LinkageReport {
    let Finished { entity, rule_set, table, columns, found, .. } = of;
    let pairs = pair_counts(found);
    let rows = table.len() as u64;
    let questions = found.questions.len() as u64;
    let (estimates, curve, by_threshold, reliability) = match estimated {
        Some(of) => (Some(of.estimates), Some(of.curve), Some(of.by_threshold), Some(of.reliability)),
        None => (None, None, None, None),
    };
    LinkageReport {
        run: run(of),
        rows,
        clusters: found.clusters.len() as u64,
        entity: entity.name.clone(),
        pairs,
        questions,
        questions_per_1000: questions as f64 * 1000.0 / (rows as f64).max(1.0),
        cluster_sizes: cluster_sizes(found),
        stats: found.stats.clone(),
        cuts: found.cuts.len() as u64,
        cuts_by_reason: cuts_by_reason(found),
        seconds: Vec::new(),
        peak_memory_mib: None,
        prior: rule_set.prior.matched,
        prior_bits: rule_set.prior.bits(),
        prior_related: rule_set.prior.related,
        thresholds: entity.matching.thresholds,
        weights: all_weights(of),
        second_pass: rule_set.second_pass.clone(),
        scores: scores(rule_set, found),
        completeness: completeness(columns),
        unlinkable: unlinkable(rule_set, columns),
        truth,
        estimates,
        review_curve: curve,
        by_threshold,
        reliability,
        rejected_rows: table.rejected().count() as u64,
        rejected: table.rejected().take(LISTED_MAX).map(rejected).collect(),
        explained,
    }
}

fn run(of: &Finished<'_>) -> Run {
    let threads = of.args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let file = |(path, rows, rejected): (&std::path::Path, usize, usize)| FileFigures {
        file: path.display().to_string(),
        rows: rows as u64,
        rejected: rejected as u64,
    };
    Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: SystemClock.now(),
        files: of.table.counts().map(file).collect(),
        sources: of.table.named_sources() as u64,
        unused_columns: of.unused_columns.clone(),
        model: of.args.model.as_ref().map(|file| file.display().to_string()),
        seed: TRAINING_SEED,
        threads: threads.unwrap_or(1) as u64,
    }
}

fn rejected((file, row): (&std::path::Path, &kanak_model::quality::RejectedRow)) -> RejectedFigures {
    RejectedFigures { file: file.display().to_string(), line: row.line, reason: row.reason.clone() }
}

fn pair_counts(found: &Matched) -> PairCounts {
    let decided = |decision: Decision| found.pairs.iter().filter(|pair| pair.decision == decision).count() as u64;
    PairCounts {
        matched: decided(Decision::Match),
        review: decided(Decision::Review),
        no_match: decided(Decision::NoMatch),
    }
}

/// Sizes that stand together: one by one at first, then in ever wider ranges.
const SIZES: [(u64, u64); 14] = [
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (6, 6),
    (7, 7),
    (8, 8),
    (9, 9),
    (10, 10),
    (11, 20),
    (21, 50),
    (51, 100),
    (101, u64::MAX),
];

/// The sizes up to the largest that there is.
fn cluster_sizes(found: &Matched) -> Vec<SizeCount> {
    let mut counts = SIZES.map(|(from, to)| SizeCount { from, to, clusters: 0 });
    for cluster in &found.clusters {
        let size = cluster.len() as u64;
        counts[SIZES.partition_point(|(_, to)| *to < size)].clusters += 1;
    }
    let last = counts.iter().rposition(|size| size.clusters > 0).map_or(0, |last| last + 1);
    counts[..last].to_vec()
}

fn cuts_by_reason(found: &Matched) -> Vec<CutCount> {
    let mut reasons: Vec<_> = found.cuts.iter().map(|cut| cut.reason).collect();
    reasons.sort_unstable();
    let count = |same: &[CutReason]| CutCount {
        reason: word_of(same[0]),
        meaning: same[0].sentence().to_owned(),
        cuts: same.len() as u64,
    };
    reasons.chunk_by(|a, b| a == b).map(count).collect()
}

/// The word for a reason in files.
pub(super) fn word_of(reason: CutReason) -> String {
    serde_json::to_value(reason).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}

/// What each comparison weighs; where no source is named, nobody asks whether two source records stand in the same.
fn all_weights(of: &Finished<'_>) -> Vec<ComparisonFigures> {
    let is_told = |of_one: &&ComparisonWeights| of.table.named_sources() > 0 || of_one.attribute != SAME_REGISTER;
    of.rule_set.comparisons.iter().filter(is_told).map(|comparison| weights(of.entity, comparison)).collect()
}

fn weights(entity: &EntityModel, of: &ComparisonWeights) -> ComparisonFigures {
    let title = match entity.find_attribute(&of.attribute) {
        Some(attribute) => attribute.title().en,
        None if of.attribute == SAME_REGISTER => "Register".to_owned(),
        None => of.attribute.clone(),
    };
    let level = |level: &kanak_engine::matching::LevelWeight| LevelFigures {
        level: level.name.clone(),
        m: level.m,
        u: level.u,
        related: level.related.0,
        weight_bits: (level.m / level.u).log2(),
        rare: level.rare,
    };
    ComparisonFigures {
        attribute: of.attribute.clone(),
        title,
        kind: of.kind.name().to_owned(),
        crosswise: of.crosswise.clone(),
        group: of.group.clone(),
        levels: of.levels.iter().map(level).collect(),
    }
}

/// No bin lies outside these bits: what is further out stands in the last.
const BITS: (f64, f64) = (-12.0, 80.0);

/// The listed pairs by whole bits; those at review and above where none below are listed.
fn scores(rule_set: &RuleSet, found: &Matched) -> Scores {
    let prior_bits = rule_set.prior.bits();
    let (pairs, from_probability) = match found.listed.as_slice() {
        [] => (&found.pairs, rule_set.rules.thresholds.review),
        _ => (&found.listed, LISTED_FROM),
    };
    let mut counts = vec![(0, 0); (BITS.1 - BITS.0) as usize + 1];
    for pair in pairs {
        // A hair of rounding must not move a pair below the threshold that it reaches.
        let bits = (pair.weight_bits + prior_bits + 1e-9).floor().clamp(BITS.0, BITS.1);
        let (linked, apart) = &mut counts[(bits - BITS.0) as usize];
        *(if pair.decision == Decision::Match { linked } else { apart }) += 1_u64;
    }
    let bin = |(at, (linked, apart)): (usize, &(u64, u64))| {
        let from_bits = BITS.0 + at as f64;
        ScoreBin { from_bits, to_bits: from_bits + 1.0, linked: *linked, apart: *apart }
    };
    let bins: Vec<ScoreBin> = counts.iter().enumerate().map(bin).collect();
    let is_seen = |bin: &ScoreBin| bin.linked + bin.apart > 0;
    let first = bins.iter().position(is_seen).unwrap_or(0);
    let last = bins.iter().rposition(is_seen).map_or(0, |last| last + 1);
    Scores { from_probability, bins: bins.get(first..last).unwrap_or_default().to_vec() }
}

/// The most memory that this process has held so far, where the system tells.
pub(super) fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_engine::matching::MatchStats;
    use kanak_model::SourceRecordId;

    #[test]
    fn clusters_are_counted_by_size_up_to_the_largest() {
        let cluster = |size: i64| (0..size).map(SourceRecordId).collect::<Vec<_>>();
        let clusters = vec![cluster(1), cluster(1), cluster(3), cluster(12)];
        let (pairs, questions, listed, cuts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let stats = MatchStats::default();
        let sizes = cluster_sizes(&Matched { pairs, questions, listed, clusters, cuts, stats });
        let told: Vec<(u64, u64)> = sizes.iter().map(|size| (size.to, size.clusters)).collect();
        assert_eq!((told[0], told[2], *told.last().unwrap()), ((1, 2), (3, 1), (20, 1)));
        assert_eq!(told.len(), 11);
    }
}
