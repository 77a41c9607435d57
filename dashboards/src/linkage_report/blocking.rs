//! Which pairs were compared at all.

use kanak_engine::matching::RuleStats;

use super::LinkageReport;
use super::words::{rare_share, share};
use crate::component::{BarRow, BarRows, Cell, Drawn, Head, Layout, Opened, Span, Table};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let stats = &report.stats;
    let reduction = 1.0 - stats.compared as f64 / (stats.pairs_possible as f64).max(1.0);
    let words = format!(
        "Of {} possible pairs {} were compared, {}: a reduction ratio of {} %. A pair that no rule brings together is never weighed; \
         how many true pairs are lost so is the blocking recall, under Estimates.",
        format::whole(stats.pairs_possible as i64),
        format::whole(stats.compared as i64),
        rare_share(1.0 - reduction),
        format::decimal(reduction * 100.0, 4),
    );
    Section::new("blocking", "Blocking").words(words).picture(chart(report))
}

fn chart(report: &LinkageReport) -> Drawn {
    let stats = &report.stats;
    let mut sum = 0;
    let bar = |(at, rule): (usize, &RuleStats)| {
        let from = sum;
        sum += rule.compared;
        BarRow {
            label: format!("Rule {}", at + 1),
            sub: rule.rule.clone(),
            figure: format!("+{} → {}", whole(rule.compared), whole(sum)),
            lanes: vec![Span { from: from as f64, to: sum as f64, class: "gold" }],
            joined: true,
            ..BarRow::default()
        }
    };
    let chart = BarRows {
        id: "comparisons".to_owned(),
        title: "Comparisons, rule by rule".to_owned(),
        description: format!(
            "{} blocking rules bring {} pairs to be compared; each bar begins where the one before ended.",
            stats.rules.len(),
            whole(stats.compared)
        ),
        layout: Layout::Above,
        rows: stats.rules.iter().enumerate().map(bar).collect(),
        rules: Vec::new(),
        holds: Vec::new(),
    };
    Drawn { drawing: chart.draw(), legend: Vec::new(), table: table(report), opened: Opened::AtOnce }
}

fn whole(number: u64) -> String {
    format::whole(number as i64)
}

fn table(report: &LinkageReport) -> Table {
    let stats = &report.stats;
    let row = |(at, rule): (usize, &RuleStats)| {
        let part = rule.compared as f64 / (stats.compared as f64).max(1.0);
        vec![
            Cell::text(format!("{}. {}", at + 1, rule.rule)),
            Cell::count(rule.pairs),
            Cell::count(rule.compared).under(format!("{} of all", share(part))),
            Cell::count(rule.repeated),
            Cell::count(rule.not_compared),
            Cell::count(rule.refined_blocks),
        ]
    };
    let total = vec![
        Cell::text("All"),
        Cell::text(""),
        Cell::count(stats.compared),
        Cell::text(""),
        Cell::count(stats.not_compared),
        Cell::count(stats.refined_blocks),
    ];
    Table {
        caption: "Pairs that agree on the keys of each rule, in the order of the model. Left out are pairs of oversized blocks that \
                  agree on no further key; another rule may have compared them."
            .to_owned(),
        heads: vec![
            Head::text("Rule"),
            Head::number("Pairs"),
            Head::number("Compared"),
            Head::number("Compared before"),
            Head::number("Left out"),
            Head::number("Refined blocks"),
        ],
        rows: stats.rules.iter().enumerate().map(row).collect(),
        total: Some(total),
        empty: "No rule.".to_owned(),
    }
}
