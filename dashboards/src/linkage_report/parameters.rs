//! What the rules have learned: the prior, m and u of each level, and the weights that follow.

use super::words::{rare_share, share};
use super::{ComparisonFigures, LevelFigures, LinkageReport};
use crate::component::{BarRow, BarRows, Cell, Drawn, Head, Layout, Opened, Span, Table};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let prior = format!(
        "Before anything is compared, {} of all pairs are held to be matches ({} bits), and {} to be relatives, who have much in \
         common. Each comparison adds log2(m / u) bits: m is the share of its level among pairs of the same one, u among unrelated \
         pairs. What relatives would agree on as well is taken off the sum again. Of comparisons in one group of correlated evidence \
         the strongest counts in full and the others by a quarter.",
        rare_share(report.prior),
        format::bits(report.prior_bits),
        rare_share(report.prior_related),
    );
    let training = "Trained without labels: term frequencies by counting, u from random pairs, m and the prior by expectation and \
                    maximisation, held by what is believed beforehand of each kind of value where the data says little. An agreement \
                    never becomes evidence against, nor a difference evidence for.";
    let section = Section::new("parameters", "Parameters")
        .words(prior)
        .words(training)
        .heading("Match weights")
        .words(
            "Bits of each level, for a value of average frequency. Where a level is marked * term frequencies count: an agreement weighs \
             more on a rare value, and less on a common one.",
        )
        .picture(weights(report))
        .heading("m and u")
        .picture(m_and_u(report));
    match second_pass(report) {
        Some(table) => section.heading("The second pass").table(table),
        None => section,
    }
}

/// A level's name, marked where u gives way to the frequency of the value.
fn level_name(level: &LevelFigures) -> String {
    if level.rare { format!("{} *", level.level) } else { level.level.clone() }
}

/// One row a level, under a heading for each comparison.
fn rows(report: &LinkageReport, row: impl Fn(&LevelFigures) -> (String, Vec<Span>)) -> Vec<BarRow> {
    let of_comparison = |comparison: &ComparisonFigures| -> Vec<BarRow> {
        let of_level = |(at, level): (usize, &LevelFigures)| {
            let (figure, lanes) = row(level);
            let heading = (at == 0).then(|| comparison.title.clone());
            BarRow { heading, label: level_name(level), figure, lanes, ..BarRow::default() }
        };
        comparison.levels.iter().enumerate().map(of_level).collect()
    };
    report.weights.iter().flat_map(of_comparison).collect()
}

fn weights(report: &LinkageReport) -> Drawn {
    let bar = |level: &LevelFigures| {
        let class = if level.weight_bits < 0.0 { "against" } else { "for" };
        (format::bits(level.weight_bits), vec![Span { from: 0.0, to: level.weight_bits, class }])
    };
    let levels: usize = report.weights.iter().map(|one| one.levels.len()).sum();
    let chart = BarRows {
        id: "weights".to_owned(),
        title: "Bits of each level".to_owned(),
        description: format!(
            "{} comparisons with {levels} levels: bars to the right speak for a match, hollow bars to the left against it.",
            report.weights.len()
        ),
        layout: Layout::Beside,
        rows: rows(report, bar),
        rules: Vec::new(),
        holds: Vec::new(),
    };
    Drawn {
        drawing: chart.draw(),
        legend: vec![("for", "bits for a match".to_owned()), ("against", "bits against it".to_owned())],
        table: table(report),
        opened: Opened::OnDemand,
    }
}

fn m_and_u(report: &LinkageReport) -> Drawn {
    let bar = |level: &LevelFigures| {
        let lane = |to: f64, class| Span { from: 0.0, to, class };
        (format!("{} | {}", short(level.m), short(level.u)), vec![lane(level.m, "solid"), lane(level.u, "hollow")])
    };
    let chart = BarRows {
        id: "shares".to_owned(),
        title: "Shares of each level".to_owned(),
        description: "For each level the share of pairs of the same one that reach it (m), over the share of unrelated pairs (u)."
            .to_owned(),
        layout: Layout::Beside,
        rows: rows(report, bar),
        rules: Vec::new(),
        holds: vec![1.0],
    };
    Drawn {
        drawing: chart.draw(),
        legend: vec![
            ("solid", "m: among pairs of the same one".to_owned()),
            ("hollow", "u: among unrelated pairs".to_owned()),
        ],
        table: table(report),
        opened: Opened::OnDemand,
    }
}

/// A share in few characters.
fn short(share: f64) -> String {
    match share {
        share if share >= 0.1 => format!("{:.0} %", share * 100.0),
        share if share >= 0.001 => format!("{:.1} %", share * 100.0),
        share => format!("{share:.0e}"),
    }
}

fn table(report: &LinkageReport) -> Table {
    let of_comparison = |comparison: &ComparisonFigures| -> Vec<Vec<Cell>> {
        let of_level = |level: &LevelFigures| {
            vec![
                Cell::text(&comparison.title).under(more(comparison)),
                Cell::text(level_name(level)),
                Cell { value: Some(level.m), ..Cell::text(rare_share(level.m)) },
                Cell { value: Some(level.u), ..Cell::text(rare_share(level.u)) },
                Cell { value: Some(level.related), ..Cell::text(rare_share(level.related)) },
                Cell { value: Some(level.weight_bits), ..Cell::text(format::bits(level.weight_bits)) },
            ]
        };
        comparison.levels.iter().map(of_level).collect()
    };
    Table {
        caption: "Every level of every comparison, from the same to different. * marks levels whose u is the frequency of the value that \
                  both agree on; the bits here are those of an average value. A value that either does not state adds nothing."
            .to_owned(),
        heads: vec![
            Head::text("Comparison"),
            Head::text("Level"),
            Head::number("m"),
            Head::number("u"),
            Head::number("Among relatives"),
            Head::number("Bits"),
        ],
        rows: report.weights.iter().flat_map(of_comparison).collect(),
        total: None,
        empty: "Nothing is compared.".to_owned(),
    }
}

/// What else is to be known of a comparison.
fn more(comparison: &ComparisonFigures) -> String {
    let group = comparison.group.as_ref().map(|group| format!("group {group}"));
    let crosswise = comparison.crosswise.as_ref().map(|other| format!("crosswise with {}", format::spaced(other)));
    let words: Vec<String> = [Some(format::spaced(&comparison.kind)), crosswise, group].into_iter().flatten().collect();
    words.join(", ")
}

fn second_pass(report: &LinkageReport) -> Option<Table> {
    let second = report.second_pass.as_ref()?;
    let row = |name: &str, value: String| vec![Cell::text(name), Cell::text(value)];
    let mut rows = vec![row("Source records that stand alone after the first pass", share(second.all.alone))];
    if report.run.sources > 0 {
        rows.push(row("Source records that stand with another of their own register", share(second.all.doubled)));
    }
    if let Some(households) = second.households {
        let bits = |m: f64, u: f64| format::bits((m / u).log2());
        rows.push(row("A housemate in common (m | u)", format!("{} | {}", share(households.m), share(households.u))));
        rows.push(row("Bits of a housemate in common", bits(households.m, households.u)));
        rows.push(row("Bits of having none in common", bits(1.0 - households.m, 1.0 - households.u)));
    }
    let of_registers = if report.run.sources > 0 { " of each register" } else { "" };
    Some(Table {
        caption: format!(
            "What the clusters of the first pass teach a second one: who shares phones and cards with whom, and how seldom a source \
             record{of_registers} stands alone."
        ),
        heads: vec![Head::text("What"), Head::number("Value").undrawn()],
        rows,
        total: None,
        empty: String::new(),
    })
}
