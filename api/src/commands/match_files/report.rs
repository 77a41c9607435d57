//! The report of a run: `report.json` for machines, `report.html` for people.

use std::fmt::Write as _;

use kanak_engine::matching::estimate::RunEstimates;
use kanak_engine::matching::{Matched, RuleSet};
use kanak_model::EntityModel;
use kanak_model::match_pair::Decision;
use serde_json::{Value, json};

use super::table::Table;
use super::truth::Compared;

/// At most so many rows that could not be read are listed one by one.
const LISTED_MAX: usize = 100;

/// All figures of a run as one JSON document.
pub(super) fn report(
    entity: &EntityModel,
    rule_set: &RuleSet,
    table: &Table,
    found: &Matched,
    seconds: &[(&str, f64)],
    truth: Option<&Compared>,
    estimated: Option<&RunEstimates>,
) -> Value {
    let decided = |decision: Decision| found.pairs.iter().filter(|pair| pair.decision == decision).count();
    let stages: serde_json::Map<String, Value> =
        seconds.iter().map(|(stage, s)| ((*stage).to_owned(), json!(s))).collect();
    let weights: Vec<Value> = rule_set
        .comparisons
        .iter()
        .map(|comparison| {
            let levels: Vec<Value> = comparison
                .levels
                .iter()
                .map(|level| json!({ "level": level.name, "m": level.m, "u": level.u, "weight_bits": (level.m / level.u).log2() }))
                .collect();
            json!({ "attribute": comparison.attribute, "kind": comparison.kind, "levels": levels })
        })
        .collect();
    json!({
        "rows": table.len(), "clusters": found.clusters.len(), "entity": entity.name,
        "pairs": { "match": decided(Decision::Match), "review": decided(Decision::Review), "no_match": decided(Decision::NoMatch) },
        "stats": found.stats, "cuts": found.cuts.len(), "seconds": stages, "peak_memory_mib": peak_memory_mib(),
        "prior": rule_set.prior.matched, "thresholds": entity.matching.thresholds, "weights": weights,
        "truth": truth.map(|c| json!({
            "precision": c.accuracy.precision, "recall": c.accuracy.recall, "f1": c.accuracy.f1, "b_cubed": c.b_cubed,
            "pairs": c.accuracy.wanted, "pairs_of_unknown_ids": c.unknown,
        })),
        "estimates": estimated.map(|of| of.estimates), "review_curve": estimated.map(|of| &of.curve),
        "unlinkable": estimated.map(|of| of.unlinkable),
        "rejected_rows": table.rejected().count(),
        "rejected": table.rejected().take(LISTED_MAX)
            .map(|(file, row)| json!({ "file": file, "line": row.line, "reason": row.reason })).collect::<Vec<_>>(),
    })
}

/// The most memory that this process has held so far, where the system tells.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The same as a page.
pub(super) fn report_html(report: &Value) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Linkage report</title>\n<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}\
         table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ccc;padding:.25rem .75rem;text-align:left}td.n{text-align:right}</style>\n<h1>Linkage report</h1>\n",
    );
    let _ = writeln!(
        page,
        "<p>{} rows became {} clusters; {} pairs matched, {} wait for review.</p>",
        report["rows"], report["clusters"], report["pairs"]["match"], report["pairs"]["review"]
    );
    if report["truth"].is_object() {
        let _ = writeln!(
            page,
            "<p>Against the truth: precision {}, recall {}, F1 {}.</p>",
            report["truth"]["precision"], report["truth"]["recall"], report["truth"]["f1"]
        );
    }
    let thresholds = &report["thresholds"];
    let _ = writeln!(
        page,
        "<p>Pairs of probability {} and more are linked where the groups they stand in agree; from {} on they wait for a person. \
         Of all pairs, {:.3e} are held to be matches before anything is compared.</p>",
        thresholds["match"],
        thresholds["review"],
        report["prior"].as_f64().unwrap_or_default()
    );
    page.push_str(&estimates_html(report));
    page.push_str("<h2>Blocking rules</h2>\n<table><tr><th>rule<th>pairs<th>compared<th>not compared</tr>\n");
    for rule in report["stats"]["rules"].as_array().into_iter().flatten() {
        let name = escape(rule["rule"].as_str().unwrap_or_default());
        let _ = writeln!(
            page,
            "<tr><td>{name}<td class=n>{}<td class=n>{}<td class=n>{}</tr>",
            rule["pairs"], rule["compared"], rule["not_compared"]
        );
    }
    page.push_str("</table>\n<h2>Match weights</h2>\n<table><tr><th>attribute<th>level<th>m<th>u<th>bits</tr>\n");
    for comparison in report["weights"].as_array().into_iter().flatten() {
        for level in comparison["levels"].as_array().into_iter().flatten() {
            let number = |name: &str| level[name].as_f64().map_or_else(String::new, |value| format!("{value:.4}"));
            let _ = writeln!(
                page,
                "<tr><td>{}<td>{}<td class=n>{}<td class=n>{}<td class=n>{}</tr>",
                escape(comparison["attribute"].as_str().unwrap_or_default()),
                escape(level["level"].as_str().unwrap_or_default()),
                number("m"),
                number("u"),
                number("weight_bits")
            );
        }
    }
    page.push_str("</table>\n</html>\n");
    page
}

/// What was estimated without labels; nothing where it was not asked for.
fn estimates_html(report: &Value) -> String {
    let estimates = &report["estimates"];
    if !estimates.is_object() {
        return String::new();
    }
    let number = |value: &Value| value.as_f64().map_or_else(|| "not known".to_owned(), |value| format!("{value:.4}"));
    let mut page = String::from(
        "<h2>Estimated without labels</h2>\n<p>The intervals allow for probabilities that are not quite calibrated; answers of \
         stewards on a sample make them narrower.</p>\n<table><tr><th>figure<th>value<th>95 % from<th>to</tr>\n",
    );
    for (title, name) in
        [("precision", "precision"), ("recall", "recall"), ("share of true pairs compared", "blocking_recall")]
    {
        let of = &estimates[name];
        let (value, low, high) =
            (number(&of["value"]), number(&of["interval"]["low"]), number(&of["interval"]["high"]));
        let _ = writeln!(page, "<tr><td>{title}<td class=n>{value}<td class=n>{low}<td class=n>{high}</tr>");
    }
    page.push_str(
        "</table>\n<h2>Recall against review</h2>\n<table><tr><th>reviewed pairs per 1,000 rows<th>recall<th>linked unseen \
         from</tr>\n",
    );
    for point in report["review_curve"].as_array().into_iter().flatten() {
        let _ = writeln!(
            page,
            "<tr><td class=n>{}<td class=n>{}<td class=n>{}</tr>",
            point["tasks_per_1000"],
            number(&point["recall"]),
            number(&point["matched_from"])
        );
    }
    let _ =
        writeln!(page, "</table>\n<p>{} rows state too little to match even an equal one.</p>", report["unlinkable"]);
    page
}
