//! What is believed of precision and recall without a truth, and what thresholds and people's time would change.

use kanak_engine::matching::estimate::{Band, CurvePoint, Estimate, Estimates, PRECISION, ThresholdPoint};

use super::LinkageReport;
use super::words::{bits, from_probability, interval, percent, share, share_cell};
use crate::component::{Axis, Cell, Curve, Drawn, Head, Opened, Table, Xy, threshold_rules};
use crate::document::{Block, Section};
use crate::format;

const ASSUMED_WITHOUT: &str = "Resting on the rules' own probabilities: they are held to be calibrated up to a factor of about four and a \
     half on the odds, and the intervals allow for that. They do not allow for errors that probabilities cannot show, such as two \
     people whose rows state the same.";
const ASSUMED_WITH: &str = "Resting on answers to pairs that were drawn at random within bands of probability: the answers are held to be \
     right, and pairs without an answer to be like those with one.";
const ASSUMED_BLOCKING: &str = "Blocking recall is told from how often several keys find the same match, as several traps catch the same \
     animal. Given its class, a match is held to agree on one key no more often because it agrees on another. Matches that agree \
     on no key at all leave no trace, so the interval is never narrower than a factor of about two in missed matches.";

pub(super) fn section(report: &LinkageReport) -> Section {
    let section = Section::new("estimates", "Estimates, thresholds and review");
    let Some(estimates) = &report.estimates else {
        return section.words(
            "Nothing was estimated in this run. `--estimate` tells precision, recall and what blocking missed without labels; `--sample` \
             draws pairs for a person to answer, and `--answers` estimates from them.",
        );
    };
    let row = |name: &str, of: &Estimate| {
        vec![
            Cell::text(name),
            share_cell(of.value),
            Cell::text(interval(of.interval)),
            Cell::text(format::decimal(of.interval.width() * 100.0, 2)),
        ]
    };
    let mut rows = vec![
        row("Precision: of the pairs in one cluster, the share that belong together", &estimates.precision),
        row("Recall: of the pairs that belong together, the share in one cluster", &estimates.recall),
    ];
    rows.extend(
        estimates
            .blocking_recall
            .as_ref()
            .map(|of| row("Blocking recall: of the pairs that belong together, the share that was compared", of)),
    );
    let basis = basis(estimates);
    let assumed = if estimates.answers == 0 { ASSUMED_WITHOUT } else { ASSUMED_WITH };
    let section = section
        .table(Table {
            caption: format!(
                "Estimated {basis}, with 95 % intervals: the middle 95 % of what draws from the beliefs give."
            ),
            heads: vec![
                Head::text("What"),
                Head::number("Value"),
                Head::number("95 % interval").undrawn(),
                Head::number("Width in points"),
            ],
            rows,
            total: None,
            empty: String::new(),
        })
        .heading("What the intervals assume")
        .block(Block::List(vec![assumed.to_owned(), ASSUMED_BLOCKING.to_owned()]));
    let section = match &report.review_curve {
        Some(curve) => {
            section.heading("Recall against review load").words(review_words()).picture(review(curve, &basis))
        }
        None => section,
    };
    let section = match &report.by_threshold {
        Some(points) => {
            let words = "Each pair decided by itself, as if nothing were clustered: what a threshold would give before groups join \
                         and part pairs. Both are expected from the probabilities, mended by answers where there are any; recall counts what blocking missed.";
            let picture = by_threshold(report, "by-threshold", points);
            section.heading("Precision and recall by threshold").words(words).picture(picture)
        }
        None => section,
    };
    match &report.reliability {
        Some(bands) if !bands.is_empty() => section
            .heading("Calibration")
            .words("Of the answered pairs, what the rules expected and what was answered. Where an interval does not hold what was expected, probabilities are off.")
            .picture(calibration("calibration", bands)),
        _ => section,
    }
}

/// What estimates rest on: `without labels`, `from 300 answers`.
pub fn basis(estimates: &Estimates) -> String {
    match estimates.answers {
        0 => "without labels".to_owned(),
        answers => format!("from {} answers", format::whole(answers as i64)),
    }
}

fn review_words() -> String {
    format!(
        "Pairs are linked unseen from the lowest probability on at which all above it together have a precision of {}; what is left is \
         reviewed from the top, one task a pair, and each answer is held to be right. One answer often settles several pairs: the \
         load is an upper bound.",
        share(PRECISION)
    )
}

fn review(curve: &[CurvePoint], basis: &str) -> Drawn {
    let most = curve.last().map_or(1.0, |point| point.tasks_per_1000);
    let lowest = curve.iter().map(|point| point.recall).fold(1.0, f64::min);
    let chart = Xy {
        id: "review".to_owned(),
        title: "What reviewed pairs add to recall".to_owned(),
        description: curve.first().zip(curve.last()).map_or_else(String::new, |(first, last)| {
            format!(
                "Recall rises from {} without review to {} at {} reviewed pairs for 1,000 source records.",
                share(first.recall),
                share(last.recall),
                bits(last.tasks_per_1000)
            )
        }),
        across: Axis { ends: (0.0, most), title: "reviewed pairs for 1,000 source records".to_owned(), write: bits },
        up: Axis { ends: (floor_of(lowest), 1.0), title: "recall".to_owned(), write: percent },
        columns: Vec::new(),
        curves: vec![Curve {
            class: "line-1",
            dots: Some("dot"),
            points: curve.iter().map(|point| (point.tasks_per_1000, point.recall)).collect(),
        }],
        rules: Vec::new(),
    };
    let row = |point: &CurvePoint| {
        let from = |probability: f64| Cell::text(from_probability(probability));
        vec![
            Cell::decimal(Some(point.tasks_per_1000), 0),
            share_cell(point.recall),
            from(point.matched_from),
            from(point.reviewed_from),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: Vec::new(),
        table: Table {
            caption: format!(
                "Recall at some review loads, estimated {basis}. These figures have no interval of their own: they are no surer than the \
                 recall above."
            ),
            heads: vec![
                Head::number("Reviewed pairs for 1,000 source records"),
                Head::number("Recall"),
                Head::number("Linked unseen from"),
                Head::number("Reviewed from"),
            ],
            rows: curve.iter().map(row).collect(),
            total: None,
            empty: String::new(),
        },
        opened: Opened::AtOnce,
    }
}

/// The lower end of an axis of shares: room below the lowest, in tenths.
fn floor_of(lowest: f64) -> f64 {
    ((lowest * 10.0 - 0.2).floor() / 10.0).clamp(0.0, 0.9)
}

/// Precision and recall over the match weight.
pub(super) fn by_threshold(report: &LinkageReport, id: &str, points: &[ThresholdPoint]) -> Drawn {
    let shown: Vec<&ThresholdPoint> = points.iter().filter(|point| point.precision.is_some()).collect();
    let ends =
        (shown.first().map_or(0.0, |point| point.total_bits), shown.last().map_or(1.0, |point| point.total_bits));
    let lowest = shown.iter().flat_map(|point| [point.precision.unwrap_or(1.0), point.recall]).fold(1.0, f64::min);
    let chart = Xy {
        id: id.to_owned(),
        title: "Precision and recall of single pairs by threshold".to_owned(),
        description:
            "As the threshold rises, precision (whole line, dots) rises and recall (dashed line, rings) falls."
                .to_owned(),
        across: Axis { ends, title: "threshold: match weight with the prior in, bits".to_owned(), write: bits },
        up: Axis { ends: (floor_of(lowest), 1.0), title: "share".to_owned(), write: percent },
        columns: Vec::new(),
        curves: vec![
            Curve {
                class: "line-1",
                dots: Some("dot"),
                points: shown.iter().filter_map(|point| Some((point.total_bits, point.precision?))).collect(),
            },
            Curve {
                class: "line-2",
                dots: Some("ring"),
                points: shown.iter().map(|point| (point.total_bits, point.recall)).collect(),
            },
        ],
        rules: threshold_rules(report.thresholds),
    };
    let row = |point: &&ThresholdPoint| {
        vec![
            Cell::text(bits(point.total_bits)),
            Cell::text(format::probability(point.probability)),
            Cell::count(point.pairs),
            point.precision.map_or_else(Cell::none, share_cell),
            share_cell(point.recall),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: vec![
            ("dot", "precision: whole line, dots".to_owned()),
            ("ring", "recall: dashed line, rings".to_owned()),
        ],
        table: Table {
            caption: "What each threshold would give, pair by pair.".to_owned(),
            heads: vec![
                Head::number("Bits").undrawn(),
                Head::number("Probability").undrawn(),
                Head::number("Pairs"),
                Head::number("Precision"),
                Head::number("Recall"),
            ],
            rows: shown.iter().map(row).collect(),
            total: None,
            empty: "No pair.".to_owned(),
        },
        opened: Opened::OnDemand,
    }
}

/// Expected and seen shares by bands, with an interval each.
pub(super) fn calibration(id: &str, bands: &[Band]) -> Drawn {
    let intervals = bands.iter().map(|band| Curve {
        class: "line-2",
        dots: None,
        points: vec![(band.expected, band.interval.low), (band.expected, band.interval.high)],
    });
    let seen = Curve {
        class: "none",
        dots: Some("dot"),
        points: bands.iter().map(|band| (band.expected, band.observed)).collect(),
    };
    let exact = Curve { class: "line-3", dots: None, points: vec![(0.0, 0.0), (1.0, 1.0)] };
    let off = bands.iter().filter(|band| !band.interval.covers(band.expected)).count();
    let chart = Xy {
        id: id.to_owned(),
        title: "Expected and seen shares of matches".to_owned(),
        description: format!(
            "{} bands of probability; in {off} of them the 95 % interval of what was seen does not hold what was expected.",
            bands.len()
        ),
        across: Axis { ends: (0.0, 1.0), title: "expected share of matches".to_owned(), write: percent },
        up: Axis { ends: (0.0, 1.0), title: "seen share of matches".to_owned(), write: percent },
        columns: Vec::new(),
        curves: std::iter::once(exact).chain(intervals).chain([seen]).collect(),
        rules: Vec::new(),
    };
    let row = |band: &Band| {
        let held = if band.interval.covers(band.expected) { "yes" } else { "no" };
        vec![
            Cell::text(format!("{} – {}", band.from, band.to)),
            Cell::count(band.pairs),
            share_cell(band.expected),
            share_cell(band.observed).under(interval(band.interval)),
            Cell::text(held),
        ]
    };
    Drawn {
        drawing: chart.draw(),
        legend: vec![
            ("dot", "seen".to_owned()),
            ("line-2", "dashed: 95 % interval of what was seen (Wilson)".to_owned()),
            ("line-3", "dotted: where both are the same".to_owned()),
        ],
        table: Table {
            caption:
                "By bands of match probability; they are narrow at both ends, where errors are rare and matter most."
                    .to_owned(),
            heads: vec![
                Head::text("Probability"),
                Head::number("Pairs"),
                Head::number("Expected"),
                Head::number("Seen, with 95 % interval"),
                Head::text("Interval holds what was expected"),
            ],
            rows: bands.iter().map(row).collect(),
            total: None,
            empty: "No pair was answered.".to_owned(),
        },
        opened: Opened::AtOnce,
    }
}
