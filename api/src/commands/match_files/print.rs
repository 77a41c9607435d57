//! What a run prints for people.

use std::path::Path;

use kanak_dashboards::format;
use kanak_dashboards::linkage_report::{
    LinkageReport, TruthFigures, UnusedColumn, basis, from_probability, interval, share,
};
use kanak_engine::matching::estimate::{CurvePoint, Estimate, Estimates, PRECISION};

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
    if !report.run.unused_columns.is_empty() {
        output.note(unused(&report.run.unused_columns));
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
    output.note(format!("clusters.csv, pairs.csv, cuts.csv, report.json and report.html are in {}", out.display()));
}

/// At most so many columns that were not used are named one by one.
const NAMED_MAX: usize = 8;

/// The columns that were not used, by reason.
fn unused(columns: &[UnusedColumn]) -> String {
    let mut by_reason: Vec<&UnusedColumn> = columns.iter().take(NAMED_MAX).collect();
    by_reason.sort_by_key(|column| column.reason);
    let of_reason = |same: &[&UnusedColumn]| {
        let named: Vec<String> = same.iter().map(|one| format!("{} `{}`", one.file, one.column)).collect();
        format!("{} ({})", named.join(", "), same[0].reason.sentence())
    };
    let words: Vec<String> = by_reason.chunk_by(|a, b| a.reason == b.reason).map(of_reason).collect();
    let more = match columns.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!("; {more} more in report.json"),
    };
    format!("columns not used: {}{more}", words.join("; "))
}

/// A figure of the report without the spaces that only a page needs.
fn plain(figure: &str) -> String {
    figure.replace('\u{a0}', " ")
}

fn print_truth(truth: &TruthFigures, output: &Output) {
    let [precision, recall, f1, b_cubed] =
        [truth.precision, truth.recall, truth.f1, truth.b_cubed.f1].map(|of| plain(&share(of)));
    output
        .line(format!("against the truth: precision {precision}, recall {recall}, pair F1 {f1}, B-cubed F1 {b_cubed}"));
    let rows: Vec<Vec<String>> = truth
        .by_group
        .iter()
        .flat_map(|(name, table)| table.groups.iter().map(move |group| (name, group)))
        .map(|(name, group)| {
            // Of no pair there is no share.
            let share_of = |of: f64, pairs: u64| if pairs == 0 { format::NONE.to_owned() } else { plain(&share(of)) };
            vec![
                format!("{}: {}", format::spaced(name), format::spaced(&group.group)),
                grouped(group.source_records),
                share_of(group.precision, group.found),
                share_of(group.recall, group.wanted),
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
            Some(of) => [plain(&share(of.value)), plain(&interval(of.interval))],
            None => ["not known", "not known"].map(str::to_owned),
        };
        std::iter::once(name.to_owned()).chain(numbers).collect::<Vec<String>>()
    };
    output.line("");
    output.table(
        &[&format!("estimated {}", basis(estimates)), "value", "95 % interval"],
        &[
            row("precision", Some(&estimates.precision)),
            row("recall", Some(&estimates.recall)),
            row("of the pairs that belong together, compared", estimates.blocking_recall.as_ref()),
        ],
    );
    output.line("");
    print_curve(report.review_curve.as_deref().unwrap_or_default(), estimates, output);
    let unlinkable = &report.unlinkable;
    output.line(format!(
        "{} of {} rows state too little to match even an equal one",
        grouped(unlinkable.source_records),
        grouped(unlinkable.weighed)
    ));
}

/// What a person's time would add. It has no interval: each line says what it rests on.
fn print_curve(curve: &[CurvePoint], estimates: &Estimates, output: &Output) {
    let row = |point: &CurvePoint| {
        vec![
            format!("{:.0}", point.tasks_per_1000),
            format!("{}, estimated {}", plain(&share(point.recall)), basis(estimates)),
            from_probability(point.matched_from),
        ]
    };
    let recall = format!("recall at precision {PRECISION}");
    let rows: Vec<Vec<String>> = curve.iter().map(row).collect();
    output.table(&["reviewed pairs per 1,000 rows", &recall, "linked unseen from"], &rows);
}

#[cfg(test)]
mod tests {
    use kanak_dashboards::linkage_report::UnusedReason;

    use super::*;

    #[test]
    fn columns_that_were_not_used_are_one_line_by_reason() {
        let column = |name: &str, reason| UnusedColumn { file: "a.csv".to_owned(), column: name.to_owned(), reason };
        let (alone, unknown) = (UnusedReason::NoPartner, UnusedReason::NotRecognised);
        let told = unused(&[column("nick", alone), column("x", unknown), column("alias", alone)]);
        assert!(told.starts_with("columns not used: a.csv `x` (not recognised"), "{told}");
        assert!(told.contains("a.csv `nick`, a.csv `alias` (no partner"), "{told}");
        assert_eq!(told.lines().count(), 1);
        let many = vec![column("x", unknown); NAMED_MAX + 3];
        assert!(unused(&many).ends_with("; 3 more in report.json"));
    }
}
