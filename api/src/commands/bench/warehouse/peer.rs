//! Another engine over the same Parquet files: a Python script that reads one JSON document and answers with one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::median;
use super::adhoc::Statement;
use super::load::Loaded;

/// The rows of an answer, cell by cell.
pub(super) type Answer = Vec<Vec<Value>>;

/// Numbers are held to be equal when they differ by so little of their size: sums of floating-point numbers depend on
/// their order.
const TOLERANCE: f64 = 1e-9;

/// How a peer is run.
pub(super) struct Peer {
    /// A Python that has what the script needs.
    pub(super) python: PathBuf,
    /// `tests/bench/peers/warehouse.py`, or another that reads and writes the same.
    pub(super) script: PathBuf,
}

/// What a peer answers.
#[derive(Deserialize)]
pub(super) struct Answers {
    /// Its name and version.
    pub(super) name: String,
    /// One for each statement, in their order.
    pub(super) answers: Vec<TimedAnswer>,
}

/// What a peer answers to one statement.
#[derive(Deserialize)]
pub(super) struct TimedAnswer {
    /// Milliseconds of each run.
    ms: Vec<f64>,
    /// The rows.
    pub(super) rows: Answer,
}

impl TimedAnswer {
    /// The middle of its runs.
    pub(super) fn middle_ms(&self) -> f64 {
        median(&self.ms)
    }
}

impl Peer {
    /// Asks the peer statements over the files of the release in force, each once and then `runs` times.
    ///
    /// # Errors
    /// When it cannot be run or its answer does not read.
    pub(super) async fn ask(
        &self,
        loaded: &Loaded,
        lake: &Path,
        statements: &[Statement],
        runs: usize,
    ) -> anyhow::Result<Answers> {
        let release = loaded.warehouse.release().context("the warehouse has no release")?;
        let files = |table: &kanak_warehouse::ReleaseTable| -> Vec<PathBuf> {
            table.files.iter().map(|file| lake.join(&file.path)).collect()
        };
        let tables: BTreeMap<&String, Vec<PathBuf>> = release
            .tables
            .iter()
            .filter(|(_, table)| table.rows > 0)
            .map(|(name, table)| (name, files(table)))
            .collect();
        let asked: Vec<&str> = statements.iter().map(|statement| statement.sql).collect();
        let question = json!({ "tables": tables, "statements": asked, "runs": runs }).to_string();
        let (python, script) = (self.python.clone(), self.script.clone());
        let answer = tokio::task::spawn_blocking(move || run(&python, &script, &question)).await??;
        let answers: Answers = serde_json::from_slice(&answer)
            .with_context(|| format!("{} did not answer as a peer does", self.script.display()))?;
        ensure!(answers.answers.len() == statements.len(), "the peer did not answer every statement");
        Ok(answers)
    }
}

fn run(python: &Path, script: &Path, question: &str) -> anyhow::Result<Vec<u8>> {
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", python.display()))?;
    let mut input = child.stdin.take().context("the peer has no input")?;
    // A script that ends early says why on standard error, and by its status.
    let written = input.write_all(question.as_bytes());
    drop(input);
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!("{} ended with {}", script.display(), done.status);
    }
    written.context("the peer did not read its question")?;
    Ok(done.stdout)
}

/// Whether two answers have the same rows, in any order.
///
/// # Errors
/// The first difference, in words.
pub(super) fn same(one: &[Vec<Value>], other: &[Vec<Value>]) -> Result<(), String> {
    if one.len() != other.len() {
        return Err(format!("{} rows and {}", one.len(), other.len()));
    }
    for (one, other) in sorted(one).into_iter().zip(sorted(other)) {
        let cells_agree = one.iter().zip(other).all(|(one, other)| is_same(one, other));
        if one.len() != other.len() || !cells_agree {
            return Err(format!("{} and {}", Value::from(one.clone()), Value::from(other.clone())));
        }
    }
    Ok(())
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(1.0),
        _ => one == other,
    }
}

/// Rows in an order that does not depend on the last digits of a number.
fn sorted(answer: &[Vec<Value>]) -> Vec<&Vec<Value>> {
    let key = |row: &&Vec<Value>| -> Vec<String> {
        let word = |cell: &Value| cell.as_f64().map_or_else(|| cell.to_string(), |number| format!("{number:.6e}"));
        row.iter().map(word).collect()
    };
    let mut rows: Vec<&Vec<Value>> = answer.iter().collect();
    rows.sort_by_cached_key(key);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: Value, other: Value, expected: bool) {
        let read = |value: Value| -> Answer { serde_json::from_value(value).unwrap() };
        assert_eq!(same(&read(one), &read(other)).is_ok(), expected);
    }

    #[test]
    fn answers_are_the_same_in_any_order_and_but_for_the_last_digits() {
        check(json!([["b", 2], ["a", 1.0]]), json!([["a", 1], ["b", 2.000_000_000_1]]), true);
        check(json!([["a", 1]]), json!([["a", 1.000_001]]), false);
        check(json!([["a", null]]), json!([["a", 0]]), false);
        check(json!([["a", 1]]), json!([["a", 1], ["a", 1]]), false);
        check(json!([["a", true]]), json!([["a", "true"]]), false);
    }

    #[test]
    fn a_peer_that_ends_badly_is_told() {
        let error = run(Path::new("sh"), Path::new("/nowhere/peer.sh"), "{}").unwrap_err().to_string();
        assert!(error.contains("/nowhere/peer.sh"), "{error}");
    }
}
