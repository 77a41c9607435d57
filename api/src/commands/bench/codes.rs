//! `kanak bench codes`: codes looked up, judged and searched in process, and over HTTP, asked by another process, beside a handler that
//! returns a constant.

mod client;
pub(super) mod clients;
mod over_http;

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use kanak_codes::{CodeSystem, Codes, Concept, Subsumption};
use serde_json::json;

use super::{Figure, median, remove, scratch};
use crate::cli::{BenchCodesArgs, Global};
use crate::output::Output;

/// The code system with the most codes.
const SYSTEM: &str = "ifsc";
/// In-process figures are the median of so many runs.
const RUNS: usize = 7;

/// Runs the command.
///
/// # Errors
/// When the codes do not read or a server cannot be reached.
pub(super) async fn run(args: &BenchCodesArgs, global: &Global, output: &Output) -> anyhow::Result<()> {
    let codes = load_all(output)?;
    in_process(&codes, output)?;
    let folder = scratch(args.dir.as_deref());
    let done = Box::pin(over_http::run(args, global, &folder, &codes, output)).await;
    remove(&folder)?;
    done
}

fn print(output: &Output, case: &str, rows: usize, figures: serde_json::Value) {
    super::print(output, "codes", (case, rows as u64), figures);
}

/// Reads every table, with what stands in memory then.
fn load_all(output: &Output) -> anyhow::Result<Codes> {
    let begin = Instant::now();
    let codes = Codes::builtin()?;
    let bytes: usize = codes.systems().map(CodeSystem::table_bytes).sum();
    let rows = codes.systems().map(CodeSystem::len).sum();
    let seconds = begin.elapsed().as_secs_f64();
    print(output, "load", rows, json!({ "ms": (seconds * 1_000.0).round(), "bytes": bytes }));
    Ok(codes)
}

fn in_process(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    let system = codes.get_system(SYSTEM)?;
    let all = shuffled(system);
    let rows = system.len();
    rate(output, "lookup", rows, all.len(), || all.iter().filter(|code| system.lookup(code).is_some()).count());
    let texts: Vec<&str> = all.iter().map(String::as_str).collect();
    rate(output, "lookup_all", rows, texts.len(), || {
        let mut known = 0;
        system.lookup_all(&texts, |concept| known += usize::from(concept.is_some()));
        known
    });
    let nic = codes.get_system("nic")?;
    let tree = nic.hierarchy().context("industries have no hierarchy")?;
    let concepts: Vec<Concept<'_>> = nic.concepts().collect();
    let pairs: Vec<_> = (0..1 << 20)
        .map(|at: usize| (concepts[at * 7 % concepts.len()], concepts[at * 131 % concepts.len()]))
        .collect();
    rate(output, "subsumes_handles", nic.len(), pairs.len(), || {
        pairs.iter().filter(|(a, b)| tree.subsumes(*a, *b) == Subsumption::Subsumes).count()
    });
    let begun: Vec<String> = all.iter().step_by(331).map(|code| code[..7].to_owned()).collect();
    drop(system.search("state", 1));
    waits(output, "prefix", rows, &begun, |text| system.search(text, 10).len());
    let slipped: Vec<String> = system.concepts().step_by(331).filter_map(|concept| slip(concept.display())).collect();
    waits(output, "search_one_slip", rows, &slipped, |text| system.search(text, 10).len());
    Ok(())
}

/// Every code once, in an order that the memory of the index does not like; the texts themselves lie one after the other, as those of a
/// request do.
fn shuffled(system: &CodeSystem) -> Vec<String> {
    let mut codes: Vec<String> = system.concepts().map(|concept| concept.code().to_owned()).collect();
    let mut state = 1u64;
    for at in (1..codes.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        codes.swap(at, (state >> 33) as usize % (at + 1));
    }
    codes.iter().map(String::clone).collect()
}

/// The longest word of a name with two letters swapped.
fn slip(name: &str) -> Option<String> {
    let words = name.split(|letter: char| !letter.is_ascii_alphabetic());
    let word = words.max_by_key(|word| word.len()).filter(|word| word.len() >= 6)?;
    let mut letters = word.as_bytes().to_vec();
    letters.swap(2, 3);
    String::from_utf8(letters).ok()
}

fn rate(output: &Output, case: &str, rows: usize, calls: usize, mut run: impl FnMut() -> usize) {
    let timed: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            black_box(run());
            begin.elapsed().as_secs_f64()
        })
        .collect();
    let per_second = (calls as f64 / median(&timed)).round();
    print(output, case, rows, json!({ "calls": calls, "rounds": RUNS, "per_second": per_second }));
}

fn waits(output: &Output, case: &'static str, rows: usize, texts: &[String], mut run: impl FnMut(&str) -> usize) {
    let begin = Instant::now();
    let timed = texts.iter().map(|text| {
        let begin = Instant::now();
        black_box(run(text));
        begin.elapsed()
    });
    let waited = timed.collect();
    let lasted = begin.elapsed();
    Figure { bench: "codes", case, rows: rows as u64, clients: 1, waited, lasted }.print(output);
}
