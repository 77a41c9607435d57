//! `kanak model diff`: what a change of rules would merge and split.

use std::path::Path;

use kanak_engine::matching::diff::{Change, compare};
use kanak_engine::matching::{MatchRules, train_and_match};
use kanak_model::SourceRecordId;
use serde_json::json;

use super::table::Table;
use super::{TRAINING_SEED, Watched, columns_of, row_of};
use crate::cli::MatchArgs;
use crate::commands::model;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// At most so many changes of each sort are printed one by one; `--json` prints all.
const LISTED_MAX: usize = 20;

/// Matches the files by both models, each trained on them, and prints the difference.
///
/// # Errors
/// When a file cannot be read, a column is missing, or a model says something wrong.
pub fn diff(args: &MatchArgs, before: &Path, after: &Path, output: &Output) -> anyhow::Result<()> {
    let table = Table::read(args)?;
    let old = clusters(&table, before, output)?;
    let new = clusters(&table, after, output)?;
    let found = compare(&old, &new);
    let labels = |cluster: &[SourceRecordId]| -> Vec<String> {
        cluster.iter().map(|id| table.label(row_of(*id)).into_owned()).collect()
    };
    let sides = |change: &Change| {
        let of = |clusters: &[Vec<SourceRecordId>], places: &[usize]| -> Vec<Vec<String>> {
            places.iter().map(|at| labels(&clusters[*at])).collect()
        };
        (of(&old, &change.before), of(&new, &change.after))
    };
    let sorts = [("merged", &found.merged), ("split", &found.split), ("regrouped", &found.overlapping)];
    if output.json {
        let all = |changes: &[Change]| -> Vec<_> {
            changes.iter().map(sides).map(|(before, after)| json!({ "before": before, "after": after })).collect()
        };
        let listed: serde_json::Map<String, _> =
            sorts.iter().map(|(sort, changes)| ((*sort).to_owned(), json!(all(changes)))).collect();
        return output.document(&json!({
            "unchanged": found.unchanged, "pairs_joined": found.pairs_joined, "pairs_parted": found.pairs_parted,
            "talburt_wang": found.talburt_wang, "changes": listed,
        }));
    }
    let count = |count: usize| grouped(count as i64);
    output.table(
        &["clusters", "how many"],
        &[
            vec!["unchanged".to_owned(), grouped(found.unchanged)],
            vec!["merged".to_owned(), count(found.merged.len())],
            vec!["split".to_owned(), count(found.split.len())],
            vec!["regrouped".to_owned(), count(found.overlapping.len())],
        ],
    );
    output.line(format!(
        "{} pairs would be joined, {} parted; likeness (Talburt-Wang) {:.6}",
        grouped(found.pairs_joined),
        grouped(found.pairs_parted),
        found.talburt_wang
    ));
    for (sort, changes) in sorts {
        for change in changes.iter().take(LISTED_MAX) {
            let (before, after) = sides(change);
            let words = |clusters: &[Vec<String>]| -> String {
                clusters.iter().map(|members| format!("({})", members.join(" "))).collect::<Vec<_>>().join(" ")
            };
            output.line(format!("{sort}: {} -> {}", words(&before), words(&after)));
        }
        if changes.len() > LISTED_MAX {
            output.line(format!("{sort}: {} more; --json lists all", count(changes.len() - LISTED_MAX)));
        }
    }
    Ok(())
}

/// The clusters of all rows by one model.
fn clusters(table: &Table, file: &Path, output: &Output) -> anyhow::Result<Vec<Vec<SourceRecordId>>> {
    let entity = model::read(file)?;
    let rules = MatchRules::compile(&entity)?;
    let stage = Stage::begin(output, format!("Matching by {}", file.display()), 0);
    let columns = columns_of(table, &entity)?;
    let (_, found) = train_and_match(&rules, &columns, TRAINING_SEED, &[], None, &Watched(&stage));
    stage.end(&format!("{} clusters", grouped(found.clusters.len() as i64)));
    Ok(found.clusters)
}
