//! Statements that nobody foresaw, timed here and by a peer on the same files; both must answer the same.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kanak_model::Access;
use kanak_warehouse::{QueryLimits, QueryResult, Warehouse, rows_json};
use serde_json::{Map, Value, json};

use super::super::within;
use super::adhoc::{STATEMENTS, Statement};
use super::load::Loaded;
use super::peer::{Answer, Peer, same};
use super::{milliseconds, print};
use crate::output::Output;

/// Each statement is asked once to warm up and then so often; its time is the middle one.
const RUNS: usize = 3;
/// A bench waits for what it asked.
const LIMITS: QueryLimits = QueryLimits { rows_max: 1_000_000, timeout_ms: 600_000 };

/// Asks every statement, and a peer after that, where there is one.
///
/// # Errors
/// When one of them cannot answer, or their answers differ.
pub(super) async fn measure(
    loaded: &Loaded,
    access: &Access,
    lake: &Path,
    peer: Option<&Peer>,
    output: &Output,
) -> anyhow::Result<()> {
    let mut own = Vec::with_capacity(STATEMENTS.len());
    for statement in &STATEMENTS {
        own.push(time(&loaded.warehouse, access, statement).await?);
    }
    let theirs = match peer {
        None => None,
        Some(peer) => Some(peer.ask(loaded, lake, &STATEMENTS, RUNS).await?),
    };
    let mut peer_waited = Vec::with_capacity(STATEMENTS.len());
    for (place, (statement, (answer, waited))) in STATEMENTS.iter().zip(&own).enumerate() {
        let mut figures =
            json!({ "statement": statement.name, "rows_answered": answer.len(), "ms": milliseconds(*waited) });
        if let Some(theirs) = &theirs {
            let their = theirs.answers.get(place).with_context(|| format!("the peer left out {}", statement.name))?;
            same(answer, &their.rows)
                .map_err(|difference| anyhow::anyhow!("{}: {difference} (here, peer)", statement.name))?;
            let peer_ms = their.middle_ms();
            peer_waited.push(peer_ms / 1_000.0);
            figures["peer"] = theirs.name.as_str().into();
            figures["peer_ms"] = round(peer_ms).into();
            figures["of_peer"] = round(waited.as_secs_f64() * 1_000.0 / peer_ms).into();
        }
        print(output, "statement", loaded.rows, figures);
    }
    let waited: Vec<f64> = own.iter().map(|(_, waited)| waited.as_secs_f64()).collect();
    let worst = own.iter().map(|(_, waited)| *waited).max().unwrap_or_default();
    let mut figures = json!({
        "statements": waited.len(), "geometric_mean_ms": round(geometric_mean(&waited) * 1_000.0),
        "worst_ms": milliseconds(worst),
    });
    if let Some(theirs) = &theirs {
        let ratios = waited.iter().zip(&peer_waited).map(|(own, peer)| own / peer);
        figures["peer"] = theirs.name.as_str().into();
        figures["peer_geometric_mean_ms"] = round(geometric_mean(&peer_waited) * 1_000.0).into();
        figures["of_peer"] = round(geometric_mean(&waited) / geometric_mean(&peer_waited)).into();
        figures["worst_of_peer"] = round(ratios.fold(0.0, f64::max)).into();
        figures["answers_equal"] = true.into();
    }
    print(output, "statements", loaded.rows, figures);
    Ok(())
}

/// The rows of a statement and how long it took. Rows are counted once they are here, as Arrow batches.
async fn time(
    warehouse: &Warehouse,
    access: &Access,
    statement: &Statement,
) -> anyhow::Result<(Vec<Vec<Value>>, Duration)> {
    let mut waited = Vec::with_capacity(RUNS);
    let answer = ask(warehouse, access, statement).await?;
    for _ in 0..RUNS {
        let begin = Instant::now();
        ask(warehouse, access, statement).await?;
        waited.push(begin.elapsed());
    }
    waited.sort_unstable();
    Ok((rows_of(&answer), within(&waited, 0.5).unwrap_or_default()))
}

/// The answer to a statement.
///
/// # Errors
/// When the warehouse cannot answer, with the statement's name.
pub(super) async fn ask(warehouse: &Warehouse, access: &Access, statement: &Statement) -> anyhow::Result<QueryResult> {
    let answer = warehouse.query(access, statement.sql, LIMITS).await;
    let answer = answer.with_context(|| format!("the statement {} has no answer", statement.name))?;
    anyhow::ensure!(!answer.truncated, "the statement {} has more than {} rows", statement.name, LIMITS.rows_max);
    Ok(answer)
}

/// The cells of an answer, row by row, in the order of its columns.
pub(super) fn rows_of(answer: &QueryResult) -> Answer {
    let names: Vec<&String> = answer.schema.fields().iter().map(|field| field.name()).collect();
    let cells = |row: Map<String, Value>| -> Vec<Value> {
        names.iter().map(|name| row.get(*name).cloned().unwrap_or_default()).collect()
    };
    rows_json(answer).into_iter().map(cells).collect()
}

fn geometric_mean(numbers: &[f64]) -> f64 {
    let logarithms: f64 = numbers.iter().map(|number| number.max(1e-9).ln()).sum();
    (logarithms / numbers.len().max(1) as f64).exp()
}

fn round(number: f64) -> f64 {
    super::super::thousandths(number)
}
