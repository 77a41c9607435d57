//! The distribution of match weights.

use super::words::{bits, whole};
use super::{LinkageReport, ScoreBin};
use crate::component::{Axis, Cell, Column, Drawn, Head, Opened, Table, Xy, threshold_rules};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let from = report.scores.from_probability;
    let estimated = report.estimates.is_some();
    let more = if estimated { "" } else { " With `--estimate` pairs from a probability of 0.001 on are counted." };
    let words = format!(
        "Compared pairs from a match probability of {} on, by their match weight with the prior in: 0 bits are even odds.{more} A valley \
         between two hills is where thresholds belong; a hill between them is work for people. Pairs below review that are linked \
         were joined by their groups or through others.",
        format::decimal(from, 3)
    );
    Section::new("scores", "Score distribution").words(words).picture(histogram(report))
}

fn histogram(report: &LinkageReport) -> Drawn {
    let bins = &report.scores.bins;
    let highest = bins.iter().map(|bin| bin.linked + bin.apart).max().unwrap_or_default();
    let column = |bin: &ScoreBin| Column {
        between: (bin.from_bits, bin.to_bits),
        parts: vec![(bin.linked as f64, "solid"), (bin.apart as f64, "hollow")],
        tip: format!("{}: {} linked, {} not", between(bin), whole(bin.linked as f64), whole(bin.apart as f64)),
    };
    let ends = (bins.first().map_or(0.0, |bin| bin.from_bits), bins.last().map_or(1.0, |bin| bin.to_bits));
    let all: u64 = bins.iter().map(|bin| bin.linked + bin.apart).sum();
    let chart = Xy {
        id: "scores-chart".to_owned(),
        title: "Pairs by match weight".to_owned(),
        description: format!(
            "A histogram of {} pairs between {} and {} bits, with the thresholds of match and review as upright lines.",
            whole(all as f64),
            bits(ends.0),
            bits(ends.1)
        ),
        across: Axis { ends, title: "match weight with the prior in, bits".to_owned(), write: bits },
        up: Axis { ends: (0.0, highest as f64 * 1.05), title: "pairs a bit".to_owned(), write: whole },
        columns: bins.iter().map(column).collect(),
        curves: Vec::new(),
        rules: threshold_rules(report.thresholds),
    };
    let row = |bin: &ScoreBin| vec![Cell::text(between(bin)), Cell::count(bin.linked), Cell::count(bin.apart)];
    Drawn {
        drawing: chart.draw(),
        legend: vec![("solid", "pairs in one cluster".to_owned()), ("hollow", "pairs in two clusters".to_owned())],
        table: Table {
            caption: "Pairs by match weight, a row a bit.".to_owned(),
            heads: vec![Head::text("Bits"), Head::number("In one cluster"), Head::number("In two")],
            rows: bins.iter().map(row).collect(),
            total: None,
            empty: "No pair.".to_owned(),
        },
        opened: Opened::OnDemand,
    }
}

fn between(bin: &ScoreBin) -> String {
    format!("{} to {}", bits(bin.from_bits), bits(bin.to_bits))
}
