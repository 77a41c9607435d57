//! Against a known truth: over pairs, over source records, and by groups of people.

use kanak_engine::matching::groups::{Difference, ErrorsByGroup, GroupErrors, PAIRS_MIN};

use super::estimates::{by_threshold, calibration};
use super::words::{counted_share, interval, share, share_cell};
use super::{LinkageReport, TruthFigures, words};
use crate::component::{Cell, Head, Table};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let section = Section::new("truth", "Against the truth");
    let Some(truth) = &report.truth else { return section };
    let words = format!(
        "The truth names {} pairs with both ids in the input ({} more name an id that no input has). The figures are exact for these files, \
         if the truth is complete; the intervals say what other files of the same kind could show, were pairs drawn one by \
         one. Pairs of one cluster hang together, so that they are rather too narrow.",
        format::whole(truth.pairs as i64),
        format::whole(truth.pairs_of_unknown_ids as i64)
    );
    let section = section.words(words).table(scores(truth));
    let section = if truth.by_threshold.is_empty() {
        section
    } else {
        section
            .heading("Precision and recall by threshold, measured")
            .words("Each pair decided by itself, as if nothing were clustered.")
            .picture(by_threshold(report, "true-by-threshold", &truth.by_threshold))
    };
    if truth.reliability.is_empty() {
        return section;
    }
    section
        .heading("Calibration against the truth")
        .words("Of all listed pairs, what the rules expected and what is true: single pairs, before groups join and part them.")
        .picture(calibration("true-calibration", &truth.reliability))
}

fn scores(truth: &TruthFigures) -> Table {
    let b_cubed = &truth.b_cubed;
    let over_pairs = |name: &str, value: f64, within, of: u64| {
        vec![Cell::text(name), share_cell(value), Cell::text(interval(within)), Cell::count(of)]
    };
    let plain =
        |name: &str, value: f64, of: u64| vec![Cell::text(name), share_cell(value), Cell::none(), Cell::count(of)];
    Table {
        caption: "Pair scores give a cluster of ten forty-five votes and one of two a single one; B-cubed asks each source record once how \
                  right its own cluster is."
            .to_owned(),
        heads: vec![
            Head::text("What"),
            Head::number("Value"),
            Head::number("95 % interval (Wilson)").undrawn(),
            Head::number("Counted over"),
        ],
        rows: vec![
            over_pairs("Precision over pairs", truth.precision, truth.precision_interval, truth.found),
            over_pairs("Recall over pairs", truth.recall, truth.recall_interval, truth.pairs),
            plain("F1 over pairs", truth.f1, truth.pairs),
            plain("B-cubed precision", b_cubed.precision, b_cubed.source_records),
            plain("B-cubed recall", b_cubed.recall, b_cubed.source_records),
            plain("B-cubed F1", b_cubed.f1, b_cubed.source_records),
        ],
        total: None,
        empty: String::new(),
    }
}

/// Errors by groups of people.
pub(super) fn groups(report: &LinkageReport) -> Section {
    let section = Section::new("groups", "Errors by group");
    let Some(truth) = report.truth.as_ref().filter(|truth| !truth.by_group.is_empty()) else { return section };
    let section = section.words(format!(
        "Whether some are found less well than others. Each pair counts for the group at either of its ends. Under each share stands its \
         95 % interval: two groups whose intervals overlap widely do not differ for all that can be told, and a group with fewer than \
         {PAIRS_MIN} pairs tells too little. The labels are read from the values, counted and forgotten."
    ));
    truth.by_group.iter().fold(section, |section, (name, errors)| {
        let title = format::sentence(name);
        let section = section.heading(&title).table(group_table(&title, errors));
        match gaps(errors) {
            words if words.is_empty() => section,
            words => section.words(words),
        }
    })
}

fn group_table(title: &str, errors: &ErrorsByGroup<String>) -> Table {
    let row = |group: &GroupErrors<String>| {
        let few = group.wanted.min(group.found) < PAIRS_MIN;
        let name = Cell { mark: few.then_some("few pairs"), ..Cell::text(words::group(&group.group)) };
        vec![
            name,
            Cell::count(group.source_records),
            Cell::count(group.wanted),
            counted_share(group.precision, group.precision_interval, group.found),
            counted_share(group.recall, group.recall_interval, group.wanted),
        ]
    };
    Table {
        caption: format!("{title}: precision and recall over pairs, with 95 % intervals."),
        heads: vec![
            Head::text(title),
            Head::number("Source records"),
            Head::number("Ends of true pairs"),
            Head::number("Precision"),
            Head::number("Recall"),
        ],
        rows: errors.groups.iter().map(row).collect(),
        total: None,
        empty: "No group.".to_owned(),
    }
}

fn gaps(errors: &ErrorsByGroup<String>) -> String {
    let of = |what: &str, gap: &Option<Difference<String>>| {
        gap.as_ref().filter(|gap| gap.difference > 0.0).map(|gap| {
            format!(
                "The widest gap in {what}: {} points, between {} and {}.",
                share(gap.difference).trim_end_matches(" %").trim_end_matches("\u{a0}%"),
                words::group(&gap.best),
                words::group(&gap.worst)
            )
        })
    };
    let words: Vec<String> =
        [of("precision", &errors.precision), of("recall", &errors.recall)].into_iter().flatten().collect();
    words.join(" ")
}
