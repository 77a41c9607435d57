use kanak_engine::matching::estimate::BelowBits;
use kanak_engine::matching::groups::GroupErrors;
use kanak_engine::matching::{ExplanationRow, RegisterShares, RuleStats};
use kanak_model::match_pair::Decision;

use super::*;
use crate::component::assert_well_formed;

const HOSTILE: &str = "<script>alert('x')</script>\"><b>";

fn interval(low: f64, high: f64) -> Interval {
    Interval { low, high }
}

fn estimate(value: f64) -> kanak_engine::matching::estimate::Estimate {
    kanak_engine::matching::estimate::Estimate { value, interval: interval(value - 0.01, value + 0.01) }
}

fn points() -> Vec<ThresholdPoint> {
    [-2.0, 0.0, 2.0]
        .map(|total_bits| ThresholdPoint { total_bits, probability: 0.5, pairs: 10, precision: Some(0.9), recall: 0.8 })
        .to_vec()
}

fn bands() -> Vec<Band> {
    vec![Band { from: 0.5, to: 0.8, pairs: 20, expected: 0.7, observed: 0.4, interval: interval(0.2, 0.6) }]
}

fn explained() -> ExplainedPair {
    let row = ExplanationRow {
        attribute: "full_name".to_owned(),
        title: HOSTILE.to_owned(),
        left: HOSTILE.to_owned(),
        right: HOSTILE.to_owned(),
        level: "same".to_owned(),
        weight_bits: 12.0,
        running_bits: 2.0,
    };
    let explanation = Explanation {
        rows: vec![row],
        prior_bits: -10.0,
        total_bits: 2.0,
        probability: 0.8,
        decision: Decision::Match,
        thresholds: Thresholds { matched: 0.8, review: 0.6 },
        sentence: HOSTILE.to_owned(),
    };
    let (left, right) = (HOSTILE.to_owned(), "b:2".to_owned());
    ExplainedPair { left, right, is_linked: true, blocking: vec![HOSTILE.to_owned()], explanation }
}

fn truth() -> TruthFigures {
    let group = GroupErrors {
        group: "gurmukhi".to_owned(),
        source_records: 12_345,
        right: 9,
        found: 10,
        wanted: 10,
        precision: 0.9,
        recall: 0.9,
        recall_interval: interval(0.6, 0.98),
        precision_interval: interval(0.6, 0.98),
    };
    let errors = ErrorsByGroup { groups: vec![group], precision: None, recall: None };
    TruthFigures {
        precision: 0.9912,
        recall: 0.93,
        f1: 0.96,
        precision_interval: interval(0.98, 0.995),
        recall_interval: interval(0.92, 0.94),
        right: 900,
        found: 910,
        pairs: 1_000,
        b_cubed: BCubed { precision: 0.99, recall: 0.95, f1: 0.97, source_records: 12_345 },
        pairs_of_unknown_ids: 3,
        reliability: bands(),
        by_threshold: points(),
        by_group: BTreeMap::from([("script", errors)]),
    }
}

fn report() -> LinkageReport {
    let level = |weight_bits| LevelFigures {
        level: HOSTILE.to_owned(),
        m: 0.5,
        u: 0.001,
        related: 0.1,
        weight_bits,
        rare: true,
    };
    let comparison = ComparisonFigures {
        attribute: "full_name".to_owned(),
        title: HOSTILE.to_owned(),
        kind: "person_name".to_owned(),
        crosswise: None,
        group: Some("home".to_owned()),
        levels: vec![level(9.0), level(-4.0)],
    };
    let rule = RuleStats {
        rule: HOSTILE.to_owned(),
        pairs: 40,
        compared: 30,
        repeated: 10,
        not_compared: 0,
        no_agreement: 0,
        refined_blocks: 0,
    };
    LinkageReport {
        run: Run {
            version: "0.1.0".to_owned(),
            at: Timestamp(1_795_422_900_000_000),
            files: vec![FileFigures { file: HOSTILE.to_owned(), rows: 12_345, rejected: 1 }],
            sources: 2,
            unused_columns: vec![UnusedColumn {
                file: "a.csv".to_owned(),
                column: HOSTILE.to_owned(),
                reason: UnusedReason::NoPartner,
            }],
            model: None,
            seed: 1,
            threads: 2,
        },
        rows: 12_345,
        clusters: 9_000,
        entity: "citizen".to_owned(),
        pairs: PairCounts { matched: 900, review: 77, no_match: 0 },
        questions: 61,
        questions_per_1000: 4.9,
        cluster_sizes: vec![
            SizeCount { from: 1, to: 1, clusters: 8_000 },
            SizeCount { from: 2, to: 2, clusters: 1_000 },
        ],
        stats: MatchStats { pairs_possible: 76_193_340, compared: 30, rules: vec![rule], ..MatchStats::default() },
        cuts: 4,
        cuts_by_reason: vec![CutCount { reason: "weak_bridge".to_owned(), meaning: HOSTILE.to_owned(), cuts: 4 }],
        seconds: vec![("read", 0.5), ("in all", 1.5)],
        peak_memory_mib: Some(123.4),
        prior: 1e-5,
        prior_bits: -16.6,
        prior_related: 2e-5,
        thresholds: Thresholds { matched: 0.8, review: 0.6 },
        weights: vec![comparison],
        second_pass: Some(SecondPass {
            households: None,
            registers: Vec::new(),
            all: RegisterShares { register: String::new(), alone: 0.2, doubled: 0.01 },
        }),
        scores: Scores {
            from_probability: 0.001,
            bins: vec![ScoreBin { from_bits: 1.0, to_bits: 2.0, linked: 5, apart: 7 }],
        },
        completeness: vec![Completeness { attribute: HOSTILE.to_owned(), stated: 10_000, distinct: 9_000 }],
        unlinkable: Unlinkable {
            weighed: 12_345,
            source_records: 12,
            below_review: 9,
            below: vec![BelowBits { total_bits: 0.0, probability: 0.5, source_records: 9 }],
        },
        truth: Some(truth()),
        estimates: Some(Estimates {
            precision: estimate(0.98),
            recall: estimate(0.9),
            blocking_recall: Some(estimate(0.95)),
            answers: 300,
        }),
        review_curve: Some(vec![CurvePoint {
            tasks_per_1000: 0.0,
            recall: 0.8,
            reviewed_from: 0.9,
            matched_from: 2.0,
        }]),
        by_threshold: Some(points()),
        reliability: Some(bands()),
        rejected_rows: 1,
        rejected: vec![RejectedFigures { file: "a.csv".to_owned(), line: 3, reason: HOSTILE.to_owned() }],
        explained: vec![explained()],
    }
}

const SECTIONS: [&str; 12] = [
    "result",
    "run",
    "explained",
    "completeness",
    "blocking",
    "parameters",
    "scores",
    "estimates",
    "truth",
    "groups",
    "unlinkable",
    "limits",
];

#[test]
fn the_page_escapes_everything_and_is_well_formed() {
    let html = report().html();
    assert!(!html.contains("<script") && !html.contains("\"><b>"), "markup gets through");
    let body = html.split_once("<body").unwrap().1;
    assert_well_formed(&format!("<body{}", body.trim_end().trim_end_matches("</html>")));
    for section in SECTIONS {
        assert!(html.contains(&format!("<section class=\"panel full\" id=\"{section}\"")), "no {section}");
    }
}

#[test]
fn every_picture_is_named_described_and_over_its_table() {
    let html = report().html();
    let pictures = html.matches("role=\"img\"").count();
    assert!(pictures >= 10, "{pictures}");
    assert_eq!(html.matches("<figure class=\"drawn\">").count(), pictures);
    assert_eq!(html.matches("<desc ").count(), pictures);
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(all, ids.len(), "an id is used twice");
}

#[test]
fn headline_figures_are_those_of_the_json() {
    let report = report();
    let html = report.html();
    let json = serde_json::to_value(&report).unwrap();
    for (name, value) in [
        ("rows", &json["rows"]),
        ("clusters", &json["clusters"]),
        ("precision", &json["estimates"]["precision"]["value"]),
        ("true_recall", &json["truth"]["recall"]),
    ] {
        assert!(html.contains(&format!("data-figure=\"{name}\" data-exact=\"{value}\"")), "{name} {value}");
    }
    assert_eq!(json["seconds"]["read"], 0.5);
    assert_eq!(json["thresholds"]["match"], 0.8);
    assert_eq!(json["pairs"]["match"], 900);
    assert!(json["run"]["at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn where_no_source_is_named_nothing_is_said_of_registers() {
    let own_register = "of their own register";
    assert!(report().html().contains(own_register));
    let report = report();
    let one = LinkageReport { run: Run { sources: 0, ..report.run.clone() }, ..report };
    assert!(!one.html().contains(own_register));
}

#[test]
fn a_run_without_anything_still_has_a_page() {
    let empty = LinkageReport {
        rows: 0,
        clusters: 0,
        cluster_sizes: Vec::new(),
        cuts_by_reason: Vec::new(),
        weights: Vec::new(),
        second_pass: None,
        scores: Scores { from_probability: 0.6, bins: Vec::new() },
        completeness: Vec::new(),
        unlinkable: Unlinkable::default(),
        truth: None,
        estimates: None,
        review_curve: None,
        by_threshold: None,
        reliability: None,
        explained: Vec::new(),
        stats: MatchStats::default(),
        ..report()
    };
    let html = empty.html();
    assert!(html.contains("Nothing was estimated in this run") && !html.contains("id=\"truth\""), "{html}");
    assert!(!html.contains("NaN") && !html.contains("inf "), "{html}");
}
