//! Accuracy on a made-up state: `$KANAK_STATE` is a folder that the generator wrote with its flat list of citizens
//! (`truth/citizen_flat.csv`). Without it, the test says so and measures nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use kanak_engine::matching::accuracy::accuracy_of_entities;
use kanak_engine::matching::{Columns, MatchRules, Matched, RuleSet, Silent, explain_pair, match_batch, train};
use kanak_model::EntityModel;
use kanak_model::builtin::ENTITY_MODELS;
use kanak_model::id::SourceSystemId;
use kanak_model::match_pair::Decision;
use kanak_model::source_record::{Stated, Values};

/// A table of raw words with the true entity of each row.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    entities: Vec<String>,
}

fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

/// A flat list: its first two columns are source and id, which the truth names too.
fn flat(list: &Path, truth: &Path) -> Table {
    let (_, pairs) = read(truth);
    let entity: HashMap<(String, String), String> =
        pairs.into_iter().map(|row| ((row[0].clone(), row[1].clone()), row[2].clone())).collect();
    let (header, rows) = read(list);
    let entities = rows.iter().map(|row| entity[&(row[0].clone(), row[1].clone())].clone()).collect();
    Table { header, rows, entities }
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("KANAK_STATE").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: set KANAK_STATE to a folder of the made-up state with truth/citizen_flat.csv");
    }
    folder
}

fn columns(table: &Table, model: &EntityModel) -> Columns {
    let columns = (0..table.header.len()).map(|at| {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(table.rows.iter().map(|row| &row[at])));
        (table.header[at].clone(), texts)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    Columns::from_batches(model, &[(SourceSystemId(1), batch)]).unwrap()
}

/// CPU seconds of this process so far; 0 where the system does not say.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn measure(name: &str, table: &Table, model: &EntityModel) -> f64 {
    let seconds = |start: (Instant, f64)| format!("{:.2} s ({:.2} of CPU)", start.0.elapsed().as_secs_f64(), cpu() - start.1);
    let start = (Instant::now(), cpu());
    let columns = columns(table, model);
    let read = seconds(start);
    let rules = MatchRules::compile(model).unwrap();
    let start = (Instant::now(), cpu());
    let rule_set = train(&rules, &columns, 1);
    let trained = seconds(start);
    let start = (Instant::now(), cpu());
    let matched = match_batch(&rule_set, &columns, &[], &Silent);
    let matching = seconds(start);
    let accuracy = accuracy_of_entities(&entities(table, &matched));
    println!(
        "{name}: F1 {:.4} (precision {:.4}, recall {:.4}); columns {read}, train {trained}, match {matching}, {} pairs",
        accuracy.f1, accuracy.precision, accuracy.recall, matched.stats.compared
    );
    for threshold in [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99] {
        let mut rule_set = rule_set.clone();
        rule_set.rules.thresholds.matched = threshold;
        let matched = match_batch(&rule_set, &columns, &[], &Silent);
        let accuracy = accuracy_of_entities(&entities(table, &matched));
        println!("  at {threshold}: F1 {:.4} (precision {:.4}, recall {:.4})", accuracy.f1, accuracy.precision, accuracy.recall);
    }
    if std::env::var_os("KANAK_SHOW").is_some() {
        show(table, model, &rule_set, &matched);
    }
    accuracy.f1
}

/// The true entities in each cluster.
fn entities<'t>(table: &'t Table, matched: &Matched) -> Vec<Vec<&'t str>> {
    let of = |id: &kanak_model::id::SourceRecordId| table.entities[id.0 as usize].as_str();
    matched.clusters.iter().map(|members| members.iter().map(of).collect()).collect()
}

fn values(table: &Table, row: i64) -> Values {
    let stated = table.header.iter().zip(&table.rows[row as usize]).filter(|(_, value)| !value.is_empty());
    stated.map(|(name, value)| (name.clone(), Stated::new(value.as_str(), value))).collect()
}

/// Prints weights, misses and wrong links, for work on the engine.
fn show(table: &Table, model: &EntityModel, rule_set: &RuleSet, matched: &Matched) {
    println!("prior {:.2} bits, relatives odds {:.2} bits", rule_set.prior.bits(), rule_set.prior.related_odds().log2());
    for comparison in &rule_set.comparisons {
        for level in &comparison.levels {
            println!(
                "  {:12} {:40} m {:.4} u {:.2e} h {:.4} = {:+.1} / {:+.1}",
                comparison.attribute, level.name, level.m, level.u, level.related.0,
                (level.m / level.u).log2(), (level.m / level.related.0).log2()
            );
        }
    }
    for rule in &matched.stats.rules {
        println!("  {rule:?}");
    }
    println!("cuts {}", matched.cuts.len());
    let mut cluster_of = HashMap::new();
    for (at, members) in matched.clusters.iter().enumerate() {
        cluster_of.extend(members.iter().map(|id| (id.0, at)));
    }
    let mut of_entity: HashMap<&str, Vec<i64>> = HashMap::new();
    for (row, entity) in table.entities.iter().enumerate() {
        of_entity.entry(entity).or_default().push(row as i64);
    }
    let weights: HashMap<(i64, i64), f64> =
        matched.pairs.iter().map(|pair| ((pair.left.0, pair.right.0), pair.probability)).collect();
    let mut missed: Vec<(i64, i64)> = Vec::new();
    for rows in of_entity.values() {
        for (at, left) in rows.iter().enumerate() {
            missed.extend(rows[at + 1..].iter().filter(|right| cluster_of[left] != cluster_of[right]).map(|right| (*left, *right)));
        }
    }
    missed.sort_unstable_by_key(|pair| pair.0.wrapping_mul(7919) % 100_003);
    let seen = missed.iter().filter(|pair| weights.contains_key(pair)).count();
    let strong = missed.iter().filter(|pair| weights.get(pair).is_some_and(|p| *p >= 0.95)).count();
    println!("missed {} pairs, {seen} of them at review or above, {strong} of them at match", missed.len());
    let mut histogram = std::collections::BTreeMap::<(bool, i64), u32>::new();
    for (left, right) in missed.iter().step_by(7) {
        let bits = rule_set.weigh(&values(table, *left), &values(table, *right)).weight_bits + rule_set.prior.bits();
        *histogram.entry((weights.contains_key(&(*left, *right)), (bits / 4.0).floor() as i64 * 4)).or_default() += 1;
    }
    println!("every seventh missed pair, (found, total bits): {histogram:?}");
    let explain = |left: i64, right: i64| {
        let explained = explain_pair(rule_set, model, &values(table, left), &values(table, right));
        println!("  {:?}\n  {:?}", table.rows[left as usize], table.rows[right as usize]);
        let rows: Vec<String> = explained.rows.iter().filter(|row| row.weight_bits != 0.0).map(|row| format!("{} {} {:+.1}", row.attribute, row.level, row.weight_bits)).collect();
        println!("  {:+.1} = {:.1} {}", explained.total_bits, explained.prior_bits, rows.join("; "));
    };
    for (left, right) in missed.iter().take(25) {
        println!("missed {:?}", weights.get(&(*left, *right)));
        explain(*left, *right);
    }
    let mut wrong: Vec<_> = matched
        .pairs
        .iter()
        .filter(|pair| pair.decision == Decision::Match)
        .filter(|pair| table.entities[pair.left.0 as usize] != table.entities[pair.right.0 as usize])
        .collect();
    wrong.sort_unstable_by_key(|pair| pair.left.0.wrapping_mul(7919) % 100_003);
    println!("wrong {} pairs", wrong.len());
    for pair in wrong.iter().take(25) {
        println!("wrong {:.4}", pair.probability);
        explain(pair.left.0, pair.right.0);
    }
}

#[test]
fn the_citizens_of_a_made_up_state_are_found() {
    let Some(folder) = folder() else { return };
    let table = flat(&folder.join("truth/citizen_flat.csv"), &folder.join("truth/citizen.csv"));
    let model = EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap();
    let f1 = measure("citizens", &table, &model);
    assert!(f1 >= 0.90, "pair F1 {f1:.4}");
}
