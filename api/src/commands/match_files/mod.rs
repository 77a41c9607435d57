//! `kanak match`: stand-alone linkage of files, without a hub.

mod answers;
mod diff;
mod explain;
mod fairness;
mod masking;
mod pairs;
mod print;
mod report;
mod sources;
mod table;
mod truth;
mod unused;
mod whole_numbers;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use kanak_engine::matching::{
    Columns, MatchRules, Matched, Progress, Rank, RuleStats, estimate, plan, train_and_match,
};
use kanak_model::clock::{Clock as _, SystemClock};
use kanak_model::{EntityModel, SourceRecordId};

use self::answers::{Stated, read_answers, write_sample};
pub use self::diff::diff;
use self::pairs::{write_cuts, write_pairs};
use self::report::{Finished, peak_memory_mib, report};
use self::table::Table;
pub use self::table::guess;
use self::truth::Truth;
use self::unused::unused_columns;
use crate::cli::MatchArgs;
use crate::commands::model;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Estimates look at pairs of at least this probability.
const LISTED_FROM: f64 = 0.001;
/// The seed of sampling in training: fixed, so that the same files give the same answer.
const TRAINING_SEED: u64 = 1;

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
    let mut table = Table::read(args)?;
    seconds.push(("read", stage.end(&format!("{} rows", grouped(table.len() as i64)))));
    tell_rejected(&table, output);
    tell_whole_numbers(&table, output);
    // What other files say wrong is told before the work rather than after it.
    let asked = explain::find_pairs(&args.explain, &table)?;
    let truth = args.truth.as_deref().map(|file| read_truth(file, &table, output)).transpose()?;
    let answers = args.answers.as_deref().map(|file| read_answers(file, &table)).transpose()?.unwrap_or_default();
    let entity = match &args.model {
        Some(file) => model::read(file)?,
        None => table.guess(output),
    };
    let rules = MatchRules::compile(&entity)?;
    if !args.plan {
        std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
        keep_answers(args)?;
    }
    let stage = Stage::begin(output, "Standardizing", 0);
    let columns = columns_of(&table, &entity)?;
    seconds.push(("standardize", stage.end("done")));
    let unused_columns = unused_columns(&table, &entity);
    // Errors by group are told from the values, and whoever answers a sample sees them.
    if args.truth.is_none() && args.sample.is_none() {
        table.forget_values()?;
    }
    if args.plan {
        print_plan(&rules, &columns, output);
        return Ok(ExitCode::SUCCESS);
    }
    let stage = Stage::begin(output, "Training and matching", 0);
    let is_estimated = args.estimate || args.sample.is_some() || args.answers.is_some();
    let listed_from = is_estimated.then_some(LISTED_FROM);
    let (rule_set, found) = train_and_match(&rules, &columns, TRAINING_SEED, &[], listed_from, &Watched(&stage));
    seconds.push(("match", stage.end(&format!("{} pairs compared", grouped(found.stats.compared)))));
    // Where nothing was compared, nothing is known.
    let estimated = (is_estimated && found.stats.compared > 0).then(|| {
        let stage = Stage::begin(output, "Estimating", 0);
        let estimated = estimate::of_run(&rule_set, &columns, &found, &answers, TRAINING_SEED);
        seconds.push(("estimate", stage.end("done")));
        estimated
    });
    let figures = Stage::begin(output, "Counting", 0);
    let truth = truth.map(|truth| {
        let day = SystemClock.now().day_ist();
        let by_group =
            fairness::by_group(&entity, &table.named(&entity)?, &columns, &truth.pairs, &found.clusters, day);
        anyhow::Ok(truth.compare(&found).figures(by_group))
    });
    let truth = truth.transpose()?;
    let explained = explain::explain(&asked, &entity, &rule_set, &columns, &table, &found);
    let finished = Finished {
        args,
        entity: &entity,
        rule_set: &rule_set,
        table: &table,
        columns: &columns,
        found: &found,
        unused_columns,
    };
    let mut report = report(&finished, truth, estimated, explained);
    seconds.push(("figures", figures.end("done")));
    let stage = Stage::begin(output, "Writing", 0);
    write(&args.out, "clusters.csv", |out| write_clusters(out, &table, &found))?;
    write(&args.out, "pairs.csv", |out| write_pairs(out, &table, &found))?;
    write(&args.out, "cuts.csv", |out| write_cuts(out, &table, &found))?;
    if let Some(count) = args.sample {
        let sample = estimate::sample_of_run(&rule_set, &found, count, TRAINING_SEED);
        let stated = Stated::of(&table, &entity)?;
        write(&args.out, "sample.csv", |out| write_sample(out, &stated, &sample))?;
    }
    seconds.push(("write", stage.end("done")));
    seconds.push(("in all", started.elapsed().as_secs_f64()));
    report.seconds = seconds;
    report.peak_memory_mib = peak_memory_mib();
    write(&args.out, "report.json", |out| Ok(serde_json::to_writer_pretty(out, &report)?))?;
    write(&args.out, "report.html", |out| out.write_all(report.html().as_bytes()))?;
    if output.json {
        output.document(&report)?;
    } else {
        print::print(&report, &args.out, output);
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows as columns for matching, ranked by source and id.
fn columns_of(table: &Table, entity: &EntityModel) -> anyhow::Result<Columns> {
    let rank = |row: usize| Rank::of(table.source(row), &table.id(row));
    Ok(Columns::from_batches(entity, &table.named(entity)?, rank)?)
}

/// Prints how many pairs each blocking rule lets through, before any is weighed.
fn print_plan(rules: &MatchRules, columns: &Columns, output: &Output) {
    let row = |rule: RuleStats| {
        let numbers = [rule.pairs, rule.compared, rule.repeated, rule.not_compared].map(grouped);
        std::iter::once(rule.rule).chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = plan(rules, columns).into_iter().map(row).collect();
    output.table(&["blocking rule", "pairs", "to compare", "compared before", "left out"], &rows);
}

/// Says how many rows could not be read, and why the first of them.
fn tell_rejected(table: &Table, output: &Output) {
    let count = table.rejected().count();
    if let Some((file, first)) = table.rejected().next() {
        let (file, line, reason) = (file.display(), first.line, &first.reason);
        output.progress(format_args!(
            "{} rows could not be read and are left out, the first in {file}, line {line}: {reason}",
            grouped(count as i64)
        ));
    }
}

/// Says in which columns whole numbers were written as `141001.0`.
fn tell_whole_numbers(table: &Table, output: &Output) {
    for (file, columns) in table.whole_numbers() {
        let columns: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
        let file = file.display();
        output.note(format!("{file}: whole numbers written with `.0` are read without it in {}", columns.join(", ")));
    }
}

/// Reads the true pairs, and says what is odd in them.
fn read_truth(file: &Path, table: &Table, output: &Output) -> anyhow::Result<Truth> {
    let truth = Truth::read(file, table)?;
    for words in truth.oddities(file) {
        output.progress(words);
    }
    Ok(truth)
}

struct Watched<'a>(&'a Stage);

impl Progress for Watched<'_> {
    fn stage(&self, _name: &str, _total: u64) {}

    fn advance(&self, steps: u64) {
        self.0.advance(steps);
    }
}

fn row_of(id: SourceRecordId) -> usize {
    id.0 as usize
}

/// A CSV field: quoted where it has to be, with its quotes doubled.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes `clusters.csv`: one line a row, with the smallest `source,id` of its cluster.
fn write_clusters(out: &mut impl Write, table: &Table, found: &Matched) -> std::io::Result<()> {
    let mut named_after = vec![0_u32; table.len()];
    for cluster in &found.clusters {
        let smallest = cluster
            .iter()
            .map(|id| row_of(*id))
            .min_by(|a, b| table.source(*a).cmp(table.source(*b)).then_with(|| table.id(*a).cmp(&table.id(*b))));
        for id in cluster {
            named_after[row_of(*id)] = smallest.unwrap_or_default() as u32;
        }
    }
    writeln!(out, "source,id,cluster")?;
    for (row, name) in named_after.into_iter().enumerate() {
        let (source, id, cluster) = (table.source(row), table.id(row), table.label(name as usize));
        writeln!(out, "{},{},{}", field(source), field(&id), field(&cluster))?;
    }
    Ok(())
}

/// Refuses to draw a sample over one that somebody may have answered already.
fn keep_answers(args: &MatchArgs) -> anyhow::Result<()> {
    let sample = args.out.join("sample.csv");
    if args.sample.is_some() && sample.exists() {
        bail!(
            "{} is there already, perhaps with answers; move it away, or give --out another folder (leave --sample out to use its answers)",
            sample.display()
        );
    }
    Ok(())
}

/// Writes a file of the output folder.
fn write(
    folder: &Path,
    name: &str,
    content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let path = folder.join(name);
    let written = File::create(&path).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        content(&mut out)?;
        out.flush()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}
