//! What blocking lets through, counted before any pair is weighed.

use super::blocking::Candidates;
use super::columns::Columns;
use super::progress::Silent;
use super::rules::MatchRules;
use super::stats::RuleStats;

/// Counts the pairs of each blocking rule, in the order of the model, as they would be for rules trained on these columns.
/// Trains and weighs nothing.
pub fn plan(rules: &MatchRules, columns: &Columns) -> Vec<RuleStats> {
    let candidates = Candidates::of(rules, columns, None);
    let (_, rules) = candidates.visit(&Silent, || (), |_| true, |(), _, _| {});
    rules
}
