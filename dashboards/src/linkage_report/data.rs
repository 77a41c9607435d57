//! What source records state, and which of them state too little.

use kanak_engine::matching::Completeness;
use kanak_engine::matching::estimate::BelowBits;

use super::LinkageReport;
use super::words::{bits, percent, share, share_cell};
use crate::component::{
    Axis, BarRow, BarRows, Cell, Curve, Drawn, Head, Layout, Opened, Span, Table, Xy, threshold_rules,
};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    Section::new("completeness", "Completeness")
        .words("The attributes that matching reads, after cleaning: what stands for nothing (NA, null, a dash) counts as missing.")
        .picture(completeness(report))
}

fn missing(report: &LinkageReport, one: &Completeness) -> f64 {
    1.0 - one.stated as f64 / (report.rows as f64).max(1.0)
}

fn completeness(report: &LinkageReport) -> Drawn {
    let bar = |one: &Completeness| {
        let missing = missing(report, one);
        BarRow {
            label: format::sentence(&one.attribute),
            figure: share(missing),
            lanes: vec![Span { from: 0.0, to: missing, class: "hollow" }],
            ..BarRow::default()
        }
    };
    let chart = BarRows {
        id: "missing".to_owned(),
        title: "Share of source records that do not state an attribute".to_owned(),
        description: format!(
            "{} attributes; a full bar is an attribute that nobody states.",
            report.completeness.len()
        ),
        layout: Layout::Beside,
        rows: report.completeness.iter().map(bar).collect(),
        rules: Vec::new(),
        holds: vec![1.0],
    };
    let row = |one: &Completeness| {
        vec![
            Cell::text(format::sentence(&one.attribute)),
            Cell::count(one.stated),
            share_cell(missing(report, one)),
            Cell::count(one.distinct),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: vec![("hollow", "share missing".to_owned())],
        table: Table {
            caption: "How often each attribute is stated, and by how many values.".to_owned(),
            heads: vec![
                Head::text("Attribute"),
                Head::number("Stated"),
                Head::number("Missing"),
                Head::number("Distinct values"),
            ],
            rows: report.completeness.iter().map(row).collect(),
            total: None,
            empty: "Matching reads nothing.".to_owned(),
        },
        opened: Opened::OnDemand,
    }
}

pub(super) fn unlinkable(report: &LinkageReport) -> Section {
    let found = &report.unlinkable;
    let of_all = |number: u64| number as f64 / (found.weighed as f64).max(1.0);
    let sampled = match found.weighed {
        weighed if weighed < report.rows => ", an even sample in the order of names and places",
        _ => "",
    };
    let words = format!(
        "Of {} source records that were weighed with themselves{sampled}, {} ({}) state so little that even a second one with all the same values would be no match, and {} ({}) so \
         little that it would not even be doubtful. No threshold, and no person who sees no more than the file, finds their partners \
         one by one; what is wanted is more attributes. Some are linked all the same, where a group speaks for them.",
        format::whole(found.weighed as i64),
        format::whole(found.source_records as i64),
        share(of_all(found.source_records)),
        format::whole(found.below_review as i64),
        share(of_all(found.below_review)),
    );
    Section::new("unlinkable", "Unlinkable source records").words(words).picture(unlinkable_curve(report))
}

fn unlinkable_curve(report: &LinkageReport) -> Drawn {
    let weighed = report.unlinkable.weighed;
    let below = &report.unlinkable.below;
    let of = |point: &BelowBits| point.source_records as f64 / (weighed as f64).max(1.0);
    // From the last point without any on; what comes after the first with all tells no more.
    let first = below.iter().rposition(|point| point.source_records == 0).unwrap_or_default();
    let last = below.iter().position(|point| point.source_records == weighed).unwrap_or(below.len().saturating_sub(1));
    let shown = below.get(first..=last.max(first)).unwrap_or_default();
    let highest = shown.iter().map(of).fold(0.01, f64::max);
    let ends =
        (shown.first().map_or(0.0, |point| point.total_bits), shown.last().map_or(1.0, |point| point.total_bits));
    let chart = Xy {
        id: "unlinkable-chart".to_owned(),
        title: "Share of source records that cannot be linked, by threshold".to_owned(),
        description: "The share rises with the threshold: a stricter rule leaves more source records without any possible partner."
            .to_owned(),
        across: Axis { ends, title: "threshold: match weight with the prior in, bits".to_owned(), write: bits },
        up: Axis { ends: (0.0, highest), title: "share unlinkable".to_owned(), write: percent },
        columns: Vec::new(),
        curves: vec![Curve {
            class: "line-1",
            dots: Some("dot"),
            points: shown.iter().map(|point| (point.total_bits, of(point))).collect(),
        }],
        rules: threshold_rules(report.thresholds),
    };
    let row = |point: &BelowBits| {
        vec![
            Cell::text(bits(point.total_bits)),
            Cell::text(format::probability(point.probability)),
            Cell::count(point.source_records),
            share_cell(of(point)),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: Vec::new(),
        table: Table {
            caption: "Source records that would be unlinkable at each threshold.".to_owned(),
            heads: vec![
                Head::number("Bits").undrawn(),
                Head::number("Probability").undrawn(),
                Head::number("Unlinkable"),
                Head::number("Share"),
            ],
            rows: shown.iter().map(row).collect(),
            total: None,
            empty: "Every source record states enough.".to_owned(),
        },
        opened: Opened::OnDemand,
    }
}
