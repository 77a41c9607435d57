//! What a run prints for people.

use std::path::Path;

use kanak_dashboards::linkage_report::{LinkageReport, TruthFigures};
use kanak_engine::matching::estimate::Estimate;

use crate::commands::waterfall;
use crate::output::{Output, grouped};

/// Prints what was found and how right it is, as far as that is known.
pub(super) fn print(report: &LinkageReport, out: &Path, output: &Output) {
    let rule = |rule: &kanak_engine::matching::RuleStats| {
        vec![rule.rule.clone(), grouped(rule.pairs), grouped(rule.compared), grouped(rule.not_compared)]
    };
    let rows: Vec<Vec<String>> = report.stats.rules.iter().map(rule).collect();
    output.table(&["blocking rule", "pairs", "compared", "not compared"], &rows);
    output.line("");
    let pairs = report.pairs;
    output.line(format!(
        "{} rows, {} clusters; pairs: {} match, {} review, {} kept apart; {} questions for a person",
        grouped(report.rows),
        grouped(report.clusters),
        grouped(pairs.matched),
        grouped(pairs.review),
        grouped(pairs.no_match),
        grouped(report.questions)
    ));
    if report.stats.not_compared > report.stats.compared {
        output.note(format!(
            "{} pairs in oversized blocks were not compared, more than were: matches among them are not found. Add a blocking rule \
             with rarer keys",
            grouped(report.stats.not_compared)
        ));
    }
    if let Some(truth) = &report.truth {
        print_truth(truth, output);
    }
    print_estimates(report, output);
    for pair in &report.explained {
        output.line("");
        let end = if pair.is_linked { "ended in one cluster" } else { "ended in two clusters" };
        output.line(format!("{} and {} {end}", pair.left, pair.right));
        waterfall::print(&pair.left, &pair.right, &pair.explanation, output);
        let brought = match pair.blocking.as_slice() {
            [] => "no blocking rule brings them together".to_owned(),
            rules => format!("brought together by {}", rules.join("; ")),
        };
        output.line(brought);
    }
    output.note(format!("clusters.csv, pairs.csv, report.json and report.html are in {}", out.display()));
}

fn print_truth(truth: &TruthFigures, output: &Output) {
    let TruthFigures { precision, recall, f1, b_cubed, .. } = truth;
    output.line(format!(
        "against the truth: precision {precision:.4}, recall {recall:.4}, pair F1 {f1:.4}, B-cubed F1 {:.4}",
        b_cubed.f1
    ));
    let rows: Vec<Vec<String>> = truth
        .by_group
        .iter()
        .flat_map(|(name, table)| table.groups.iter().map(move |group| (name, group)))
        .map(|(name, group)| {
            vec![
                format!("{}: {}", name.replace('_', " "), group.group.replace('_', " ")),
                grouped(group.source_records),
                format!("{:.4}", group.precision),
                format!("{:.4}", group.recall),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output.line("");
        output.table(&["group", "rows", "precision", "recall"], &rows);
    }
}

fn print_estimates(report: &LinkageReport, output: &Output) {
    let Some(estimates) = &report.estimates else { return };
    let row = |name: &str, of: Option<&Estimate>| {
        let numbers = match of {
            Some(of) => [of.value, of.interval.low, of.interval.high].map(|number| format!("{number:.4}")),
            None => ["not known", "?", "?"].map(str::to_owned),
        };
        std::iter::once(name.to_owned()).chain(numbers).collect::<Vec<String>>()
    };
    let head = match estimates.answers {
        0 => "estimated without labels".to_owned(),
        answers => format!("estimated from {answers} answers"),
    };
    output.line("");
    output.table(
        &[head.as_str(), "value", "from", "to (95 %)"],
        &[
            row("precision", Some(&estimates.precision)),
            row("recall", Some(&estimates.recall)),
            row("of the pairs that belong together, compared", estimates.blocking_recall.as_ref()),
        ],
    );
    let curve: Vec<Vec<String>> = report
        .review_curve
        .iter()
        .flatten()
        .map(|point| {
            let numbers = (point.tasks_per_1000, point.recall, point.matched_from);
            vec![format!("{:.0}", numbers.0), format!("{:.4}", numbers.1), format!("{:.4}", numbers.2)]
        })
        .collect();
    output.line("");
    output.table(&["reviewed pairs per 1,000 rows", "recall at precision 0.999", "linked unseen from"], &curve);
    let unlinkable = &report.unlinkable;
    output.line(format!(
        "{} of {} rows state too little to match even an equal one",
        grouped(unlinkable.source_records),
        grouped(unlinkable.weighed)
    ));
}
