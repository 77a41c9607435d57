//! `kanak match`: stand-alone linkage of files, without a hub.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use arrow::array::{Array as _, AsArray as _, StringArray};
use arrow::record_batch::RecordBatch;
use kanak_engine::matching::accuracy::{Accuracy, accuracy};
use kanak_engine::matching::{Columns, MatchRules, Matched, Progress, RuleSet, match_batch, train};
use kanak_engine::model_guess;
use kanak_model::match_pair::Decision;
use kanak_model::{EntityModel, SourceRecordId, SourceSystemId};
use serde_json::{Value, json};

use crate::cli::MatchArgs;
use crate::commands::model;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// The seed of sampling in training: fixed, so that the same files give the same answer.
const TRAINING_SEED: u64 = 1;

/// The rows of all inputs, each with its source and id.
struct Table {
    batches: Vec<RecordBatch>,
    source: Vec<String>,
    id: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, a column is missing, or the model says something wrong.
pub fn run(args: &MatchArgs, output: &Output) -> anyhow::Result<ExitCode> {
    if let Some(threads) = args.threads {
        kanak_engine::set_threads(threads);
    }
    let started = Instant::now();
    let mut seconds: Vec<(&str, f64)> = Vec::new();
    let stage = Stage::begin(output, "Reading", 0);
    let table = read(args)?;
    seconds.push(("read", stage.end(&format!("{} rows", grouped(table.id.len() as i64)))));
    let entity = match &args.model {
        Some(file) => model::read(file)?,
        None => guess_for(&table.batches, args)?,
    };
    let rules = MatchRules::compile(&entity)?;
    let stage = Stage::begin(output, "Standardizing", 0);
    let columns = Columns::from_batches(&entity, &named(&table, &entity)?)?;
    seconds.push(("standardize", stage.end("done")));
    let stage = Stage::begin(output, "Training", 0);
    let rule_set = train(&rules, &columns, TRAINING_SEED);
    seconds.push(("train", stage.end("done")));
    if args.plan {
        let plan = kanak_engine::matching::plan(&rule_set, &columns);
        let rows: Vec<Vec<String>> =
            plan.iter().map(|rule| vec![rule.rule.clone(), grouped(rule.pairs), grouped(rule.not_compared)]).collect();
        output.table(&["blocking rule", "pairs", "left out"], &rows);
        return Ok(ExitCode::SUCCESS);
    }
    let stage = Stage::begin(output, "Matching", 0);
    let found = match_batch(&rule_set, &columns, &[], &Watched(&stage));
    seconds.push(("match", stage.end(&format!("{} pairs compared", grouped(found.stats.compared)))));
    let truth = args.truth.as_deref().map(|file| compare(file, &table, &found)).transpose()?;
    let stage = Stage::begin(output, "Writing", 0);
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    write(&args.out, "clusters.csv", &clusters_csv(&table, &found))?;
    write(&args.out, "pairs.csv", &pairs_csv(&table, &found))?;
    seconds.push(("write", stage.end("done")));
    seconds.push(("in all", started.elapsed().as_secs_f64()));
    let report = report(&entity, &rule_set, &table, &found, &seconds, truth.as_ref());
    write(&args.out, "report.json", &serde_json::to_string_pretty(&report)?)?;
    write(&args.out, "report.html", &report_html(&report))?;
    if output.json {
        output.document(&report)?;
    } else {
        print(&report, &found, &args.out, output);
    }
    Ok(ExitCode::SUCCESS)
}

struct Watched<'a>(&'a Stage);

impl Progress for Watched<'_> {
    fn stage(&self, _name: &str, _total: u64) {}

    fn advance(&self, steps: u64) {
        self.0.advance(steps);
    }
}

fn read(args: &MatchArgs) -> anyhow::Result<Table> {
    let mut table = Table { batches: Vec::new(), source: Vec::new(), id: Vec::new() };
    for file in &args.input {
        let batch = kanak_ingest::read_columns(file)?.batch;
        let name = if args.input.len() > 1 { stem(file) } else { String::new() };
        let column = |wanted: &str| -> anyhow::Result<&StringArray> {
            let found = batch.column_by_name(wanted).with_context(|| {
                let known: Vec<String> =
                    batch.schema().fields().iter().map(|field| format!("`{}`", field.name())).collect();
                format!("{} has no column `{wanted}`; it has {}", file.display(), known.join(", "))
            })?;
            found.as_string_opt::<i32>().with_context(|| format!("column `{wanted}` of {} is not text", file.display()))
        };
        let text = |array: &StringArray, row: usize| {
            if array.is_null(row) { String::new() } else { array.value(row).to_owned() }
        };
        let source = args.source.as_deref().map(column).transpose()?;
        let id = args.id.as_deref().map(column).transpose()?;
        let mut seen = HashSet::new();
        for row in 0..batch.num_rows() {
            let own = source.map_or_else(|| name.clone(), |array| text(array, row));
            let id = id.map_or_else(|| (row + 1).to_string(), |array| text(array, row));
            if id.is_empty() {
                bail!(
                    "{}: row {} has no id in column `{}`",
                    file.display(),
                    row + 1,
                    args.id.as_deref().unwrap_or_default()
                );
            }
            if !seen.insert((own.clone(), id.clone())) {
                bail!("{}: the id `{id}` stands twice; ids must be unique in a source", file.display());
            }
            table.source.push(own);
            table.id.push(id);
        }
        table.batches.push(batch);
    }
    if table.id.is_empty() {
        bail!(
            "there is no row to match in {}",
            args.input.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(table)
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn guess_for(batches: &[RecordBatch], args: &MatchArgs) -> anyhow::Result<EntityModel> {
    let left_out: Vec<&str> = args.id.iter().chain(&args.source).map(String::as_str).collect();
    let first = batches.first().context("there is no input")?;
    let keep: Vec<usize> =
        (0..first.num_columns()).filter(|c| !left_out.contains(&first.schema().field(*c).name().as_str())).collect();
    guess(&first.project(&keep)?)
}

/// How many rows a guess looks at.
const GUESS_ROWS: usize = 5_000;

/// Guesses an entity model from a table's header and first rows.
///
/// # Errors
/// When a column is not text.
pub fn guess(table: &RecordBatch) -> anyhow::Result<EntityModel> {
    let schema = table.schema();
    let header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let columns: Vec<Vec<&str>> = table
        .columns()
        .iter()
        .map(|column| {
            let texts = column.as_string_opt::<i32>().context("a column is not text")?;
            Ok(texts.iter().take(GUESS_ROWS).map(Option::unwrap_or_default).collect())
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(model_guess::guess(&header, &columns))
}

/// The inputs with their columns named as the model's attributes are: as they are where the model names them so, else as
/// a guess would name them. Each file is a source of its own.
fn named(table: &Table, entity: &EntityModel) -> anyhow::Result<Vec<(SourceSystemId, RecordBatch)>> {
    let mut named = Vec::with_capacity(table.batches.len());
    for (index, batch) in table.batches.iter().enumerate() {
        let schema = batch.schema();
        let header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let guessed = model_guess::attribute_names(&header);
        let names = header
            .iter()
            .zip(guessed)
            .map(|(own, guessed)| if entity.find_attribute(own).is_some() { (*own).to_owned() } else { guessed });
        let columns = names.zip(batch.columns()).map(|(name, column)| (name, Arc::clone(column), true));
        named.push((SourceSystemId(index as i64), RecordBatch::try_from_iter_with_nullable(columns)?));
    }
    Ok(named)
}

fn label(table: &Table, row: usize) -> String {
    if table.source[row].is_empty() {
        table.id[row].clone()
    } else {
        format!("{}:{}", table.source[row], table.id[row])
    }
}

fn row_of(id: SourceRecordId) -> usize {
    id.0 as usize
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn clusters_csv(table: &Table, found: &Matched) -> String {
    let mut cluster_of = vec![String::new(); table.id.len()];
    for cluster in &found.clusters {
        let smallest = cluster.iter().map(|id| row_of(*id)).min_by_key(|row| (&table.source[*row], &table.id[*row]));
        let name = smallest.map(|row| label(table, row)).unwrap_or_default();
        for id in cluster {
            cluster_of[row_of(*id)].clone_from(&name);
        }
    }
    let mut text = String::from("source,id,cluster\n");
    for (row, cluster) in cluster_of.iter().enumerate() {
        let _ = writeln!(text, "{},{},{}", field(&table.source[row]), field(&table.id[row]), field(cluster));
    }
    text
}

fn pairs_csv(table: &Table, found: &Matched) -> String {
    let mut text = String::from("source_l,id_l,source_r,id_r,weight_bits,probability,decision\n");
    for pair in &found.pairs {
        let (l, r) = (row_of(pair.left), row_of(pair.right));
        let _ = writeln!(
            text,
            "{},{},{},{},{:.4},{:.6},{}",
            field(&table.source[l]),
            field(&table.id[l]),
            field(&table.source[r]),
            field(&table.id[r]),
            pair.weight_bits,
            pair.probability,
            pair.decision.word()
        );
    }
    text
}

/// Compares with a file of true pairs: two columns of ids, with or without a header, perhaps gzipped.
fn compare(file: &Path, table: &Table, found: &Matched) -> anyhow::Result<Accuracy> {
    let truth = kanak_ingest::read_columns(file)?.batch;
    if truth.num_columns() < 2 {
        bail!("{} needs two columns of ids", file.display());
    }
    let mut rows: HashMap<&str, usize> = HashMap::new();
    for row in 0..table.id.len() {
        rows.insert(&table.id[row], row);
    }
    let labels: Vec<String> = (0..table.id.len()).map(|row| label(table, row)).collect();
    rows.extend(labels.iter().enumerate().map(|(row, label)| (label.as_str(), row)));
    let column = |index: usize| truth.column(index).as_string::<i32>();
    let (left, right) = (column(0), column(1));
    let find = |text: &str| rows.get(text).copied();
    let mut pairs = Vec::with_capacity(truth.num_rows());
    for row in 0..truth.num_rows() {
        if let (Some(l), Some(r)) = (find(left.value(row)), find(right.value(row))) {
            pairs.push((SourceRecordId(l as i64), SourceRecordId(r as i64)));
        }
    }
    if pairs.is_empty() {
        bail!("no pair of {} names two ids of the input", file.display());
    }
    Ok(accuracy(&pairs, &found.clusters))
}

fn report(
    entity: &EntityModel,
    rule_set: &RuleSet,
    table: &Table,
    found: &Matched,
    seconds: &[(&str, f64)],
    truth: Option<&Accuracy>,
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
        "rows": table.id.len(), "clusters": found.clusters.len(), "entity": entity.name,
        "pairs": { "match": decided(Decision::Match), "review": decided(Decision::Review), "no_match": decided(Decision::NoMatch) },
        "stats": found.stats, "cuts": found.cuts.len(), "seconds": stages, "peak_memory_mib": peak_memory_mib(),
        "prior": rule_set.prior.matched, "thresholds": entity.matching.thresholds, "weights": weights,
        "truth": truth.map(|a| json!({ "precision": a.precision, "recall": a.recall, "f1": a.f1 })),
    })
}

/// The most memory that this process has held so far, where the system tells.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

fn report_html(report: &Value) -> String {
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

fn print(report: &Value, found: &Matched, out: &Path, output: &Output) {
    let rows: Vec<Vec<String>> = found
        .stats
        .rules
        .iter()
        .map(|rule| vec![rule.rule.clone(), grouped(rule.pairs), grouped(rule.compared), grouped(rule.not_compared)])
        .collect();
    output.table(&["blocking rule", "pairs", "compared", "not compared"], &rows);
    output.line("");
    output.line(format!(
        "{} rows, {} clusters; pairs: {} match, {} review, {} kept apart",
        report["rows"],
        report["clusters"],
        report["pairs"]["match"],
        report["pairs"]["review"],
        report["pairs"]["no_match"]
    ));
    let truth = &report["truth"];
    if let (Some(precision), Some(recall), Some(f1)) =
        (truth["precision"].as_f64(), truth["recall"].as_f64(), truth["f1"].as_f64())
    {
        output.line(format!("against the truth: precision {precision:.4}, recall {recall:.4}, pair F1 {f1:.4}"));
    }
    output.note(format!("clusters.csv, pairs.csv, report.json and report.html are in {}", out.display()));
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
