//! Pairs of a run that were asked about.

use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_dashboards::linkage_report::ExplainedPair;
use kanak_engine::matching::{
    Columns, Explanation, Matched, RuleSet, SAME_REGISTER, Statement, blocking_of_pair, explain_pair, values_of,
};
use kanak_engine::standardize::redact;
use kanak_model::{EntityModel, SourceRecordId};

use super::masking::shown;
use super::table::Table;
use super::truth::Names;

/// The rows that `--explain LEFT,RIGHT` names.
///
/// # Errors
/// When one is no pair of ids, or no input has an id.
pub(super) fn find_pairs(asked: &[String], table: &Table) -> anyhow::Result<Vec<(usize, usize)>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::of(table);
    asked.iter().map(|pair| find_pair(pair, &names)).collect()
}

fn find_pair(pair: &str, names: &Names<'_>) -> anyhow::Result<(usize, usize)> {
    // An id may have a comma of its own: what is known on both sides of one is meant.
    let mut unknown = None;
    for (at, _) in pair.match_indices(',') {
        let (left, right) = (pair[..at].trim(), pair[at + 1..].trim());
        let find = |name: &str, side: usize| names.find(name, side, Path::new("--explain"));
        match (find(left, 0)?, find(right, 1)?) {
            (Some(left), Some(right)) if left == right => bail!("--explain: both ids name one source record"),
            (Some(left), Some(right)) => return Ok((left, right)),
            (None, _) => unknown = unknown.or(Some(left)),
            (_, None) => unknown = unknown.or(Some(right)),
        }
    }
    // Not in its own words: what was typed may be an Aadhaar number.
    let unknown =
        unknown.with_context(|| format!("--explain: `{}` is no pair of ids; write LEFT,RIGHT", redact(pair)))?;
    bail!(
        "--explain: no input has the source record `{}`; write an id as it stands in the file, or `source:id`",
        redact(unknown)
    )
}

/// Weighs the pairs as the run did, and says what became of them.
pub(super) fn explain(
    pairs: &[(usize, usize)],
    entity: &EntityModel,
    rule_set: &RuleSet,
    columns: &Columns,
    table: &Table,
    found: &Matched,
) -> Vec<ExplainedPair> {
    let id = |row: usize| SourceRecordId(row as i64);
    let values = |row: usize| values_of(columns, id(row)).expect("each row of the table is a row of the columns");
    let of_pair = |(left, right): &(usize, usize)| {
        let (left_values, right_values) = (values(*left), values(*right));
        let left_statement = Statement::of(table.source(*left), &left_values);
        let right_statement = Statement::of(table.source(*right), &right_values);
        let is_both = |cluster: &Vec<SourceRecordId>| cluster.contains(&id(*left)) && cluster.contains(&id(*right));
        ExplainedPair {
            left: table.label(*left).into_owned(),
            right: table.label(*right).into_owned(),
            is_linked: found.clusters.iter().any(is_both),
            blocking: blocking_of_pair(rule_set, left_statement, right_statement),
            explanation: told(
                entity,
                table.named_sources(),
                explain_pair(rule_set, entity, left_statement, right_statement),
            ),
        }
    };
    pairs.iter().map(of_pair).collect()
}

/// An explanation without Aadhaar numbers, which are for no screen and no report: of two one sees whether they are equal, not what
/// they are. Where no source is named, nothing is said of registers: that weighs nothing, and the other rows add up without it.
fn told(entity: &EntityModel, named_sources: usize, mut explanation: Explanation) -> Explanation {
    explanation.rows.retain(|row| named_sources > 0 || row.attribute != SAME_REGISTER);
    for row in &mut explanation.rows {
        let side = |text: &str| shown(entity, &row.attribute, text).into_owned();
        (row.left, row.right) = (side(&row.left), side(&row.right));
    }
    explanation
}
