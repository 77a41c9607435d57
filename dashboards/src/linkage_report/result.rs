//! What came out: clusters, pairs, work for people, matches that were cut.

use super::words::{counted, figure, share, share_cell};
use super::{LinkageReport, SizeCount};
use crate::component::{BarRow, BarRows, Cell, Drawn, Figure, FigureGroup, Figures, Head, Layout, Opened, Span, Table};
use crate::document::{Block, Section};
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let figures =
        Figures { groups: vec![FigureGroup { title: "Result".to_owned(), figures: figures(report) }], tag: "en" };
    Section::new("result", "Result")
        .block(Block::Figures(figures))
        .picture(sizes(report))
        .table(pairs(report))
        .table(cuts(report))
}

fn figures(report: &LinkageReport) -> Vec<Figure> {
    let per_1000 = format::decimal(report.questions_per_1000, 1);
    let mut figures = vec![
        counted("rows", "Source records", report.rows, "Rows that were read and matched."),
        counted("clusters", "Clusters", report.clusters, "Each is held to be one; single source records count."),
        figure(
            "questions_per_1000",
            "Questions for a person",
            per_1000,
            report.questions_per_1000,
            &format!(
                "For 1,000 source records; {} in all. Whether two clusters are one is one question, however many pairs lie between them.",
                format::whole(report.questions as i64)
            ),
        ),
    ];
    if let Some(estimates) = &report.estimates {
        let basis = super::basis(estimates);
        for (name, title, of) in [
            ("precision", "Precision, estimated", estimates.precision),
            ("recall", "Recall, estimated", estimates.recall),
        ] {
            let meaning = format!("Estimated {basis}; 95 % interval {}.", super::words::interval(of.interval));
            figures.push(figure(name, title, share(of.value), of.value, &meaning));
        }
    }
    if let Some(truth) = &report.truth {
        let of = |title: &str, pairs: u64| format!("{title}, {} pairs.", format::whole(pairs as i64));
        figures.extend([
            figure(
                "true_precision",
                "Precision, against the truth",
                share(truth.precision),
                truth.precision,
                &of("Of pairs in one cluster, the share that belong together", truth.found),
            ),
            figure(
                "true_recall",
                "Recall, against the truth",
                share(truth.recall),
                truth.recall,
                &of("Of pairs that belong together, the share in one cluster", truth.pairs),
            ),
        ]);
    }
    figures
}

fn size_words(size: &SizeCount) -> String {
    match (size.from, size.to) {
        (from, to) if from == to => from.to_string(),
        (from, u64::MAX) => format!("{from} and more"),
        (from, to) => format!("{from} – {to}"),
    }
}

fn sizes(report: &LinkageReport) -> Drawn {
    let bar = |size: &SizeCount| BarRow {
        label: match size_words(size).as_str() {
            "1" => "1 source record".to_owned(),
            words => format!("{words} source records"),
        },
        figure: format::whole(size.clusters as i64),
        lanes: vec![Span { from: 0.0, to: size.clusters as f64, class: "gold" }],
        ..BarRow::default()
    };
    let largest = report.cluster_sizes.last().map(size_words).unwrap_or_default();
    let chart = BarRows {
        id: "sizes".to_owned(),
        title: "Clusters by size".to_owned(),
        description: format!(
            "{} clusters, of which {} hold a single source record; the largest size is {largest}.",
            format::whole(report.clusters as i64),
            format::whole(report.stats.single as i64)
        ),
        layout: Layout::Beside,
        rows: report.cluster_sizes.iter().map(bar).collect(),
        rules: Vec::new(),
        holds: Vec::new(),
    };
    let row = |size: &SizeCount| {
        vec![
            Cell::text(size_words(size)),
            Cell::count(size.clusters),
            share_cell(size.clusters as f64 / (report.clusters as f64).max(1.0)),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: Vec::new(),
        table: Table {
            caption: "Clusters by how many source records they hold.".to_owned(),
            heads: vec![Head::text("Source records"), Head::number("Clusters"), Head::number("Share of clusters")],
            rows: report.cluster_sizes.iter().map(row).collect(),
            total: Some(vec![Cell::text("All"), Cell::count(report.clusters), Cell::text("")]),
            empty: "No cluster.".to_owned(),
        },
        opened: Opened::OnDemand,
    }
}

fn pairs(report: &LinkageReport) -> Table {
    let row = |name: &str, meaning: &str, number: u64| vec![Cell::text(name), Cell::text(meaning), Cell::count(number)];
    Table {
        caption: "Pairs whose own weight reaches review, by what became of them: the lines of pairs.csv.".to_owned(),
        heads: vec![Head::text("Decision"), Head::text("Meaning"), Head::number("Pairs")],
        rows: vec![
            row("match", "both ended in one cluster", report.pairs.matched),
            row(
                "review",
                "a person has to look: a pair that is neither sure nor unlikely, or a match that was cut for one of the reasons below",
                report.pairs.review,
            ),
            row("no match", "kept apart by a decision", report.pairs.no_match),
        ],
        total: None,
        empty: String::new(),
    }
}

fn cuts(report: &LinkageReport) -> Table {
    let row = |cut: &super::CutCount| {
        vec![Cell::text(format::spaced(&cut.reason)), Cell::text(&cut.meaning), Cell::count(cut.cuts)]
    };
    Table {
        caption: "Pairs that weigh enough for a match and were kept apart all the same, by reason.".to_owned(),
        heads: vec![Head::text("Reason"), Head::text("Meaning"), Head::number("Pairs")],
        rows: report.cuts_by_reason.iter().map(row).collect(),
        total: Some(vec![Cell::text("All"), Cell::text(""), Cell::count(report.cuts)]),
        empty: "No match was cut.".to_owned(),
    }
}
