//! Accuracy on labelled linkage sets without a model: what `kanak match` does with a bare CSV file.
//!
//! The sets are not part of the project. They are read from `$KANAK_SHARED/data/linkage`, or from a folder `shared` beside
//! the checkout; where neither is there, each test says so and measures nothing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where it cannot go on, and says what it measured or skipped"
)]

mod honesty;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use kanak_engine::matching::accuracy::{Accuracy, accuracy};
use kanak_engine::matching::{Columns, MatchRules, Rank, Silent, match_batch, train};
use kanak_engine::model_guess::{attribute_names, guess};

fn find_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("KANAK_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("data/linkage");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no {}; set KANAK_SHARED to the folder that holds data/linkage", folder.display());
    None
}

fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut text = String::new();
    let file = File::open(path).unwrap();
    if path.extension().is_some_and(|ext| ext == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        { file }.read_to_string(&mut text).unwrap();
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

/// One labelled set: its rows in one table, and the pairs of row numbers that belong together.
struct Set {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    truth: Vec<(i64, i64)>,
}

impl Set {
    fn read(folder: &Path, files: &[&str], truth: &str) -> Self {
        let mut rows = Vec::new();
        let mut header = Vec::new();
        for file in files {
            let (names, more) = read(&folder.join(file));
            header = names;
            rows.extend(more);
        }
        let id_of: HashMap<&str, i64> = rows.iter().enumerate().map(|(at, row)| (row[0].as_str(), at as i64)).collect();
        let (_, pairs) = read(&folder.join(truth));
        let truth = pairs.iter().map(|pair| (id_of[pair[0].as_str()], id_of[pair[1].as_str()])).collect();
        Self { header, rows, truth }
    }

    fn without(mut self, column: &str) -> Self {
        let at = self.header.iter().position(|name| name == column).unwrap();
        self.header.remove(at);
        self.rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
        self
    }

    /// The guessed model, and the rows as it reads them.
    fn model(&self) -> (kanak_model::EntityModel, Columns) {
        let header: Vec<&str> = self.header[1..].iter().map(String::as_str).collect();
        let values: Vec<Vec<&str>> =
            (1..self.header.len()).map(|at| self.rows.iter().map(|row| row[at].as_str()).collect()).collect();
        let model = guess(&header, &values);
        let names = attribute_names(&header);
        let columns = names.iter().zip(&values).map(|(name, values)| {
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values(values.iter()));
            (name.clone(), texts)
        });
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let columns = Columns::from_batches(&model, &[batch], |row| Rank::of("", &row.to_string())).unwrap();
        (model, columns)
    }

    /// The accuracy at the guessed model's threshold, and the best F1 over thresholds with its probability.
    fn measure(&self) -> (Accuracy, f64, f64) {
        let (mut model, columns) = self.model();
        let by_default = self.run(&model, &columns);
        let mut best = (0.0, 0.0);
        for threshold in [0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999, 0.9999] {
            model.matching.thresholds.matched = threshold;
            model.matching.thresholds.review = model.matching.thresholds.review.min(threshold);
            let f1 = self.run(&model, &columns).f1;
            if f1 > best.1 {
                best = (threshold, f1);
            }
        }
        (by_default, best.1, best.0)
    }

    fn run(&self, model: &kanak_model::EntityModel, columns: &Columns) -> Accuracy {
        let rules = MatchRules::compile(model).unwrap();
        let rule_set = train(&rules, columns, 1);
        let matched = match_batch(&rule_set, columns, &[], &Silent);
        if std::env::var_os("KANAK_SHOW").is_some() {
            show(self, &rule_set, &matched);
        }
        let clusters: Vec<Vec<i64>> =
            matched.clusters.iter().map(|members| members.iter().map(|id| id.0).collect()).collect();
        accuracy(&self.truth, &clusters)
    }
}

/// Prints the trained weights and what was missed, for work on the engine.
fn show(set: &Set, rule_set: &kanak_engine::matching::RuleSet, matched: &kanak_engine::matching::Matched) {
    println!("prior {:.2} bits, relatives odds {:e}", rule_set.prior.bits(), rule_set.prior.related_odds());
    for comparison in &rule_set.comparisons {
        for level in &comparison.levels {
            let bits = (level.m / level.u).log2();
            println!(
                "  {} {}: m {:.4} u {:.2e} h {:.4} = {bits:+.1}",
                comparison.attribute, level.name, level.m, level.u, level.related.0
            );
        }
    }
    println!("{:#?}", matched.stats);
    let mut cluster_of = HashMap::new();
    for (at, members) in matched.clusters.iter().enumerate() {
        cluster_of.extend(members.iter().map(|id| (id.0, at)));
    }
    let weights: HashMap<(i64, i64), f64> =
        matched.pairs.iter().map(|pair| ((pair.left.0, pair.right.0), pair.probability)).collect();
    for (a, b) in set.truth.iter().filter(|(a, b)| cluster_of[a] != cluster_of[b]).take(30) {
        println!(
            "missed {:?}\n  {:?}\n  {:?}",
            weights.get(&(*a.min(b), *a.max(b))),
            set.rows[*a as usize],
            set.rows[*b as usize]
        );
    }
    let truth: std::collections::HashSet<(i64, i64)> = set.truth.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    let wrong = matched.pairs.iter().filter(|pair| pair.decision == kanak_model::match_pair::Decision::Match);
    for pair in wrong.filter(|pair| !truth.contains(&(pair.left.0, pair.right.0))).take(30) {
        println!(
            "wrong {:.3}\n  {:?}\n  {:?}",
            pair.probability, set.rows[pair.left.0 as usize], set.rows[pair.right.0 as usize]
        );
    }
}

#[track_caller]
fn check(name: &str, set: &Set, at_least: f64) {
    let (by_default, best, threshold) = set.measure();
    println!(
        "{name}: F1 {:.4} by default (precision {:.4}, recall {:.4}), best {best:.4} at {threshold}",
        by_default.f1, by_default.precision, by_default.recall
    );
    assert!(by_default.f1 >= at_least, "{name}: F1 {:.4} is below {at_least}", by_default.f1);
}

#[test]
fn febrl1_is_linked_without_a_model() {
    let Some(folder) = find_folder() else { return };
    check("febrl1", &Set::read(&folder, &["febrl1.csv.gz"], "febrl1.truth.csv.gz"), 0.99);
}

#[test]
fn febrl2_is_linked_without_a_model() {
    let Some(folder) = find_folder() else { return };
    check("febrl2", &Set::read(&folder, &["febrl2.csv.gz"], "febrl2.truth.csv.gz"), 0.99);
}

#[test]
fn febrl3_is_linked_without_a_model() {
    let Some(folder) = find_folder() else { return };
    check("febrl3", &Set::read(&folder, &["febrl3.csv.gz"], "febrl3.truth.csv.gz"), 0.99);
}

#[test]
fn febrl4_is_linked_without_a_model() {
    let Some(folder) = find_folder() else { return };
    check("febrl4", &Set::read(&folder, &["febrl4a.csv.gz", "febrl4b.csv.gz"], "febrl4.truth.csv.gz"), 0.99);
}

#[test]
fn febrl3_is_linked_without_its_one_number() {
    let Some(folder) = find_folder() else { return };
    let set = Set::read(&folder, &["febrl3.csv.gz"], "febrl3.truth.csv.gz").without("soc_sec_id");
    check("febrl3 without soc_sec_id", &set, 0.98);
}

#[test]
fn fake_1000_is_linked_without_a_model() {
    let Some(folder) = find_folder() else { return };
    check("fake_1000", &Set::read(&folder, &["fake_1000.csv"], "fake_1000.truth.csv"), 0.80);
}

/// The precision of labelled sets, estimated from 150 answers each, with ten samples a set.
#[test]
fn precision_is_estimated_from_answers() {
    use kanak_engine::matching::estimate::{
        Answer, Answers, Population, answered, draw_sample, expected, scored_pairs,
    };
    let Some(folder) = find_folder() else { return };
    let sets: [(&str, &[&str]); 4] = [
        ("febrl1", &["febrl1.csv.gz"]),
        ("febrl2", &["febrl2.csv.gz"]),
        ("febrl3", &["febrl3.csv.gz"]),
        ("fake_1000", &["fake_1000.csv"]),
    ];
    let (mut covered, mut samples) = (0, 0);
    for (name, files) in sets {
        let truth = if name == "fake_1000" { "fake_1000.truth.csv".into() } else { format!("{name}.truth.csv.gz") };
        let set = Set::read(&folder, files, &truth);
        let (model, columns) = set.model();
        let matched = match_batch(&train(&MatchRules::compile(&model).unwrap(), &columns, 1), &columns, &[], &Silent);
        let joined = model.matching.thresholds.matched;
        let pairs = scored_pairs(&matched.clusters, &matched.pairs, joined);
        let population = Population { pairs, unlisted: Vec::new() };
        let true_pairs: std::collections::HashSet<(i64, i64)> =
            set.truth.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
        let measured = set.run(&model, &columns);
        println!("{name}: {measured:?}\n  {:?}", expected(&population, None, 1));
        for seed in 0..10 {
            let answer = |left: i64, right: i64| {
                if true_pairs.contains(&(left, right)) { Answer::Same } else { Answer::Different }
            };
            let answers: Answers = draw_sample(&population, 150, seed)
                .iter()
                .map(|pair| ((pair.left, pair.right), answer(pair.left.0, pair.right.0)))
                .collect();
            let found = answered(&population, &answers, None, seed);
            if seed == 0 {
                println!("  {found:?}");
            }
            let interval = found.precision.interval;
            covered +=
                i32::from(interval.low - 1e-9 <= measured.precision && measured.precision <= interval.high + 1e-9);
            samples += 1;
        }
    }
    println!("precision of labelled sets: {covered} of {samples} covered");
    assert!(covered * 10 >= samples * 9, "{covered} of {samples}");
}
