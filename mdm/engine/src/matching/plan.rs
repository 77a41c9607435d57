//! What blocking lets through, counted before any pair is weighed.

use rustc_hash::FxHashSet;

use super::blocking::Candidates;
use super::columns::Columns;
use super::progress::Silent;
use super::rule_set::RuleSet;
use super::stats::RuleStats;

/// Counts the pairs of each blocking rule, in the order of the model. Weighs nothing.
pub fn plan(rule_set: &RuleSet, columns: &Columns) -> Vec<RuleStats> {
    let frozen: FxHashSet<u64> = rule_set.refined.iter().copied().collect();
    let candidates = Candidates::of(&rule_set.rules, columns, Some(&frozen));
    let (_, rules) = candidates.visit(&Silent, || (), |(), _, _| {});
    rules
}
