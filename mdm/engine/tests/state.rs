//! Accuracy on a made-up state: `$KANAK_STATE` is a folder that the generator wrote with its flat list of citizens
//! (`truth/citizen_flat.csv`). Without it, the test says so and measures nothing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where it cannot go on, and says what it measured or skipped"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use chrono::NaiveDate;
use kanak_codes::Codes;
use kanak_engine::matching::accuracy::accuracy_of_entities;
use kanak_engine::matching::{
    Columns, MatchRules, Matched, Rank, RuleSet, Silent, Statement, explain_pair, match_batch, train,
};
use kanak_engine::standardize::{Hint, Standardizer, TwelveDigits};
use kanak_model::EntityModel;
use kanak_model::builtin::ENTITY_MODELS;
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::Decision;
use kanak_model::source_record::{Stated, Values};
use kanak_model::source_system::{Format, RowsAre, SourceSystem};

/// Source records with the true entity of each.
struct Table {
    registers: Vec<String>,
    records: Vec<Values>,
    entities: Vec<String>,
    columns: Columns,
}

impl Table {
    fn statement(&self, row: i64) -> Statement<'_> {
        Statement::of(&self.registers[row as usize], &self.records[row as usize])
    }
}

fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

fn truth(path: &Path) -> HashMap<(String, String), String> {
    read(path).1.into_iter().map(|row| ((row[0].clone(), row[1].clone()), row[2].clone())).collect()
}

/// The flat list of citizens as `kanak match` would read it: raw words. Its first two columns are source and id.
fn flat(folder: &Path, model: &EntityModel) -> (Table, String) {
    let entity = truth(&folder.join("truth/citizen.csv"));
    let (header, rows) = read(&folder.join("truth/citizen_flat.csv"));
    let entities = rows.iter().map(|row| entity[&(row[0].clone(), row[1].clone())].clone()).collect();
    let columns = (0..header.len()).map(|at| {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row[at])));
        (header[at].clone(), texts)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let start = (Instant::now(), cpu());
    let columns = Columns::from_batches(model, &[batch], |row| Rank::of(&rows[row][0], &rows[row][1])).unwrap();
    let took = seconds(start);
    let record = |row: &Vec<String>| {
        let stated = header.iter().zip(row).filter(|(_, value)| !value.is_empty());
        stated.map(|(name, value)| (name.clone(), Stated::new(value.as_str(), value))).collect()
    };
    let registers = rows.iter().map(|row| row[0].clone()).collect();
    (Table { registers, records: rows.iter().map(record).collect(), entities, columns }, took)
}

/// The registers of an entity that are CSV or NDJSON, mapped and standardized as their sources declare.
fn registers(folder: &Path, model: &EntityModel) -> (Table, String) {
    let entity = truth(&folder.join(format!("truth/{}.csv", model.name)));
    let standardizer = Standardizer::new(&Codes::builtin().unwrap());
    let (mut registers, mut records, mut entities) = (Vec::new(), Vec::new(), Vec::new());
    let declared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ingest/sources");
    let mut files: Vec<PathBuf> = std::fs::read_dir(declared).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let source = SourceSystem::parse("source.toml", &std::fs::read_to_string(&file).unwrap()).unwrap();
        if source.rows != RowsAre::Entity(model.name.clone()) {
            continue;
        }
        for row in rows_of(folder, &source) {
            let key: Vec<&str> = source.key.iter().map(|key| row.get(key).map_or("", String::as_str)).collect();
            let Some(entity) = entity.get(&(source.name.clone(), key.join("/"))) else { continue };
            records.push(standardized(&standardizer, model, &source, &row));
            registers.push(source.name.clone());
            entities.push(entity.clone());
        }
    }
    let start = (Instant::now(), cpu());
    let mut builder = Columns::builder(model);
    for (at, record) in records.iter().enumerate() {
        builder.push(SourceRecordId(at as i64), Rank::of(&registers[at], &at.to_string()), record);
    }
    let columns = builder.finish();
    (Table { registers, records, entities, columns }, seconds(start))
}

/// The rows of a source's file by column name; none of a format that is not text.
fn rows_of(folder: &Path, source: &SourceSystem) -> Vec<HashMap<String, String>> {
    let start = source.files[0].split('*').next().unwrap();
    let found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let path = found.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).min().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    if path.extension().is_some_and(|ext| ext == "gz") {
        let mut whole = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut whole).unwrap();
        bytes = whole;
    }
    match &source.format {
        Format::Csv { separator, encoding } => {
            let text = if encoding == "utf-16le" {
                String::from_utf16_lossy(
                    &bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>(),
                )
            } else {
                String::from_utf8_lossy(&bytes).into_owned()
            };
            let text = text.trim_start_matches('\u{FEFF}');
            let mut reader =
                csv::ReaderBuilder::new().delimiter(*separator as u8).flexible(true).from_reader(text.as_bytes());
            let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            reader
                .records()
                .map(|row| header.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect())
                .collect()
        }
        Format::Ndjson => String::from_utf8_lossy(&bytes)
            .lines()
            .filter_map(|line| serde_json::from_str::<HashMap<String, serde_json::Value>>(line).ok())
            .map(|row| row.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
            .collect(),
        Format::Xlsx { .. } | Format::Parquet => {
            println!("left out: {}", path.display());
            Vec::new()
        }
    }
}

fn standardized(
    standardizer: &Standardizer,
    model: &EntityModel,
    source: &SourceSystem,
    row: &HashMap<String, String>,
) -> Values {
    let mut values = Values::new();
    for column in &source.columns {
        let attribute = model.find_attribute(&column.to).unwrap();
        let parts: Vec<&str> = column.from.0.iter().filter_map(|name| row.get(name)).map(String::as_str).collect();
        let raw = column.value.clone().unwrap_or_else(|| parts.join(" "));
        let raw = column.values.get(&raw).cloned().unwrap_or(raw);
        let district = values.find("district").map(str::to_owned);
        let hint = Hint {
            date_order: column.date_order,
            district: district.as_deref(),
            source: column.source.as_deref(),
            today: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
            twelve_digits: TwelveDigits::Aadhaar,
        };
        if let Some(standard) = standardizer.standardize(attribute, &hint, &raw).good() {
            values.insert(column.to.clone(), Stated::new(standard, &raw));
        }
    }
    values
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("KANAK_STATE").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: set KANAK_STATE to a folder of the made-up state with truth/citizen_flat.csv");
    }
    folder
}

/// CPU seconds of this process so far; 0 where the system does not say.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn seconds(start: (Instant, f64)) -> String {
    format!("{:.2} s ({:.2} of CPU)", start.0.elapsed().as_secs_f64(), cpu() - start.1)
}

fn measure((table, read): &(Table, String), model: &EntityModel) -> f64 {
    let name = &model.plural;
    let columns = &table.columns;
    let rules = MatchRules::compile(model).unwrap();
    let start = (Instant::now(), cpu());
    let rule_set = train(&rules, columns, 1);
    let trained = seconds(start);
    let start = (Instant::now(), cpu());
    let matched = match_batch(&rule_set, columns, &[], &Silent);
    let matching = seconds(start);
    let accuracy = accuracy_of_entities(&entities(table, &matched));
    println!(
        "{name}: F1 {:.4} (precision {:.4}, recall {:.4}); columns {read}, train {trained}, match {matching}, {} pairs",
        accuracy.f1, accuracy.precision, accuracy.recall, matched.stats.compared
    );
    for threshold in [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99] {
        let mut rule_set = rule_set.clone();
        rule_set.rules.thresholds.matched = threshold;
        let matched = match_batch(&rule_set, columns, &[], &Silent);
        let accuracy = accuracy_of_entities(&entities(table, &matched));
        println!(
            "  at {threshold}: F1 {:.4} (precision {:.4}, recall {:.4})",
            accuracy.f1, accuracy.precision, accuracy.recall
        );
    }
    if std::env::var_os("KANAK_SHOW").is_some() {
        show(table, model, &rule_set, &matched);
    }
    accuracy.f1
}

/// The true entities in each cluster.
fn entities<'t>(table: &'t Table, matched: &Matched) -> Vec<Vec<&'t str>> {
    let of = |id: &SourceRecordId| table.entities[id.0 as usize].as_str();
    matched.clusters.iter().map(|members| members.iter().map(of).collect()).collect()
}

/// Prints weights, misses and wrong links, for work on the engine.
fn show(table: &Table, model: &EntityModel, rule_set: &RuleSet, matched: &Matched) {
    println!(
        "prior {:.2} bits, relatives odds {:.2} bits",
        rule_set.prior.bits(),
        rule_set.prior.related_odds().log2()
    );
    for comparison in &rule_set.comparisons {
        for level in &comparison.levels {
            println!(
                "  {:12} {:40} m {:.4} u {:.2e} h {:.4} = {:+.1} / {:+.1}",
                comparison.attribute,
                level.name,
                level.m,
                level.u,
                level.related.0,
                (level.m / level.u).log2(),
                (level.m / level.related.0).log2()
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
            missed.extend(
                rows[at + 1..]
                    .iter()
                    .filter(|right| cluster_of[left] != cluster_of[right])
                    .map(|right| (*left, *right)),
            );
        }
    }
    missed.sort_unstable_by_key(|pair| pair.0.wrapping_mul(7919) % 100_003);
    let seen = missed.iter().filter(|pair| weights.contains_key(pair)).count();
    let strong = missed.iter().filter(|pair| weights.get(pair).is_some_and(|p| *p >= 0.95)).count();
    println!("missed {} pairs, {seen} of them at review or above, {strong} of them at match", missed.len());
    let mut histogram = std::collections::BTreeMap::<(bool, i64), u32>::new();
    for (left, right) in missed.iter().step_by(7) {
        let bits = rule_set.weigh(table.statement(*left), table.statement(*right)).weight_bits + rule_set.prior.bits();
        *histogram.entry((weights.contains_key(&(*left, *right)), (bits / 4.0).floor() as i64 * 4)).or_default() += 1;
    }
    println!("every seventh missed pair, (found, total bits): {histogram:?}");
    let explain = |left: i64, right: i64| {
        let explained = explain_pair(rule_set, model, table.statement(left), table.statement(right));
        for row in [left, right] {
            let words: Vec<String> =
                table.records[row as usize].iter().map(|(name, stated)| format!("{name} {}", stated.words())).collect();
            println!("  {}", words.join(" | "));
        }
        let rows: Vec<String> = explained
            .rows
            .iter()
            .filter(|row| row.weight_bits != 0.0)
            .map(|row| format!("{} {} {:+.1}", row.attribute, row.level, row.weight_bits))
            .collect();
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

fn model(at: usize) -> EntityModel {
    let (file, text) = ENTITY_MODELS[at];
    EntityModel::parse(file, text).unwrap()
}

#[test]
fn the_citizens_of_a_made_up_state_are_found() {
    let Some(folder) = folder() else { return };
    let model = model(0);
    let f1 = measure(&flat(&folder, &model), &model);
    assert!(f1 >= 0.90, "pair F1 {f1:.4}");
}

#[test]
fn the_businesses_of_a_made_up_state_are_found() {
    let Some(folder) = folder() else { return };
    let model = model(1);
    let f1 = measure(&registers(&folder, &model), &model);
    assert!(f1 >= 0.85, "pair F1 {f1:.4}");
}

#[test]
fn the_employees_of_a_made_up_state_are_found() {
    let Some(folder) = folder() else { return };
    let model = model(2);
    let f1 = measure(&registers(&folder, &model), &model);
    assert!(f1 >= 0.85, "pair F1 {f1:.4}");
}
